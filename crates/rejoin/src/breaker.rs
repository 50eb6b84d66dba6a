//! A circuit breaker: calls to a service that keeps failing are refused at once, until a few probes
//! have shown that it is well again.
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::time::Duration;
//! use rejoin::breaker::{BreakerError, CircuitBreaker, Trip};
//! use rejoin::retry::Backoff;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let breaker = CircuitBreaker::new(Trip::consecutive(NonZeroU32::new(2).unwrap()))
//!     .pause(Backoff::constant(Duration::from_secs(10)));
//! for _ in 0..2 {
//!     let failed = breaker.run(|| async { Err::<(), _>("down") }).await;
//!     assert_eq!(failed, Err(BreakerError::Failed("down")));
//! }
//! // Now nobody asks any more.
//! let refused = breaker.run(|| async { Ok::<_, &str>("up") }).await;
//! assert_eq!(refused, Err(BreakerError::Open { retry_after: Duration::from_secs(10) }));
//!
//! tokio::time::sleep(Duration::from_secs(10)).await;
//! assert_eq!(breaker.run(|| async { Ok::<_, &str>("up") }).await, Ok("up"));
//! # });
//! ```
//!
//! * *Closed*: calls go through, and their failures are counted. *Open*: calls are refused, for as
//!   long as the pause says. *Half-open*: so many calls as there are [`probes`](CircuitBreaker::probes)
//!   go through, the others are refused. When so many have succeeded the breaker closes; the first
//!   failure opens it again, with the next pause of the backoff.
//! * A call that is dropped says nothing: a caller that was cancelled is no failure of the service. A
//!   panic is a failure.
//! * A call counts for the state in which it began: a slow answer from before changes nothing.
//! * Probes that do not come back hold nothing up: after the length of the pause, as many new ones
//!   may go. An answer that comes later counts as long as the breaker is half-open.
//! * A call that hangs says nothing either, until it is given up. So put a time-out inside, into what is
//!   called: one around the breaker drops the call, and the service never fails.
//! * Inside a [`Retry`](crate::retry::Retry), a refusal is best taken as
//!   [`Verdict::AgainAfter`](crate::retry::Verdict::AgainAfter) its `retry_after`.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cancel::cancel_reason;
use crate::retry::Backoff;
use crate::scope::deadline_after;
use crate::seam::{self, Instant};

/// After which failures a [`CircuitBreaker`] opens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trip {
    when: When,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Consecutive(u32),
    Rate { part: f64, window: Duration, least: u32 },
}

/// The shortest time that a breaker stays open.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// Into so many parts a window is divided; the oldest is forgotten as a whole.
const PARTS: u32 = 10;

impl Trip {
    /// After `failures` in a row.
    pub const fn consecutive(failures: NonZeroU32) -> Self {
        Trip { when: When::Consecutive(failures.get()) }
    }

    /// When `part` of the calls of the last `window` have failed (0.5: half of them), and there were
    /// at least `least` of them. A window moves in tenths of its length.
    ///
    /// # Panics
    ///
    /// If `part` is no number above 0 and up to 1, or `window` is shorter than ten nanoseconds.
    pub fn rate(part: f64, window: Duration, least: NonZeroU32) -> Self {
        assert!(part > 0.0 && part <= 1.0, "a failure rate is above 0 and up to 1");
        assert!(!(window / PARTS).is_zero(), "a window has some time");
        Trip { when: When::Rate { part, window, least: least.get() } }
    }
}

/// How a [`CircuitBreaker`] stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are refused.
    Open,
    /// A few calls go through, to see whether the service is well again.
    HalfOpen,
}

/// Refuses calls to what keeps failing. Clones are the same breaker. See the [module](self).
#[derive(Clone)]
pub struct CircuitBreaker {
    trip: Trip,
    pause: Backoff,
    probes: u32,
    shared: Arc<Mutex<Inner>>,
}

struct Inner {
    standing: Standing,
    /// Changes with the standing: a call that began in another one says nothing.
    era: u64,
    /// How often it has opened since it was last closed.
    trips: u32,
    consecutive: u32,
    parts: VecDeque<Part>,
}

