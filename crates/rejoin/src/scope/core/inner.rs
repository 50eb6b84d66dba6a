//! Scopes inside scopes: how a stop finds them, what they hold up, and who waits for the children of
//! one that was dropped.
//!
//! * A member lists the scopes that it has opened in its own task, from opening to closing.
//! * The children of a dropped scope are an *orphanage* of the nearest living scope further out,
//!   which does not close before it is empty.
//! * Two scopes' locks are held at once only in [`Sitter::is_held`], the outer one first.

use std::sync::Arc;
use std::time::Duration;

use super::seats::Sitter;
use super::standing::Standing;
use super::stop::{enforce_all, signal_tree};
use super::wakers::Wakers;
use super::{Core, Member, Phase, StopCause};
use crate::seam;

impl Core {
    pub(super) fn enter_inner(self: &Arc<Core>, member: Member, inner: &Arc<Core>) {
        let mut state = self.lock();
        let born_stopped = match state.standing(member) {
            Standing::Running | Standing::LookedAt => None,
            Standing::Signalled(end) | Standing::Enforced(end) => Some(end.stop),
        };
        if let Some(sitter) = state.sitter_to_be(member) {
            let extra = sitter.extra.get_or_insert_default();
            extra.inner.push(Arc::clone(inner));
            extra.opened = true;
        }
        drop(state);
        if let Some(stop) = born_stopped.filter(|_| !inner.settings.shielded) {
            // An outer grace that is over is over here too; one that is not lets the body start.
            let stop = stop.passed_down(Duration::ZERO);
            let (mut wakers, mut signalled) = (Wakers::default(), Vec::new());
            signal_tree(Arc::clone(inner), stop, StopCause::Asked, &mut wakers, &mut signalled);
            enforce_all(signalled);
        }
    }

    pub(super) fn leave_inner(&self, member: Member, inner: &Core) {
        let mut state = self.lock();
        let mut removed = None;
        if let Some(extra) = state.sitter_mut(member).and_then(|sitter| sitter.extra.as_mut())
            && let Some(at) = extra.inner.iter().position(|core| core.id == inner.id)
        {
            removed = Some(extra.inner.swap_remove(at));
        }
        drop(state);
        drop(removed);
    }

    pub(super) fn leave_parent(&self) {
        if let Some(place) = &self.parent {
            place.core.leave_inner(place.member, self);
        }
    }

    /// Takes in what an abandoned inner scope has left behind; false if this scope has gone itself.
    pub(super) fn open_orphanage(&self) -> bool {
        let mut state = self.lock();
        let living = match state.phase {
            Phase::Open => true,
            Phase::Abandoned => !state.is_empty(),
            Phase::Closed => false,
        };
        state.orphanages += usize::from(living);
        living
    }

    pub(super) fn close_orphanage(&self) {
        let mut state = self.lock();
        state.orphanages -= 1;
        self.left(state);
    }

    pub(super) fn nearest_living_outer(&self) -> Option<Arc<Core>> {
        let mut outer = self.parent.as_ref();
        while let Some(place) = outer {
            if place.core.open_orphanage() {
                return Some(Arc::clone(&place.core));
            }
            outer = place.core.parent.as_ref();
        }
        None
    }

    /// Whether something in this scope must not be cut off by a member of an outer scope being
    /// dropped: it has children, its grace is not over, or a shield in it is up.
    fn holds(&self) -> bool {
        let state = self.lock();
        match &state.stop {
            // Not told to stop, so shielded. A bound that has passed holds nothing any longer.
            None => state.deadline.is_none_or(|at| seam::now() < at),
            Some(stop) => !stop.enforced || !state.is_empty() || state.body.is_held(),
        }
    }
}

impl Sitter {
    /// Locks inner scopes while the outer one is locked: the one place where two locks are held.
    pub(super) fn is_held(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.inner.iter().any(|core| core.holds()))
    }
}
