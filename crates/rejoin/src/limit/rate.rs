//! How much may start in so much time.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::LimitError;
use crate::seam::{self, Instant};

/// No clock overflows when it is moved by so much. Nobody can owe more.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A bound on what starts in so much time, to be shared by all who use one thing: a token bucket.
///
/// `RateLimit::new(10, second)` grants one every 100 ms, and no two at once;
/// [`burst`](Self::burst) says how many may come at once after a quiet time. In any length of time
/// `t` it grants at most `burst + t * rate`. The clock is that of the runtime, which the wall clock
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
    shared: Arc<Shared>,
}

struct Shared {
    /// What one costs.
    gap: Duration,
    burst: u32,
    /// When everything that was granted will have been paid for.
    paid: Mutex<Option<Instant>>,
    /// Whoever holds it is the next; the lock hands it on in the order of arrival.
    line: tokio::sync::Mutex<()>,
}

impl RateLimit {
    /// At most `count` in each `period`, evenly.
    ///
    /// # Panics
    ///
    /// If `period` is so short that one has no time at all, or as long as a human life.
    pub fn new(count: NonZeroU32, period: Duration) -> Self {
        let gap = period / count.get();
        assert!(!gap.is_zero(), "a rate has some time for each, at least a nanosecond");
        Self::with(gap, 1)
    }

    /// How many may come at once after a quiet time; 1 by default. To be called before the limit is
    /// used: it makes a new one.
    ///
    /// # Panics
    ///
    /// If so many would take as long as a human life at this rate.
    pub fn burst(self, burst: NonZeroU32) -> Self {
        Self::with(self.shared.gap, burst.get())
    }

    fn with(gap: Duration, burst: u32) -> Self {
        assert!(gap.saturating_mul(burst) < LONGEST, "a burst at this rate never comes back");
        let (paid, line) = (Mutex::new(None), tokio::sync::Mutex::new(()));
        RateLimit { shared: Arc::new(Shared { gap, burst, paid, line }) }
    }

    /// Waits for its turn.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has used nothing and gives up its place in the line.
    pub async fn acquire(&self) -> Reservation {
        self.wait(1).await
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
        self.admit(weight)?;
        Ok(self.wait(weight).await)
    }

    /// Takes `weight` if it can be had now and nobody waits.
    ///
    /// # Errors
    ///
    /// [`LimitError`].
    pub fn try_acquire(&self, weight: u32) -> Result<Reservation, LimitError> {
        self.admit(weight)?;
        let _line = self.shared.line.try_lock().map_err(|_| LimitError::Full)?;
        match self.shared.take(weight, seam::now()) {
            Ok(()) => Ok(self.reservation(weight)),
            Err(_) => Err(LimitError::Full),
        }
    }

    fn admit(&self, wanted: u32) -> Result<(), LimitError> {
        let most = self.shared.burst;
        if wanted > most { Err(LimitError::TooMuch { wanted, most }) } else { Ok(()) }
    }

    async fn wait(&self, weight: u32) -> Reservation {
        let _line = self.shared.line.lock().await;
        // More than once only if somebody has settled for more than they had asked for meanwhile.
        while let Err(at) = self.shared.take(weight, seam::now()) {
            seam::sleep_until(at).await;
        }
        self.reservation(weight)
    }

    fn reservation(&self, weight: u32) -> Reservation {
        Reservation { weight, shared: Arc::clone(&self.shared) }
    }
}

impl Shared {
    /// Takes `weight` at `now`, or says when it can be had.
    fn take(&self, weight: u32, now: Instant) -> Result<(), Instant> {
        let mut paid = self.paid();
        let after = paid.map_or(now, |paid| paid.max(now)) + self.gap * weight;
        let allowed = now + self.gap * self.burst;
        if after > allowed {
            return Err(now + (after - allowed));
        }
        *paid = Some(after);
        Ok(())
    }

    fn paid(&self) -> MutexGuard<'_, Option<Instant>> {
        self.paid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("gap", &self.shared.gap)
            .field("burst", &self.shared.burst)
            .finish()
    }
}

/// What a [`RateLimit`] has granted. Dropping it changes nothing: time passes by itself.
pub struct Reservation {
    weight: u32,
    shared: Arc<Shared>,
}

impl Reservation {
    /// What was granted.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// Says what was really used. What was granted and not used comes back, what was used beyond it
    /// is charged, and those who come next wait for it.
    pub fn settle(self, used: u32) {
        let mut paid = self.shared.paid();
        let Some(at) = *paid else { return };
        *paid = if used > self.weight {
            let now = seam::now();
            let owed = self.shared.gap.saturating_mul(used - self.weight);
            let after = at.max(now).checked_add(owed.min(LONGEST));
            after.map(|after| after.min(now + LONGEST)).or(Some(at))
        } else {
            at.checked_sub(self.shared.gap * (self.weight - used))
        };
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("weight", &self.weight).finish()
    }
}
