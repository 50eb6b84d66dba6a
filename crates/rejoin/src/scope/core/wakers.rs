//! Who is called when something changes, and how no call is lost.
//!
//! A member looks at [`Core::is_quiet`], one atomic load, before it takes the lock. Whoever stops
//! something changes the state and the atomic under the lock, then takes the wakers out, then calls
//! them with no lock held. A member leaves its waker under the same lock, after looking at the state
//! again. So it either sees the change, or its waker is seen by whoever makes the change.
//!
//! A waker's clone and destructor are the runtime's code: they never run under the lock.

use std::task::Waker;

use super::seats::Seat;
use super::{Core, Member, Standing, State};
use crate::cancel::CancelReason;

/// Wakers that were taken out under locks, to be called when none is held, in this order: first
/// those who watch for the signal, then those who run scopes, then the tasks themselves.
#[derive(Default)]
pub(super) struct Wakers {
    pub(super) watchers: Vec<Waker>,
    pub(super) owners: Vec<Waker>,
    pub(super) tasks: Vec<Waker>,
}

impl Wakers {
    pub(super) fn wake(self) {
        for waker in self.watchers.into_iter().chain(self.owners).chain(self.tasks) {
            waker.wake();
        }
    }
}

impl Core {
    /// Parks the task of `member`, or says that it has to end now.
    pub(crate) fn park(&self, member: Member, waker: &Waker) -> Standing {
        let waker = waker.clone();
        let mut state = self.lock();
        let standing = state.standing(member);
        let mut old = None;
        if !matches!(standing, Standing::Enforced(_))
            && let Some(seat) = state.seat_mut(member)
        {
            old = seat.waker.replace(waker);
        }
        drop(state);
        drop(old);
        standing
    }

    /// Why `member` was told to stop; while it was not, wakes `waker` when it is. `watch` is the
    /// caller's registration, empty at first.
    pub(crate) fn watch(
        &self,
        member: Member,
        watch: &mut Option<usize>,
        waker: &Waker,
    ) -> Option<CancelReason> {
        let waker = waker.clone();
        let mut state = self.lock();
        if let Standing::Signalled(end) | Standing::Enforced(end) = state.standing(member) {
            return Some(end.into_reason());
        }
        let mut old = None;
        if let Some(seat) = state.seat_mut(member) {
            let watchers = &mut seat.extra.get_or_insert_default().watchers;
            match *watch {
                Some(key) => old = watchers[key].replace(waker),
                None => *watch = Some(watchers.insert(Some(waker))),
            }
        }
        drop(state);
        drop(old);
        None
    }

    /// Ends a registration.
    pub(crate) fn unwatch(&self, member: Member, watch: usize) {
        let mut state = self.lock();
        let mut old = None;
        if let Some(extra) = state.seat_mut(member).and_then(|seat| seat.extra.as_mut()) {
            old = extra.watchers.try_remove(watch);
        }
        drop(state);
        drop(old);
    }
}

impl State {
    pub(super) fn take_wakers(&mut self, wakers: &mut Wakers) {
        wakers.owners.extend(self.body.waker.take());
        self.body.take_wakers(wakers);
        for (_, seat) in &mut self.seats {
            seat.take_wakers(wakers);
        }
    }
}

impl Seat {
    pub(super) fn take_wakers(&mut self, wakers: &mut Wakers) {
        wakers.tasks.extend(self.waker.take());
        if let Some(extra) = &mut self.extra {
            for (_, watcher) in &mut extra.watchers {
                wakers.watchers.extend(watcher.take());
            }
        }
    }
}
