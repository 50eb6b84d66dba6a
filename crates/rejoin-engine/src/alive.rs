//! How many branches and tasks one run has at once: a program that calls itself from several widens with each level, long before its
//! calls are nested too deep.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most branches and tasks of one run.
pub(crate) const MOST_ALIVE: usize = 65_536;

/// Those that one run has now. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alive(Arc<AtomicUsize>);

/// Places for some of them, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Places {
    of: Alive,
    count: usize,
}

impl Alive {
    /// Places for so many more, if there are as many.
    pub(crate) fn take(&self, count: usize) -> Option<Places> {
        let more = |alive: usize| alive.checked_add(count).filter(|all| *all <= MOST_ALIVE);
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).ok()?;
        Some(Places { of: self.clone(), count })
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.of.0.fetch_sub(self.count, Ordering::SeqCst);
    }
}

/// What is wrong if there are no places left.
pub(crate) fn too_many() -> String {
    format!(
        "one run has at most {MOST_ALIVE} branches and tasks at once: does something call itself from several?"
    )
}
