//! A concurrency limit that finds out how much a service can take.

use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;

use super::{ConcurrencyLimit, LimitError, Permit};
use crate::seam::{self, Instant, Mutex, MutexGuard};

/// A [`ConcurrencyLimit`] that goes up by one while calls succeed, and down by a factor when one
/// reports that the service is overloaded: additive increase, multiplicative decrease.
///
/// It starts at the lower bound. It goes up by one for each time that as many calls as the limit have
/// succeeded, and only while at least half of it is in use: what nobody uses proves nothing. It goes
/// down at most once for all the calls that were under way at that time, since they all met the same
/// overload. A call that tells nothing changes nothing, and one that is dropped tells nothing: a time-out
/// for the service belongs inside, into what is called, where it is an error.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use rejoin::limit::AdaptiveLimit;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let n = |n| NonZeroU32::new(n).unwrap();
/// let limit = AdaptiveLimit::new(n(1)..=n(100))
///     .starting_at(n(10))
///     .slow_after(Duration::from_secs(1));
///
/// let answer = limit.run(async { Ok::<_, std::io::Error>(7) }).await; // an error counts as overload
/// assert_eq!(answer.unwrap(), 7);
///
/// let call = limit.acquire().await; // or say it yourself
/// call.overloaded();
/// assert_eq!(limit.limit(), 5);
/// # });
/// ```
#[derive(Clone)]
pub struct AdaptiveLimit {
    places: ConcurrencyLimit,
    rules: Rules,
    /// Since the limit changed last. Locked when it changes.
    successes: Arc<Mutex<u32>>,
}

#[derive(Clone, Copy)]
struct Rules {
    least: NonZeroU32,
    most: NonZeroU32,
    slow_after: Option<Duration>,
    decrease: f64,
}

impl AdaptiveLimit {
    /// A limit that stays within `bounds` and starts at the lower one.
    ///
    /// # Panics
    ///
    /// If the bounds are the wrong way round.
    pub fn new(bounds: RangeInclusive<NonZeroU32>) -> Self {
        let (least, most) = bounds.into_inner();
        assert!(least <= most, "the lower bound of a limit is not above the upper one");
        Self::with(Rules { least, most, slow_after: None, decrease: 0.5 }, least)
    }

    /// Where it starts; moved into the bounds if it is outside. To be called before the limit is used:
    /// it makes a new one.
    #[must_use]
    pub fn starting_at(self, limit: NonZeroU32) -> Self {
        Self::with(self.rules, limit.clamp(self.rules.least, self.rules.most))
    }

    /// A success that took longer than this, from the grant to the report, counts as an overload. By
    /// default time says nothing. To be called before the limit is used: it makes a new one.
    #[must_use]
    pub fn slow_after(self, time: Duration) -> Self {
        Self::with(Rules { slow_after: Some(time), ..self.rules }, self.now())
    }

    /// What an overload leaves of the limit, 0.5 by default. To be called before the limit is used: it
    /// makes a new one.
    ///
    /// # Panics
    ///
    /// If it is not between 0 and 1, both excluded.
    #[must_use]
    pub fn decrease(self, factor: f64) -> Self {
        assert!(factor > 0.0 && factor < 1.0, "a decrease leaves a part between 0 and 1");
        Self::with(Rules { decrease: factor, ..self.rules }, self.now())
    }

    fn with(rules: Rules, limit: NonZeroU32) -> Self {
        AdaptiveLimit { places: ConcurrencyLimit::new(limit), rules, successes: Arc::default() }
    }

    /// Waits for a place.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has taken nothing and gives up its place in the line.
    pub async fn acquire(&self) -> AdaptivePermit {
        self.permit(self.places.acquire().await)
    }

    /// Takes a place if one is free and nobody waits.
    ///
    /// # Errors
    ///
    /// [`LimitError::Full`].
    pub fn try_acquire(&self) -> Result<AdaptivePermit, LimitError> {
        Ok(self.permit(self.places.try_acquire(1)?))
    }

