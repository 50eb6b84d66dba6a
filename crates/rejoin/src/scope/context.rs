//! Which place in which scope the running code belongs to.
//!
//! Set by every poll (and every drop) of a task or a body, so that free functions such as
//! [`cancelled`](crate::cancelled) find their scope. The place is swapped in and out, not cloned: a
//! poll touches no reference count. It is swapped whole, because a processor that has to read in one
//! piece what was just written in two stalls.

use std::cell::RefCell;
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::core::Place;
#[cfg(any(shuttle, rejoin_loom))]
use crate::seam::thread_local;

thread_local! {
    // What needs no destructor is reached without asking whether the destructor has run. Nothing
    // leaks: outside `enter` the place is back with its owner, and this is empty.
    static CURRENT: RefCell<ManuallyDrop<Option<Place>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// The place that the calling code belongs to, if it runs in a scope.
pub(crate) fn current() -> Option<Place> {
    with(|place| place.cloned())
}

/// Looks at the current place without cloning it. `look` does not [`enter`] another one.
#[inline]
pub(crate) fn with<R>(look: impl FnOnce(Option<&Place>) -> R) -> R {
    CURRENT.with(|current| look(current.borrow().as_ref()))
}

/// Runs `work` at `place`, which is back where it was afterwards, also when `work` panics.
#[inline]
pub(crate) fn enter<R>(place: &mut Option<Place>, work: impl FnOnce() -> R) -> thread::Result<R> {
    // Meanwhile the owner keeps the place further out.
    swap(place);
    // What `work` leaves broken by a panic is dropped by the caller, and not used again.
    let result = catch_unwind(AssertUnwindSafe(work));
    swap(place);
    result
}

#[inline]
fn swap(place: &mut Option<Place>) {
    CURRENT.with(|current| mem::swap(&mut **current.borrow_mut(), place));
}
