//! Joins whose futures are made one after the other, so that only so many exist at once.

use std::future::Future;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::joiner::{Ending, Inbox, Joiner, ToInbox, Wakes, cut_off};
use super::progress::{Hook, Progress};
use crate::cancel::{CancelReason, CancelSource};
use crate::outcome::TaskError;
use crate::scope::{OnError, Scope, ScopeBuilder, ScopeError, deadline_after};
use crate::seam::{self, Instant};

/// How children are started: not more than `limit` at once, and no faster than `pace`.
pub(super) struct Flow {
    pub(super) builder: ScopeBuilder,
    pub(super) limit: NonZeroUsize,
    pub(super) pace: Option<Duration>,
    pub(super) progress: Option<Hook>,
}

/// Pulls items while there is room, starts a child for each with `start`, and feeds what comes back
/// to `joiner`. After a `Break` nothing more is pulled.
pub(super) fn join_lazily<I, S, J, T, E>(
    flow: Flow,
    mut items: I,
    mut start: S,
    mut joiner: J,
) -> impl Future<Output = J::Output>
where
    I: Iterator,
    S: FnMut(&Scope<E>, I::Item, ToInbox<T, E>),
    J: Joiner<T, E>,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    let Flow { builder, limit, pace, mut progress } = flow;
    let total = exact(items.size_hint());
    let inbox = Arc::new(Inbox::new(Wakes::Always, usize::MAX));
    // A block keeps what it is given where it is; an `async fn` would have it twice.
    async move {
        let mut stopped = false;

        let mut drive = async |scope: &Scope<E>| {
            let mut watch = Progress::begin(total);
            watch.report(&mut progress);
            let mut next_start: Option<Instant> = pace.map(|_| seam::now());
            let (mut live, mut index, mut more, mut is_cut_off) = (0, 0, true, false);
            loop {
                // The driver is polled once more after a stop: it must not go on pulling then.
                if more && scope.is_stopping() {
                    more = false;
                    is_cut_off |= items.size_hint().1 != Some(0);
                }
                while more && live < limit.get() && next_start.is_none_or(|at| at <= seam::now()) {
                    let Some(item) = items.next() else {
                        more = false;
                        break;
                    };
                    start(scope, item, ToInbox::new(index, &inbox));
                    (live, index) = (live + 1, index + 1);
                    // Where that is known, nobody waits for a turn that nothing will take.
                    more = items.size_hint().1 != Some(0);
                    next_start = next_start.zip(pace).map(|(at, gap)| {
                        at.checked_add(gap).unwrap_or_else(|| deadline_after(gap))
                    });
                }
                if live == 0 && !more {
                    return is_cut_off;
                }
                let settled = match next_start.filter(|_| more && live < limit.get()) {
                    None => inbox.take().await,
                    Some(at) => {
                        match select(Box::pin(inbox.take()), Box::pin(seam::sleep_until(at))).await
                        {
                            Either::Left((settled, _)) => settled,
                            Either::Right(_) => continue,
                        }
                    }
                };
                // Before the first of them, which may stop the rest: those that are here together are alike.
                let late = scope.core().is_stopped_by_time();
                for (index, outcome) in settled {
                    live -= 1;
                    let outcome = if late { outcome.map_err(with_the_join) } else { outcome };
                    // The stop may have come between the look for it and the start.
                    is_cut_off |= outcome.as_ref().is_err_and(TaskError::is_cancelled);
                    watch.count(&outcome);
                    if let ControlFlow::Break(reason) = joiner.settle(index, outcome)
                        && !stopped
                    {
                        stopped = scope.cancel(reason);
                    }
                    watch.report(&mut progress);
                }
            }
        };
        let builder = builder.on_error(OnError::IgnoreErrors);
        let result = builder
            .run(async |scope: Scope<E>| match drive(&scope).await {
                true if scope.is_stopping() => Err(cut_off()),
                _ => Ok(()),
            })
            .await;

        let late = result.as_ref().is_err_and(ScopeError::is_timed_out);
        for (index, outcome) in inbox.drain() {
            let outcome = if late { outcome.map_err(with_the_join) } else { outcome };
            let _ = joiner.settle(index, outcome);
        }
        let ending = match result.map_err(|error| error.into_task_error()) {
            _ if stopped => Ending::Stopped,
            Err(TaskError::TimedOut) => Ending::TimedOut,
            Err(TaskError::Cancelled(reason)) => Ending::Cancelled(reason),
            Ok(()) | Err(TaskError::Failed(_) | TaskError::Panicked(_)) => Ending::Complete,
        };
        joiner.finish(ending)
    }
}

/// A child whose own time was up has timed out. One that was stopped because the join's was up, and
/// which says the same, has been cancelled: joiners tell the two apart by that.
fn with_the_join<E>(error: TaskError<E>) -> TaskError<E> {
    match error {
        TaskError::TimedOut => {
            let text = "the time of the join was up";
            TaskError::Cancelled(CancelReason::new(CancelSource::Deadline, text))
        }
        error => error,
    }
}

/// How many items there will be, if that is known.
pub(super) fn exact((least, most): (usize, Option<usize>)) -> Option<usize> {
    most.filter(|most| *most == least)
}