    /// Waits for a place, runs `call` in it, and reports a success or, if it fails, an overload. If
    /// some errors say nothing about the load, report by hand.
    ///
    /// # Errors
    ///
    /// That of `call`.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops `call`, gives the place back and reports nothing.
    pub fn run<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>> {
        self.acquire().then(|permit| {
            call.inspect(|result| match result {
                Ok(_) => permit.succeeded(),
                Err(_) => permit.overloaded(),
            })
        })
    }

    /// How many places there are now.
    pub fn limit(&self) -> u32 {
        self.places.limit()
    }

    /// How many places are in use; more than there are for a while after the limit went down.
    pub fn in_use(&self) -> u32 {
        self.places.in_use()
    }

    fn permit(&self, place: Permit) -> AdaptivePermit {
        let call = self.begin(place.granted_after());
        AdaptivePermit { place, call }
    }

    /// A call that begins now, in a place that was granted after so many decreases.
    pub(super) fn begin(&self, granted_after: u64) -> Call {
        Call { limit: self.clone(), began: seam::now(), granted_after }
    }

    /// Whether they are the same.
    pub(super) fn is(&self, other: &AdaptiveLimit) -> bool {
        Arc::ptr_eq(&self.successes, &other.successes)
    }

    pub(super) fn places(&self) -> &ConcurrencyLimit {
        &self.places
    }

    fn now(&self) -> NonZeroU32 {
        NonZeroU32::new(self.limit()).unwrap_or(self.rules.least)
    }

    /// How `calls` that began together went.
    fn learn(&self, granted_after: u64, calls: u32, overloaded: bool) {
        let mut successes = self.successes();
        // What was granted before the last decrease knows only what led to it.
        if granted_after != self.places.decreases() {
            return;
        }
        let (now, rules) = (self.now().get(), &self.rules);
        let next = if overloaded {
            (f64::from(now) * rules.decrease) as u32
        } else {
            let used = u64::from(self.in_use()) * 2 >= u64::from(now);
            *successes = successes.saturating_add(if used { calls } else { 0 });
            if *successes < now {
                return;
            }
            now.saturating_add(1)
        };
        *successes = 0;
        let next = NonZeroU32::new(next).unwrap_or(NonZeroU32::MIN).clamp(rules.least, rules.most);
        // While `successes` is locked, so that two reports cannot change it in the wrong order.
        if overloaded { self.places.decrease(next) } else { self.places.resize(next) }
    }

    fn successes(&self) -> MutexGuard<'_, u32> {
        self.successes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for AdaptiveLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveLimit")
            .field("limit", &self.limit())
            .field("in_use", &self.in_use())
            .finish()
    }
}

/// A place of an [`AdaptiveLimit`], given back when this is dropped or reports how the call went.
#[must_use = "the place is given back at once if nobody keeps this"]
pub struct AdaptivePermit {
    place: Permit,
    call: Call,
}

/// A call that has not been reported yet.
pub(super) struct Call {
    limit: AdaptiveLimit,
    began: Instant,
    granted_after: u64,
}

impl Call {
    pub(super) fn is_of(&self, limit: &AdaptiveLimit) -> bool {
        self.limit.is(limit)
    }

    pub(super) fn succeeded(self, calls: u32) {
        let slow = self.limit.rules.slow_after.is_some_and(|most| seam::now() - self.began > most);
        self.limit.learn(self.granted_after, calls, slow);
    }

    pub(super) fn overloaded(self) {
        self.limit.learn(self.granted_after, 1, true);
    }
}

impl AdaptivePermit {
    /// The call went well. If it was [slow](AdaptiveLimit::slow_after), that counts as an overload.
    pub fn succeeded(self) {
        // Reported while it has its place: how many are in use says whether it proves anything.
        let AdaptivePermit { place, call } = self;
        call.succeeded(place.weight());
    }

    /// The service had too much to do: it refused, it failed for that reason, or it was too late.
    pub fn overloaded(self) {
        self.call.overloaded();
    }
}

impl fmt::Debug for AdaptivePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptivePermit").field("weight", &self.place.weight()).finish()
    }
}
