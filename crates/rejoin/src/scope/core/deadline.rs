//! The deadline of a scope: its own one, which may move while it runs, and those further out.
//!
//! Only the scope's own is kept, under its lock, and the future that runs the scope always arms it;
//! what holds is the minimum on the way out, taken anew by whoever asks. A timer that fires while a
//! deadline further out is as early does nothing: the outer scope stops both, and keeps the blame.
//! A deadline that has passed cannot move any more, so what such a timer has seen stays true.

use std::sync::atomic::Ordering;
use std::task::Waker;

use super::wakers::wake;
use super::{Core, Phase, State};
use crate::cancel::{CancelReason, CancelSource};
use crate::seam::{self, Instant};

impl Core {
    /// The earliest deadline that holds here, whoever set it.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let mut earliest = None;
        let mut core = self;
        loop {
            // One lock at a time: outer ones are never taken while an inner one is held.
            let own = core.own_deadline();
            earliest = earlier(earliest, own);
            match &core.parent {
                Some(place) if !core.settings.shielded => core = &place.core,
                _ => return earliest,
            }
        }
    }

    /// The deadline that this scope arms itself.
    pub(crate) fn own_deadline(&self) -> Option<Instant> {
        self.lock().deadline
    }

    /// Whether the scope's own deadline has passed, and is what stops the scope.
    pub(crate) fn has_timed_out(&self) -> bool {
        let Some(own) = self.own_deadline().filter(|own| *own <= seam::now()) else { return false };
        let mut core = self;
        while let Some(place) = core.parent.as_ref().filter(|_| !core.settings.shielded) {
            core = &place.core;
            // A tie goes outward.
            if core.own_deadline().is_some_and(|outer| outer <= own) {
                return false;
            }
        }
        true
    }

    /// Whether that is what has stopped it.
    pub(crate) fn is_stopped_by_time(&self) -> bool {
        self.lock().is_stopped_by_time()
    }

    /// The reason of a scope that [has timed out](Self::has_timed_out).
    pub(crate) fn timed_out(&self) -> CancelReason {
        let text = match self.name() {
            Some(name) => format!("the deadline of scope `{name}` passed"),
            None => "the deadline of the scope passed".to_owned(),
        };
        CancelReason::new(CancelSource::Deadline, text)
    }

    /// Sets the scope's own deadline anew, and wakes the future that keeps it. False if it is too
    /// late for that.
    pub(crate) fn move_deadline(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.lock();
        let passed = state.deadline.is_some_and(|own| own <= seam::now());
        if passed || state.is_stopped() || state.phase != Phase::Open {
            return false;
        }
        state.deadline = deadline;
        let owner = self.call_owner(&mut state);
        drop(state);
        if let Some(owner) = owner {
            wake(owner);
        }
        true
    }

    /// Has the future that runs the scope look at its timers anew; the waker is to be called. Without
    /// the count it would take itself for parked with a waker that is not here any more.
    pub(super) fn call_owner(&self, state: &mut State) -> Option<Waker> {
        self.calls.fetch_add(1, Ordering::Release);
        state.body.waker.take()
    }

    /// How often it was called. The future that runs the scope looks at it after it has left its
    /// waker, so it sees a call or is woken by it.
    #[inline]
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }
}

pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