enum Standing {
    Closed,
    Open { until: Instant, pause: Duration },
    HalfOpen { begun: u32, succeeded: u32, until: Instant, pause: Duration },
}

/// A part of the window of a rate.
struct Part {
    begin: Instant,
    calls: u32,
    failures: u32,
}

impl CircuitBreaker {
    /// Closed, with a pause of 10 seconds and one probe.
    pub fn new(trip: Trip) -> Self {
        let inner = Inner {
            standing: Standing::Closed,
            era: 0,
            trips: 0,
            consecutive: 0,
            parts: VecDeque::new(),
        };
        CircuitBreaker {
            trip,
            pause: Backoff::constant(Duration::from_secs(10)),
            probes: 1,
            shared: Arc::new(Mutex::new(inner)),
        }
    }

    /// How long it stays open, a millisecond at least. It grows with every opening that no closing lies
    /// between.
    pub fn pause(mut self, pause: Backoff) -> Self {
        self.pause = pause;
        self
    }

    /// How many calls may probe a service at once, and have to succeed before all may call again.
    pub fn probes(mut self, probes: NonZeroU32) -> Self {
        self.probes = probes.get();
        self
    }

    /// Calls `f`, unless the breaker is open. An error is a failure.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Failed`] with the call's error, or [`BreakerError::Open`]: `f` was not called.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the call, which then counts as nothing; a probe's place is free again.
    pub async fn run<F, Fut, T, E>(&self, f: F) -> Result<T, BreakerError<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.run_if(f, Result::is_err).await
    }

    /// As [`run`](Self::run); `is_failure` says whether a result speaks against the service. One that
    /// refuses a bad request is well.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_if<F, Fut, J, T, E>(&self, f: F, is_failure: J) -> Result<T, BreakerError<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        J: FnOnce(&Result<T, E>) -> bool,
    {
        let call = match self.begin() {
            Ok(call) => call,
            Err(retry_after) => return Err(BreakerError::Open { retry_after }),
        };
        let result = f().await;
        match is_failure(&result) {
            false => call.succeeded(),
            // It may have been cut off: what a scope or a join makes of that is an error like others.
            true if cancel_reason().is_some() => drop(call),
            true => call.failed(),
        }
        result.map_err(BreakerError::Failed)
    }

    /// Lets a call begin, whose end is then told to what this returns.
    ///
    /// # Errors
    ///
    /// How long to wait before it is worth asking again, if the call is refused.
    pub fn begin(&self) -> Result<Call, Duration> {
        let now = seam::now();
        let mut inner = self.lock();
        match &mut inner.standing {
            Standing::Open { until, pause } if *until <= now => {
                let pause = *pause;
                inner.half_open(pause);
            }
            // Probes that have been away for as long as it was open hold up no others. What they say in
            // the end counts all the same, or a service that is well and slow would never be called again.
            Standing::HalfOpen { begun, until, pause, .. } if *until <= now => {
                *begun = 0;
                *until = deadline_after(*pause);
            }
            _ => {}
        }
        match &mut inner.standing {
            Standing::Closed => {}
            Standing::HalfOpen { begun, .. } if *begun < self.probes => *begun += 1,
            Standing::Open { until, .. } | Standing::HalfOpen { until, .. } => {
                return Err(*until - now);
            }
        }
        let era = inner.era;
        drop(inner);
        Ok(Call { breaker: self.clone(), era, told: false })
    }

    /// How it stands now.
    pub fn state(&self) -> BreakerState {
        match self.lock().standing {
            Standing::Closed => BreakerState::Closed,
            // The next call will be a probe.
            Standing::Open { until, .. } if until <= seam::now() => BreakerState::HalfOpen,
            Standing::Open { .. } => BreakerState::Open,
            Standing::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, era: u64, failed: bool) {
        let mut inner = self.lock();
        if inner.era != era {
            return;
        }
        match &mut inner.standing {
            Standing::Closed => {
                if inner.count(self.trip, failed) {
                    inner.open(&self.pause);
                }
            }
            Standing::HalfOpen { .. } if failed => inner.open(&self.pause),
            Standing::HalfOpen { succeeded, .. } => {
                *succeeded += 1;
                if *succeeded >= self.probes {
                    inner.close();
                }
            }
            Standing::Open { .. } => {}
        }
    }

    /// A call has gone and says nothing: if it was a probe, another may go.
    fn forget(&self, era: u64) {
        let mut inner = self.lock();
        if inner.era == era
            && let Standing::HalfOpen { begun, .. } = &mut inner.standing
        {
            // It may be one of those that are no longer counted.
            *begun = begun.saturating_sub(1);
        }
    }
}

