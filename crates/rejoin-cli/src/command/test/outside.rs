//! Real time while something outside is asked: a service knows no other.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Who counts what is outside at the moment, and remembers that something was.
#[derive(Clone, Default)]
pub(super) struct Outside(Arc<Counts>);

#[derive(Default)]
struct Counts {
    open: AtomicUsize,
    was: AtomicBool,
}

impl Outside {
    /// Time is real until what is returned is dropped.
    pub(super) fn enter(&self) -> Box<dyn Any + Send> {
        self.0.was.store(true, Ordering::Relaxed);
        if self.0.open.fetch_add(1, Ordering::Relaxed) == 0 {
            tokio::time::resume();
        }
        Box::new(RealTime(self.0.clone()))
    }

    /// Whether a real service was reached.
    pub(super) fn was(&self) -> bool {
        self.0.was.load(Ordering::Relaxed)
    }
}

struct RealTime(Arc<Counts>);

impl Drop for RealTime {
    fn drop(&mut self) {
        let was_last = self.0.open.fetch_sub(1, Ordering::Relaxed) == 1;
        if was_last && tokio::runtime::Handle::try_current().is_ok() {
            tokio::time::pause();
        }
    }
}
