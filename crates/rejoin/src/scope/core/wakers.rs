//! Who is called when something changes, and how no call is lost.
//!
//! A member looks at [`Core::is_quiet`], one atomic load, before it takes the lock. Whoever stops
//! something changes the state and the atomic under the lock, then takes the wakers out, then calls
//! them with no lock held. A member leaves its waker under the same lock, after looking at the state
//! again. So it either sees the change, or its waker is seen by whoever makes the change.
//!
//! One that is to be dropped and held by a scope inside leaves its waker there too: whoever polls that
//! scope may be in another task, or nobody may poll it any more.
//!
//! A waker's clone and destructor are the runtime's code: they never run under the lock. And a waker that
//! panics when it is called keeps nobody else from being called: whoever calls it goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use super::reports::Report;
use super::seats::Sitter;
use super::{Core, End, Member, Standing, State};
use crate::cancel::CancelReason;
use crate::seam::MutexGuard;

/// Wakers that were taken out under locks, to be called when none is held, in this order: first
/// those who watch for the signal, then those who run scopes, then the tasks themselves.
#[derive(Default)]
pub(super) struct Wakers {
    pub(super) watchers: Vec<Waker>,
    pub(super) owners: Vec<Waker>,
    pub(super) tasks: Vec<Waker>,
}

/// What a member could see of its stop when a poll of it began.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Nothing,
    /// That it was told to stop.
    Signal,
    /// Also that it was to be dropped, with nothing that holds it.
    End,
}

impl Known {
    #[inline]
    pub(crate) fn of(standing: &Standing) -> Known {
        match standing {
            Standing::Running | Standing::LookedAt => Known::Nothing,
            Standing::Signalled(_) => Known::Signal,
            Standing::Enforced(_) => Known::End,
        }
    }
}

/// What [`Core::park`] says to a task that has come back from a poll.
pub(crate) enum Parked {
    /// Its waker is known: it may wait.
    Waiting,
    PollAgain,
    /// It is to be dropped where it waits.
    Ends(End),
}

impl Wakers {
    pub(super) fn wake(self) {
        for waker in self.watchers.into_iter().chain(self.owners).chain(self.tasks) {
            wake(waker);
        }
    }
}

/// Calls a waker, and goes on if it panics.
pub(crate) fn wake(waker: Waker) {
    call(|| waker.wake());
}

/// Calls what is not this crate's, and goes on if it panics: the panic has been reported where it arose.
pub(super) fn call(foreign: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign)) {
        // Its destructor is foreign, too.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    }
}

impl Core {
    /// Parks the task of `member`, or says that it has to end now. `known` is what it could see of that
    /// when the poll began that has just come back.
    ///
    /// Nobody waits, or is dropped, before a poll could show the signal, or the end of what has held
    /// the member until then (a shield, a scope inside): it is `PollAgain` first. For a signal that came
    /// in the first poll nobody could wake it.
    #[inline]
    pub(crate) fn park(&self, member: Member, known: Known, waker: &Waker) -> Parked {
        let waker = waker.clone();
        let other = (known != Known::Nothing).then(|| waker.clone());
        let mut state = self.lock_or_meet();
        // What is quiet under the lock stays so as long as it is held.
        if !self.is_quiet() {
            return self.park_in_noise(member, known, waker, other, state);
        }
        let old = match state.sitter_to_be(member) {
            Some(sitter) => sitter.waker.replace(waker),
            None => Some(waker),
        };
        drop(state);
        drop(old);
        Parked::Waiting
    }

    /// As [`park`](Self::park), for a child that comes back from its first poll.
    #[inline]
    pub(crate) fn park_first(&self, member: Member, known: Known, waker: &Waker) -> Parked {
        if self.is_reported(|| Report::Waits(member, waker.clone())) {
            return Parked::Waiting;
        }
        self.park(member, known, waker)
    }

    /// As [`park`](Self::park), when somebody here has been told to stop, or somebody looks.
    #[cold]
    fn park_in_noise(
        &self,
        member: Member,
        known: Known,
        waker: Waker,
        mut other: Option<Waker>,
        // The last, so that it is let go before the wakers are dropped.
        mut state: MutexGuard<'_, State>,
    ) -> Parked {
        let standing = state.standing(member);
        let Some(answered) = state.end_answer(member) else {
            drop(state);
            return Parked::PollAgain;
        };
        let Some(sitter) = state.sitter_to_be(member) else { return Parked::Waiting };
        if let Standing::Enforced(end) = standing {
            // A shield that was opened in that very poll, and is still there, may have ended since. Of
            // one that is gone the poll has seen the end: who opens another each time would never go.
            let extra = sitter.extra.as_mut();
            let opened = extra
                .is_some_and(|extra| std::mem::take(&mut extra.opened) && !extra.inner.is_empty());
            drop(state);
            answered.tell();
            let ends = known == Known::End && !opened;
            return if ends { Parked::Ends(end) } else { Parked::PollAgain };
        }
        if known == Known::Nothing && matches!(standing, Standing::Signalled(_)) {
            drop(state);
            answered.tell();
            return Parked::PollAgain;
        }
        if matches!(standing, Standing::Signalled(_))
            && !sitter.is_held_or_calls(&mut other)
            && matches!(state.standing(member), Standing::Enforced(_))
        {
            // What has held it has gone this very moment.
            drop(state);
            answered.tell();
            return Parked::PollAgain;
        }
        let old = state.sitter_to_be(member).and_then(|sitter| sitter.waker.replace(waker));
        drop(state);
        answered.tell();
        drop(old);
        Parked::Waiting
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
        if let Some(sitter) = state.sitter_known(member, &self.marks) {
            let watchers = &mut sitter.extra.get_or_insert_default().watchers;
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
        if let Some(extra) = state.sitter_mut(member).and_then(|sitter| sitter.extra.as_mut()) {
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
        for sitter in self.table.sitters_mut() {
            sitter.take_wakers(wakers);
        }
    }
}

impl Sitter {
    pub(super) fn take_wakers(&mut self, wakers: &mut Wakers) {
        wakers.tasks.extend(self.waker.take());
        if let Some(extra) = &mut self.extra {
            for (_, watcher) in &mut extra.watchers {
                wakers.watchers.extend(watcher.take());
            }
        }
    }
}
