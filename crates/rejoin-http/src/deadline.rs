//! [`Deadline`]: until when a request may go on.

use std::time::Duration;

use tokio::time::Instant;

use crate::request::Parts;

/// When it ends, and by which rule.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) by_timeout: bool,
}

impl Deadline {
    /// The earliest of the request's time-out, its deadline and that of the calling scope.
    pub(crate) fn new(now: Instant, request: &Parts) -> Deadline {
        let outer = [request.deadline, rejoin::deadline()].into_iter().flatten().min();
        let own = Deadline { at: later(now, request.time_limit()), by_timeout: true };
        own.within(outer)
    }

    /// The same with its time-out longer by `more`.
    pub(crate) fn later(self, more: Duration, request: &Parts) -> Deadline {
        let outer = [request.deadline, rejoin::deadline()].into_iter().flatten().min();
        Deadline { at: later(self.at, more), ..self }.within(outer)
    }

    fn within(self, outer: Option<Instant>) -> Deadline {
        match outer {
            Some(outer) if outer <= self.at => Deadline { at: outer, by_timeout: false },
            _ => self,
        }
    }
}

/// A time-out too long for the clock is none; 30 years stand for never.
pub(crate) fn later(from: Instant, length: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    from.checked_add(length).unwrap_or(from + NEVER)
}
