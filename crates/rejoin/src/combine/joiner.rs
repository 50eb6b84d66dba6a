//! The policy of a join, and what drives it.

use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::cancel::{CancelReason, CancelSource};
use crate::inspect::{self, Wait};
use crate::outcome::{Outcome, TaskError};
use crate::scope::{Deliver, OnError, Scope, ScopeBuilder, as_result};
use crate::seam::{Mutex, MutexGuard};

/// What to do with outcomes as they come in, and when to stop.
///
/// [`wait`](super::wait), [`gather`](super::gather), [`race`](super::race), [`any`](super::any) and
/// [`quorum`](super::quorum) are joiners; write another where none of them fits:
///
/// ```
/// use std::ops::ControlFlow;
/// use rejoin::{CancelReason, CancelSource, Ending, Joiner, Outcome, join_with};
///
/// /// Adds up what comes in until there is enough.
/// struct Enough { sum: u32, goal: u32 }
///
/// impl<E> Joiner<u32, E> for Enough {
///     type Output = u32;
///
///     fn settle(&mut self, _index: usize, outcome: Outcome<u32, E>) -> ControlFlow<CancelReason> {
///         self.sum += outcome.unwrap_or(0);
///         if self.sum < self.goal {
///             return ControlFlow::Continue(());
///         }
///         ControlFlow::Break(CancelReason::new(CancelSource::RaceLost, "there is enough"))
///     }
///
///     fn finish(self, _ending: Ending) -> u32 {
///         self.sum
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let parts = (1..=4).map(|n| async move {
///     tokio::time::sleep(std::time::Duration::from_secs(n.into())).await;
///     Ok::<u32, ()>(n)
/// });
/// assert_eq!(join_with(parts, Enough { sum: 0, goal: 6 }).await, 6);
/// # });
/// ```
pub trait Joiner<T, E> {
    /// What the join returns.
    type Output;

    /// Called once, before anything is started, with the number of futures. After a `Break` nothing
    /// is started.
    fn begin(&mut self, count: usize) -> ControlFlow<CancelReason> {
        let _ = count;
        ControlFlow::Continue(())
    }

    /// Called once for each child, in order of completion; children that ended at the same moment
    /// come in input order. `index` is the position in the input.
    ///
    /// `Break` stops the children that are left, for this reason. Their outcomes still come in, in
    /// input order: a child may have failed in its clean-up, or have been finished all the same.
    fn settle(&mut self, index: usize, outcome: Outcome<T, E>) -> ControlFlow<CancelReason>;

    /// Called once, when every child has ended.
    fn finish(self, ending: Ending) -> Self::Output;
}

/// How a join came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Every child ended by itself.
    Complete,
    /// The joiner stopped the rest.
    Stopped,
    /// The join's own time was up.
    TimedOut,
    /// The calling code was told to stop.
    Cancelled(CancelReason),
}

/// Runs `futures` as tasks and feeds what comes back to `joiner`. Returns when all have ended.
///
/// # Cancel safety
///
/// Dropping it stops the children at once, and the nearest scope around it waits for them. Outcomes
/// that were settled are lost with the joiner.
pub fn join_with<I, J, T, E>(futures: I, joiner: J) -> impl Future<Output = J::Output>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    J: Joiner<T, E>,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    join_in(Scope::builder(), Wakes::Always, futures, joiner)
}

/// For which outcomes the driver is woken before the last one has come in. A joiner that does
/// nothing about the others has them settled together, and a wake-up less for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wakes {
    Always,
    OnFailure,
    Never,
}

