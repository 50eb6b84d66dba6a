//! Stopping a scope, or members of it.
//!
//! `running -> signalled -> enforced`, for the whole scope ([`State::stop`](super::State)) or for one member
//! ([`Extra::stop`](super::seats::Extra)); never back. *Signalled*: `cancelled()` is ready.
//! *Enforced*: a member that waits for anything while nothing holds it (a shield, an inner scope
//! that is still closing) is dropped where it waits. Between the two lies the grace. Even without a
//! grace all wakers are called in between, so that no member is dropped before it could have seen
//! the signal.
//!
//! Signals go outermost first, enforcement innermost first: an outer task is dropped only when
//! nothing inside holds it any more.
//!
//! Whoever runs a scope keeps the time of its grace. But a scope inside a member may not be polled any
//! more. So the scope in which a stop begins looks into all of them when the longest grace is over.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::deadline::earlier;
use super::reach::{Signalled, enforce_all, enforce_inside, signal_tree};
use super::seats::Sitter;
use super::wakers::Wakers;
use super::{Core, Member};
use crate::cancel::CancelReason;
use crate::seam::{self, Instant};

/// The bit of [`Core::signals`] that says that the whole scope stops. The rest counts members that
/// were told to stop one by one and are still there.
pub(super) const ALL: usize = 1;
pub(super) const ONE: usize = 2;
/// The bit of it that says that the body has ended, or was dropped. It tells nobody to stop.
pub(super) const BODY_ENDED: usize = 1 << (usize::BITS - 2);

#[derive(Clone, Debug)]
pub(super) struct Stop {
    pub(super) reason: CancelReason,
    pub(super) since: Instant,
    /// How long after `since` it is enforced: the longest grace between here and where it began.
    pub(super) grace: Duration,
    pub(super) enforced: bool,
}

impl Stop {
    pub(super) fn new(reason: CancelReason, grace: Duration) -> Stop {
        Stop { reason, since: seam::now(), grace, enforced: false }
    }

    /// As it reaches a scope further in, which may allow a longer grace.
    pub(super) fn passed_down(&self, grace: Duration) -> Stop {
        let reason = self.reason.passed_down();
        let grace = if self.enforced { Duration::ZERO } else { self.grace.max(grace) };
        Stop { reason, since: self.since, grace, enforced: false }
    }

