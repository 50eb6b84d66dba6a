//! The first to settle wins, success or failure.

use std::future::Future;
use std::ops::ControlFlow;

use super::gather::Failures;
use super::joiner::{Ending, Joiner, join_with};
use crate::cancel::{CancelReason, CancelSource};
use crate::outcome::Outcome;
use crate::scope::{Cause, ScopeError};

/// An output, and which of the inputs it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Won<T> {
    /// The position in the input.
    pub index: usize,
    /// The output.
    pub value: T,
}

impl<T> Won<T> {
    pub(super) fn new(index: usize, value: T) -> Self {
        Won { index, value }
    }
}

/// Runs `futures` as tasks; the first to settle wins, whether it succeeded or failed. The others are
/// stopped and awaited. Of several that settle at the same moment the first in input order wins.
/// Also known as `select`. For the first *success* there is [`any`](super::any).
///
/// ```
/// use std::time::Duration;
/// use rejoin::race;
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let fastest = race([30, 10, 20].map(|ms| async move {
///     sleep(Duration::from_millis(ms)).await;
///     Ok::<_, ()>(ms)
/// }))
/// .await
/// .unwrap();
/// assert_eq!((fastest.index, fastest.value), (1, 10));
/// # });
/// ```
///
/// # Errors
///
/// [`ScopeError`] if the winner failed, which is the deciding failure; others that failed at the
/// same time or while being stopped are listed with it. [`Cause::Empty`] for a race of nothing.
///
/// # Cancel safety
///
/// As [`join_with`].
pub fn race<I, T, E>(futures: I) -> impl Future<Output = Result<Won<T>, ScopeError<E>>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    join_with(futures, Race::new())
}

pub(super) struct Race<T, E> {
    winner: Option<Winner<T>>,
    /// Whether nobody has settled.
    empty: bool,
    failures: Failures<E>,
}

impl<T, E> Race<T, E> {
    fn new() -> Self {
        Race { winner: None, empty: true, failures: Failures::default() }
    }

    /// For children that have deadlines of their own.
    pub(super) fn pulling() -> Self {
        Race { failures: Failures::with_own_timeouts(), ..Race::new() }
    }
}

enum Winner<T> {
    Succeeded(Won<T>),
    Failed,
}

impl<T, E> Joiner<T, E> for Race<T, E> {
    type Output = Result<Won<T>, ScopeError<E>>;

    fn settle(&mut self, index: usize, outcome: Outcome<T, E>) -> ControlFlow<CancelReason> {
        self.empty = false;
        match outcome {
            Ok(value) if self.winner.is_none() => {
                self.winner = Some(Winner::Succeeded(Won::new(index, value)));
            }
            // A value that came too late.
            Ok(_) => return ControlFlow::Continue(()),
            Err(error) => {
                if !self.failures.add(index, error) || self.winner.is_some() {
                    return ControlFlow::Continue(());
                }
                self.failures.decide(index);
                self.winner = Some(Winner::Failed);
            }
        }
        let text = format!("task {index} was first");
        ControlFlow::Break(CancelReason::new(CancelSource::RaceLost, text))
    }

    fn finish(self, ending: Ending) -> Self::Output {
        match self.winner {
            Some(Winner::Succeeded(won)) => Ok(won),
            _ if self.empty => Err(self.failures.into_error(ending, Cause::Empty)),
            _ => Err(self.failures.into_error(ending, Cause::Failed)),
        }
    }
}
