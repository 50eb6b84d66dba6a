//! [`Idle`]: the connections that lie unused, host by host, and the task that watches them.
//!
//! A connection at rest has to be dropped when the server closes it, or sends what nobody asked for, and when it has
//! lain there too long. One task of the client sees to that: [`Watch`]. What comes over any of them wakes it, and a
//! clock. As a connection is driven by its request while it is used, none of it is noticed there then.

use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use tokio::sync::{Mutex, oneshot};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::Connection;
use super::alarm::{Alarm, Bell};
use super::http1::Http1;
use super::http2::Http2;
use crate::deadline::later;
use crate::error::Failure;
use crate::live::{Live, Open};
use crate::url::is_https;

/// How many connections may rest, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) per_host: usize,
    /// Over all hosts; those of HTTP/2, of which there is one for each, do not count.
    pub(crate) in_all: usize,
}

/// The connections of one client that can be used at once, and who waits for one.
pub(super) struct Idle {
    limits: Limits,
    list: Lock<List>,
    alarm: Arc<Alarm>,
    live: Live,
}

#[derive(Default)]
struct List {
    plain: HashMap<Box<str>, Host>,
    encrypted: HashMap<Box<str>, Host>,
    /// How many HTTP/1 connections there are.
    resting: usize,
    /// Whether there is a task that watches them.
    watched: bool,
}

/// What is known about a scheme, host and port.
#[derive(Default)]
struct Host {
    /// The one that was used last is at the end, and is used next.
    resting: Vec<Resting>,
    shared: Option<Shared>,
    /// Those who connect, and would rather have one that somebody else has done with. The first gets the next.
    waiting: VecDeque<oneshot::Sender<Connection>>,
    /// What has to be held while connecting, if one connection serves all: if it speaks HTTP/2.
    turn: Option<Arc<Mutex<Turn>>>,
}

/// What those learn from each other who connect to a host that speaks HTTP/2, one after the other.
#[derive(Default)]
pub(super) struct Turn {
    /// When somebody could not connect, and why. Who has waited meanwhile cannot either.
    pub(super) failed: Option<(Instant, Failure)>,
    /// That it speaks HTTP/1 now, so that there are no turns any longer.
    pub(super) over: bool,
}

struct Resting {
    connection: Http1,
    since: Instant,
}

struct Shared {
    connection: Http2,
    used: Instant,
}

impl Idle {
    pub(super) fn new(limits: Limits, live: Live) -> Idle {
        Idle { limits, list: Lock::default(), alarm: Arc::default(), live }
    }

    /// What a new connection has to ring when something comes over it while it rests.
    pub(super) fn bell(&self) -> Arc<Bell> {
        Bell::new(&self.alarm)
    }

    /// A connection to the host of `url`, if there is one; with `no_rested` none that may have been closed meanwhile.
    pub(super) fn take(&self, url: &Uri, no_rested: bool) -> Option<Connection> {
        let now = Instant::now();
        // Dropped when nothing is locked any longer.
        let (_gone, _old);
        let mut list = self.lock();
        let host = list.hosts(url).get_mut(authority(url))?;
        let stays = |since: Instant| later(since, self.limits.timeout) > now;
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
            list.resting -= old.len();
            _old = old;
            return None;
        }
        let Resting { mut connection, .. } = host.resting.pop()?;
        list.resting -= 1;
        connection.begin();
        Some(Connection::Http1(connection))
    }

    /// Gives `connection`, which is one to the host of `url`, to who waits for one, or lets it rest. If it cannot be
    /// used again it is closed.
    pub(super) fn put(self: &Arc<Self>, url: &Uri, mut connection: Http1) {
        if !connection.rests() || !self.keeps_any() || self.limits.in_all == 0 {
            return;
        }
        let mut list = self.lock();
        let host = list.host(url);
        while let Some(waiting) = host.waiting.pop_front() {
            match waiting.send(Connection::Http1(connection)) {
                Err(Connection::Http1(refused)) => connection = refused,
                _ => return,
            }
        }
        if host.resting.len() >= self.limits.per_host {
            // Unlocked first: to close a socket takes time.
            drop(list);
            return;
        }
        // What came before it was here to be seen has set off the alarm in vain.
        if connection.has_rung() {
            self.alarm.ring();
        }
        host.resting.push(Resting { connection, since: Instant::now() });
        list.resting += 1;
        let surplus = if list.resting > self.limits.in_all { list.longest() } else { None };
        self.watched(list);
        drop(surplus);
    }

    /// Shares `connection` with all who want one to the host of `url`. If there is one already, that is taken instead.
    pub(super) fn share(self: &Arc<Self>, url: &Uri, connection: Http2) -> Http2 {
        if !self.keeps_any() {
            return connection;
        }
        let mut list = self.lock();
        let host = list.host(url);
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
        self.watched(list);
        connection
    }

    /// Waits for a connection to the host of `url` that somebody else has done with.
    pub(super) fn wait(self: &Arc<Self>, url: &Uri) -> Waiting {
        let (sender, receiver) = oneshot::channel();
        self.lock().host(url).waiting.push_back(sender);
        Waiting { idle: Arc::clone(self), url: url.clone(), receiver }
    }

    /// What has to be held while connecting to the host of `url`, if one connection will do for all: if the host
    /// `speaks_http2`, or has done so.
    pub(super) fn turn(
        self: &Arc<Self>,
        url: &Uri,
        speaks_http2: bool,
    ) -> Option<Arc<Mutex<Turn>>> {
        let mut list = self.lock();
        if !speaks_http2 || !self.keeps_any() {
            return list.hosts(url).get(authority(url))?.turn.clone();
        }
        let turn = Arc::clone(list.host(url).turn.get_or_insert_default());
        self.watched(list);
        Some(turn)
    }

    /// Forgets that the host of `url` has spoken HTTP/2.
    pub(super) fn end_turns(&self, url: &Uri) {
        if let Some(host) = self.lock().hosts(url).get_mut(authority(url)) {
            host.turn = None;
        }
    }

    fn keeps_any(&self) -> bool {
        !self.limits.timeout.is_zero() && self.limits.per_host > 0
    }

    /// Sees to it that there is a task that watches what is in `list`.
    fn watched(self: &Arc<Self>, mut list: MutexGuard<'_, List>) {
        if !std::mem::replace(&mut list.watched, true) {
            drop(list);
            let watch = Watch { idle: Some(Arc::downgrade(self)), alarm: Arc::clone(&self.alarm) };
            // With a budget it would see so many connections, and be woken for the others without end.
            self.live.spawn(Open::Pool, unconstrained(watch.run()));
        }
    }

    /// Drops what has ended or rested for too long; when something will have. `None` if nothing is left.
    fn look_through(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        // Dropped when nothing is locked any longer.
        let (mut gone, mut unshared) = (Vec::new(), Vec::new());
        let mut list = self.lock();
        let List { plain, encrypted, resting: count, watched } = &mut *list;
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
        drop(list);
        next
    }

    /// Drops whatever rests, as nobody watches it any longer.
    fn clear(&self) {
        // Dropped when nothing is locked any longer.
        let mut gone = Vec::new();
        let mut list = self.lock();
        let List { plain, encrypted, resting, watched } = &mut *list;
        for host in plain.values_mut().chain(encrypted.values_mut()) {
            gone.push((std::mem::take(&mut host.resting), host.shared.take()));
        }
        (*resting, *watched) = (0, false);
        drop(list);
    }

    /// What is behind it is whole even if a connection panics while it is looked at, so that a poisoned lock is as
    /// good as another.
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    fn has_any(&self) -> bool {
        !self.resting.is_empty() || self.shared.is_some() || !self.waiting.is_empty()
    }

    /// Whether there is something to know about it: a connection, or who connects or waits for one.
    fn is_known(&self) -> bool {
        self.has_any() || self.turn.as_ref().is_some_and(|turn| Arc::strong_count(turn) > 1)
    }
}

