//! [`Watch`]: the task that watches the connections at rest.
//!
//! They have to be dropped when the server closes them, or sends what nobody asked for, and when they have lain there
//! too long. What comes over any of them sets off the alarm, which wakes the watch, and so does a clock. A connection
//! that is in use is driven by its request, and none of the watch's concern.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;

use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::alarm::Alarm;
use super::hosts::{Host, Hosts, Resting, Shared};
use super::idle::Idle;
use crate::deadline::later;

/// The task that watches. It ends when nothing rests.
pub(super) struct Watch {
    idle: Option<Weak<Idle>>,
    alarm: Arc<Alarm>,
}

impl Watch {
    pub(super) fn new(idle: &Arc<Idle>, alarm: Arc<Alarm>) -> Watch {
        Watch { idle: Some(Arc::downgrade(idle)), alarm }
    }

    pub(super) fn run(self) -> impl Future<Output = ()> + Send + use<> {
        // With a budget it would see so many connections, and be woken for the others without end.
        unconstrained(self.watch())
    }

    async fn watch(mut self) {
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

impl Idle {
    /// Drops what has ended or rested for too long; when something will have. `None` if nothing is left.
    fn look_through(&self) -> Option<Instant> {
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
    fn clear(&self) {
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