impl Inner {
    fn change(&mut self, standing: Standing) {
        self.standing = standing;
        self.era += 1;
        self.consecutive = 0;
        self.parts.clear();
    }

    fn open(&mut self, backoff: &Backoff) {
        self.trips = self.trips.saturating_add(1);
        // With none at all, every call would be a probe.
        let pause = backoff.pause(self.trips, fastrand::f64()).max(LEAST_PAUSE);
        self.change(Standing::Open { until: deadline_after(pause), pause });
    }

    fn half_open(&mut self, pause: Duration) {
        let until = deadline_after(pause);
        self.change(Standing::HalfOpen { begun: 0, succeeded: 0, until, pause });
    }

    fn close(&mut self) {
        self.trips = 0;
        self.change(Standing::Closed);
    }

    /// Counts a call, and says whether that was enough.
    fn count(&mut self, trip: Trip, failed: bool) -> bool {
        match trip.when {
            When::Consecutive(most) => {
                self.consecutive = if failed { self.consecutive + 1 } else { 0 };
                self.consecutive >= most
            }
            When::Rate { part, window, least } => {
                let now = seam::now();
                self.parts.retain(|part| now - part.begin < window);
                let current = self.parts.back_mut().filter(|p| now - p.begin < window / PARTS);
                if let Some(current) = current {
                    current.calls = current.calls.saturating_add(1);
                    current.failures = current.failures.saturating_add(u32::from(failed));
                } else {
                    self.parts.push_back(Part { begin: now, calls: 1, failures: failed.into() });
                }
                let (calls, failures) = self.parts.iter().fold((0_u64, 0_u64), |(c, f), part| {
                    (c + u64::from(part.calls), f + u64::from(part.failures))
                });
                // Divided, not multiplied: 55 / 100 is 0.55, and 0.55 * 100 is more than 55.
                failed && calls >= u64::from(least) && failures as f64 / calls as f64 >= part
            }
        }
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("trip", &self.trip)
            .field("pause", &self.pause)
            .field("probes", &self.probes)
            .field("state", &self.state())
            .finish()
    }
}

/// A call that a [`CircuitBreaker`] has let through. Dropped without a word it counts as nothing;
/// dropped by a panic, as a failure.
#[must_use = "a call that is dropped counts as nothing"]
#[derive(Debug)]
pub struct Call {
    breaker: CircuitBreaker,
    era: u64,
    told: bool,
}

impl Call {
    /// The service is well.
    pub fn succeeded(mut self) {
        self.told = true;
        self.breaker.settle(self.era, false);
    }

    /// The service is not well.
    pub fn failed(mut self) {
        self.told = true;
        self.breaker.settle(self.era, true);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.told {
            return;
        }
        if std::thread::panicking() {
            self.breaker.settle(self.era, true);
        } else {
            self.breaker.forget(self.era);
        }
    }
}

/// Why a call behind a [`CircuitBreaker`] has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BreakerError<E> {
    /// It was not made, because too many before it have failed.
    Open {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// It was made, and this is its error.
    Failed(E),
}

impl<E: fmt::Display> fmt::Display for BreakerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BreakerError::Open { retry_after } => {
                write!(f, "too many calls have failed, the next may be made in {retry_after:?}")
            }
            BreakerError::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for BreakerError<E> {
    // `Failed` prints the error itself, so its own source comes next in the chain.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            BreakerError::Failed(error) => error.source(),
            BreakerError::Open { .. } => None,
        }
    }
}
