//! Hedging: a second copy of a call that is slow, and the first answer wins.

use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, select};

use super::{RetryBudget, Verdict};
use crate::cancel::{CancelReason, CancelSource};
use crate::combine::{Ending, Failures, Inbox, ToInbox, Wakes, Won};
use crate::inspect::pause_until;
use crate::limit::{ConcurrencyLimit, Permit};
use crate::outcome::TaskError;
use crate::scope::{Cause, OnError, Scope, ScopeError, as_result, deadline_after};
use crate::seam::{self, Instant};

/// How a call is hedged: when it has not answered after a while, another copy of it is started, and
/// the first success wins. For calls that are usually fast and now and then very slow.
///
/// ```
/// use std::time::Duration;
/// use rejoin::retry::Hedge;
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let hedge = Hedge::after(Duration::from_millis(50));
/// let answer = hedge
///     .run(|copy| async move {
///         // The first copy has met a slow machine.
///         sleep(Duration::from_millis(if copy == 1 { 900 } else { 20 })).await;
///         Ok::<_, std::io::Error>("answer")
///     })
///     .await
///     .unwrap();
/// assert_eq!((answer.value, answer.index), ("answer", 1));
/// # });
/// ```
///
/// * Copies are tasks in a scope of the call. The losers are stopped and awaited: when `run` returns,
///   nothing of it is under way, and what they held is free.
/// * Every copy takes a place of the [`limit`](Self::limit). The first waits for it; another copy is
///   started only if a place is free at that moment, so that a system that is full gets no additional
///   load. Every copy but the first takes one retry out of the [`budget`](Self::budget).
/// * A copy that fails does not end the call; the next one is started at once.
/// * Hedge only what may happen twice.
#[derive(Clone, Debug)]
#[must_use = "a policy does nothing until `run` is awaited"]
pub struct Hedge {
    delay: Duration,
    copies: u32,
    limit: Option<ConcurrencyLimit>,
    budget: Option<RetryBudget>,
}

/// How long it takes at least until a copy for which there was no room is asked for again: a tick of
/// the clock.
const TICK: Duration = Duration::from_millis(1);

impl Hedge {
    /// Starts a second copy when the first has not answered after `delay`. A good one is longer than
    /// all but the slowest twentieth of the answers take.
    pub const fn after(delay: Duration) -> Self {
        Hedge { delay, copies: 2, limit: None, budget: None }
    }

    /// How many copies there may be, the first included; 2 by default. Each is started `delay` after
    /// the one before.
    pub const fn copies(mut self, copies: NonZeroU32) -> Self {
        self.copies = copies.get();
        self
    }

