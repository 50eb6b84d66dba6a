//! What happens to a worker whose state was lost.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::seam::Instant;

/// What to do when a call has panicked: its state may be broken, and is dropped in any case. The same
/// when a state has gone with its process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restart {
    /// Nothing: that copy of the worker is gone. When the last one is, the worker has died.
    #[default]
    Never,
    /// A new state is made, whatever happens.
    Always,
    /// A new state is made, unless that has happened `times` times in the last stretch of `within`:
    /// what keeps dying is beyond repair. All copies of a worker count together.
    AtMost {
        /// How often in one stretch.
        times: NonZeroU32,
        /// How long a stretch is.
        within: Duration,
    },
}

/// The restarts that still count.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    recent: VecDeque<Instant>,
    pub(super) total: u64,
}

impl Restarts {
    /// Whether there is to be one more; counts it if so.
    pub(super) fn allow(&mut self, policy: Restart, now: Instant) -> bool {
        let allowed = match policy {
            Restart::Never => false,
            Restart::Always => true,
            Restart::AtMost { times, within } => {
                while self.recent.front().is_some_and(|at| now.duration_since(*at) >= within) {
                    self.recent.pop_front();
                }
                let fits = u32::try_from(self.recent.len()).is_ok_and(|used| used < times.get());
                if fits {
                    self.recent.push_back(now);
                }
                fits
            }
        };
        self.total += u64::from(allowed);
        allowed
    }
}
