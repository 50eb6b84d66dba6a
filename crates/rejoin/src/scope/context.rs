//! Which place in which scope the running code belongs to.
//!
//! Set by every poll (and every drop) of a task or a body, so that free functions such as
//! [`cancelled`](crate::cancelled) find their scope. The place is moved in and out, not cloned: a
//! poll touches no reference count.

use std::cell::Cell;

use super::core::Place;

thread_local! {
    static CURRENT: Cell<Option<Place>> = const { Cell::new(None) };
}

/// The place that the calling code belongs to, if it runs in a scope.
pub(crate) fn current() -> Option<Place> {
    with(|place| place.cloned())
}

/// Looks at the current place without cloning it.
pub(crate) fn with<R>(look: impl FnOnce(Option<&Place>) -> R) -> R {
    // A thread that is being torn down has no place.
    let place = CURRENT.try_with(Cell::take).ok().flatten();
    let result = look(place.as_ref());
    let _ = CURRENT.try_with(|current| current.set(place));
    result
}

/// Runs `work` at `place`, which is back where it was afterwards, also when `work` panics.
pub(crate) fn enter<R>(place: &mut Option<Place>, work: impl FnOnce() -> R) -> R {
    let outer = CURRENT.replace(place.take());
    let _leave = Leave { place, outer };
    work()
}

struct Leave<'a> {
    place: &'a mut Option<Place>,
    outer: Option<Place>,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        *self.place = CURRENT.replace(self.outer.take());
    }
}
