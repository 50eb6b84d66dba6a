//! Notices that an item is long in coming.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::FusedStream;
use pin_project_lite::pin_project;

use crate::cancel::TimedOut;
use crate::scope::deadline_after;
use crate::seam::{self, Sleep};

/// Gives [`TimedOut`] whenever the next item of `source` takes longer than `timeout`, and the item
/// when it comes.
///
/// The time-out is news, not an end: the source is not interrupted, and the wait for its item goes
/// on with the next read, for another `timeout`. Whoever has enough stops reading:
/// `while let Some(item) = items.try_next().await?`.
///
/// The time runs while somebody waits. It starts with the first read after an item (or a time-out),
/// so the time that the reader takes for an item does not count.
///
/// ```
/// use std::time::Duration;
/// use futures_util::{StreamExt, stream};
/// use rejoin::stream::item_timeout;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let slow = stream::iter([1, 5]).then(|secs| async move {
///     tokio::time::sleep(Duration::from_secs(secs)).await;
///     secs
/// });
/// let items = item_timeout(Duration::from_secs(3), slow).map(Result::ok);
/// assert_eq!(items.collect::<Vec<_>>().await, [Some(1), None, Some(5)]);
/// # });
/// ```
///
/// # Cancel safety
///
/// It holds no item. A read that is given up loses nothing, and its time runs on.
pub fn item_timeout<S: Stream>(timeout: Duration, source: S) -> ItemTimeout<S> {
    ItemTimeout { source: Some(source), timeout, timer: None }
}

pin_project! {
    /// The stream that [`item_timeout`] returns.
    #[must_use = "a stream does nothing until it is read"]
    pub struct ItemTimeout<S> {
        // Dropped when it has ended.
        #[pin]
        source: Option<S>,
        timeout: Duration,
        // There while somebody waits. Boxed, so that the stream can be moved if its source can.
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<S: Stream> Stream for ItemTimeout<S> {
    type Item = Result<S::Item, TimedOut>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(source) = this.source.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        // Before the clock, so that an item which is ready in time is in time.
        if let Poll::Ready(item) = source.poll_next(cx) {
            *this.timer = None;
            if item.is_none() {
                this.source.set(None);
            }
            return Poll::Ready(item.map(Ok));
        }
        let timer = this
            .timer
            .get_or_insert_with(|| Box::pin(seam::sleep_until(deadline_after(*this.timeout))));
        // Also when the source has used up the task's turn, as a busy channel does in each.
        ready!(seam::poll_sleep(timer.as_mut(), cx));
        *this.timer = None;
        Poll::Ready(Some(Err(TimedOut(()))))
    }
}

impl<S: Stream> FusedStream for ItemTimeout<S> {
    fn is_terminated(&self) -> bool {
        self.source.is_none()
    }
}

impl<S> fmt::Debug for ItemTimeout<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemTimeout").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
