//! How containers remember their depth, and how they are dropped without deep recursion.

use super::Value;
use std::{
    cell::{Cell, RefCell},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

/// The remembered depth of a container; 0 while nobody has asked since the last change.
///
/// The number is a cache of something that the contents decide, so a relaxed store that another
/// thread overwrites with the same number is harmless.
#[derive(Default)]
pub(crate) struct Depth(AtomicU32);

impl Depth {
    pub(crate) fn known(depth: u32) -> Self {
        Depth(AtomicU32::new(depth))
    }

    pub(crate) fn forget(&mut self) {
        *self.0.get_mut() = 0;
    }

    /// The depth of a container with these children, if it is at most `limit`.
    ///
    /// Recurses at most `limit` levels.
    pub(crate) fn within<'v>(
        &self,
        limit: u32,
        children: impl Iterator<Item = &'v Value>,
    ) -> Option<u32> {
        let known = self.0.load(Relaxed);
        if known != 0 {
            return (known <= limit).then_some(known);
        }
        let below = limit.checked_sub(1)?;
        let mut deepest = 0;
        for child in children {
            deepest = deepest.max(child.depth_within(below)?);
        }
        self.0.store(deepest + 1, Relaxed);
        Some(deepest + 1)
    }

    fn is_shallow(&self) -> bool {
        (1..=SHALLOW).contains(&self.0.load(Relaxed))
    }
}

impl Clone for Depth {
    fn clone(&self) -> Self {
        Depth(AtomicU32::new(self.0.load(Relaxed)))
    }
}

/// Nesting that may be dropped by plain recursion.
const SHALLOW: u32 = 512;
/// Levels of unknown containers after which the rest is put off.
const INLINE_LEVELS: u32 = 64;

thread_local! {
    static LEVEL: Cell<u32> = const { Cell::new(0) };
    static PUT_OFF: RefCell<Vec<Vec<Value>>> = const { RefCell::new(Vec::new()) };
}

/// Drops the slots of a container whose depth may be unknown.
///
/// Plain recursion would overflow the stack on a value of a hundred thousand levels, so beyond
/// some levels the slots wait in a list that the outermost drop empties.
pub(crate) fn drop_slots<T>(
    depth: &Depth,
    slots: &mut Vec<T>,
    value: fn(T) -> Value,
    seen: fn(&T) -> &Value,
) {
    if depth.is_shallow() || !slots.iter().any(|slot| seen(slot).is_container()) {
        return;
    }
    // During the tear-down of a thread the list may be gone; recursion is all that is left then.
    let Ok(level) = LEVEL.try_with(Cell::get) else { return };
    let slots = std::mem::take(slots);
    if level >= INLINE_LEVELS {
        let values = slots.into_iter().map(value).collect();
        let _ = PUT_OFF.try_with(|list| list.borrow_mut().push(values));
        return;
    }
    LEVEL.set(level + 1);
    drop(slots);
    if level == 0 {
        while let Some(values) = PUT_OFF.with(|list| list.borrow_mut().pop()) {
            drop(values);
        }
    }
    LEVEL.set(level);
}
