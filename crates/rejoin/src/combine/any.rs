//! The first success, or the first *k* successes.

use std::future::Future;
use std::ops::ControlFlow;

use futures_util::FutureExt;

use super::gather::Failures;
use super::joiner::{Ending, Joiner, join_with};
use super::race::Won;
use crate::cancel::{CancelReason, CancelSource};
use crate::outcome::Outcome;
use crate::scope::{Cause, ScopeError};

/// Runs `futures` as tasks; the first to succeed wins, and the others are stopped and awaited. A
/// failure disturbs nobody. Of several that succeed at the same moment the first in input order
/// wins. Also known as `first_success` and `select_ok`.
///
/// ```
/// use std::time::Duration;
/// use rejoin::any;
/// # use tokio::time::sleep;
///
/// async fn mirror(ms: u64, up: bool) -> Result<u64, &'static str> {
///     sleep(Duration::from_millis(ms)).await;
///     if up { Ok(ms) } else { Err("down") }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let first = any([mirror(10, false), mirror(30, true), mirror(20, true)]).await.unwrap();
/// assert_eq!((first.index, first.value), (2, 20));
///
/// let none = any([mirror(10, false), mirror(30, false)]).await.unwrap_err();
/// assert_eq!(none.failures().len(), 2);
/// # });
/// ```
///
/// # Errors
///
/// [`Cause::TooFewSucceeded`] if all failed, with every failure in input order; [`Cause::Empty`] for
/// nothing.
///
/// # Cancel safety
///
/// As [`join_with`].
pub fn any<I, T, E>(futures: I) -> impl Future<Output = Result<Won<T>, ScopeError<E>>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    quorum(1, futures).map(|won| Ok(won?.pop().expect("a quorum of one has one member")))
}

/// Runs `futures` as tasks until `k` of them have succeeded; the others are stopped and awaited. The
/// winners come in input order. It gives up as soon as too many have failed.
///
/// A quorum of zero is reached before anything is started.
///
/// ```
/// use std::time::Duration;
/// use rejoin::quorum;
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let votes = quorum(2, [30, 10, 20].map(|ms| async move {
///     sleep(Duration::from_millis(ms)).await;
///     Ok::<_, ()>(ms)
/// }))
/// .await
/// .unwrap();
/// assert_eq!(votes.iter().map(|vote| vote.value).collect::<Vec<_>>(), [10, 20]);
/// # });
/// ```
///
/// # Errors
///
/// [`Cause::TooFewSucceeded`] if too many failed or there were fewer than `k`, with every failure in
/// input order; [`Cause::Empty`] for nothing.
///
/// # Cancel safety
///
/// As [`join_with`].
pub fn quorum<I, T, E>(
    k: usize,
    futures: I,
) -> impl Future<Output = Result<Vec<Won<T>>, ScopeError<E>>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    join_with(futures, Quorum::new(k))
}

pub(super) struct Quorum<T, E> {
    wanted: usize,
    /// How many there are, if that is known before all are there.
    count: Option<usize>,
    /// Whether nobody has settled.
    empty: bool,
    won: Vec<Won<T>>,
    failures: Failures<E>,
}

impl<T, E> Quorum<T, E> {
    fn new(wanted: usize) -> Self {
        let (won, failures) = (Vec::new(), Failures::default());
        Quorum { wanted, count: None, empty: true, won, failures }
    }

    /// For items that are pulled, `count` of them if that is known, and children that have deadlines of
    /// their own.
    pub(super) fn pulling(wanted: usize, count: Option<usize>) -> Self {
        Quorum { count, failures: Failures::with_own_timeouts(), ..Quorum::new(wanted) }
    }

    fn verdict(&self) -> ControlFlow<CancelReason> {
        let text = if self.won.len() >= self.wanted {
            format!("{} had succeeded", self.wanted)
        } else if self.count.is_some_and(|n| n.saturating_sub(self.failures.len()) < self.wanted) {
            format!("{} could not succeed any longer", self.wanted)
        } else {
            return ControlFlow::Continue(());
        };
        ControlFlow::Break(CancelReason::new(CancelSource::RaceLost, text))
    }
}

impl<T, E> Joiner<T, E> for Quorum<T, E> {
    type Output = Result<Vec<Won<T>>, ScopeError<E>>;

    fn begin(&mut self, count: usize) -> ControlFlow<CancelReason> {
        self.count = Some(count);
        self.verdict()
    }

    fn settle(&mut self, index: usize, outcome: Outcome<T, E>) -> ControlFlow<CancelReason> {
        self.empty = false;
        match outcome {
            Ok(value) if self.won.len() < self.wanted => self.won.push(Won::new(index, value)),
            // A value that came too late.
            Ok(_) => {}
            Err(error) => {
                self.failures.add(index, error);
            }
        }
        self.verdict()
    }

    fn finish(mut self, ending: Ending) -> Self::Output {
        let (wanted, succeeded) = (self.wanted, self.won.len());
        if succeeded >= wanted {
            self.won.sort_by_key(|won| won.index);
            return Ok(self.won);
        }
        // All may have been asked too much of before any had settled.
        let cause = match self.empty && self.count.unwrap_or(0) == 0 {
            true => Cause::Empty,
            false => Cause::TooFewSucceeded { wanted, succeeded },
        };
        Err(self.failures.into_error(ending, cause))
    }
}
