//! The scopes that no other scope leads to: the outermost ones, and those that were dropped while
//! children were alive in them. For inspection, which has to begin somewhere.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slab::Slab;

use super::Core;

/// So many lists that threads seldom meet at one.
const LISTS: usize = 16;

// Not from the seam: nothing waits for anything under these locks.
static ROOTS: [Mutex<Slab<Arc<Core>>>; LISTS] = [const { Mutex::new(Slab::new()) }; LISTS];

thread_local! {
    /// The list of this thread.
    static LIST: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed) % LISTS
    };
}

/// Where a root is listed.
#[derive(Clone, Copy)]
pub(super) struct Root {
    list: usize,
    key: usize,
}

impl Root {
    /// Lists the scope that `make` makes for its place on the list.
    #[inline]
    pub(super) fn list(make: impl FnOnce(Root) -> Arc<Core>) -> Arc<Core> {
        // A thread that is about to end has no list of its own any more.
        let list = LIST.try_with(|list| *list).unwrap_or(0);
        let mut cores = lock(list);
        let entry = cores.vacant_entry();
        let core = make(Root { list, key: entry.key() });
        entry.insert(Arc::clone(&core));
        core
    }

    /// Lists a scope that was inside another one until now.
    pub(super) fn of(core: &Arc<Core>) -> Root {
        Root { list: 0, key: lock(0).insert(Arc::clone(core)) }
    }

    /// Takes it off the list. Its last reference may go with what this returns.
    pub(super) fn leave(self) -> Arc<Core> {
        lock(self.list).remove(self.key)
    }
}

/// All of this moment, the oldest first.
pub(crate) fn roots() -> Vec<Arc<Core>> {
    let mut roots = Vec::new();
    for list in 0..LISTS {
        roots.extend(lock(list).iter().map(|(_, core)| Arc::clone(core)));
    }
    roots.sort_by_key(|core| core.id);
    roots
}

fn lock(list: usize) -> MutexGuard<'static, Slab<Arc<Core>>> {
    ROOTS[list].lock().unwrap_or_else(PoisonError::into_inner)
}