    /// What every copy takes a place of.
    pub fn limit(mut self, limit: ConcurrencyLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What bounds the additional copies, and the retries, of all who share it.
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Calls `f` with the number of the copy, from 1, and runs what it returns. The first success
    /// wins; its `index` counts copies from 0. A failure starts the next copy at once.
    ///
    /// # Errors
    ///
    /// [`Cause::TooFewSucceeded`] if every copy failed that there may be, with every failure;
    /// otherwise as [`any`](crate::any).
    ///
    /// # Panics
    ///
    /// If `f` panics: after every copy has ended. A copy's panic is a failure.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the copies; the nearest scope around it waits for them.
    pub async fn run<F, Fut, T, E>(&self, f: F) -> Result<Won<T>, ScopeError<E>>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + Sync + 'static,
    {
        self.run_if(f, |_| Verdict::Again).await
    }

    /// As [`run`](Self::run), with a judge of failures: [`Verdict::Take`] says that the error is
    /// final and stops the other copies, [`Verdict::AgainAfter`] that no copy may be started before.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rejoin::retry::{Hedge, Verdict};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let hedge = Hedge::after(Duration::from_millis(50));
    /// let forbidden = hedge.run_if(
    ///     |_copy| async { Err::<(), _>("forbidden") },
    ///     |error| if error.failed() == Some(&"forbidden") { Verdict::Take } else { Verdict::Again },
    /// );
    /// assert_eq!(forbidden.await.unwrap_err().failures().len(), 1);
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Cause::Failed`] after a final error, otherwise as [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// If `f` or `judge` panics: after every copy has ended.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_if<F, Fut, J, T, E>(
        &self,
        mut f: F,
        mut judge: J,
    ) -> Result<Won<T>, ScopeError<E>>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        J: FnMut(&TaskError<E>) -> Verdict,
        T: Send + 'static,
        E: Send + Sync + 'static,
    {
        if let Some(budget) = &self.budget {
            budget.call();
        }
        let inbox = Arc::new(Inbox::new(Wakes::Always, usize::MAX));
        let mut race = Race::new();

        let mut drive = async |scope: &Scope<E>| {
            let mut start = |race: &mut Race<T, E>, place: Option<Permit>| {
                // The place is given back after the copy was dropped.
                let copy = f(race.started + 1).map(move |output| {
                    drop(place);
                    output
                });
                let to = ToInbox::new(race.started as usize, &inbox);
                scope.start_silently(copy, as_result, to);
                race.started += 1;
                race.live += 1;
            };
            let mut next = seam::now();
            loop {
                let more = race.started < self.copies;
                if more && race.live == 0 {
                    // Nothing of this call is under way: it waits, as any other call does.
                    pause_until(next).await;
                    go_on(scope)?;
                    if race.started > 0 && !self.may_add() {
                        return Ok::<_, TaskError<E>>(None);
                    }
                    let place = match &self.limit {
                        Some(limit) => Some(limit.acquire().await),
                        None => None,
                    };
                    go_on(scope)?;
                    start(&mut race, place);
                    next = deadline_after(self.delay);
                } else if race.live == 0 {
                    return Ok(None);
                } else if more && next <= seam::now() {
                    next = deadline_after(self.delay);
                    if let Some(place) = self.free_place()
                        && self.may_add()
                    {
                        start(&mut race, place);
                    } else {
                        next = next.max(deadline_after(TICK));
                    }
                }
                let settled = match (race.started < self.copies).then_some(next) {
                    None => inbox.take().await,
                    Some(at) => {
                        let arrived = Box::pin(inbox.take());
                        match select(arrived, Box::pin(seam::sleep_until(at))).await {
                            Either::Left((settled, _)) => settled,
                            Either::Right(_) => continue,
                        }
                    }
                };
                // All of them, also when one has decided: failures are kept.
                let mut decided = None;
                for (index, outcome) in settled {
                    match race.settle(index, outcome, &mut judge) {
                        Settled::Decided(reason) => decided = Some(reason),
                        Settled::Next(at) => next = at,
                        Settled::TooLate => {}
                    }
                }
                if decided.is_some() {
                    return Ok(decided);
                }
            }
        };
        let result = Scope::builder()
            .on_error(OnError::IgnoreErrors)
            .run(async |scope: Scope<E>| {
                if let Some(reason) = drive(&scope).await? {
                    // The scope goes on, and ends well, when the losers have gone.
                    scope.cancel_children(reason);
                }
                Ok(())
            })
            .await;

        for (index, outcome) in inbox.drain() {
            race.settle(index, outcome, &mut |_| Verdict::Again);
        }
        let ending = match result.map_err(|error| error.into_task_error()) {
            Err(TaskError::Cancelled(reason)) => Ending::Cancelled(reason),
            _ => Ending::Complete,
        };
        race.finish(ending)
    }

    /// A place for an additional copy, if there is a free one.
    fn free_place(&self) -> Option<Option<Permit>> {
        match &self.limit {
            Some(limit) => limit.try_acquire(1).ok().map(Some),
            None => Some(None),
        }
    }

    fn may_add(&self) -> bool {
        self.budget.as_ref().is_none_or(RetryBudget::take)
    }
}

/// The driver is polled once more after a stop, and may find free just what it waits for: it must
/// not go on then, and tells of the stop, since nobody may have been interrupted.
fn go_on<E>(scope: &Scope<E>) -> Result<(), TaskError<E>> {
    if !scope.is_stopping() {
        return Ok(());
    }
    let text = "the call was told to stop before a copy could start";
    Err(TaskError::Cancelled(CancelReason::new(CancelSource::Parent, text)))
}

/// The copies of one call.
struct Race<T, E> {
    winner: Option<Result<Won<T>, ()>>,
    failures: Failures<E>,
    started: u32,
    live: u32,
    /// Until when no copy may be started, because one that failed has asked for a pause.
    not_before: Instant,
}

enum Settled {
    Decided(CancelReason),
    /// It failed, and from then on another copy may be started.
    Next(Instant),
    TooLate,
}

impl<T, E> Race<T, E> {
    fn new() -> Self {
        let failures = Failures::default();
        Race { winner: None, failures, started: 0, live: 0, not_before: seam::now() }
    }

    fn settle(
        &mut self,
        index: usize,
        outcome: Result<T, TaskError<E>>,
        judge: &mut impl FnMut(&TaskError<E>) -> Verdict,
    ) -> Settled {
        self.live -= 1;
        let decided = self.winner.is_some();
        match outcome {
            Ok(value) if !decided => {
                self.winner = Some(Ok(Won { index, value }));
                let text = format!("copy {} was first", index + 1);
                Settled::Decided(CancelReason::new(CancelSource::RaceLost, text))
            }
            // A value that came too late.
            Ok(_) => Settled::TooLate,
            Err(error) => {
                let verdict = if decided { Verdict::Again } else { judge(&error) };
                if !self.failures.add(index, error) || decided {
                    return Settled::TooLate;
                }
                match verdict {
                    Verdict::Again => Settled::Next(self.not_before.max(seam::now())),
                    Verdict::AgainAfter(pause) => {
                        self.not_before = self.not_before.max(deadline_after(pause));
                        Settled::Next(self.not_before)
                    }
                    Verdict::Take => {
                        self.failures.decide(index);
                        self.winner = Some(Err(()));
                        let text = format!("copy {} failed for good", index + 1);
                        Settled::Decided(CancelReason::new(CancelSource::SiblingFailed, text))
                    }
                }
            }
        }
    }

    fn finish(self, ending: Ending) -> Result<Won<T>, ScopeError<E>> {
        match self.winner {
            Some(Ok(won)) => Ok(won),
            Some(Err(())) => Err(self.failures.into_error(ending, Cause::Failed)),
            None => {
                let cause = Cause::TooFewSucceeded { wanted: 1, succeeded: 0 };
                Err(self.failures.into_error(ending, cause))
            }
        }
    }
}

impl<T, E> fmt::Debug for Race<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Race").field("started", &self.started).field("live", &self.live).finish()
    }
}