/// As [`join_with`], in a scope with a deadline.
pub(super) async fn join_in<I, J, T, E>(
    builder: ScopeBuilder,
    wakes: Wakes,
    futures: I,
    mut joiner: J,
) -> J::Output
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    J: Joiner<T, E>,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    let futures: Vec<I::Item> = futures.into_iter().collect();
    if joiner.begin(futures.len()).is_break() {
        return joiner.finish(Ending::Stopped);
    }
    let inbox = Arc::new(Inbox::new(wakes, futures.len()));
    let mut stopped = false;

    let drive = async |scope: &Scope<E>| {
        let (mut left, mut refused) = (futures.len(), false);
        for (index, future) in futures.into_iter().enumerate() {
            scope.start_silently(future, as_result, ToInbox::new(index, &inbox));
        }
        while left > 0 {
            for (index, outcome) in inbox.take().await {
                left -= 1;
                refused |= outcome.as_ref().is_err_and(TaskError::is_cancelled);
                if let ControlFlow::Break(reason) = joiner.settle(index, outcome)
                    && !stopped
                {
                    // Stops this driver too. One stop for all is cheaper than one for each, and
                    // what still comes in is taken out below. False if it was stopping before.
                    stopped = scope.cancel(reason);
                }
            }
        }
        refused
    };
    let builder = builder.on_error(OnError::IgnoreErrors);
    let result = builder
        .run(async |scope: Scope<E>| match drive(&scope).await {
            true if scope.is_stopping() => Err(cut_off()),
            _ => Ok(()),
        })
        .await;

    // What came in after the driver was stopped.
    for (index, outcome) in inbox.drain() {
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

/// What a driver ends with when there is something that never started because of a stop: nobody may
/// have been interrupted, so that it is the driver that tells. Why, its scope knows.
pub(super) fn cut_off<E>() -> TaskError<E> {
    let text = "the join was told to stop before all had started";
    TaskError::Cancelled(CancelReason::new(CancelSource::Parent, text))
}

/// Where children leave their outcomes for the driver.
pub(crate) struct Inbox<T, E> {
    wakes: Wakes,
    state: Mutex<InboxState<T, E>>,
}

struct InboxState<T, E> {
    settled: Vec<(usize, Outcome<T, E>)>,
    /// How many have not come in.
    left: usize,
    /// Something is here that the driver has to see now.
    urgent: bool,
    driver: Option<Waker>,
}

impl<T, E> Inbox<T, E> {
    /// An inbox that counts down from `left`, the number of children.
    pub(crate) fn new(wakes: Wakes, left: usize) -> Self {
        // Where the driver sleeps to the end, all of them will lie here.
        let room = if wakes == Wakes::Always { 0 } else { left };
        let settled = Vec::with_capacity(room);
        let state = InboxState { settled, left, urgent: false, driver: None };
        Inbox { wakes, state: Mutex::new(state) }
    }

    /// As [`take`](Self::take), in the order in which they came in.
    pub(super) async fn take_in_order(&self) -> Vec<(usize, Outcome<T, E>)> {
        poll_fn(|cx| self.poll_arrived(cx).map(|mut state| std::mem::take(&mut state.settled)))
            .await
    }

    /// What has come in, without waiting.
    pub(crate) fn drain(&self) -> Vec<(usize, Outcome<T, E>)> {
        self.lock().drain()
    }

    fn lock(&self) -> MutexGuard<'_, InboxState<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something, and takes all of it.
    pub(crate) async fn take(&self) -> Vec<(usize, Outcome<T, E>)> {
        poll_fn(|cx| self.poll_arrived(cx).map(|mut state| state.drain())).await
    }

    /// Ready, with the lock, when something has come in that the driver has to see.
    fn poll_arrived(&self, cx: &Context<'_>) -> Poll<MutexGuard<'_, InboxState<T, E>>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if std::mem::take(&mut state.urgent) {
            return Poll::Ready(state);
        }
        let old = state.driver.replace(waker);
        drop(state);
        drop(old);
        inspect::note(|| Wait::Other("the children of a join".into()));
        Poll::Pending
    }
}

impl<T, E> InboxState<T, E> {
    /// Whoever finds several here takes them for simultaneous, and for those input order decides.
    fn drain(&mut self) -> Vec<(usize, Outcome<T, E>)> {
        let mut settled = std::mem::take(&mut self.settled);
        settled.sort_by_key(|(index, _)| *index);
        settled
    }
}

/// Delivers a child's outcome to the inbox.
pub(crate) struct ToInbox<T, E> {
    index: usize,
    /// Nothing when it has been delivered.
    inbox: Option<Arc<Inbox<T, E>>>,
}

impl<T, E> ToInbox<T, E> {
    pub(crate) fn new(index: usize, inbox: &Arc<Inbox<T, E>>) -> Self {
        ToInbox { index, inbox: Some(Arc::clone(inbox)) }
    }
}

impl<T, E> Deliver<T, E> for ToInbox<T, E> {
    type Receipt = ();

    fn deliver(&mut self, outcome: Outcome<T, E>, _claimed: bool) {
        let Some(inbox) = self.inbox.take() else { return };
        let wakes = match inbox.wakes {
            Wakes::Always => true,
            Wakes::OnFailure => outcome.is_err(),
            Wakes::Never => false,
        };
        let mut state = inbox.lock();
        state.settled.push((self.index, outcome));
        state.left -= 1;
        state.urgent |= wakes || state.left == 0;
        let driver = if state.urgent { state.driver.take() } else { None };
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}
