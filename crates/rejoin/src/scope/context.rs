//! Which place in which scope the running code belongs to.
//!
//! Set by every poll (and every drop) of a task or a body, so that free functions such as
//! [`cancelled`](crate::cancelled) find their scope. The place is moved in and out, not cloned: a
//! poll touches no reference count.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::core::Place;
#[cfg(any(shuttle, rejoin_loom))]
use crate::seam::thread_local;

thread_local! {
    // What needs no destructor is reached without asking whether the destructor has run. Nothing
    // leaks: outside `enter` the place is back with its owner, and this is empty.
    static CURRENT: Cell<ManuallyDrop<Option<Place>>> =
        const { Cell::new(ManuallyDrop::new(None)) };
}

/// The place that the calling code belongs to, if it runs in a scope.
pub(crate) fn current() -> Option<Place> {
    with(|place| place.cloned())
}

/// Looks at the current place without cloning it.
pub(crate) fn with<R>(look: impl FnOnce(Option<&Place>) -> R) -> R {
    let place = exchange(None);
    let result = look(place.as_ref());
    exchange(place);
    result
}

/// Runs `work` at `place`, which is back where it was afterwards, also when `work` panics.
#[inline]
pub(crate) fn enter<R>(place: &mut Option<Place>, work: impl FnOnce() -> R) -> thread::Result<R> {
    // Meanwhile the owner keeps the place further out.
    *place = exchange(place.take());
    // What `work` leaves broken by a panic is dropped by the caller, and not used again.
    let result = catch_unwind(AssertUnwindSafe(work));
    *place = exchange(place.take());
    result
}

#[inline]
fn exchange(place: Option<Place>) -> Option<Place> {
    ManuallyDrop::into_inner(CURRENT.with(|current| current.replace(ManuallyDrop::new(place))))
}
