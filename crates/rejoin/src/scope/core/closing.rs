//! The end of a scope.
//!
//! A scope closes under its lock, when its body has ended and nobody is left in it. Admission takes
//! the same lock, so a child is either there before the end or never starts. Whoever leaves last
//! wakes the one that waits: the future that runs the scope, or, if that was dropped, the outer
//! scope that has taken the children in.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};
#[cfg(not(any(shuttle, rejoin_loom)))]
use std::time::Duration;

use super::record::Record;
use super::reports::Gone;
use super::roots::Root;
use super::stop::BODY_ENDED;
use super::wakers::wake;
use super::{Core, Member, Phase, State, StopCause};
#[cfg(not(any(shuttle, rejoin_loom)))]
use super::{OnError, Place, Settings, Values};
use crate::cancel::{CancelReason, CancelSource};
#[cfg(not(any(shuttle, rejoin_loom)))]
use crate::name::Name;
use crate::seam::MutexGuard;

impl Core {
    /// A child or an orphanage has gone: if it was the last, tells whoever waits for that.
    #[inline]
    pub(super) fn left(&self, state: MutexGuard<'_, State>) {
        if state.body_ended {
            self.left_late(state);
        } else if !state.rare().held.is_empty() && state.is_empty() {
            self.let_go(state);
        }
    }

    /// Wakes those whom the scope has held, to see that it does not any longer.
    #[cold]
    fn let_go(&self, mut state: MutexGuard<'_, State>) {
        let held = state.take_held();
        drop(state);
        held.into_iter().for_each(wake);
    }

    #[cold]
    fn left_late(&self, mut state: MutexGuard<'_, State>) {
        if !state.is_empty() {
            let resting = state.end_rest();
            drop(state);
            resting.into_iter().for_each(wake);
            return;
        }
        let owner = state.body.waker.take();
        let held = state.take_held();
        let adopter = state.rare.as_mut().and_then(|rare| rare.adopter.take());
        let mut root = None;
        if state.phase == Phase::Abandoned {
            state.phase = Phase::Closed;
            root = state.root.take();
        }
        drop(state);
        drop(root.map(Root::leave_unawaited));
        held.into_iter().for_each(wake);
        if let Some(owner) = owner {
            wake(owner);
        }
        if let Some(adopter) = adopter {
            adopter.close_orphanage();
        }
    }

    /// The body has ended: closes the scope if nobody is left in it; else parks its owner, whom the
    /// last one to leave wakes. Nothing starts in a closed scope, so this and
    /// [`admit`](Core::admit) decide under one lock who comes first.
    pub(crate) fn close_or_park(&self, waker: &Waker) -> Poll<Option<Box<Record>>> {
        // Cloned before it is known whether it is needed, as no foreign code runs under the lock.
        let mut own_waker = self.marks.is_anyone_near().then(|| waker.clone());
        let mut state = self.lock();
        let gone = self.end_of_body(&mut state);
        if own_waker.is_none() && (!state.is_empty() || state.leaves_scopes_open()) {
            drop(state);
            own_waker = Some(waker.clone());
            state = self.lock();
        }
        // With the waker at hand: somebody may have gone meanwhile, and left one open.
        if state.leaves_scopes_open() {
            drop(state);
            self.abandon_what_is_left_open();
            state = self.lock();
        }
        if !state.is_empty() {
            let old = std::mem::replace(&mut state.body.waker, own_waker);
            let resting = state.end_rest();
            let answered = state.skip_answer(Member::BODY);
            drop(state);
            answered.tell();
            drop((old, gone));
            resting.into_iter().for_each(wake);
            return Poll::Pending;
        }
        state.phase = Phase::Closed;
        let record = state.record.take();
        let root = state.root.take();
        let held = state.take_held();
        let answered = state.skip_answer(Member::BODY);
        drop(state);
        answered.tell();
        drop((root.map(Root::leave), gone));
        self.leave_parent();
        held.into_iter().for_each(wake);
        Poll::Ready(record)
    }

    /// The body has ended, or was dropped: from now on it matters who is left. Everybody goes by the lock
    /// then, so who had gone before is looked for once: whoever polls this scope may do so very often.
    fn end_of_body(&self, state: &mut State) -> Gone {
        if std::mem::replace(&mut state.body_ended, true) {
            return Gone::default();
        }
        self.signals.fetch_or(BODY_ENDED, Ordering::SeqCst);
        self.collect(state)
    }

    /// A place for blocking work that was started outside all scopes, in a scope that nobody runs, so
    /// that it is listed.
    #[cfg(not(any(shuttle, rejoin_loom)))]
    pub(crate) fn stray(name: &Name) -> Place {
        let settings = Settings {
            name: Some(name.clone()),
            grace: Duration::ZERO,
            on_error: OnError::IgnoreErrors,
            shielded: false,
            values: Values::default(),
        };
        let core = Core::open(None, settings, None);
        let member = core.admit_blocking(name).expect("a scope that is new takes members");
        let mut state = core.lock();
        let gone = core.end_of_body(&mut state);
        state.phase = Phase::Abandoned;
        drop(state);
        drop(gone);
        Place { core, member }
    }

    /// The future that ran the scope was dropped before the scope had closed, or those who could have polled it
    /// have gone. Children are told to stop, with no grace, and the nearest living outer scope waits for them.
    pub(crate) fn abandon(self: &Arc<Core>) {
        let adopter = self.nearest_living_outer();
        let orphaned = {
            let mut state = self.lock();
            // It may have been abandoned before, and then be dropped by whoever has it.
            if state.phase != Phase::Open {
                drop(state);
                adopter.iter().for_each(|adopter| adopter.close_orphanage());
                return;
            }
            let gone = self.end_of_body(&mut state);
            let answered = state.skip_answer(Member::BODY);
            let orphaned = !state.is_empty();
            let mut root = None;
            if orphaned {
                state.phase = Phase::Abandoned;
                state.rare_mut().adopter.clone_from(&adopter);
                // No other scope leads to it any more.
                state.root.get_or_insert_with(|| Root::of(self));
            } else {
                state.phase = Phase::Closed;
                root = state.root.take();
            }
            drop(state);
            answered.tell();
            drop((root.map(Root::leave), gone));
            orphaned
        };
        if !orphaned && let Some(adopter) = adopter {
            adopter.close_orphanage();
        }
        let reason = CancelReason::new(CancelSource::Parent, "the scope was dropped");
        self.stop(reason, StopCause::Asked);
        self.enforce_at_once();
        self.leave_parent();
        self.let_go(self.lock());
    }
}
