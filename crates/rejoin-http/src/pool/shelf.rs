//! [`Shelf`]: where connections lie unused, and what is known about their hosts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::hosts::{Host, Hosts, Resting, Shared};
use crate::deadline::later;

/// How many connections may rest, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) per_host: usize,
    /// Over all hosts; those of HTTP/2, of which there is one for each, do not count.
    pub(crate) in_all: usize,
}

/// What lies there, and for how long it may.
pub(super) struct Shelf {
    pub(super) limits: Limits,
    hosts: Mutex<Hosts>,
}

impl Shelf {
    pub(super) fn new(limits: Limits) -> Arc<Shelf> {
        Arc::new(Shelf { limits, hosts: Mutex::default() })
    }

    /// What is behind it is whole even if a connection panics while it is looked at, so that a poisoned lock is as
    /// good as another.
    pub(super) fn lock(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops what has ended or rested for too long; when something will have. `None` if nothing is left.
    pub(super) fn look_through(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        // Dropped when nothing is locked any longer.
        let (mut gone, mut unshared) = (Vec::new(), Vec::new());
        let mut hosts = self.lock();
        let Hosts { plain, encrypted, resting: count, watched } = &mut *hosts;
        let mut stays = |since: Instant| {
            let ends = later(since, self.limits.timeout);
            if ends > now {
                next = Some(next.map_or(ends, |next| next.min(ends)));
            }
            ends > now
        };
        let mut is_known = |host: &mut Host| {
            let ended = |Resting { connection, since }: &mut Resting| {
                connection.has_rung() && !connection.rests() || !stays(*since)
            };
            let before = gone.len();
            gone.extend(host.resting.extract_if(.., ended));
            *count -= gone.len() - before;
            let ended = |shared: &mut Shared| shared.connection.is_closed() || !stays(shared.used);
            unshared.extend(host.shared.take_if(ended));
            host.waiting.retain(|waiting| !waiting.is_closed());
            host.is_known() && (host.has_any() || stays(now))
        };
        plain.retain(|_, host| is_known(host));
        encrypted.retain(|_, host| is_known(host));
        *watched = next.is_some();
        drop(hosts);
        next
    }

    /// Drops whatever rests, as nobody watches it any longer.
    pub(super) fn clear(&self) {
        // Dropped when nothing is locked any longer.
        let mut gone = Vec::new();
        let mut hosts = self.lock();
        let Hosts { plain, encrypted, resting, watched } = &mut *hosts;
        for host in plain.values_mut().chain(encrypted.values_mut()) {
            gone.push((std::mem::take(&mut host.resting), host.shared.take()));
        }
        (*resting, *watched) = (0, false);
        drop(hosts);
    }
}
