//! How much may start in so much time.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::gate::{Gate, Grant, Meter};
use super::{LimitError, Reservation};
use crate::seam::{self, Instant};

/// No clock overflows when it is moved by so much. Nobody can owe more.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A bound on what starts in so much time, to be shared by all who use one thing: a token bucket.
///
/// `RateLimit::new(10, second)` grants one every 100 ms, and no two at once;
/// [`burst`](Self::burst) says how many may come at once after a quiet time. In any length of time
/// `t` it grants at most `burst + t * rate`, and what [came back](Reservation::settle) in it. The clock is that of the runtime, which the wall clock
/// does not move.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use rejoin::limit::RateLimit;
/// # use tokio::time::Instant;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let ten_a_second = RateLimit::new(NonZeroU32::new(10).unwrap(), Duration::from_secs(1));
/// let start = Instant::now();
/// for _ in 0..3 {
///     ten_a_second.acquire().await;
/// }
/// assert_eq!(start.elapsed(), Duration::from_millis(200));
/// # });
/// ```
#[derive(Clone)]
pub struct RateLimit {
    pub(super) gate: Arc<Gate<Bucket>>,
}

pub(super) struct Bucket {
    /// What one costs.
    gap: Duration,
    burst: u32,
    /// When everything that was granted will have been paid for.
    paid: Option<Instant>,
}

impl Bucket {
    fn after(&self, weight: u32, now: Instant) -> Instant {
        self.paid.map_or(now, |paid| paid.max(now)) + self.gap * weight
    }

    /// What is owed is a number of tokens, each of which costs so much from now on.
    fn reprice(&mut self, gap: Duration) {
        let now = seam::now();
        if let Some(owed) = self.paid.and_then(|paid| paid.checked_duration_since(now)) {
            let owed = owed.as_nanos().saturating_mul(gap.as_nanos()) / self.gap.as_nanos();
            let owed = Duration::from_nanos(owed.try_into().unwrap_or(u64::MAX));
            self.paid = Some(now + owed.min(LONGEST));
        }
        self.gap = gap;
    }
}

impl Meter for Bucket {
    fn most(&self) -> u32 {
        self.burst
    }

    fn fits(&mut self, weight: u32) -> Result<(), Option<Instant>> {
        let now = seam::now();
        let (after, allowed) = (self.after(weight, now), now + self.gap * self.burst);
        if after > allowed { Err(Some(now + (after - allowed))) } else { Ok(()) }
    }

    fn take(&mut self, weight: u32) -> Grant {
        self.paid = Some(self.after(weight, seam::now()));
        Grant { weight, stamp: 0 }
    }

    fn settle(&mut self, grant: Grant, used: u32) -> Grant {
        let settled = Grant { weight: used, ..grant };
        let Some(at) = self.paid else { return settled };
        self.paid = if used > grant.weight {
            let now = seam::now();
            let owed = self.gap.saturating_mul(used - grant.weight);
            let after = at.max(now).checked_add(owed.min(LONGEST));
            after.map(|after| after.min(now + LONGEST)).or(Some(at))
        } else {
            at.checked_sub(self.gap.saturating_mul(grant.weight - used))
        };
        settled
    }

    /// Time passes by itself.
    fn leave(&mut self, _: Grant) {}
}

impl RateLimit {
    /// At most `count` in each `period`, evenly.
    ///
    /// # Panics
    ///
    /// If `period` is so short that one has no time at all, or as long as a human life.
    pub fn new(count: NonZeroU32, period: Duration) -> Self {
        Self::with(gap(count, period), 1)
    }

    /// How many may come at once after a quiet time; 1 by default. To be called before the limit is
    /// used: it makes a new one.
    ///
    /// # Panics
    ///
    /// If so many would take as long as a human life at this rate.
    pub fn burst(self, burst: NonZeroU32) -> Self {
        Self::with(self.gate.look(|bucket| bucket.gap), burst.get())
    }

    /// From now on, at most `count` in each `period`: for who waits already, too. What was granted before
    /// and has not been paid for by time is paid for at the new rate. The burst stays.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new) and [`burst`](Self::burst).
    pub fn set_rate(&self, count: NonZeroU32, period: Duration) {
        let gap = gap(count, period);
        check_burst(gap, self.gate.look(|bucket| bucket.burst));
        self.gate.change(|bucket| bucket.reprice(gap));
    }

    fn with(gap: Duration, burst: u32) -> Self {
        check_burst(gap, burst);
        RateLimit { gate: Gate::new(Bucket { gap, burst, paid: None }) }
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
    /// [`LimitError::TooMuch`] if that is more than the burst.
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

/// What one costs.
fn gap(count: NonZeroU32, period: Duration) -> Duration {
    let gap = period / count.get();
    assert!(!gap.is_zero(), "a rate has some time for each, at least a nanosecond");
    gap
}

fn check_burst(gap: Duration, burst: u32) {
    assert!(gap.saturating_mul(burst) < LONGEST, "a burst at this rate never comes back");
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (gap, burst) = self.gate.look(|bucket| (bucket.gap, bucket.burst));
        f.debug_struct("RateLimit").field("gap", &gap).field("burst", &burst).finish()
    }
}
