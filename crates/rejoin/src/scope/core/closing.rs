//! The end of a scope.
//!
//! A scope closes under its lock, when its body has ended and nobody is left in it. Admission takes
//! the same lock, so a child is either there before the end or never starts. Whoever leaves last
//! wakes the one that waits: the future that runs the scope, or, if that was dropped, the outer
//! scope that has taken the children in.

use std::sync::Arc;
use std::task::Waker;

use super::record::Record;
use super::{Core, Phase, State, StopCause};
use crate::cancel::{CancelReason, CancelSource};
use crate::seam::MutexGuard;

impl Core {
    /// A child or an orphanage has gone: if it was the last, tells whoever waits for that.
    #[inline]
    pub(super) fn left(&self, state: MutexGuard<'_, State>) {
        if state.body_ended {
            self.left_late(state);
        }
    }

    #[cold]
    fn left_late(&self, mut state: MutexGuard<'_, State>) {
        if !state.is_empty() {
            let resting = state.end_rest();
            drop(state);
            resting.into_iter().for_each(Waker::wake);
            return;
        }
        let owner = state.body.waker.take();
        let adopter = state.adopter.take();
        if adopter.is_some() {
            state.phase = Phase::Closed;
        }
        drop(state);
        if let Some(owner) = owner {
            owner.wake();
        }
        if let Some(adopter) = adopter {
            adopter.close_orphanage();
        }
    }

    /// The body has ended: closes the scope if nobody is left in it; else parks its owner, whom the
    /// last one to leave wakes. Nothing starts in a closed scope, so this and
    /// [`admit`](Core::admit) decide under one lock who comes first.
    pub(crate) fn close_or_park(&self, waker: &Waker) -> Option<Record> {
        let mut state = self.lock();
        if !state.is_empty() {
            drop(state);
            let waker = waker.clone();
            state = self.lock();
            state.body_ended = true;
            if !state.is_empty() {
                let old = state.body.waker.replace(waker);
                let resting = state.end_rest();
                drop(state);
                drop(old);
                resting.into_iter().for_each(Waker::wake);
                return None;
            }
        }
        state.phase = Phase::Closed;
        let record = std::mem::take(&mut state.record);
        drop(state);
        self.leave_parent();
        Some(record)
    }

    /// The future that ran the scope was dropped before the scope had closed. Children are told to
    /// stop, with no grace, and the nearest living outer scope waits for them.
    pub(crate) fn abandon(self: &Arc<Core>) {
        let adopter = self.nearest_living_outer();
        let orphaned = {
            let mut state = self.lock();
            state.body_ended = true;
            if state.is_empty() {
                state.phase = Phase::Closed;
                false
            } else {
                state.phase = Phase::Abandoned;
                state.adopter.clone_from(&adopter);
                true
            }
        };
        if !orphaned && let Some(adopter) = adopter {
            adopter.close_orphanage();
        }
        let reason = CancelReason::new(CancelSource::Parent, "the scope was dropped");
        self.stop(reason, StopCause::Asked);
        self.enforce_at(None);
        self.leave_parent();
    }
}
