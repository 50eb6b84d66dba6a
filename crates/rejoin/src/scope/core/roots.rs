//! The scopes that no other scope leads to: the outermost ones, and those that were dropped while
//! children were alive in them. For inspection, which has to begin somewhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slab::Slab;

use super::Core;
#[cfg(not(any(shuttle, rejoin_loom)))]
use super::Phase;
#[cfg(not(any(shuttle, rejoin_loom)))]
use crate::name::Name;
use crate::seam;

/// So many lists that threads seldom meet at one.
const LISTS: usize = 16;

// Not from the seam: nothing waits for anything under these locks.
static ROOTS: [Mutex<Slab<Arc<Core>>>; LISTS] = [const { Mutex::new(Slab::new()) }; LISTS];

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
        let list = seam::thread_number() % LISTS;
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

impl Root {
    /// As [`leave`](Self::leave), for one whose end nobody has waited for.
    pub(super) fn leave_unawaited(self) -> Arc<Core> {
        let core = self.leave();
        #[cfg(not(any(shuttle, rejoin_loom)))]
        crate::detach::one_has_ended();
        core
    }
}

/// What is there that nobody waits for.
#[cfg(not(any(shuttle, rejoin_loom)))]
pub(crate) struct Left {
    /// The names of blocking work, one for each piece.
    pub(crate) blocking: Vec<Name>,
    /// How many other tasks there are, in scopes that were dropped.
    pub(crate) tasks: usize,
}

/// What is left in scopes that were dropped, and the blocking work of those that are detached.
#[cfg(not(any(shuttle, rejoin_loom)))]
pub(crate) fn remains(is_detached: impl Fn(&Arc<Core>) -> bool) -> Left {
    let mut left = Left { blocking: Vec::new(), tasks: 0 };
    for root in roots() {
        let detached = is_detached(&root);
        if !detached && root.lock().phase != Phase::Abandoned {
            continue;
        }
        let mut queue = vec![root];
        while let Some(core) = queue.pop() {
            let mut state = core.lock();
            let gone = core.collect(&mut state);
            let tasks = state.table.iter().map(|(_, _, sitter)| (sitter, true));
            for (sitter, is_task) in tasks.chain([(Some(&state.body), false)]) {
                let extra = sitter.and_then(|sitter| sitter.extra.as_deref());
                match extra.filter(|extra| extra.blocking) {
                    Some(extra) => left.blocking.extend(extra.name.clone()),
                    None => left.tasks += usize::from(is_task && !detached),
                }
                queue.extend(extra.into_iter().flat_map(|extra| extra.inner.iter().cloned()));
            }
            drop(state);
            drop(gone);
        }
    }
    left
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