    /// Enforces it if its grace is over, with `None` in any case: true if it was not before. If it is not over,
    /// `next` is when it is, at the latest.
    fn ends_grace(&mut self, now: Option<Instant>, next: &mut Option<Instant>) -> bool {
        if self.enforced {
            return false;
        }
        // One that no clock can hold never ends.
        let ends = self.since.checked_add(self.grace);
        self.enforced = now.is_none_or(|now| ends.is_some_and(|ends| ends <= now));
        if !self.enforced {
            *next = earlier(*next, ends);
        }
        self.enforced
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StopCause {
    /// The scope's own deadline.
    Deadline,
    /// A failure under `FailFast`.
    Failure,
    /// Everything else: a caller's `cancel`, or an outer scope.
    Asked,
}

impl Core {
    /// Stops the whole scope and everything below it. False if it had stopped or closed before.
    pub(crate) fn stop(self: &Arc<Core>, reason: CancelReason, cause: StopCause) -> bool {
        let mut wakers = Wakers::default();
        let mut signalled = Signalled::default();
        let stop = Stop::new(reason, self.settings.grace);
        signal_tree(Arc::clone(self), stop, cause, &mut wakers, &mut signalled);
        let news = !signalled.cores.is_empty();
        // Its own grace ends without a look inside.
        if signalled.cores.len() > 1 {
            self.look_inside_at(signalled.until, &mut wakers);
        }
        wakers.wake();
        enforce_all(signalled.cores);
        news
    }

    /// Stops one member and everything that it has opened. False if it had ended or was stopping.
    pub(crate) fn stop_member(self: &Arc<Core>, member: Member, reason: CancelReason) -> bool {
        if member == Member::BODY {
            return self.stop(reason, StopCause::Asked);
        }
        self.stop_members(Some(member), reason)
    }

    /// Stops every child of this moment; the scope itself goes on.
    pub(crate) fn stop_children(self: &Arc<Core>, reason: CancelReason) -> bool {
        self.stop_members(None, reason)
    }

    fn stop_members(self: &Arc<Core>, only: Option<Member>, reason: CancelReason) -> bool {
        let stop = Stop::new(reason, self.settings.grace);
        // Without a grace it is enforced from here, and nobody looks for it.
        let at_once = only.filter(|_| stop.grace.is_zero());
        let mut wakers = Wakers::default();
        let mut inner = Vec::new();
        let mut stopped = 0;
        let gone;
        {
            let mut state = self.lock();
            if state.is_stopped() {
                return false;
            }
            // Before it is known whether there is anybody: so children that wait or leave do it by the lock.
            self.signals.fetch_add(ONE, Ordering::SeqCst);
            gone = self.collect_reports(&mut state);
            let mut stop_one = |sitter: &mut Sitter| {
                let extra = sitter.extra.get_or_insert_default();
                if extra.stop.is_some() {
                    return;
                }
                extra.stop = Some(stop.clone());
                inner.extend(extra.inner.iter().filter(|core| !core.settings.shielded).cloned());
                sitter.take_wakers(&mut wakers);
                stopped += 1;
            };
            match only {
                Some(member) => {
                    if let Some(sitter) = state.sitter_known(member, &self.marks) {
                        stop_one(sitter);
                    }
                }
                None => state.table.each_known(&self.marks, |_, sitter| stop_one(sitter)),
            }
            match stopped {
                0 => self.signals.fetch_sub(ONE, Ordering::Release),
                _ => self.signals.fetch_add(ONE * (stopped - 1), Ordering::Release),
            };
            if stopped > 0 && at_once.is_none() {
                // One that no clock can hold never ends.
                let ends = stop.since.checked_add(stop.grace);
                state.rare_mut().graces.add_alone(ends);
            }
            // The owner keeps the time of the grace.
            if stopped > 0 && !self.settings.grace.is_zero() {
                wakers.owners.extend(self.call_owner(&mut state));
            }
        }
        drop(gone);
        let mut signalled = Signalled::default();
        for core in inner {
            let stop = stop.passed_down(core.settings.grace);
            signal_tree(core, stop, StopCause::Asked, &mut wakers, &mut signalled);
        }
        self.look_inside_at(signalled.until, &mut wakers);
        wakers.wake();
        enforce_all(signalled.cores);
        match at_once {
            Some(member) => self.enforce_one(member),
            None => drop(self.enforce()),
        }
        stopped > 0
    }

    /// Ends the grace of a member that was told to stop alone.
    fn enforce_one(&self, member: Member) {
        let mut wakers = Wakers::default();
        let mut state = self.lock();
        if let Some(sitter) = state.sitter_mut(member)
            && let Some(stop) = sitter.extra.as_mut().and_then(|extra| extra.stop.as_mut())
            && !std::mem::replace(&mut stop.enforced, true)
        {
            sitter.take_wakers(&mut wakers);
        }
        drop(state);
        wakers.wake();
    }

    /// Has whoever runs this scope look into it at `until`, if there is anything to look for.
    pub(super) fn look_inside_at(&self, until: Option<Instant>, wakers: &mut Wakers) {
        if until.is_none() {
            return;
        }
        let mut state = self.lock();
        let graces = &mut state.rare_mut().graces;
        if until > graces.inside {
            graces.inside = until;
            wakers.owners.extend(self.call_owner(&mut state));
        }
    }

    /// Ends the grace of all who have had it, and says when that of the next one ends.
    pub(crate) fn enforce(&self) -> Option<Instant> {
        let now = seam::now();
        let (next, looks_inside) = self.end_graces(Some(now));
        let Some(at) = looks_inside else { return next };
        if now < at {
            return Some(next.map_or(at, |next| next.min(at)));
        }
        let mut state = self.lock();
        state.rare_mut().graces.inside = None;
        let inside = state.all_inner();
        drop(state);
        enforce_inside(inside, Some(now));
        next
    }

    /// As if every grace were over, in here and inside.
    pub(super) fn enforce_at_once(&self) {
        let inside = self.lock().all_inner();
        enforce_inside(inside, None);
        self.end_graces(None);
    }

    /// Ends those that are over, with `None` all of them. Says when the next one is over, and when it is
    /// time to look inside.
    pub(super) fn end_graces(&self, now: Option<Instant>) -> (Option<Instant>, Option<Instant>) {
        let mut wakers = Wakers::default();
        let (next, looks_inside);
        {
            let mut state = self.lock();
            let state = &mut *state;
            let mut first = None;
            let stop = state.rare.as_mut().and_then(|rare| rare.stop.as_mut());
            if stop.is_some_and(|stop| stop.ends_grace(now, &mut first)) {
                state.take_wakers(&mut wakers);
                wakers.tasks.extend(state.take_held());
            }
            // There may be very many members: they are looked through when there is something to find.
            let mut graces = state.rare().graces;
            let is_due = match now {
                Some(now) => graces.alone.is_some_and(|ends| ends <= now),
                None => self.signals.load(Ordering::Relaxed) >= ONE,
            };
            if is_due {
                graces.alone = None;
                for sitter in state.table.sitters_mut() {
                    let alone = sitter.extra.as_mut().and_then(|extra| extra.stop.as_mut());
                    if alone.is_some_and(|stop| stop.ends_grace(now, &mut graces.alone)) {
                        sitter.take_wakers(&mut wakers);
                    }
                }
                state.rare_mut().graces.alone = graces.alone;
            }
            next = earlier(first, graces.alone);
            looks_inside = graces.inside;
        }
        wakers.wake();
        (next, looks_inside)
    }
}
