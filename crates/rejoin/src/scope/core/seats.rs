//! Children come and go: each has a seat from its spawn until its future has been dropped.
//!
//! * Nothing starts in a scope that stops or has ended: `admit` decides under the lock.
//! * A seat is given back exactly once, after everything that the child owned has been dropped, so
//!   "no seat is taken" means that every child has ended and its destructors have run.
//! * What only some members need is kept apart ([`Sitter`], [`Extra`]): a child that never has a name,
//!   a scope inside, a watcher, or a stop of its own costs no allocation.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use slab::Slab;

use super::look::Answer;
use super::marks::Marks;
use super::reports::Report;
use super::stop::{ONE, Stop};
use super::{Core, Member, Phase, State};
use crate::name::Name;
use crate::scope::error::Refusal;
use crate::seam::{self, Instant, MutexGuard};

/// A member of whom more is known than that it is there: it has come back from a poll, or somebody
/// asks something of it.
#[derive(Default)]
pub(super) struct Sitter {
    /// Wakes the child's task; for the body, the future that runs the scope.
    pub(super) waker: Option<Waker>,
    // Boxed: most children live and end without any of it.
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
        match name {
            None => self.take_seat().map(|(_, member, index)| (member, index)),
            Some(name) => self.admit_with(Extra::named(name)),
        }
    }

    #[cold]
    fn admit_with(&self, extra: Extra) -> Result<(Member, u64), Refusal> {
        let extra = Box::new(extra);
        let (mut state, member, index) = self.take_seat()?;
        let sitter = state.table.sitter_known(member, &self.marks);
        sitter.expect("it sits there since now").extra = Some(extra);
        Ok((member, index))
    }

    /// Takes a seat for a guest, which is no task and has no waker.
    #[cfg(not(any(shuttle, rejoin_loom)))]
    pub(crate) fn admit_blocking(&self, name: &Name) -> Result<Member, Refusal> {
        let extra = Extra { blocking: true, ..Extra::named(name) };
        self.admit_with(extra).map(|(member, _)| member)
    }

    #[inline]
    fn take_seat(&self) -> Result<(MutexGuard<'_, State>, Member, u64), Refusal> {
        let mut state = self.lock_or_meet();
        if let Some(refusal) = state.refusal() {
            return Err(refusal);
        }
        let index = state.spawned;
        state.spawned += 1;
        let member = state.table.sit(index, &self.marks);
        Ok((state, member, index))
    }

    /// Gives a child's seat back. Its future has been dropped.
    #[inline]
    pub(crate) fn leave(&self, member: Member, has_waited: bool) {
        let is_gone = if has_waited {
            self.is_reported(|| Report::Left(member))
        } else {
            self.leaves_unnoticed(member)
        };
        if !is_gone {
            self.leave_noticed(member);
        }
    }

    /// Gives a child's seat back, when somebody may have to be told, or something has to be cleared away.
    fn leave_noticed(&self, member: Member) {
        let mut state = self.lock_or_meet();
        if state.rare.is_some() || !state.table.leave_unknown(member, &self.marks) {
            self.leave_known(state, member);
        } else if state.table.is_empty() {
            self.left(state);
        }
    }

    fn leave_known(&self, mut state: MutexGuard<'_, State>, member: Member) {
        let answered = state.skip_answer(member);
        let sitter = self.clear_away(&mut state, member);
        self.left(state);
        answered.tell();
        // The destructor of a waker is the runtime's: it runs here, unlocked.
        drop(sitter);
    }

    /// Frees a seat that is given back, unless that has been done. What more was known of the child is for the
    /// caller to drop, unlocked.
    pub(super) fn clear_away(&self, state: &mut State, member: Member) -> Option<Sitter> {
        let mut sitter = state.table.leave(member, &self.marks);
        state.keep_inner(sitter.as_mut());
        if sitter.as_ref().is_some_and(Sitter::is_stopped_alone) {
            self.signals.fetch_sub(ONE, Ordering::Release);
        }
        sitter
    }

    /// The handle was dropped: nobody will ask for the outcome.
    #[inline]
    pub(crate) fn disclaim(&self, member: Member) {
        self.marks.disclaim(member);
    }

    /// Whether a handle may still ask for the outcome.
    #[inline]
    pub(crate) fn is_claimed(&self, member: Member) -> bool {
        self.marks.is_claimed(member)
    }
}

impl State {
    #[inline]
    fn refusal(&self) -> Option<Refusal> {
        if self.phase != Phase::Open {
            return Some(Refusal::Closed);
        }
        self.rare().stop.as_ref().map(|stop| Refusal::Cancelled(stop.reason.clone()))
    }

    /// The body, or a child of whom more is known than that it is there.
    pub(super) fn sitter(&self, member: Member) -> Option<&Sitter> {
        if member == Member::BODY { Some(&self.body) } else { self.table.sitter(member) }
    }

    pub(super) fn sitter_mut(&mut self, member: Member) -> Option<&mut Sitter> {
        if member == Member::BODY { Some(&mut self.body) } else { self.table.sitter_mut(member) }
    }

    /// The body, or a child that waits, of whom more is to be known from now on. `None` if it has gone.
    pub(super) fn sitter_to_be(&mut self, member: Member) -> Option<&mut Sitter> {
        if member == Member::BODY { Some(&mut self.body) } else { self.table.sitter_to_be(member) }
    }

    /// As [`sitter_to_be`](Self::sitter_to_be), for a child that may not have waited yet.
    pub(super) fn sitter_known(&mut self, member: Member, marks: &Marks) -> Option<&mut Sitter> {
        if member == Member::BODY {
            Some(&mut self.body)
        } else {
            self.table.sitter_known(member, marks)
        }
    }
}

impl Sitter {
    fn is_stopped_alone(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.stop.is_some())
    }
}
