//! The bookkeeping of one scope: who lives in it, what stops it, what it has recorded.
//!
//! A [`Core`] is shared by the scope's [`run`](super::run), its children, its handles, and by the
//! scopes that were opened inside it. Everything that changes sits in one [`State`] under one lock;
//! the lock is held for a few instructions, never while user code runs (a waker, a destructor, a
//! future), and never two scopes' locks at once except outer before inner.
//!
//! A *member* is somebody who can be told to stop: the body, or a child.
//!
//! | room | what is in it |
//! |---|---|
//! | [`member`] | who: a place in a scope |
//! | [`seats`] | children come and go |
//! | [`marks`] | what is said of a child without the lock |
//! | [`table`] | who sits where |
//! | [`standing`] | how a member stands: running, told to stop, to be dropped |
//! | [`stop`] | stopping a scope, or members of it |
//! | [`reach`] | how a stop reaches the scopes further in |
//! | [`wakers`] | who is called when something changes, and how no call is lost |
//! | [`reports`] | what children say beside the lock, where workers meet at it |
//! | [`inner`] | scopes inside scopes, and those that were dropped |
//! | [`record`] | what went wrong |
//! | [`rare`] | what few scopes ever see |
//! | [`deadline`] | until when, and moving it |
//! | [`values`] | what is inherited by all inside |
//! | [`rest`] | children that only serve the others |
//! | [`closing`] | the end |
//! | [`roots`] | which scopes there are |
//! | [`look`] | asking members what they wait for |
//! | [`snapshot`] | what there is at a moment |

mod closing;
mod deadline;
mod inner;
pub(crate) mod look;
mod marks;
mod member;
mod rare;
mod reach;
mod record;
mod reports;
mod rest;
mod roots;
mod seats;
pub(crate) mod snapshot;
mod standing;
mod stop;
mod table;
mod values;
mod wakers;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

use self::marks::Marks;
pub(crate) use self::member::{Member, Place};
use self::rare::Rare;
pub(crate) use self::record::Record;
use self::reports::Reports;
use self::roots::Root;
pub(crate) use self::roots::roots;
#[cfg(not(any(shuttle, rejoin_loom)))]
pub(crate) use self::roots::{Left, remains};
use self::seats::Sitter;
pub(crate) use self::standing::{End, Standing};
pub(crate) use self::stop::StopCause;
use self::stop::{ALL, BODY_ENDED};
use self::table::Table;
pub(crate) use self::values::Values;
pub(crate) use self::wakers::{Known, Parked, wake};
use super::OnError;
use crate::name::Name;
use crate::seam::{self, AtomicUsize, Instant, Mutex, MutexGuard};

/// Counts scopes, so that ids in logs are unique within the process.
static SCOPES: AtomicU64 = AtomicU64::new(1);

/// What a scope is opened with; nothing here ever changes.
pub(crate) struct Settings {
    pub(crate) name: Option<Name>,
    pub(crate) grace: Duration,
    pub(crate) on_error: OnError,
    /// Takes no cancellation and no deadline from outside.
    pub(crate) shielded: bool,
    pub(crate) values: Values,
}

// In this order, because what is written all the time (the count of references before it, the state
// at its end) shall not be on a cache line with what every poll reads, `signals` to `reports`.
#[repr(C)]
pub(crate) struct Core {
    /// When it was opened, if it has a name.
    since: Option<Instant>,
    id: u64,
    parent: Option<Place>,
    /// Where it is on the list of whoever has opened it.
    stands_at: AtomicU64,
    /// How often whoever runs the scope was called to its timers, its waker taken: the deadline has
    /// moved, or was given at the opening, or the grace of a child has begun. Written under the lock
    /// only.
    calls: AtomicUsize,
    /// Zero while nobody has been told to stop, nobody looks, and the body has not ended. Written under the
    /// lock only.
    signals: AtomicUsize,
    /// Where children report, once they have met at the lock. Written under the lock only.
    reports: OnceLock<Box<Reports>>,
    settings: Settings,
    marks: Marks,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    table: Table,
    body: Sitter,
    spawned: u64,
    phase: Phase,
    /// The body has returned, or was dropped.
    body_ended: bool,
    /// The scope's own, whatever holds further out.
    deadline: Option<Instant>,
    /// Where it is listed, if no other scope leads to it.
    root: Option<Root>,
    /// Boxed, as is the rest: in most scopes nothing goes wrong.
    record: Option<Box<Record>>,
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// The future that ran it was dropped: nothing starts, an outer scope waits for what is left.
    Abandoned,
    /// Every member has ended.
    Closed,
}

impl Core {
    /// Opens a scope inside `parent`, if there is one. If `parent` is stopping, the new scope is
    /// born stopped.
    pub(crate) fn open(
        parent: Option<Place>,
        settings: Settings,
        deadline: Option<Instant>,
    ) -> Arc<Core> {
        let make = |parent, root| {
            Arc::new(Core {
                id: SCOPES.fetch_add(1, Ordering::Relaxed),
                since: settings.name.as_ref().map(|_| seam::now()),
                settings,
                parent,
                stands_at: AtomicU64::new(0),
                signals: AtomicUsize::new(0),
                reports: Reports::at_opening(),
                marks: Marks::default(),
                calls: AtomicUsize::new(usize::from(deadline.is_some())),
                state: Mutex::new(State { deadline, root, ..State::default() }),
            })
        };
        if parent.is_none() {
            return Root::list(|root| make(None, Some(root)));
        }
        let core = make(parent, None);
        if let Some(place) = &core.parent {
            place.core.enter_inner(place.member, &core);
        }
        core
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn name(&self) -> Option<&Name> {
        self.settings.name.as_ref()
    }

    /// Where it was opened.
    pub(crate) fn parent(&self) -> Option<&Place> {
        self.parent.as_ref()
    }

    pub(crate) fn on_error(&self) -> OnError {
        self.settings.on_error
    }

    /// How many children have not ended, those of dropped inner scopes not counted.
    pub(crate) fn live(&self) -> usize {
        let mut state = self.lock();
        let gone = self.collect(&mut state);
        let live = state.table.len();
        drop(state);
        drop(gone);
        live
    }

    /// Whether nobody here has been told to stop, and nobody looks. One load; `wakers` says why that is enough.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.signals.load(Ordering::Acquire) & !BODY_ENDED == 0
    }

    /// Whether, besides, the body runs: then nobody has to hear of it at once when a child waits or leaves.
    #[inline]
    fn nobody_cares(&self) -> bool {
        self.signals.load(Ordering::SeqCst) == 0
    }

    /// Whether the scope has been told to stop, and not only some of its children.
    pub(crate) fn is_stopping(&self) -> bool {
        self.signals.load(Ordering::Acquire) & ALL != 0
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`lock`](Self::lock), for what children have done most: if it has to wait, they report from now on.
    #[inline]
    fn lock_or_meet(&self) -> MutexGuard<'_, State> {
        match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(state)) => state.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let state = self.lock();
                self.begin_reports();
                state
            }
        }
    }
}

impl Drop for Core {
    /// From the inner ones to the outer ones, and not within each other: there may be more of them than a stack is
    /// deep.
    fn drop(&mut self) {
        let mut outer = self.parent.take();
        while let Some(Place { core, .. }) = outer {
            outer = Arc::into_inner(core).and_then(|mut core| core.parent.take());
        }
    }
}

impl State {
    #[inline]
    fn is_empty(&self) -> bool {
        self.table.is_empty() && self.rare().orphanages == 0
    }
}
