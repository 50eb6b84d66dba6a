//! Scopes inside scopes: how a stop finds them, what they hold up, and who waits for the children of
//! one that was dropped.
//!
//! * A member lists the scopes that it has opened in its own task, from opening to closing; the body
//!   has those of a member that has gone before them, as they were moved to another task.
//! * The children of a dropped scope are an *orphanage* of the nearest living scope further out,
//!   which does not close before it is empty.
//! * A scope that is left open when the body and all children have ended, as its future was put somewhere else, is
//!   *abandoned* if it has children: they would outlive the scope that it is inside.
//! * Two scopes' locks are held at once only in [`Sitter::is_held_or_calls`], the outer one first.
//! * A member that is to be dropped may be *held* by what is inside. It need not poll that, which may
//!   even have moved to another task; so it leaves its waker there when it parks, to look again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use super::reach::{Signalled, enforce_all, signal_tree};
use super::seats::Sitter;
use super::standing::Standing;
use super::wakers::Wakers;
use super::{Core, Member, Phase, State, StopCause};
use crate::seam;

impl Core {
    pub(super) fn enter_inner(self: &Arc<Core>, member: Member, inner: &Arc<Core>) {
        let mut state = self.lock();
        let born_stopped = match state.standing(member) {
            Standing::Running | Standing::LookedAt => None,
            Standing::Signalled(end) | Standing::Enforced(end) => Some(end.stop),
        };
        if let Some(sitter) = state.sitter_known(member, &self.marks) {
            let extra = sitter.extra.get_or_insert_default();
            inner.stands_at(extra.inner.len());
            extra.inner.push(Arc::clone(inner));
            extra.opened = true;
        }
        drop(state);
        if let Some(stop) = born_stopped.filter(|_| !inner.settings.shielded) {
            // An outer grace that is over is over here too; one that is not lets the body start.
            let stop = stop.passed_down(Duration::ZERO);
            let (mut wakers, mut signalled) = (Wakers::default(), Signalled::default());
            signal_tree(Arc::clone(inner), stop, StopCause::Asked, &mut wakers, &mut signalled);
            self.look_inside_at(signalled.until, &mut wakers);
            wakers.wake();
            enforce_all(signalled.cores);
        }
    }

    pub(super) fn leave_inner(&self, member: Member, inner: &Core) {
        let mut state = self.lock();
        let mut removed = None;
        let member = state.keeper(member);
        if let Some(extra) = state.sitter_mut(member).and_then(|sitter| sitter.extra.as_mut())
            && let Some(at) = inner.place_among(&extra.inner)
        {
            removed = Some(extra.inner.swap_remove(at));
            if let Some(moved) = extra.inner.get(at) {
                moved.stands_at(at);
            }
        }
        drop(state);
        drop(removed);
    }

    /// Under the lock of the scope that has it on a list.
    fn stands_at(&self, at: usize) {
        self.stands_at.store(at as u64, Ordering::Relaxed);
    }

    /// Where it stands among `cores`: a member may have opened very many at once, which are not searched.
    fn place_among(&self, cores: &[Arc<Core>]) -> Option<usize> {
        let at = usize::try_from(self.stands_at.load(Ordering::Relaxed)).ok()?;
        cores.get(at).is_some_and(|core| core.id == self.id).then_some(at)
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
        if living {
            state.rare_mut().orphanages += 1;
        }
        living
    }

    pub(super) fn close_orphanage(&self) {
        let mut state = self.lock();
        state.rare_mut().orphanages -= 1;
        self.left(state);
    }

    /// Abandons the scopes that were opened in this one, if there is somebody in them. Without that they may go
    /// on: a time-out around a future that was moved elsewhere disturbs nobody.
    #[cold]
    pub(super) fn abandon_what_is_left_open(&self) {
        let mut open = self.lock().body.opened().to_vec();
        // The outer ones first: those further in then find the next living one.
        let mut at = 0;
        let mut has_children = false;
        while let Some(core) = open.get(at).cloned() {
            let mut state = core.lock();
            let gone = core.collect(&mut state);
            has_children |= !state.is_empty();
            let members = std::iter::once(&state.body).chain(state.table.sitters());
            open.extend(members.flat_map(|sitter| sitter.opened().iter().cloned()));
            drop(state);
            drop(gone);
            at += 1;
        }
        if has_children {
            open.iter().for_each(Core::abandon);
        }
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
    /// dropped: it has children, its grace is not over, or a shield in it is up. If so, `waker` is left
    /// with what it is, to be called when that may be over.
    fn holds(&self, waker: &mut Option<Waker>) -> bool {
        let mut state = self.lock();
        let holds = match &state.rare().stop {
            // Not told to stop, so shielded. A bound that has passed holds nothing any longer.
            None => state.deadline.is_none_or(|at| seam::now() < at),
            Some(stop) => !stop.enforced || !state.is_empty(),
        };
        if holds
            && let Some(waker) =
                waker.take_if(|waker| !state.rare().held.iter().any(|w| w.will_wake(waker)))
        {
            state.rare_mut().held.push(waker);
        }
        holds || state.is_stopped() && state.body.is_held_or_calls(waker)
    }
}

impl State {
    /// Who has the scopes that `member` has opened: the body, if it has gone and they have not.
    fn keeper(&self, member: Member) -> Member {
        if self.table.index(member).is_some() { member } else { Member::BODY }
    }

    /// The scopes inside this one that a stop of it reaches.
    pub(super) fn all_inner(&self) -> Vec<Arc<Core>> {
        let members = std::iter::once(&self.body).chain(self.table.sitters());
        let inner = members.flat_map(Sitter::opened);
        inner.filter(|core| !core.settings.shielded).cloned().collect()
    }

    /// Whether scopes are open in here that nobody is left to poll, once the body has ended.
    #[inline]
    pub(super) fn leaves_scopes_open(&self) -> bool {
        self.table.is_empty() && !self.body.opened().is_empty()
    }

    /// A member has gone. What it has opened and moved to another task is still inside.
    pub(super) fn keep_inner(&mut self, gone: Option<&mut Sitter>) {
        if let Some(extra) = gone.and_then(|sitter| sitter.extra.as_mut())
            && !extra.inner.is_empty()
        {
            let kept = &mut self.body.extra.get_or_insert_default().inner;
            for core in extra.inner.drain(..) {
                core.stands_at(kept.len());
                kept.push(core);
            }
        }
    }
}

impl Sitter {
    /// The scopes that it has opened.
    fn opened(&self) -> &[Arc<Core>] {
        self.extra.as_ref().map_or(&[], |extra| &extra.inner)
    }

    pub(super) fn is_held(&self) -> bool {
        self.is_held_or_calls(&mut None)
    }

    /// As [`Core::holds`]. Locks inner scopes while the outer one is locked: the one place where two
    /// locks are held.
    pub(super) fn is_held_or_calls(&self, waker: &mut Option<Waker>) -> bool {
        self.opened().iter().any(|core| core.holds(waker))
    }
}
