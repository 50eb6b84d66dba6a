//! What a connection is doing: nothing, receiving a request's head, or waiting for answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Shared by a connection, its socket and the requests on it. All of them mostly run in one task; the counters
/// are atomic because requests of HTTP/2 do not.
#[derive(Debug)]
pub(crate) struct Activity {
    started: Instant,
    busy: AtomicUsize,
    /// A head is on its way.
    receiving: AtomicBool,
    /// The connection speaks HTTP/2, where bytes between requests mean nothing.
    http2: AtomicBool,
    /// When it last became idle or began to receive, in milliseconds after `started`.
    since: AtomicU64,
}

/// What to do about a connection without a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// It has been idle for too long.
    Idle,
    /// A head takes too long.
    Head,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            busy: AtomicUsize::new(0),
            // Whoever connects is expected to say something.
            receiving: AtomicBool::new(true),
            http2: AtomicBool::new(false),
            since: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Bytes arrived.
    pub(crate) fn received(&self) {
        if !self.is_busy() && !self.receiving.swap(true, Ordering::Relaxed) {
            self.since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// A request has arrived; it is under way until the mark is dropped.
    pub(crate) fn begin(self: &Arc<Self>, http2: bool) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.receiving.store(false, Ordering::Relaxed);
        if http2 {
            self.http2.store(true, Ordering::Relaxed);
        }
        Busy(self.clone())
    }

    /// Whether a request is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    /// Whether the connection has exceeded one of these limits.
    pub(crate) fn overdue(&self, head: Duration, idle: Duration) -> Option<Overdue> {
        if self.is_busy() {
            return None;
        }
        let waited =
            Duration::from_millis(self.now() - self.since.load(Ordering::Relaxed).min(self.now()));
        let receiving =
            self.receiving.load(Ordering::Relaxed) && !self.http2.load(Ordering::Relaxed);
        if receiving && waited >= head {
            return Some(Overdue::Head);
        }
        (waited >= idle).then_some(Overdue::Idle)
    }
}

/// A request under way on a connection.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.since.store(self.0.now(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Duration = Duration::from_secs(3600);

    #[test]
    fn a_new_connection_owes_a_head() {
        let activity = Activity::new();
        assert_eq!(activity.overdue(Duration::ZERO, NEVER), Some(Overdue::Head));
        assert_eq!(activity.overdue(NEVER, NEVER), None);
    }

    #[test]
    fn a_busy_connection_owes_nothing_and_an_idle_one_may_wait() {
        let activity = Activity::new();
        let first = activity.begin(false);
        let second = activity.begin(false);
        drop(first);
        activity.received();
        assert_eq!(activity.overdue(Duration::ZERO, Duration::ZERO), None);
        drop(second);
        assert_eq!(activity.overdue(Duration::ZERO, NEVER), None);
        assert_eq!(activity.overdue(NEVER, Duration::ZERO), Some(Overdue::Idle));
        activity.received();
        assert_eq!(activity.overdue(Duration::ZERO, NEVER), Some(Overdue::Head));
    }

    #[test]
    fn frames_between_requests_of_http2_are_no_head() {
        let activity = Activity::new();
        drop(activity.begin(true));
        activity.received();
        assert_eq!(activity.overdue(Duration::ZERO, NEVER), None);
    }
}
