//! Who, within which scope.

use std::sync::Arc;

use super::Core;
use super::standing::Standing;
use crate::cancel::CancelReason;

/// A place in a scope, together with the scope: what a task carries with it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) core: Arc<Core>,
    pub(crate) member: Member,
}

impl Place {
    /// Why whoever sits here was told to stop.
    pub(crate) fn reason(&self) -> Option<CancelReason> {
        match self.core.standing(self.member) {
            Standing::Running | Standing::LookedAt => None,
            Standing::Signalled(end) | Standing::Enforced(end) => Some(end.into_reason()),
        }
    }

    /// What whoever sits here waits for has come back without a result, as it was told to stop.
    pub(crate) fn hears_of_its_stop(&self) {
        self.core.cut_short(self.member);
    }

    /// Whether this place is in the task of the child `member` of `core`: its own, or that of the
    /// body of a scope which the child has opened, as such a body runs in the same task.
    pub(crate) fn is_in_task_of(&self, core: &Arc<Core>, member: Member) -> bool {
        let mut place = self;
        loop {
            if place.member == member && Arc::ptr_eq(&place.core, core) {
                return true;
            }
            match &place.core.parent {
                Some(outer) if place.member == Member::BODY => place = outer,
                _ => return false,
            }
        }
    }
}

/// Who, within a scope. Small, because every task carries one: the generation, which keeps a reused
/// seat from being mistaken for its former owner, is the low half of the child's index.
#[derive(Clone, Copy, PartialEq, Eq)]
// One number, because a processor that has to read in one piece what was just written in two stalls.
pub(crate) struct Member(u64);

impl Member {
    pub(crate) const BODY: Member = Member::new(u32::MAX, 0);
    /// A child that was refused: no seat is ever its own.
    pub(crate) const NOBODY: Member = Member::new(u32::MAX, 1);

    /// The child with this index, at the seat that it was given.
    #[inline]
    pub(crate) fn of_child(seat: u32, index: u64) -> Member {
        Member::new(seat, index as u32)
    }

    const fn new(seat: u32, generation: u32) -> Member {
        Member((generation as u64) << 32 | seat as u64)
    }

    #[inline]
    pub(crate) fn seat(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    pub(super) fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}