impl List {
    fn hosts(&mut self, url: &Uri) -> &mut HashMap<Box<str>, Host> {
        if is_https(url) { &mut self.encrypted } else { &mut self.plain }
    }

    fn host(&mut self, url: &Uri) -> &mut Host {
        let hosts = self.hosts(url);
        // Looked up twice, but most often it is there, and then no key is made.
        if !hosts.contains_key(authority(url)) {
            hosts.insert(authority(url).into(), Host::default());
        }
        hosts.get_mut(authority(url)).expect("it is there now")
    }

    /// Takes out the one that has rested longest. It is looked for, as it is only wanted when there are too many; on the
    /// way hosts are forgotten that nothing is known about any longer.
    fn longest(&mut self) -> Option<Resting> {
        let List { plain, encrypted, .. } = self;
        plain.retain(|_, host| host.is_known());
        encrypted.retain(|_, host| host.is_known());
        let hosts = plain.values_mut().chain(encrypted.values_mut());
        let since = |host: &&mut Host| host.resting.first().map(|resting| resting.since);
        let host = hosts.filter(|host| !host.resting.is_empty()).min_by_key(since)?;
        self.resting -= 1;
        Some(host.resting.remove(0))
    }
}

fn authority(url: &Uri) -> &str {
    url.authority().map_or("", |authority| authority.as_str())
}

/// Waits for a connection, first come, first served.
pub(super) struct Waiting {
    idle: Arc<Idle>,
    url: Uri,
    receiver: oneshot::Receiver<Connection>,
}

impl Waiting {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Connection> {
        match Pin::new(&mut self.receiver).poll(cx) {
            Poll::Ready(Ok(mut connection)) => {
                if let Connection::Http1(connection) = &mut connection {
                    connection.begin();
                }
                Poll::Ready(connection)
            }
            // Nobody has one for it any more.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.receiver.close();
        if let Ok(Connection::Http1(connection)) = self.receiver.try_recv() {
            self.idle.put(&self.url, connection);
        }
        let mut list = self.idle.lock();
        let hosts = list.hosts(&self.url);
        let Some(host) = hosts.get_mut(authority(&self.url)) else { return };
        while host.waiting.pop_front_if(|waiting| waiting.is_closed()).is_some() {}
        if !host.is_known() {
            hosts.remove(authority(&self.url));
        }
    }
}

/// The task that watches. It ends when nothing rests.
struct Watch {
    idle: Option<Weak<Idle>>,
    alarm: Arc<Alarm>,
}

impl Watch {
    async fn run(mut self) {
        let mut clock = pin!(sleep_until(Instant::now()));
        poll_fn(|cx| {
            self.alarm.wakes(cx.waker());
            loop {
                let Some(idle) = self.idle.as_ref().and_then(Weak::upgrade) else {
                    return Poll::Ready(());
                };
                let Some(next) = idle.look_through() else {
                    // Who finds something to watch from now on spawns another one.
                    self.idle = None;
                    return Poll::Ready(());
                };
                clock.as_mut().reset(next);
                if clock.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }
}

/// A runtime that goes down drops its tasks, and what rests on it is of no use any longer. What rests on another one
/// goes with it, as nobody watches that: the next request connects anew.
impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(idle) = self.idle.as_ref().and_then(Weak::upgrade) {
            idle.clear();
        }
    }
}
