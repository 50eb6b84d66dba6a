//! Reports: what children say beside the lock of a scope where workers meet at it.
//!
//! Who stops a child wants to know that it waits, and with which waker; who waits for the end, that it
//! has gone. While the body runs, nobody is told to stop and nobody looks, *nobody cares*. Then a child
//! that waits need not get at the lock: it puts a report on a list that it shares with few other threads,
//! and who finds the list full takes the lock and passes on what is on it. One that has never waited
//! needs no list: see [`marks`](super::marks).
//!
//! * The lists are made, under the lock, when somebody has found it taken. A scope that is small, or
//!   that lives on one worker, has none.
//! * Who begins to care says so in [`Core::signals`], under the lock, and then [collects](Core::collect)
//!   from all lists. A child looks at the signals while it holds its list. So either its report is
//!   collected, or it sees that somebody cares and goes by the lock.
//! * Reports come in any order, and later than what is said by the lock. So a child reports its first
//!   wait only, which puts a waker only where none is; and a seat is taken until its report is in.
//!   What is kept until then is the empty shell of a task, and no more of them than the lists hold.
//!
//! The lock of a list may be taken under that of the scope, never the other way round.

use std::sync::{OnceLock, PoisonError};
use std::task::Waker;

use super::seats::Sitter;
use super::{Core, Member, State};
use crate::seam::{self, Mutex, MutexGuard};

/// So many lists that threads seldom meet at one.
const LISTS: usize = if CHECKED { 2 } else { 8 };

/// So many reports are passed on at once: few, as others wait for the lock meanwhile.
const FULL: usize = if CHECKED { 2 } else { 16 };

/// A model checker comes by more ways where less is needed for each.
const CHECKED: bool = cfg!(any(shuttle, rejoin_loom));

#[derive(Default)]
pub(super) struct Reports {
    lists: [List; LISTS],
}

/// Alone on its cache line: its threads shall not disturb others.
#[derive(Default)]
#[repr(align(64))]
struct List(Mutex<Vec<Report>>);

pub(super) enum Report {
    /// A child has come back from its first poll, and waits.
    Waits(Member, Waker),
    /// The future of a child that has waited has been dropped.
    Left(Member),
}

/// What was at seats that have been given back. The destructor of a waker is the runtime's: this is to be
/// dropped when no lock is held.
#[must_use = "it is dropped when no lock is held"]
#[derive(Default)]
pub(super) struct Gone(Vec<Sitter>);

impl Reports {
    /// None at first, but under a checker, in which children would seldom meet at the lock.
    #[inline]
    pub(super) fn at_opening() -> OnceLock<Box<Reports>> {
        if seam::is_crowded() { OnceLock::from(Box::default()) } else { OnceLock::new() }
    }
}

impl List {
    fn lock(&self) -> MutexGuard<'_, Vec<Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Whether it is enough to have reported. If it is not, nothing has been said.
    #[inline]
    pub(super) fn is_reported(&self, report: impl FnOnce() -> Report) -> bool {
        self.reports
            .get()
            .is_some_and(|lists| self.nobody_cares() && self.put_on_list(lists, report()))
    }

    #[inline(never)]
    fn put_on_list(&self, reports: &Reports, report: Report) -> bool {
        let list = &reports.lists[seam::thread_number() % LISTS];
        let mut kept = list.lock();
        if !self.nobody_cares() {
            return false;
        }
        if kept.len() < FULL {
            if kept.capacity() == 0 {
                kept.reserve_exact(FULL);
            }
            // The last thing that this child does here: the scope may have closed before the next.
            kept.push(report);
            return true;
        }
        drop(kept);
        let (mut state, mut gone) = (self.lock(), Gone::default());
        self.collect_from(list, &mut state, &mut gone);
        drop(state);
        false
    }

    /// Has children report from now on, as they meet at the lock, which the caller holds.
    #[cold]
    pub(super) fn begin_reports(&self) {
        self.reports.get_or_init(Box::default);
    }

    /// Takes in what has been reported or marked. Afterwards, and as long as the lock is held, the state is as
    /// if all had gone by the lock, if the children can see that somebody cares.
    #[inline]
    pub(super) fn collect(&self, state: &mut State) -> Gone {
        self.sweep(state);
        self.collect_reports(state)
    }

    /// As [`collect`](Self::collect), without the marks of those who have left.
    #[inline]
    pub(super) fn collect_reports(&self, state: &mut State) -> Gone {
        self.reports.get().map_or_else(Gone::default, |reports| self.collect_all(reports, state))
    }

    #[cold]
    fn collect_all(&self, reports: &Reports, state: &mut State) -> Gone {
        let mut gone = Gone::default();
        for list in &reports.lists {
            self.collect_from(list, state, &mut gone);
        }
        gone
    }

    fn collect_from(&self, list: &List, state: &mut State, gone: &mut Gone) {
        for report in list.lock().drain(..) {
            match report {
                Report::Waits(member, waker) => gone.0.extend(state.waits(member, waker)),
                Report::Left(member) => gone.0.extend(self.clear_away(state, member)),
            }
        }
    }
}

impl State {
    /// Leaves the waker of a child, unless it has gone or left one itself: then gives it back.
    fn waits(&mut self, member: Member, waker: Waker) -> Option<Sitter> {
        match self.sitter_to_be(member) {
            Some(sitter) if sitter.waker.is_none() => {
                sitter.waker = Some(waker);
                None
            }
            _ => Some(Sitter { waker: Some(waker), extra: None }),
        }
    }
}
