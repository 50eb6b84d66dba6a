//! How much may start within any stretch of time of one length.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::gate::{Gate, Grant, Meter};
use super::{LimitError, Reservation};
use crate::seam::{self, Instant};

/// A bound on what starts in any window of one length: a sliding window.
///
/// `WindowLimit::new(100, minute)` grants a hundred at once if they come at once, and the next one a
/// minute after the first of them. Wherever a window of that length begins, it never contains more,
/// which is what a quota in the manner of "100 in a minute" means; a
/// [`RateLimit`](super::RateLimit) with a burst of 100 lets nearly twice as many through in its first
/// minute, and needs no memory. The clock is that of the runtime.
///
/// It remembers each grant for as long as it counts: at most as many entries as the limit. The
/// limiters that others have written keep a clock and a timer of their own, or cannot take back what
/// was not used; this one follows the runtime's clock, and with it a test's.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use rejoin::limit::WindowLimit;
/// # use tokio::time::Instant;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let two_a_second = WindowLimit::new(NonZeroU32::new(2).unwrap(), Duration::from_secs(1));
/// let start = Instant::now();
/// two_a_second.acquire().await;
/// two_a_second.acquire().await;
/// assert_eq!(start.elapsed(), Duration::ZERO);
/// two_a_second.acquire().await;
/// assert_eq!(start.elapsed(), Duration::from_secs(1));
/// # });
/// ```
#[derive(Clone)]
pub struct WindowLimit {
    pub(super) gate: Arc<Gate<Window>>,
}

pub(super) struct Window {
    count: u32,
    period: Duration,
    /// The oldest first, by time and by stamp.
    granted: VecDeque<Entry>,
    /// The sum of their weights: more than the count if more was used than granted.
    sum: u64,
    stamp: u64,
}

struct Entry {
    at: Instant,
    stamp: u64,
    weight: u32,
    /// The entry that this one adds to: more was used than that had granted.
    adds_to: u64,
}

impl Window {
    fn forget_the_old(&mut self, now: Instant) {
        while let Some(oldest) = self.granted.front() {
            if oldest.at + self.period > now {
                break;
            }
            self.sum -= u64::from(oldest.weight);
            self.granted.pop_front();
        }
    }

    fn push(&mut self, weight: u32, adds_to: u64) -> u64 {
        let at = seam::now();
        self.forget_the_old(at);
        self.stamp += 1;
        self.sum += u64::from(weight);
        self.granted.push_back(Entry { at, stamp: self.stamp, weight, adds_to });
        self.stamp
    }

    /// Takes `weight` back from the entry and from those that it adds to, and says which is the
    /// newest that is left. What is not there any more has been forgotten.
    fn take_back(&mut self, mut stamp: u64, mut weight: u32) -> u64 {
        while weight > 0
            && let Ok(index) = self.granted.binary_search_by_key(&stamp, |e| e.stamp)
        {
            let entry = &mut self.granted[index];
            let back = entry.weight.min(weight);
            entry.weight -= back;
            weight -= back;
            self.sum -= u64::from(back);
            if entry.weight == 0 {
                stamp = entry.adds_to;
                self.granted.remove(index);
            }
        }
        stamp
    }
}

impl Meter for Window {
    fn most(&self) -> u32 {
        self.count
    }

    fn fits(&mut self, weight: u32) -> Result<(), Option<Instant>> {
        self.forget_the_old(seam::now());
        let mut excess = (self.sum + u64::from(weight)).saturating_sub(u64::from(self.count));
        if excess == 0 {
            return Ok(());
        }
        for entry in &self.granted {
            excess = excess.saturating_sub(u64::from(entry.weight));
            if excess == 0 {
                return Err(Some(entry.at + self.period));
            }
        }
        Err(None)
    }

    fn take(&mut self, weight: u32) -> Grant {
        // Nothing leaves no entry, or the memory would have no bound.
        let stamp = if weight == 0 { 0 } else { self.push(weight, 0) };
        Grant { weight, stamp }
    }

    fn settle(&mut self, grant: Grant, used: u32) -> Grant {
        let stamp = match used.checked_sub(grant.weight) {
            None => self.take_back(grant.stamp, grant.weight - used),
            Some(0) => grant.stamp,
            Some(more) => self.push(more, grant.stamp),
        };
        Grant { weight: used, stamp }
    }

    /// Time passes by itself.
    fn leave(&mut self, _: Grant) {}
}

impl WindowLimit {
    /// At most `count` in any window of length `period`.
    ///
    /// # Panics
    ///
    /// If `period` is zero, or as long as a human life.
    pub fn new(count: NonZeroU32, period: Duration) -> Self {
        check_period(period);
        let (granted, count) = (VecDeque::new(), count.get());
        WindowLimit { gate: Gate::new(Window { count, period, granted, sum: 0, stamp: 0 }) }
    }

    /// From now on, at most `count` in any window of length `period`: for who waits already, too. What was
    /// granted before counts, unless an older window was so short that it has forgotten it. Whoever waits for more
    /// than `count` then gets [`LimitError::TooMuch`] in its turn, and holds up nobody.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn set_rate(&self, count: NonZeroU32, period: Duration) {
        check_period(period);
        self.gate.change(|window| (window.count, window.period) = (count.get(), period));
    }

    /// Waits for its turn.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has used nothing and gives up its place in the line.
    pub async fn acquire(&self) -> Reservation {
        self.reservation(self.gate.acquire_one().await)
    }

    /// Waits until `weight` can be had at once.
    ///
    /// # Errors
    ///
    /// [`LimitError::TooMuch`] if that is more than the limit.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_many(&self, weight: u32) -> Result<Reservation, LimitError> {
        Ok(self.reservation(self.gate.acquire(weight).await?))
    }

    /// Takes `weight` if it can be had now and nobody waits.
    ///
    /// # Errors
    ///
    /// [`LimitError`].
    pub fn try_acquire(&self, weight: u32) -> Result<Reservation, LimitError> {
        self.gate.admit(weight)?;
        self.gate.try_acquire(weight).map(|grant| self.reservation(grant)).ok_or(LimitError::Full)
    }

    fn reservation(&self, grant: Grant) -> Reservation {
        Reservation::new(Arc::clone(&self.gate) as Arc<_>, grant)
    }
}

fn check_period(period: Duration) {
    assert!(!period.is_zero(), "a window has some length");
    assert!(period < super::rate::LONGEST, "a window of this length never ends");
}

impl fmt::Debug for WindowLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, period) = self.gate.look(|window| (window.count, window.period));
        f.debug_struct("WindowLimit").field("count", &count).field("period", &period).finish()
    }
}
