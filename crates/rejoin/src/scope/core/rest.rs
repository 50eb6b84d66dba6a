//! Children that serve the others: they hold a scope open only while they have something to do.
//!
//! Such a child says when it has nothing to do (it *rests*) and when it has again. When the body has
//! ended and everybody who is left rests, nobody in the scope can ask them for anything any more: the
//! scope is *over*, for good, and those who rest are woken so that they see it and end. Both are
//! decided under the lock, so either a resting child resumes in time, or it hears that it is too late.

use std::task::Waker;

use super::{Core, Member, State};

impl Core {
    /// A child has nothing to do. The wakers are to be called by whoever said so, without locks.
    pub(crate) fn rest(&self) -> Vec<Waker> {
        let mut state = self.lock();
        state.rare_mut().resting += 1;
        state.end_rest()
    }

    /// A child that rests goes on; false, and nothing changes, if the scope is over.
    pub(crate) fn resume(&self) -> bool {
        let mut state = self.lock();
        let rare = state.rare_mut();
        if !rare.over {
            rare.resting -= 1;
        }
        !rare.over
    }

    /// A child that rests is about to leave.
    pub(crate) fn leave_rest(&self) {
        self.lock().rare_mut().resting -= 1;
    }

    /// Whether only those who rest were left after the body had ended; while that is not so, leaves
    /// the waker of the child's task. The poll that asks may be the first one, before which the task
    /// has left none, and nobody asks again when it parks.
    pub(crate) fn is_over_or_wakes(&self, member: Member, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut state = self.lock();
        if state.rare().over {
            return true;
        }
        let old =
            state.sitter_known(member, &self.marks).and_then(|sitter| sitter.waker.replace(waker));
        drop(state);
        drop(old);
        false
    }
}

impl State {
    /// Tells those who rest if nobody else is left. Empty while somebody is.
    pub(super) fn end_rest(&mut self) -> Vec<Waker> {
        let rare = self.rare();
        let only_they = rare.resting > 0 && self.table.len() == rare.resting;
        if rare.over || !self.body_ended || !only_they || rare.orphanages > 0 {
            return Vec::new();
        }
        self.rare_mut().over = true;
        // Each of them ends at its next poll, so none needs its waker back.
        self.table.sitters_mut().filter_map(|sitter| sitter.waker.take()).collect()
    }
}
