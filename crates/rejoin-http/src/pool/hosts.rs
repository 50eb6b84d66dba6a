//! [`Hosts`]: what is known about the hosts that a client has to do with.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use http::Uri;
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

use super::connection::Connection;
use super::http1::Http1;
use super::http2::Http2;
use crate::error::Failure;
use crate::url::is_https;

/// By scheme, and then by host and port: most programs know few, which are compared faster than hashed.
#[derive(Default)]
pub(super) struct Hosts {
    pub(super) plain: BTreeMap<Box<str>, Host>,
    pub(super) encrypted: BTreeMap<Box<str>, Host>,
    /// How many HTTP/1 connections there are.
    pub(super) resting: usize,
    /// Whether there is a task that watches them.
    pub(super) watched: bool,
}

/// What is known about a scheme, host and port.
#[derive(Default)]
pub(super) struct Host {
    /// The one that was used last is at the end, and is used next.
    pub(super) resting: Vec<Resting>,
    pub(super) shared: Option<Shared>,
    /// Those who connect, and would rather have one that somebody else has done with. The first gets the next.
    pub(super) waiting: VecDeque<oneshot::Sender<Connection>>,
    /// What has to be held while connecting, if one connection serves all: if it speaks HTTP/2.
    pub(super) turn: Option<Arc<Mutex<Turn>>>,
}

/// What those learn from each other who connect to a host that speaks HTTP/2, one after the other.
#[derive(Default)]
pub(super) struct Turn {
    /// When somebody could not connect, and why. Who has waited meanwhile cannot either.
    pub(super) failed: Option<(Instant, Failure)>,
    /// That it speaks HTTP/1 now, so that there are no turns any longer.
    pub(super) over: bool,
}

pub(super) struct Resting {
    pub(super) connection: Http1,
    pub(super) since: Instant,
}

pub(super) struct Shared {
    pub(super) connection: Http2,
    pub(super) used: Instant,
}

impl Host {
    pub(super) fn has_any(&self) -> bool {
        !self.resting.is_empty() || self.shared.is_some() || !self.waiting.is_empty()
    }

    /// Whether there is something to know about it: a connection, or who connects or waits for one.
    pub(super) fn is_known(&self) -> bool {
        self.has_any() || self.turn.as_ref().is_some_and(|turn| Arc::strong_count(turn) > 1)
    }
}

impl Hosts {
    /// Those of its scheme.
    fn like(&mut self, url: &Uri) -> &mut BTreeMap<Box<str>, Host> {
        if is_https(url) { &mut self.encrypted } else { &mut self.plain }
    }

    pub(super) fn get(&mut self, url: &Uri) -> Option<&mut Host> {
        self.like(url).get_mut(authority(url))
    }

    /// The host of `url`, which is known from now on.
    pub(super) fn entry(&mut self, url: &Uri) -> &mut Host {
        let hosts = self.like(url);
        // Looked up twice, but most often it is there, and then no key is made.
        if !hosts.contains_key(authority(url)) {
            hosts.insert(authority(url).into(), Host::default());
        }
        hosts.get_mut(authority(url)).expect("it is there now")
    }

    /// Forgets the host of `url` if nothing is known about it any longer.
    pub(super) fn forget(&mut self, url: &Uri) {
        if self.get(url).is_some_and(|host| !host.is_known()) {
            self.like(url).remove(authority(url));
        }
    }

    /// Takes out the one that has rested longest. It is looked for, as it is only wanted when there are too many; on the
    /// way hosts are forgotten that nothing is known about any longer.
    pub(super) fn longest(&mut self) -> Option<Resting> {
        let Hosts { plain, encrypted, .. } = self;
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
