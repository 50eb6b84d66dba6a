//! What went wrong in a scope: every failure in the order of submission, and what decided.

use std::error::Error;
use std::fmt;

use super::core::{Record, StopCause};
use crate::cancel::{CancelReason, CancelSource};
use crate::name::Name;
use crate::outcome::TaskError;

/// Why a scope, or a joiner that stands on one, has no value.
///
/// Failures are kept in the order in which the children were submitted (the body comes first),
/// whatever the order in which they happened. Children that ended only because the scope was
/// stopped are [counted](ScopeError::stopped), not listed.
///
/// ```
/// use rejoin::{Cause, Scope, scope};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let error = scope(|s: Scope<&str>| async move {
///     s.task("disk").spawn(async { Err::<(), _>("full") });
///     s.task("clock").spawn(std::future::pending::<Result<(), _>>()).await
/// });
/// let error = error.await.unwrap_err();
/// assert_eq!(*error.cause(), Cause::Failed);
/// assert_eq!(error.failures()[0].name(), Some("disk"));
/// assert_eq!(error.stopped(), 1); // The clock.
/// # });
/// ```
#[derive(PartialEq)]
pub struct ScopeError<E> {
    scope: Option<Name>,
    cause: Cause,
    failures: Vec<Failure<E>>,
    stopped: usize,
}

/// So many failures are shown where none of them decided.
const SHOWN: usize = 3;

/// What decided that a scope has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Somebody failed.
    Failed,
    /// The scope's own deadline passed.
    TimedOut,
    /// The scope was cancelled from outside.
    Cancelled(CancelReason),
    /// Too few succeeded for what was asked: `any` and `quorum`.
    TooFewSucceeded {
        /// How many successes were asked for.
        wanted: usize,
        /// How many there were.
        succeeded: usize,
    },
    /// There was nothing to choose from: `race`, `any` and `quorum` of nothing.
    Empty,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Failed => f.write_str("failed"),
            Cause::TimedOut => f.write_str("timed out"),
            Cause::Cancelled(reason) => reason.fmt(f),
            Cause::TooFewSucceeded { wanted: 1, .. } => f.write_str("none succeeded"),
            Cause::TooFewSucceeded { wanted, succeeded } => {
                write!(f, "{succeeded} succeeded where {wanted} were wanted")
            }
            Cause::Empty => f.write_str("there was nothing to choose from"),
        }
    }
}

/// One failure, and whose.
#[derive(PartialEq)]
pub struct Failure<E> {
    index: Option<usize>,
    name: Option<Name>,
    error: TaskError<E>,
    deciding: bool,
}

impl<E> Failure<E> {
    pub(crate) fn new(index: Option<usize>, name: Option<Name>, error: TaskError<E>) -> Self {
        Failure { index, name, error, deciding: false }
    }

    /// The child's position in the order of submission; `None` for the body.
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// The child's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Name::as_str)
    }

    /// What happened.
    pub fn error(&self) -> &TaskError<E> {
        &self.error
    }

    /// Takes out what happened.
    pub fn into_error(self) -> TaskError<E> {
        self.error
    }

    /// Whether this is the failure that made the others stop.
    pub fn is_deciding(&self) -> bool {
        self.deciding
    }
}

impl<E> ScopeError<E> {
    /// `deciding` is the submission index of the failure that made the others stop.
    pub(crate) fn new(
        scope: Option<Name>,
        cause: Cause,
        mut failures: Vec<Failure<E>>,
        deciding: Option<Option<usize>>,
        stopped: usize,
    ) -> Self {
        // `None`, the body, comes before every child.
        failures.sort_by_key(|failure| failure.index);
        if let Some(index) = deciding
            && let Some(failure) = failures.iter_mut().find(|failure| failure.index == index)
        {
            failure.deciding = true;
        }
        ScopeError { scope, cause, failures, stopped }
    }

    /// What decided that there is no value.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Every failure, in the order of submission.
    pub fn failures(&self) -> &[Failure<E>] {
        &self.failures
    }

