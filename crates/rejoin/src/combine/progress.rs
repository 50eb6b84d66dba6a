//! How far a join has come, for whoever watches.

use std::fmt;
use std::time::Duration;

use crate::outcome::Outcome;
use crate::seam::{self, Instant};

/// How far a join has come. A hook gets one at the start and one after each completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many children have ended.
    pub done: usize,
    /// How many of these have failed, panicked or timed out.
    pub failed: usize,
    /// How many there will be, if that was known from the start.
    pub total: Option<usize>,
    /// How long it has been running.
    pub elapsed: Duration,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.done)?;
        if let Some(total) = self.total {
            write!(f, " of {total}")?;
        }
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        Ok(())
    }
}

/// Called on the task that joins, between two of its waits: it must not block.
pub(super) type Hook = Box<dyn FnMut(Progress) + Send>;

impl Progress {
    pub(super) fn begin(total: Option<usize>) -> Watch {
        let progress = Progress { done: 0, failed: 0, total, elapsed: Duration::ZERO };
        Watch { progress, since: seam::now() }
    }
}

/// Counts what a hook is told.
pub(super) struct Watch {
    progress: Progress,
    since: Instant,
}

impl Watch {
    pub(super) fn count<T, E>(&mut self, outcome: &Outcome<T, E>) {
        self.progress.done += 1;
        self.progress.failed += usize::from(outcome.as_ref().is_err_and(|e| !e.is_cancelled()));
    }

    pub(super) fn report(&mut self, hook: &mut Option<Hook>) {
        if let Some(hook) = hook {
            self.progress.elapsed = seam::now() - self.since;
            hook(self.progress);
        }
    }
}
