//! [`Places`]: the limits of a batch, and [`Pass`], what a request holds while it is under way.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rejoin::breaker::{BreakerState, Call, CircuitBreaker, Trip};
use rejoin::limit::{AdaptiveLimit, AdaptivePermit, ConcurrencyLimit, Permit, RateLimit};

use crate::error::{ErrorKind, Failure, Phase, Retry};
use crate::gate::{Gate, Passing};
use crate::url::Url;

/// Above so many hosts, those that nobody asks at the moment are forgotten.
const HOSTS: usize = 1024;

/// The limits of one batch.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) limit: ConcurrencyLimit,
    pub(super) rate: Option<RateLimit>,
    pub(super) per_host: NonZeroU32,
    /// The most for one host, if how much a host can take is to be found out.
    pub(super) adaptive: Option<NonZeroU32>,
    pub(super) breaker: Option<Trip>,
    pub(super) hosts: Mutex<Hosts>,
}

/// The hosts that are asked, or were.
#[derive(Debug)]
pub(super) struct Hosts {
    known: HashMap<Origin, Arc<Host>>,
    /// When there are so many, it is time to forget some.
    many: usize,
}

impl Default for Hosts {
    fn default() -> Hosts {
        Hosts { known: HashMap::new(), many: HOSTS }
    }
}

/// What a limit for one host counts by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    https: bool,
    host: String,
    port: u16,
}

/// What the requests of one host share.
#[derive(Debug)]
pub(super) struct Host {
    limit: HostLimit,
    breaker: Option<CircuitBreaker>,
}

#[derive(Debug)]
enum HostLimit {
    Fixed(ConcurrencyLimit),
    Adaptive(AdaptiveLimit),
}

#[derive(Debug)]
enum HostPlace {
    Fixed(#[expect(dead_code, reason = "held for its destructor")] Permit),
    Adaptive(AdaptivePermit),
}

/// How a request went, as far as its host is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    Well,
    /// The host had too much to do.
    Overloaded,
    Badly,
}

/// A place for one request to one host.
#[derive(Debug)]
pub(super) struct Pass {
    origin: Origin,
    host: HostPlace,
    call: Option<Call>,
    _place: Permit,
}

impl Origin {
    fn of(url: &Url) -> Origin {
        let host = url.host().to_ascii_lowercase();
        Origin { https: url.is_https(), host, port: url.port() }
    }

    fn is_of(&self, url: &Url) -> bool {
        self.https == url.is_https()
            && self.port == url.port()
            && self.host.eq_ignore_ascii_case(url.host())
    }
}

impl Places {
    /// Waits until `url` may be asked; an error says for how long its host is left alone.
    ///
    /// First for the host: whoever waits for a busy one keeps no place from the others.
    async fn pass(&self, url: &Url) -> Result<Pass, Duration> {
        let origin = Origin::of(url);
        let host = self.host(&origin);
        let place_at_host = match &host.limit {
            HostLimit::Fixed(limit) => HostPlace::Fixed(limit.acquire().await),
            HostLimit::Adaptive(limit) => HostPlace::Adaptive(limit.acquire().await),
        };
        let place = self.limit.acquire().await;
        let call = host.breaker.as_ref().map(CircuitBreaker::begin).transpose()?;
        self.turn().await;
        Ok(Pass { origin, host: place_at_host, call, _place: place })
    }

    /// Waits for its turn, if only so many may start in so much time.
    async fn turn(&self) {
        if let Some(rate) = &self.rate {
            rate.acquire().await;
        }
    }

    fn host(&self, origin: &Origin) -> Arc<Host> {
        let mut hosts = lock(&self.hosts);
        if let Some(host) = hosts.known.get(origin) {
            return Arc::clone(host);
        }
        if hosts.known.len() >= hosts.many {
            hosts.known.retain(|_, host| host.is_asked() || host.is_spared());
            hosts.many = HOSTS.max(2 * hosts.known.len());
        }
        let limit = match self.adaptive {
            None => HostLimit::Fixed(ConcurrencyLimit::new(self.per_host)),
            Some(most) => HostLimit::Adaptive(
                AdaptiveLimit::new(NonZeroU32::MIN..=most).starting_at(self.per_host),
            ),
        };
        let host = Arc::new(Host { limit, breaker: self.breaker.map(CircuitBreaker::new) });
        hosts.known.insert(origin.clone(), Arc::clone(&host));
        host
    }
}

