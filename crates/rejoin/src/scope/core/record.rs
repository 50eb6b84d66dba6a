//! What went wrong in a scope: kept until it closes, and then handed over whole.
//!
//! A failure is in the record before anybody hears of the stop that it causes.

use std::any::Any;
use std::sync::Arc;

use super::{Core, Member, State, StopCause};
use crate::cancel::{CancelReason, CancelSource};
use crate::name::Name;
use crate::scope::OnError;

/// What the scope will say about itself when it has closed.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) failures: Vec<RecordedFailure>,
    /// The submission index of the failure that made the others stop.
    pub(crate) deciding: Option<Option<u64>>,
    /// Children that ended only because they were stopped together with the scope.
    pub(crate) stopped: usize,
    pub(crate) stop: Option<(StopCause, CancelReason)>,
    /// The body was told to stop, and something that it waited for came back because of that. What it
    /// makes of it is not what it was to give.
    pub(crate) cut_short: bool,
}

impl Record {
    /// A stop that interrupted nobody took nothing away.
    pub(crate) fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.stopped == 0 && !self.cut_short
    }
}

/// A failure with its type erased, so that the bookkeeping is compiled once. It is put in and taken
/// out by `Scope<E>`, always as a `TaskError<E>` of the scope's own `E`.
pub(crate) struct RecordedFailure {
    pub(crate) index: Option<u64>,
    pub(crate) name: Option<Name>,
    pub(crate) error: Box<dyn Any + Send>,
}

impl State {
    pub(super) fn record_mut(&mut self) -> &mut Record {
        self.record.get_or_insert_default()
    }
}

impl Core {
    /// Keeps a failure, and under `FailFast` stops the others. The failure is in the record before
    /// anybody hears of the stop.
    pub(crate) fn fail(self: &Arc<Core>, member: Member, error: Box<dyn Any + Send>) {
        let mut state = self.lock();
        let index = state.table.index(member);
        let extra = state.sitter(member).and_then(|sitter| sitter.extra.as_ref());
        let name = extra.and_then(|extra| extra.name.clone());
        state.record_mut().failures.push(RecordedFailure { index, name: name.clone(), error });
        if self.settings.on_error != OnError::FailFast || state.is_stopped() {
            return;
        }
        state.record_mut().deciding.get_or_insert(index);
        drop(state);
        let text = match (name, index) {
            (Some(name), _) => format!("task `{name}` failed"),
            (None, Some(index)) => format!("task {index} failed"),
            (None, None) => "the body of the scope failed".to_owned(),
        };
        self.stop(CancelReason::new(CancelSource::SiblingFailed, text), StopCause::Failure);
    }

    /// Whether a failure passes `test`; the record stays as it is.
    pub(crate) fn has_failure(&self, mut test: impl FnMut(&(dyn Any + Send)) -> bool) -> bool {
        self.lock()
            .record
            .iter()
            .flat_map(|record| &record.failures)
            .any(|f| test(f.error.as_ref()))
    }

    /// What `member` waits for has come back without a result, as it was told to stop.
    pub(crate) fn cut_short(&self, member: Member) {
        if member == Member::BODY && self.is_stopping() {
            self.lock().record_mut().cut_short = true;
        }
    }

    /// Counts a child that ended only because the scope was stopped.
    pub(crate) fn count_stopped(&self) {
        self.lock().record_mut().stopped += 1;
    }
}
