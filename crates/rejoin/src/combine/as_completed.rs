//! Outcomes one by one, in the order in which they come.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::Poll;

use super::joiner::{Inbox, ToInbox, Wakes};
use crate::cancel::{CancelReason, CancelSource};
use crate::outcome::Outcome;
use crate::scope::{OnError, Scope, ScopeError, as_result};

/// Runs `futures` as tasks, at most `limit` at once, and gives `body` their outcomes in the order of
/// completion, each with its position in the input.
///
/// `futures` are pulled when there is room, and room is made by taking an outcome: a body that is
/// slow slows them down, and the list may be endless. When the body has returned, what is still
/// under way is stopped and awaited. A failure stops nobody: it is an outcome like any other, and
/// `?` on it ends the body.
///
/// ```
/// use std::num::NonZeroUsize;
/// use rejoin::as_completed;
/// # use std::time::Duration;
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let naps = [30, 10, 20].map(|ms| async move {
///     sleep(Duration::from_millis(ms)).await;
///     Ok::<_, std::io::Error>(ms)
/// });
/// let order = as_completed(naps, NonZeroUsize::new(8).unwrap(), |mut results| async move {
///     let mut order = Vec::new();
///     while let Some((index, nap)) = results.next().await {
///         order.push((index, nap?));
///     }
///     Ok(order)
/// })
/// .await?;
/// assert_eq!(order, [(1, 10), (2, 20), (0, 30)]);
/// # Ok::<(), rejoin::ScopeError<std::io::Error>>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// [`ScopeError`] if the body failed, or if the calling code was told to stop and that interrupted
/// the body.
///
/// # Panics
///
/// If the body or the iterator panics: after every child has ended, with the same payload.
///
/// # Cancel safety
///
/// Dropping it stops the children. Outcomes that the body has not taken are lost.
pub async fn as_completed<I, F, Fut, T, E, R>(
    futures: I,
    limit: NonZeroUsize,
    body: F,
) -> Result<R, ScopeError<E>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    F: FnOnce(Completed<I::IntoIter, T, E>) -> Fut,
    Fut: Future<Output = Outcome<R, E>>,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    let futures = futures.into_iter();
    let builder = Scope::builder().on_error(OnError::IgnoreErrors);
    builder.run(|scope| body(Completed::new(scope, futures, limit))).await
}

/// Outcomes in the order of completion; [`as_completed`] gives it to its body.
///
/// Dropping it stops the children that are left; the scope of [`as_completed`] awaits them.
pub struct Completed<I, T, E> {
    scope: Scope<E>,
    futures: Option<I>,
    inbox: Arc<Inbox<T, E>>,
    ready: VecDeque<(usize, Outcome<T, E>)>,
    limit: NonZeroUsize,
    /// How many were started and not handed out.
    live: usize,
    started: usize,
    /// How many came when the scope was stopping already, so that they never started.
    refused: usize,
}

impl<I, T, E> Completed<I, T, E> {
    fn new(scope: Scope<E>, futures: I, limit: NonZeroUsize) -> Self {
        let inbox = Arc::new(Inbox::new(Wakes::Always, usize::MAX));
        let ready = VecDeque::new();
        let futures = Some(futures);
        Completed { scope, futures, inbox, ready, limit, live: 0, started: 0, refused: 0 }
    }
}

impl<I, T, E> Completed<I, T, E>
where
    I: Iterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    /// The next one to have ended, with its position in the input; `None` when all were handed out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped: the outcome comes with the next call.
    pub async fn next(&mut self) -> Option<(usize, Outcome<T, E>)> {
        self.fill();
        self.next_started().await
    }

    /// Pulls and starts as many as there is room for, and waits for nothing.
    pub fn fill(&mut self) {
        while let Some(futures) = &mut self.futures
            && self.live < self.limit.get()
        {
            match futures.next() {
                Some(future) => self.start(future),
                None => self.futures = None,
            }
        }
    }

    /// Starts one more, whatever the limit; its position follows those of all that were started. For
    /// futures that come from somewhere else than an iterator.
    pub fn start(&mut self, future: I::Item) {
        let to = ToInbox::new(self.started, &self.inbox);
        self.refused += usize::from(self.scope.is_stopping());
        self.scope.start_silently(future, as_result, to);
        self.started += 1;
        self.live += 1;
    }

    /// How many were started and not handed out.
    pub fn under_way(&self) -> usize {
        self.live
    }

    /// As [`next`](Self::next), and starts nothing: `None` when all that were started were handed
    /// out. For who keeps outcomes for later, and only so many.
    ///
    /// # Cancel safety
    ///
    /// As [`next`](Self::next).
    pub async fn next_started(&mut self) -> Option<(usize, Outcome<T, E>)> {
        if self.live == 0 {
            return None;
        }
        // Their outcomes are there at once, and there may be no end to them: between two of them the
        // scope gets the chance to interrupt the body.
        if self.refused > self.limit.get() {
            pause_once().await;
        }
        if self.ready.is_empty() {
            self.ready.extend(self.inbox.take_in_order().await);
        }
        let next = self.ready.pop_front();
        self.live -= usize::from(next.is_some());
        next
    }
}

async fn pause_once() {
    let mut paused = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<I, T, E> Drop for Completed<I, T, E> {
    fn drop(&mut self) {
        if self.live > self.ready.len() {
            let text = "nobody takes their outcomes any longer";
            self.scope.cancel_children(CancelReason::new(CancelSource::RaceLost, text));
        }
    }
}

impl<I, T, E> fmt::Debug for Completed<I, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completed")
            .field("started", &self.started)
            .field("live", &self.live)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