    /// Takes the failures out.
    pub fn into_failures(self) -> Vec<Failure<E>> {
        self.failures
    }

    /// The failure that made the others stop, if one did.
    pub fn deciding(&self) -> Option<&Failure<E>> {
        self.failures.iter().find(|failure| failure.deciding)
    }

    /// How many children ended only because they were told to stop.
    pub fn stopped(&self) -> usize {
        self.stopped
    }

    /// Whether the scope's own deadline decided.
    pub fn is_timed_out(&self) -> bool {
        self.cause == Cause::TimedOut
    }

    /// The reason, if a cancellation from outside decided.
    pub fn cancelled(&self) -> Option<&CancelReason> {
        match &self.cause {
            Cause::Cancelled(reason) => Some(reason),
            _ => None,
        }
    }

    /// The same, with the errors that children returned in another form.
    pub fn map<F>(self, mut f: impl FnMut(&E) -> F) -> ScopeError<F> {
        self.with_errors(|error| error.map(&mut f))
    }

    pub(crate) fn with_errors<F>(
        self,
        mut f: impl FnMut(TaskError<E>) -> TaskError<F>,
    ) -> ScopeError<F> {
        let ScopeError { scope, cause, failures, stopped } = self;
        let mapped = failures.into_iter().map(|Failure { index, name, error, deciding }| Failure {
            index,
            name,
            error: f(error),
            deciding,
        });
        ScopeError { scope, cause, failures: mapped.collect(), stopped }
    }

    /// The one error that stands for all of it: the deciding failure, or the first, or that the
    /// scope timed out or was cancelled. This is what to pass on inside another scope.
    pub fn into_task_error(mut self) -> TaskError<E> {
        match self.cause {
            Cause::TimedOut => TaskError::TimedOut,
            Cause::Cancelled(reason) => TaskError::Cancelled(reason),
            Cause::Failed | Cause::TooFewSucceeded { .. } | Cause::Empty => {
                let at = self.failures.iter().position(|failure| failure.deciding).unwrap_or(0);
                if at < self.failures.len() {
                    self.failures.swap_remove(at).error
                } else {
                    TaskError::Cancelled(CancelReason::from(self.cause.to_string()))
                }
            }
        }
    }
}

impl<E> ScopeError<TaskError<E>> {
    /// Of a join of handles: with what became of the children themselves.
    pub fn flatten(self) -> ScopeError<E> {
        self.with_errors(TaskError::flatten)
    }
}

impl<E: Send + Sync + 'static> ScopeError<E> {
    pub(crate) fn from_record(scope: Option<Name>, record: Record) -> Self {
        let cause = match record.stop {
            Some((StopCause::Deadline, _)) => Cause::TimedOut,
            Some((StopCause::Asked, reason)) => Cause::Cancelled(reason),
            Some((StopCause::Failure, _)) | None => Cause::Failed,
        };
        let to_index = |index: Option<u64>| index.map(|i| usize::try_from(i).unwrap_or(usize::MAX));
        let failures = record.failures.into_iter().map(|failure| {
            let error = failure.error.downcast::<TaskError<E>>();
            let error = *error.expect("a scope records errors of its own type only");
            Failure::new(to_index(failure.index), failure.name, error)
        });
        let deciding = record.deciding.filter(|_| cause == Cause::Failed).map(to_index);
        ScopeError::new(scope, cause, failures.collect(), deciding, record.stopped)
    }
}

// By hand: a derive would ask for `E: Clone`.
impl<E> Clone for Failure<E> {
    fn clone(&self) -> Self {
        let Failure { index, name, error, deciding } = self;
        Failure { index: *index, name: name.clone(), error: error.clone(), deciding: *deciding }
    }
}

impl<E> Clone for ScopeError<E> {
    fn clone(&self) -> Self {
        let ScopeError { scope, cause, failures, stopped } = self;
        let (scope, cause) = (scope.clone(), cause.clone());
        ScopeError { scope, cause, failures: failures.clone(), stopped: *stopped }
    }
}

