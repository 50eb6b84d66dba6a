//! Children come and go: each has a seat from its spawn until its future has been dropped.
//!
//! * Nothing starts in a scope that stops or has ended: `admit` decides under the lock.
//! * A seat is given back exactly once, after everything that the child owned has been dropped, so
//!   "no seat is taken" means that every child has ended and its destructors have run.
//! * What only some members need is in a box of its own; a child that never has a name, a scope
//!   inside, a watcher, or a stop of its own takes a seat of five words and no allocation.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use slab::Slab;

use super::look::Answer;
use super::stop::{ONE, Stop};
use super::{Core, Member, Phase, State};
use crate::name::Name;
use crate::scope::error::Refusal;
use crate::seam::{self, Instant};

#[derive(Default)]
pub(super) struct Seat {
    /// The position in the order of submission.
    pub(super) index: u64,
    /// Wakes the child's task; for the body, the future that runs the scope.
    pub(super) waker: Option<Waker>,
    /// Whether a handle may still ask for the outcome.
    pub(super) claimed: bool,
    // Boxed: most children live and end without any of it, and seats should be small.
    pub(super) extra: Option<Box<Extra>>,
}

/// What only some members need.
#[derive(Default)]
pub(super) struct Extra {
    pub(super) name: Option<Name>,
    /// When it was spawned, if it has a name.
    pub(super) since: Option<Instant>,
    /// It has a thread or a process of its own, and cannot be polled.
    pub(super) blocking: bool,
    pub(super) stop: Option<Stop>,
    /// Scopes that this member has opened in its own task.
    pub(super) inner: Vec<Arc<Core>>,
    /// It has opened one of them since it was last looked at by [`Core::park`] for dropping.
    pub(super) opened: bool,
    pub(super) watchers: Slab<Option<Waker>>,
    /// What it says to somebody who looks.
    pub(super) answer: Option<Box<Answer>>,
}

impl Extra {
    fn named(name: &Name) -> Extra {
        Extra { name: Some(name.clone()), since: Some(seam::now()), ..Extra::default() }
    }
}

impl Core {
    /// Takes a seat for a child that is about to be spawned, and gives its index with it.
    #[inline]
    pub(crate) fn admit(&self, name: Option<&Name>) -> Result<(Member, u64), Refusal> {
        self.take_seat(name.map(|name| Box::new(Extra::named(name))))
    }

    /// Takes a seat for a guest, which is no task and has no waker.
    #[cfg(not(any(shuttle, rejoin_loom)))]
    pub(crate) fn admit_blocking(&self, name: &Name) -> Result<Member, Refusal> {
        let extra = Extra { blocking: true, ..Extra::named(name) };
        self.take_seat(Some(Box::new(extra))).map(|(member, _)| member)
    }

    #[inline]
    fn take_seat(&self, extra: Option<Box<Extra>>) -> Result<(Member, u64), Refusal> {
        let mut state = self.lock();
        state.refusal()?;
        let index = state.spawned;
        state.spawned += 1;
        let seat = state.seats.insert(Seat { index, waker: None, claimed: true, extra });
        Ok((Member::of_child(seat, index), index))
    }

    /// Gives a child's seat back. Its future has been dropped.
    pub(crate) fn leave(&self, member: Member) {
        let mut state = self.lock();
        let answered = state.skip_answer(member);
        let (waker, extra, claimed) = state
            .seats
            .remove(member.seat(), |seat| (seat.waker.take(), seat.extra.take(), seat.claimed));
        if extra.as_ref().is_some_and(|extra| extra.stop.is_some()) {
            self.signals.fetch_sub(ONE, Ordering::Release);
        }
        if !claimed {
            self.unclaimed.fetch_sub(1, Ordering::Release);
        }
        self.left(state);
        answered.tell();
        // The destructor of a waker is the runtime's: it runs here, unlocked.
        drop((waker, extra));
    }

    /// The handle was dropped: nobody will ask for the outcome.
    pub(crate) fn disclaim(&self, member: Member) {
        if let Some(seat) = self.lock().seat_mut(member) {
            seat.claimed = false;
            self.unclaimed.fetch_add(1, Ordering::Release);
        }
    }

    /// Whether a handle may still ask for the outcome.
    #[inline]
    pub(crate) fn is_claimed(&self, member: Member) -> bool {
        self.unclaimed.load(Ordering::Acquire) == 0 || self.is_among_the_claimed(member)
    }

    #[cold]
    fn is_among_the_claimed(&self, member: Member) -> bool {
        self.lock().seat(member).is_some_and(|seat| seat.claimed)
    }
}

impl State {
    #[inline]
    fn refusal(&self) -> Result<(), Refusal> {
        match &self.stop {
            _ if self.phase != Phase::Open => Err(Refusal::Closed),
            Some(stop) => Err(Refusal::Cancelled(stop.reason.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn seat(&self, member: Member) -> Option<&Seat> {
        if member == Member::BODY {
            return Some(&self.body);
        }
        self.seats.get(member.seat()).filter(|seat| member.owns(seat))
    }

    pub(super) fn seat_mut(&mut self, member: Member) -> Option<&mut Seat> {
        if member == Member::BODY {
            return Some(&mut self.body);
        }
        self.seats.get_mut(member.seat()).filter(|seat| member.owns(seat))
    }
}
