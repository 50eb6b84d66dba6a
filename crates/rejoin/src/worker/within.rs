//! Which workers the running code keeps busy: so that waiting for oneself is an error.
//!
//! A worker's scope carries a [`Within`]. Whoever wants to call finds the workers inside whose calls
//! it runs by walking outward, and those that wait for these calls by their [`Link`]s.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::scope::context;
use crate::scope::core::{Member, Place};

static WORKERS: AtomicU64 = AtomicU64::new(1);

/// Marks the scope of a worker.
pub(super) struct Within {
    worker: u64,
    /// Who waits for the calls under way; most calls do not come from another worker and are not here.
    waiting: Mutex<Vec<(Member, Arc<Link>)>>,
}

/// A worker that is kept busy by the running code, and those that wait for it.
pub(super) struct Link {
    worker: u64,
    next: Option<Arc<Link>>,
}

impl Within {
    pub(super) fn new() -> Self {
        let worker = WORKERS.fetch_add(1, Ordering::Relaxed);
        Within { worker, waiting: Mutex::new(Vec::new()) }
    }

    /// Whether a call to this worker would wait for the code that makes it.
    pub(super) fn holds_up(&self, link: Option<&Arc<Link>>) -> bool {
        let mut link = link;
        while let Some(here) = link {
            if here.worker == self.worker {
                return true;
            }
            link = here.next.as_ref();
        }
        false
    }

    /// Somebody waits for the call of `member`.
    pub(super) fn add(self: &Arc<Self>, member: Member, link: Arc<Link>) -> Waits {
        self.lock().push((member, link));
        Waits { within: Arc::clone(self), member }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Member, Arc<Link>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The workers that the calling code keeps busy, if it runs inside a call of one.
pub(super) fn here() -> Option<Arc<Link>> {
    context::with(|place| {
        let mut at = place;
        while let Some(Place { core, member }) = at {
            if *member != Member::BODY
                && let Some(within) = core.own_value::<Within>()
            {
                let next =
                    within.lock().iter().find(|(of, _)| of == member).map(|(_, l)| l.clone());
                return Some(Arc::new(Link { worker: within.worker, next }));
            }
            at = core.parent();
        }
        None
    })
}

/// An entry of [`Within`], taken out when this is dropped.
pub(super) struct Waits {
    within: Arc<Within>,
    member: Member,
}

impl Drop for Waits {
    fn drop(&mut self) {
        let mut waiting = self.within.lock();
        if let Some(at) = waiting.iter().position(|(member, _)| *member == self.member) {
            waiting.swap_remove(at);
        }
    }
}
