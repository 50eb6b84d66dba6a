//! [`Idle`]: the connections that lie unused, and who takes and brings them.

use std::sync::{Arc, MutexGuard};

use http::Uri;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::alarm::{Alarm, Bell};
use super::connection::Connection;
use super::hosts::{Hosts, Resting, Shared, Turn};
use super::http1::Http1;
use super::http2::Http2;
use super::shelf::{Limits, Shelf};
use super::watch::Watch;
use crate::deadline::later;
use crate::live::{Live, Open};

/// The connections of one client that can be used at once, and who waits for one.
pub(super) struct Idle {
    shelf: Arc<Shelf>,
    alarm: Arc<Alarm>,
    live: Live,
}

impl Idle {
    pub(super) fn new(limits: Limits, live: Live) -> Idle {
        Idle { shelf: Shelf::new(limits), alarm: Arc::default(), live }
    }

    /// What a new connection has to ring when something comes over it while it rests.
    pub(super) fn bell(&self) -> Arc<Bell> {
        Bell::new(&self.alarm)
    }

    /// A connection to the host of `url`, if there is one; with `no_rested` none that may have been closed meanwhile.
    pub(super) fn take(&self, url: &Uri, no_rested: bool) -> Option<Connection> {
        let (now, limits) = (Instant::now(), &self.shelf.limits);
        // Dropped when nothing is locked any longer.
        let (_gone, _old);
        let mut hosts = self.lock();
        let host = hosts.get(url)?;
        let stays = |since: Instant| later(since, limits.timeout) > now;
        if let Some(shared) = &mut host.shared {
            if !shared.connection.is_closed() && stays(shared.used) {
                shared.used = now;
                return Some(Connection::Http2(shared.connection.clone()));
            }
            _gone = host.shared.take();
        }
        if no_rested {
            return None;
        }
        // The watch may not have had the time to see that.
        if host.resting.last().is_some_and(|last| !stays(last.since)) {
            let old = std::mem::take(&mut host.resting);
            hosts.resting -= old.len();
            _old = old;
            return None;
        }
        let Resting { mut connection, .. } = host.resting.pop()?;
        hosts.resting -= 1;
        connection.begin();
        Some(Connection::Http1(connection))
    }

    /// Gives `connection`, which is one to the host of `url`, to who waits for one, or lets it rest. If it cannot be
    /// used again it is closed.
    pub(super) fn put(self: &Arc<Self>, url: &Uri, mut connection: Http1) {
        if !connection.rests() || !self.keeps_any() || self.shelf.limits.in_all == 0 {
            return;
        }
        let mut hosts = self.lock();
        let host = hosts.entry(url);
        while let Some(waiting) = host.waiting.pop_front() {
            match waiting.send(Connection::Http1(connection)) {
                Err(Connection::Http1(refused)) => connection = refused,
                _ => return,
            }
        }
        if host.resting.len() >= self.shelf.limits.per_host {
            // Unlocked first: to close a socket takes time.
            drop(hosts);
            return;
        }
        // What came before it was here to be seen has set off the alarm in vain.
        if connection.has_rung() {
            self.alarm.ring();
        }
        host.resting.push(Resting { connection, since: Instant::now() });
        hosts.resting += 1;
        let surplus = if hosts.resting > self.shelf.limits.in_all { hosts.longest() } else { None };
        self.watched(hosts);
        drop(surplus);
    }

    /// Shares `connection` with all who want one to the host of `url`. If there is one already, that is taken instead.
    pub(super) fn share(self: &Arc<Self>, url: &Uri, connection: Http2) -> Http2 {
        if !self.keeps_any() {
            return connection;
        }
        let mut hosts = self.lock();
        let host = hosts.entry(url);
        host.turn.get_or_insert_default();
        if let Some(shared) = &host.shared
            && !shared.connection.is_closed()
        {
            return shared.connection.clone();
        }
        for waiting in host.waiting.drain(..) {
            // Who does not want it any longer has gone.
            let _ = waiting.send(Connection::Http2(connection.clone()));
        }
        host.shared = Some(Shared { connection: connection.clone(), used: Instant::now() });
        self.watched(hosts);
        connection
    }

    /// What has to be held while connecting to the host of `url`, if one connection will do for all: if the host
    /// `speaks_http2`, or has done so.
    pub(super) fn turn(
        self: &Arc<Self>,
        url: &Uri,
        speaks_http2: bool,
    ) -> Option<Arc<Mutex<Turn>>> {
        let mut hosts = self.lock();
        if !speaks_http2 || !self.keeps_any() {
            return hosts.get(url)?.turn.clone();
        }
        let turn = Arc::clone(hosts.entry(url).turn.get_or_insert_default());
        self.watched(hosts);
        Some(turn)
    }

    /// Forgets that the host of `url` has spoken HTTP/2.
    pub(super) fn end_turns(&self, url: &Uri) {
        if let Some(host) = self.lock().get(url) {
            host.turn = None;
        }
    }

    fn keeps_any(&self) -> bool {
        !self.shelf.limits.timeout.is_zero() && self.shelf.limits.per_host > 0
    }

    /// Sees to it that there is a task that watches what is in `hosts`.
    fn watched(self: &Arc<Self>, mut hosts: MutexGuard<'_, Hosts>) {
        if !std::mem::replace(&mut hosts.watched, true) {
            drop(hosts);
            self.live.spawn(Open::Pool, Watch::new(&self.shelf, Arc::clone(&self.alarm)).run());
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Hosts> {
        self.shelf.lock()
    }
}
