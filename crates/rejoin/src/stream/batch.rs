//! Lists of items: full ones, and those that have waited long enough.

use std::fmt;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::FusedStream;
use pin_project_lite::pin_project;

use crate::scope::deadline_after;
use crate::seam::{self, Sleep};

/// After so many items in one poll, other tasks get their turn.
const PULLS_A_POLL: usize = 256;

/// Collects the items of `source` in lists of `size`. The last one may be shorter; none is empty.
///
/// [`within`](Batch::within) sets how long an item may wait for the others. Without it, this is
/// `chunks` of the `futures` crate. Also known as `chunks_timeout`.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use futures_util::{StreamExt, stream};
/// use rejoin::stream::{batch, throttle};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let second = Duration::from_secs(1);
/// let ten = NonZeroUsize::new(10).expect("it is not 0");
/// let slow = throttle(second, stream::iter(1..=5));
/// let lists = batch(ten, slow).within(2 * second);
/// assert_eq!(lists.collect::<Vec<_>>().await, [vec![1, 2, 3], vec![4, 5]]);
/// # });
/// ```
///
/// # Cancel safety
///
/// A read that is given up loses nothing: the list so far stays. Dropping the stream drops the items
/// that it has collected, and the source.
pub fn batch<S: Stream>(size: NonZeroUsize, source: S) -> Batch<S> {
    Batch { source: Some(source), list: List::new(size) }
}

/// As [`batch`], for a stream that can fail: an error ends it. The items that came before the error
/// are given first, then the error, then nothing more; the source is dropped where it failed.
///
/// ```
/// use std::num::NonZeroUsize;
/// use futures_util::{StreamExt, stream};
/// use rejoin::stream::try_batch;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let two = NonZeroUsize::new(2).expect("it is not 0");
/// let lists = try_batch(two, stream::iter([Ok(1), Ok(2), Ok(3), Err("down"), Ok(4)]));
/// assert_eq!(lists.collect::<Vec<_>>().await, [Ok(vec![1, 2]), Ok(vec![3]), Err("down")]);
/// # });
/// ```
///
/// # Cancel safety
///
/// As [`batch`].
pub fn try_batch<S, T, E>(size: NonZeroUsize, source: S) -> TryBatch<S, T, E>
where
    S: Stream<Item = Result<T, E>>,
{
    TryBatch { source: Some(source), list: List::new(size), error: None }
}

pin_project! {
    /// The stream that [`batch`] returns.
    #[must_use = "a stream does nothing until it is read"]
    pub struct Batch<S: Stream> {
        // Dropped when it has ended.
        #[pin]
        source: Option<S>,
        list: List<S::Item>,
    }
}

pin_project! {
    /// The stream that [`try_batch`] returns.
    #[must_use = "a stream does nothing until it is read"]
    pub struct TryBatch<S, T, E> {
        #[pin]
        source: Option<S>,
        list: List<T>,
        error: Option<E>,
    }
}

impl<S: Stream> Batch<S> {
    /// How old a list may become: the time from its first item until it is given, full or not. A
    /// time without items gives no list.
    ///
    /// The time that the reader takes counts too. What has arrived by the moment in which the time
    /// is up belongs to the list.
    pub fn within(mut self, time: Duration) -> Self {
        self.list.within = Some(time);
        self
    }
}

impl<S, T, E> TryBatch<S, T, E> {
    /// As [`Batch::within`].
    pub fn within(mut self, time: Duration) -> Self {
        self.list.within = Some(time);
        self
    }
}

/// The list that is being collected.
struct List<T> {
    items: Vec<T>,
    size: NonZeroUsize,
    within: Option<Duration>,
    /// Runs from the first item of a list. Boxed, so that the stream can be moved if its source can.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<T> List<T> {
    fn new(size: NonZeroUsize) -> Self {
        List { items: Vec::new(), size, within: None, timer: None }
    }

    /// Ready with a list when it is full, when it is old enough, or when `pull` has come to an end;
    /// with nothing when there was nothing before the end.
    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        mut pull: impl FnMut(&mut Context<'_>) -> Poll<Option<T>>,
    ) -> Poll<Option<Vec<T>>> {
        let mut pulls = 0;
        let complete = loop {
            if pulls == PULLS_A_POLL {
                cx.waker().wake_by_ref();
                break false;
            }
            pulls += 1;
            match pull(cx) {
                Poll::Ready(Some(item)) => {
                    if let Some(within) = self.within
                        && self.items.is_empty()
                    {
                        self.timer = Some(Box::pin(seam::sleep_until(deadline_after(within))));
                    }
                    self.items.push(item);
                    if self.items.len() == self.size.get() {
                        break true;
                    }
                }
                Poll::Ready(None) if self.items.is_empty() => return Poll::Ready(None),
                Poll::Ready(None) => break true,
                Poll::Pending => break false,
            }
        };
        // After the source, which is never kept from an item by the time.
        if !complete {
            let Some(timer) = &mut self.timer else { return Poll::Pending };
            // Also when the source has used up the task's turn, as a busy channel does in each.
            ready!(seam::poll_sleep(timer.as_mut(), cx));
        }
        self.timer = None;
        Poll::Ready(Some(std::mem::take(&mut self.items)))
    }
}

impl<S: Stream> Stream for Batch<S> {
    type Item = Vec<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Vec<S::Item>>> {
        let mut this = self.project();
        this.list.poll_fill(cx, |cx| {
            let Some(source) = this.source.as_mut().as_pin_mut() else { return Poll::Ready(None) };
            let item = ready!(source.poll_next(cx));
            if item.is_none() {
                this.source.set(None);
            }
            Poll::Ready(item)
        })
    }
}

impl<S, T, E> Stream for TryBatch<S, T, E>
where
    S: Stream<Item = Result<T, E>>,
{
    type Item = Result<Vec<T>, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let list = ready!(this.list.poll_fill(cx, |cx| {
            let Some(source) = this.source.as_mut().as_pin_mut() else { return Poll::Ready(None) };
            match ready!(source.poll_next(cx)) {
                Some(Ok(item)) => return Poll::Ready(Some(item)),
                Some(Err(error)) => *this.error = Some(error),
                None => {}
            }
            this.source.set(None);
            Poll::Ready(None)
        }));
        Poll::Ready(match list {
            Some(list) => Some(Ok(list)),
            None => this.error.take().map(Err),
        })
    }
}

impl<S: Stream> FusedStream for Batch<S> {
    fn is_terminated(&self) -> bool {
        self.source.is_none() && self.list.items.is_empty()
    }
}

impl<S, T, E> FusedStream for TryBatch<S, T, E>
where
    S: Stream<Item = Result<T, E>>,
{
    fn is_terminated(&self) -> bool {
        self.source.is_none() && self.list.items.is_empty() && self.error.is_none()
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("collected", &self.items.len())
            .field("size", &self.size)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

impl<S: Stream> fmt::Debug for Batch<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("list", &self.list).finish_non_exhaustive()
    }
}

impl<S, T, E> fmt::Debug for TryBatch<S, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryBatch").field("list", &self.list).finish_non_exhaustive()
    }
}