impl<E: fmt::Debug> fmt::Debug for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("index", &self.index)
            .field("name", &self.name)
            .field("error", &self.error)
            .field("deciding", &self.deciding)
            .finish()
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.index) {
            (Some(name), _) => write!(f, "task `{name}`: {}", self.error),
            (None, Some(index)) => write!(f, "task {index}: {}", self.error),
            (None, None) => write!(f, "the body: {}", self.error),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for ScopeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeError")
            .field("scope", &self.scope)
            .field("cause", &self.cause)
            .field("failures", &self.failures)
            .field("stopped", &self.stopped)
            .finish()
    }
}

impl<E: fmt::Display> fmt::Display for ScopeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scope) = &self.scope {
            write!(f, "scope `{scope}`: ")?;
        }
        let shown = match &self.cause {
            Cause::Failed => {
                let shown = self.deciding().or(self.failures.first());
                if let Some(failure) = shown {
                    failure.fmt(f)?;
                }
                usize::from(shown.is_some())
            }
            // Why each of them failed is the news.
            cause @ Cause::TooFewSucceeded { .. } => {
                cause.fmt(f)?;
                for (n, failure) in self.failures.iter().take(SHOWN).enumerate() {
                    write!(f, "{}{failure}", if n == 0 { ": " } else { "; " })?;
                }
                self.failures.len().min(SHOWN)
            }
            cause => {
                cause.fmt(f)?;
                0
            }
        };
        match (self.failures.len() - shown, shown) {
            (0, _) => {}
            (1, 0) => f.write_str(", 1 failure")?,
            (n, 0) => write!(f, ", {n} failures")?,
            (n, _) => write!(f, ", and {n} more failed")?,
        }
        if self.stopped > 0 {
            write!(f, ", {} stopped", self.stopped)?;
        }
        Ok(())
    }
}

impl<E: Error + 'static> Error for ScopeError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let shown = self.deciding().or(self.failures.first())?;
        match self.cause {
            // `Display` prints the error itself, so what is behind that one comes next.
            Cause::Failed | Cause::TooFewSucceeded { .. } => shown.error.source(),
            // It only says how many there are.
            _ => Some(&shown.error),
        }
    }
}

/// A scope did not take a future. It hands the future back.
pub struct SpawnError<F> {
    future: F,
    kind: Refusal,
}

#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    Closed,
    Cancelled(CancelReason),
    Full,
}

impl Refusal {
    /// As the outcome of a child that never started.
    pub(crate) fn into_reason(self) -> CancelReason {
        let text = match self {
            Refusal::Cancelled(reason) => return reason,
            Refusal::Closed => "the scope has ended",
            Refusal::Full => "the scope's limit is reached",
        };
        CancelReason::new(CancelSource::Parent, text)
    }
}

impl<F> SpawnError<F> {
    pub(crate) fn new(future: F, kind: Refusal) -> Self {
        SpawnError { future, kind }
    }

    /// Hands another future back in its place.
    pub(super) fn map<G>(self, map: impl FnOnce(F) -> G) -> SpawnError<G> {
        SpawnError { future: map(self.future), kind: self.kind }
    }

    /// The future, which has not been polled.
    pub fn into_future(self) -> F {
        self.future
    }

    /// Whether the scope has ended.
    pub fn is_closed(&self) -> bool {
        matches!(self.kind, Refusal::Closed)
    }

    /// Why the scope is stopping, if it is.
    pub fn cancelled(&self) -> Option<&CancelReason> {
        match &self.kind {
            Refusal::Cancelled(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether the limit is reached.
    pub fn is_full(&self) -> bool {
        matches!(self.kind, Refusal::Full)
    }
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Refusal::Closed => f.write_str("the scope has ended"),
            Refusal::Cancelled(reason) => write!(f, "the scope is stopping: {reason}"),
            Refusal::Full => f.write_str("the scope's limit is reached"),
        }
    }
}

impl<F> Error for SpawnError<F> {}