impl Host {
    /// Whether somebody is there, or waits. Only those who wait hold on to the host itself.
    fn is_asked(self: &Arc<Self>) -> bool {
        let in_use = match &self.limit {
            HostLimit::Fixed(limit) => limit.in_use(),
            HostLimit::Adaptive(limit) => limit.in_use(),
        };
        in_use > 0 || Arc::strong_count(self) > 1
    }

    fn is_spared(&self) -> bool {
        self.breaker.as_ref().is_some_and(|breaker| breaker.state() != BreakerState::Closed)
    }
}

impl Pass {
    pub(super) fn ended(self, went: Went) {
        match (self.call, went) {
            (None, _) => {}
            (Some(call), Went::Well) => call.succeeded(),
            (Some(call), Went::Overloaded | Went::Badly) => call.failed(),
        }
        match (self.host, went) {
            (HostPlace::Adaptive(place), Went::Well) => place.succeeded(),
            (HostPlace::Adaptive(place), Went::Overloaded) => place.overloaded(),
            // An error that says nothing about the load.
            (HostPlace::Adaptive(_), Went::Badly) | (HostPlace::Fixed(_), _) => {}
        }
    }
}

/// The way of one request from host to host. It has a place at one of them at a time.
#[derive(Debug)]
pub(super) struct Way<'a> {
    places: &'a Places,
    pass: Mutex<Option<Pass>>,
    /// For how long the host that was to be asked is left alone.
    refused: Mutex<Option<Duration>>,
}

impl<'a> Way<'a> {
    pub(super) async fn begin(places: &'a Places, url: &Url) -> Result<Way<'a>, Duration> {
        let pass = Mutex::new(Some(places.pass(url).await?));
        Ok(Way { places, pass, refused: Mutex::new(None) })
    }

    pub(super) fn refused(&self) -> Option<Duration> {
        *lock(&self.refused)
    }

    /// Goes on at the host of `url`, if it is another one. An error says for how long that is left
    /// alone.
    pub(super) async fn lead_to(&self, url: &Url) -> Result<(), Duration> {
        if self.is_at(url) {
            return Ok(());
        }
        // Both places are given back before others are taken: two requests that keep theirs
        // while each waits for the other's would wait for ever.
        self.ended(Went::Well);
        *lock(&self.pass) = Some(self.places.pass(url).await?);
        Ok(())
    }

    fn is_at(&self, url: &Url) -> bool {
        lock(&self.pass).as_ref().is_some_and(|pass| pass.origin.is_of(url))
    }

    pub(super) fn ended(&self, went: Went) {
        if let Some(pass) = lock(&self.pass).take() {
            pass.ended(went);
        }
    }
}

impl Gate for Way<'_> {
    fn hop<'a>(&'a self, url: &'a Url) -> Passing<'a> {
        Box::pin(async move {
            if self.is_at(url) {
                self.places.turn().await;
            } else if let Err(retry_after) = self.lead_to(url).await {
                *lock(&self.refused) = Some(retry_after);
                let why = "the host that it was redirected to has failed too often";
                return Err(Failure::new(ErrorKind::Denied, Phase::Redirect, Retry::Never, why));
            }
            Ok(())
        })
    }
}

/// No code that can panic runs under these locks, so that they are never poisoned in earnest.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            limit: ConcurrencyLimit::new(NonZeroU32::MIN),
            rate: None,
            per_host: NonZeroU32::MIN,
            adaptive: None,
            breaker: Some(Trip::consecutive(NonZeroU32::MIN)),
            hosts: Mutex::default(),
        }
    }

    async fn pass(places: &Places, host: &str) -> Result<Pass, Duration> {
        places.pass(&format!("http://{host}/").parse().unwrap()).await
    }

    #[tokio::test]
    async fn hosts_that_nobody_asks_are_forgotten_and_spared_ones_are_not() {
        let places = places();
        pass(&places, "ill.test").await.unwrap().ended(Went::Badly);
        for at in 0..10 * HOSTS {
            drop(pass(&places, &format!("h{at}.test")).await.unwrap());
        }
        assert!(lock(&places.hosts).known.len() <= HOSTS + 1);
        assert!(pass(&places, "ill.test").await.is_err(), "its breaker is still open");
    }
}
