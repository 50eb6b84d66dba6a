//! Which run awaits which, so that a circle of them is seen by the one that would close it.
//!
//! A run is found by what is being polled: code that asks is inside the run that polls it. What a run
//! has started as a task of its own asks from outside all runs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(any(shuttle, rejoin_loom))]
use crate::seam::thread_local;

thread_local! {
    /// The numbers of the runs that are being polled on this thread, one inside the other.
    static POLLED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Whom each run awaits, of all flights in the process. Only runs that await others are here.
static AWAITED: Mutex<BTreeMap<u64, Vec<u64>>> = Mutex::new(BTreeMap::new());

/// Polls the run of this number. `poll` does not unwind.
pub(super) fn inside<R>(run: u64, poll: impl FnOnce() -> R) -> R {
    POLLED.with(|polled| polled.borrow_mut().push(run));
    let polled = poll();
    POLLED.with(|polled| polled.borrow_mut().pop());
    polled
}

/// A run awaits another, for as long as this is there.
pub(super) struct Awaits {
    run: u64,
    other: u64,
}

impl Awaits {
    /// The run that the calling code is inside of, if any, is about to await `other`.
    ///
    /// # Panics
    ///
    /// If `other` is that run, or awaits it.
    pub(super) fn begin(other: u64) -> Option<Awaits> {
        let run = POLLED.with(|polled| polled.borrow().last().copied())?;
        let mut awaited = lock();
        let closes = leads(&awaited, other, run);
        if !closes {
            awaited.entry(run).or_default().push(other);
        }
        drop(awaited);
        assert!(
            other != run,
            "a run of a single flight asks for its own key, and would wait for itself"
        );
        assert!(
            !closes,
            "a run of a single flight asks for one that waits for it, and would wait for itself"
        );
        Some(Awaits { run, other })
    }
}

impl Drop for Awaits {
    fn drop(&mut self) {
        let mut awaited = lock();
        if let Some(others) = awaited.get_mut(&self.run) {
            if let Some(at) = others.iter().position(|other| *other == self.other) {
                others.swap_remove(at);
            }
            if others.is_empty() {
                awaited.remove(&self.run);
            }
        }
    }
}

/// Whether `from` is `to`, or awaits it by way of whatever others. There is no circle in the map.
fn leads(awaited: &BTreeMap<u64, Vec<u64>>, from: u64, to: u64) -> bool {
    let mut seen = vec![from];
    let mut at = 0;
    while let Some(run) = seen.get(at).copied() {
        if run == to {
            return true;
        }
        for other in awaited.get(&run).into_iter().flatten() {
            if !seen.contains(other) {
                seen.push(*other);
            }
        }
        at += 1;
    }
    false
}

fn lock() -> MutexGuard<'static, BTreeMap<u64, Vec<u64>>> {
    AWAITED.lock().unwrap_or_else(PoisonError::into_inner)
}
