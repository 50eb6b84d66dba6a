//! No more than so many items in a time.

use std::fmt;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::FusedStream;
use pin_project_lite::pin_project;

use crate::seam::{self, Instant, Sleep};

/// An interval that no clock can hold is as good as thirty years.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Gives the items of `source` at least `interval` apart, the first one at once. For fifty a second:
/// `throttle(Duration::from_secs(1) / 50, source)`.
///
/// No item is dropped: a source that is faster waits. Time in which there was nothing to give is not
/// saved up, unless [`burst`](Throttle::burst) allows it. *n* items take at least `interval` times
/// *n* less the burst, which is 1.
///
/// ```
/// use std::time::Duration;
/// use futures_util::{StreamExt, stream};
/// use rejoin::stream::throttle;
/// # use tokio::time::Instant;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let start = Instant::now();
/// let paced = throttle(Duration::from_secs(1) / 50, stream::iter(0..100));
/// assert_eq!(paced.count().await, 100);
/// assert_eq!(start.elapsed(), Duration::from_millis(1980));
/// # });
/// ```
///
/// # Cancel safety
///
/// It holds no item: it waits first and reads then. Dropping it, or giving up a read, loses nothing;
/// a source that was borrowed can be read on.
///
/// It therefore sees the end of a source only when the next item would be due, or at once if the
/// source knows its length ([`size_hint`](Stream::size_hint)).
///
/// A source that works only while it is polled starts on an item when that item is due, so its own
/// time is added to the interval. Put a [`buffer`](super::buffer) under the throttle to have the
/// work done while it waits.
///
/// # Precision
///
/// The clock ticks in milliseconds. An item that the clock makes late does not put off the next, as
/// long as that leaves half an interval between them, so the rate is kept in the long run. For more
/// than some hundred a second, allow a burst of what comes between two ticks.
pub fn throttle<S: Stream>(interval: Duration, source: S) -> Throttle<S> {
    Throttle {
        source: Some(source),
        interval: interval.min(LONGEST),
        burst: NonZeroU32::MIN,
        next_slot: None,
        timer: None,
    }
}

pin_project! {
    /// The stream that [`throttle`] returns.
    #[must_use = "a stream does nothing until it is read"]
    pub struct Throttle<S> {
        // Dropped when it has ended.
        #[pin]
        source: Option<S>,
        interval: Duration,
        burst: NonZeroU32,
        // When the next item would be due if every item so far had kept its distance.
        next_slot: Option<Instant>,
        // Boxed, so that the stream can be moved if its source can.
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<S> Throttle<S> {
    /// How many items may come at once when there was nothing to give for long enough, and at the
    /// beginning. The rate in the long run is the same.
    pub fn burst(mut self, burst: NonZeroU32) -> Self {
        self.burst = burst;
        self
    }
}

impl<S: Stream> Stream for Throttle<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let Some(source) = this.source.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        // Whether the item that is ready now had to wait for the clock, and for nothing else.
        let mut held = false;
        if source.size_hint() != (0, Some(0)) {
            if this.timer.is_none()
                && let Some(slot) = *this.next_slot
            {
                let early = this.interval.saturating_mul(this.burst.get() - 1);
                let due = slot.checked_sub(early).unwrap_or(slot);
                if due > seam::now() {
                    *this.timer = Some(Box::pin(seam::sleep_until(due)));
                }
            }
            if let Some(timer) = this.timer {
                ready!(timer.as_mut().poll(cx));
                *this.timer = None;
                held = true;
            }
        }
        let Some(item) = ready!(source.poll_next(cx)) else {
            this.source.set(None);
            *this.timer = None;
            return Poll::Ready(None);
        };
        let now = seam::now();
        let slot = match *this.next_slot {
            Some(slot) if held && now.saturating_duration_since(slot) <= *this.interval / 2 => slot,
            Some(slot) => slot.max(now),
            None => now,
        };
        *this.next_slot = Some(slot + *this.interval);
        Poll::Ready(Some(item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.source.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl<S: Stream> FusedStream for Throttle<S> {
    fn is_terminated(&self) -> bool {
        self.source.is_none()
    }
}

impl<S> fmt::Debug for Throttle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle")
            .field("interval", &self.interval)
            .field("burst", &self.burst)
            .finish_non_exhaustive()
    }
}
