//! Every outcome kept; nothing stops the rest, unless it is asked for.

use std::future::Future;
use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::FutureExt;

use super::joiner::{Ending, Joiner, Wakes, join_in};
use crate::cancel::{CancelReason, CancelSource};
use crate::outcome::{Outcome, TaskError};
use crate::scope::Scope;

/// Runs `futures` as tasks until all have ended, and returns every outcome in input order. Also
/// known as `all_settled` and `join`.
///
/// If the calling code is told to stop, so are the tasks, and their outcomes say so.
///
/// ```
/// use rejoin::wait;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let parsed = wait(["1", "two", "3"].map(|text| async move { text.parse::<u32>() })).await;
/// assert!(parsed[0].is_ok() && parsed[1].is_err() && parsed[2].is_ok());
/// # });
/// ```
///
/// # Cancel safety
///
/// As [`join_with`](super::join_with).
pub fn wait<I, T, E>(futures: I) -> impl Future<Output = Vec<Outcome<T, E>>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    let joiner = Wait::new(When::All);
    join_in(Scope::builder(), Wakes::Never, futures, joiner).map(Wait::outcomes)
}

/// As [`wait`], until a condition holds or a time is up. What has not ended then is stopped and
/// awaited. To leave it running, spawn it in a scope and use [`wait_handles`](super::wait_handles).
///
/// ```
/// use std::time::Duration;
/// use rejoin::{Until, wait_until};
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let naps = [10, 5000].map(|ms| async move {
///     sleep(Duration::from_millis(ms)).await;
///     Ok::<_, ()>(ms)
/// });
/// let waited = wait_until(naps, Until::all().timeout(Duration::from_secs(1))).await;
/// assert_eq!(waited.not_done, [1]);
/// # });
/// ```
///
/// # Cancel safety
///
/// As [`join_with`](super::join_with).
pub fn wait_until<I, T, E>(futures: I, until: Until) -> impl Future<Output = Waited<T, E>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    let builder = match until.timeout {
        Some(timeout) => Scope::builder().timeout(timeout),
        None => Scope::builder(),
    };
    let wakes = match until.when {
        When::All => Wakes::Never,
        When::FirstCompleted => Wakes::Always,
        When::FirstFailed => Wakes::OnFailure,
    };
    let joiner = Wait::new(until.when);
    join_in(builder, wakes, futures, joiner).map(Wait::split)
}

/// When to stop waiting.
///
/// ```
/// use std::time::Duration;
/// use rejoin::{Until, wait_until};
/// # use tokio::time::sleep;
///
/// async fn job(seconds: u64) -> Result<u64, &'static str> {
///     sleep(Duration::from_secs(seconds)).await;
///     if seconds == 2 { Err("two is bad") } else { Ok(seconds) }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let jobs = || [3, 2, 1].map(job);
/// let first = wait_until(jobs(), Until::first_completed()).await;
/// assert_eq!((first.done.len(), first.not_done), (1, vec![0, 1]));
/// let failed = wait_until(jobs(), Until::first_failed()).await;
/// assert_eq!((failed.done.len(), failed.not_done), (2, vec![0]));
/// let late = wait_until(jobs(), Until::all().timeout(Duration::from_millis(1500))).await;
/// assert_eq!((late.done.len(), late.not_done), (1, vec![0, 1]));
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    pub(super) when: When,
    pub(super) timeout: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    All,
    FirstCompleted,
    FirstFailed,
}

impl Until {
    /// When all have ended.
    pub const fn all() -> Self {
        Until { when: When::All, timeout: None }
    }

    /// When one has ended, however it ended. Of nothing: at once.
    pub const fn first_completed() -> Self {
        Until { when: When::FirstCompleted, timeout: None }
    }

    /// When one has failed, panicked, or passed a deadline of its own, or all have ended.
    pub const fn first_failed() -> Self {
        Until { when: When::FirstFailed, timeout: None }
    }

    /// And in any case when so much time has passed.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl When {
    pub(super) fn is_met<T, E>(self, outcome: &Outcome<T, E>) -> bool {
        match self {
            When::All => false,
            When::FirstCompleted => true,
            When::FirstFailed => outcome.as_ref().is_err_and(|error| !error.is_cancelled()),
        }
    }
}

/// What had ended when waiting stopped, and what had not.
#[derive(Debug)]
#[non_exhaustive]
pub struct Waited<T, E> {
    /// Input positions and outcomes, in input order.
    pub done: Vec<(usize, Outcome<T, E>)>,
    /// Input positions of those that were stopped, in order.
    pub not_done: Vec<usize>,
}

pub(super) struct Wait<T, E> {
    outcomes: Vec<Option<Outcome<T, E>>>,
    when: When,
    /// Whether the children have deadlines of their own. Otherwise they time out with the join.
    own_timeouts: bool,
}

impl<T, E> Joiner<T, E> for Wait<T, E> {
    type Output = Self;

    fn begin(&mut self, count: usize) -> ControlFlow<CancelReason> {
        self.outcomes.resize_with(count, || None);
        ControlFlow::Continue(())
    }

    fn settle(&mut self, index: usize, outcome: Outcome<T, E>) -> ControlFlow<CancelReason> {
        let met = self.when.is_met(&outcome);
        // How many there will be is not always known from the start.
        if index >= self.outcomes.len() {
            self.outcomes.resize_with(index + 1, || None);
        }
        self.outcomes[index] = Some(outcome);
        if !met {
            return ControlFlow::Continue(());
        }
        let (source, text) = match self.when {
            When::FirstFailed => (CancelSource::SiblingFailed, format!("task {index} failed")),
            _ => (CancelSource::RaceLost, format!("task {index} was first")),
        };
        ControlFlow::Break(CancelReason::new(source, text))
    }

    fn finish(self, _ending: Ending) -> Self {
        self
    }
}

impl<T, E> Wait<T, E> {
    fn new(when: When) -> Self {
        Wait { outcomes: Vec::new(), when, own_timeouts: false }
    }

    /// Until all have ended, for children that have deadlines of their own.
    pub(super) fn with_own_timeouts() -> Self {
        Wait { own_timeouts: true, ..Wait::new(When::All) }
    }

    /// A child without an outcome never started: the calling code had been told to stop before.
    fn outcomes(self) -> Vec<Outcome<T, E>> {
        let not_started = || Err(TaskError::Cancelled(not_started()));
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(not_started)).collect()
    }

    pub(super) fn split(self) -> Waited<T, E> {
        let mut waited = Waited { done: Vec::new(), not_done: Vec::new() };
        for (index, outcome) in self.outcomes.into_iter().enumerate() {
            match outcome {
                // The children cannot be cancelled but by this wait's stopping.
                None | Some(Err(TaskError::Cancelled(_))) => waited.not_done.push(index),
                Some(Err(TaskError::TimedOut)) if !self.own_timeouts => waited.not_done.push(index),
                Some(outcome) => waited.done.push((index, outcome)),
            }
        }
        waited
    }
}

fn not_started() -> CancelReason {
    CancelReason::new(CancelSource::Parent, "the scope was stopping before this could start")
}
