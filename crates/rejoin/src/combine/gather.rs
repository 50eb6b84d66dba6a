//! Every output in input order; the first failure stops the rest.

use std::future::Future;
use std::ops::ControlFlow;

use super::joiner::{Ending, Joiner, Wakes, join_in};
use crate::cancel::{CancelReason, CancelSource};
use crate::outcome::{Outcome, TaskError};
use crate::scope::{Cause, Failure, Scope, ScopeError};

/// Runs `futures` as tasks and returns every output in input order. The first failure stops the
/// rest, which are awaited. Also known as `try_join` and `all`.
///
/// It is a fail-fast [`scope`](crate::scope) and a loop:
///
/// ```
/// use rejoin::{gather, scope};
/// # async fn load(n: u32) -> Result<u32, std::num::ParseIntError> { Ok(n * 10) }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let short = gather([1, 2, 3].map(load)).await?;
///
/// let long = scope(|s| async move {
///     let tasks = [1, 2, 3].map(|n| s.spawn(load(n)));
///     let mut outputs = Vec::new();
///     for task in tasks {
///         outputs.push(task.await?);
///     }
///     Ok(outputs)
/// })
/// .await?;
///
/// assert_eq!(short, [10, 20, 30]);
/// assert_eq!(short, long);
/// # Ok::<(), rejoin::ScopeError<_>>(()) }).unwrap();
/// ```
///
/// Of nothing it gathers nothing: an empty vector. Of handles it stops the waiting, not the children; those
/// are their scope's.
///
/// # Errors
///
/// [`ScopeError`] with every failure in input order, the deciding one marked.
///
/// # Cancel safety
///
/// As [`join_with`](super::join_with): dropping it stops the children, and outputs that were there are lost.
pub fn gather<I, T, E>(futures: I) -> impl Future<Output = Result<Vec<T>, ScopeError<E>>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    join_in(Scope::builder(), Wakes::OnFailure, futures, Gather::new())
}

pub(super) struct Gather<T, E> {
    outputs: Vec<Option<T>>,
    failures: Failures<E>,
    /// Whether items are pulled one after the other, so that there may be more than it knows of.
    pulls: bool,
}

impl<T, E> Gather<T, E> {
    fn new() -> Self {
        Gather { outputs: Vec::new(), failures: Failures::default(), pulls: false }
    }

    /// For items that are pulled, and children that have deadlines of their own.
    pub(super) fn pulling() -> Self {
        Gather { outputs: Vec::new(), failures: Failures::with_own_timeouts(), pulls: true }
    }
}

impl<T, E> Joiner<T, E> for Gather<T, E> {
    type Output = Result<Vec<T>, ScopeError<E>>;

    fn begin(&mut self, count: usize) -> ControlFlow<CancelReason> {
        self.outputs.resize_with(count, || None);
        ControlFlow::Continue(())
    }

    fn settle(&mut self, index: usize, outcome: Outcome<T, E>) -> ControlFlow<CancelReason> {
        match outcome {
            Ok(output) => {
                // How many there will be is not always known from the start.
                if index >= self.outputs.len() {
                    self.outputs.resize_with(index + 1, || None);
                }
                self.outputs[index] = Some(output);
                ControlFlow::Continue(())
            }
            Err(error) => self.failures.settle(index, error),
        }
    }

    fn finish(self, ending: Ending) -> Self::Output {
        // One that pulls its items has all outputs only if it came to the last of them.
        let complete = !self.pulls || ending == Ending::Complete;
        match self.outputs.into_iter().collect() {
            Some(outputs) if complete => Ok(outputs),
            _ => Err(self.failures.into_error(ending, Cause::Failed)),
        }
    }
}

/// The failures of a join, and how many were only stopped.
pub(crate) struct Failures<E> {
    list: Vec<Failure<E>>,
    deciding: Option<Option<usize>>,
    stopped: usize,
    /// Whether the children have deadlines of their own. Otherwise they time out with the join.
    own_timeouts: bool,
}

impl<E> Default for Failures<E> {
    fn default() -> Self {
        Failures { list: Vec::new(), deciding: None, stopped: 0, own_timeouts: false }
    }
}

impl<E> Failures<E> {
    pub(super) fn with_own_timeouts() -> Self {
        Failures { own_timeouts: true, ..Failures::default() }
    }

    /// Keeps a failure and stops the rest, or counts a child that was only stopped.
    pub(super) fn settle(
        &mut self,
        index: usize,
        error: TaskError<E>,
    ) -> ControlFlow<CancelReason> {
        if !self.add(index, error) {
            return ControlFlow::Continue(());
        }
        self.decide(index);
        let text = format!("task {index} failed");
        ControlFlow::Break(CancelReason::new(CancelSource::SiblingFailed, text))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Keeps a failure, or counts a child that was only stopped. True if it was a failure.
    pub(crate) fn add(&mut self, index: usize, error: TaskError<E>) -> bool {
        let timed_out = self.own_timeouts && error.is_timed_out();
        let failed = error.is_failed() || error.is_panic() || timed_out;
        if failed {
            self.list.push(Failure::new(Some(index), None, error));
        } else {
            self.stopped += 1;
        }
        failed
    }

    /// Marks the deciding one; the first mark stays.
    pub(crate) fn decide(&mut self, index: usize) {
        self.deciding.get_or_insert(Some(index));
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn into_error(self, ending: Ending, otherwise: Cause) -> ScopeError<E> {
        let cause = match ending {
            Ending::TimedOut if self.deciding.is_none() => Cause::TimedOut,
            Ending::Cancelled(reason) if self.deciding.is_none() => Cause::Cancelled(reason),
            _ => otherwise,
        };
        ScopeError::new(None, cause, self.list, self.deciding, self.stopped)
    }
}
