//! Why a worker did not take a call.

use std::error::Error;
use std::fmt;

use crate::cancel::{CancelReason, CancelSource};
use crate::name::Name;

/// A worker did not take a call. It hands the call back, which has not started.
pub struct Refused<C> {
    worker: Name,
    why: Why,
    call: C,
}

#[derive(Clone, Debug)]
pub(super) enum Why {
    Full,
    Stopped,
    Stopping(CancelReason),
    Died(Name),
    Itself,
}

impl<C> Refused<C> {
    pub(super) fn new(worker: &Name, why: Why, call: C) -> Self {
        Refused { worker: worker.clone(), why, call }
    }

    /// The call.
    pub fn into_call(self) -> C {
        self.call
    }

    /// The name of the worker.
    pub fn worker(&self) -> &str {
        self.worker.as_str()
    }

    /// Whether the queue was full: then the call may be submitted again later.
    pub fn is_full(&self) -> bool {
        matches!(self.why, Why::Full)
    }

    /// Whether the worker takes no more calls, because it was closed or stopped, or because its scope
    /// has ended.
    pub fn is_stopped(&self) -> bool {
        matches!(self.why, Why::Stopped | Why::Stopping(_))
    }

    /// What the worker has died of, if it has.
    pub fn died(&self) -> Option<&str> {
        match &self.why {
            Why::Died(of) => Some(of.as_str()),
            _ => None,
        }
    }

    /// Whether the call came from inside a call of the same worker, so that awaiting it would have
    /// been waiting for oneself.
    pub fn is_itself(&self) -> bool {
        matches!(self.why, Why::Itself)
    }

    /// As the reason of a call that never started.
    pub(super) fn into_reason(self) -> CancelReason {
        match &self.why {
            Why::Stopping(reason) => reason.clone(),
            why => why.reason(&self.worker),
        }
    }
}

impl Why {
    /// As the reason of a call that waited.
    pub(super) fn reason(&self, worker: &Name) -> CancelReason {
        let source = match self {
            Why::Died(_) => CancelSource::WorkerDied,
            _ => CancelSource::Refused,
        };
        CancelReason::new(source, Refused::new(worker, self.clone(), ()).to_string())
    }
}

impl<C> fmt::Debug for Refused<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("worker", &self.worker)
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

impl<C> fmt::Display for Refused<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worker = &self.worker;
        match &self.why {
            Why::Full => write!(f, "the queue of worker `{worker}` is full"),
            Why::Stopped => write!(f, "worker `{worker}` has stopped"),
            Why::Stopping(reason) => write!(f, "worker `{worker}` is stopping: {reason}"),
            Why::Died(of) => write!(f, "worker `{worker}` has died: {of}"),
            Why::Itself => write!(
                f,
                "worker `{worker}` was asked by one of its own calls, which would wait for itself: \
                 use the state at hand, or ask from a task of a scope further out"
            ),
        }
    }
}

impl<C> Error for Refused<C> {}
