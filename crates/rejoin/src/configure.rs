//! Defaults of the whole process.
//!
//! ```
//! use std::num::NonZeroUsize;
//! use std::time::Duration;
//! use rejoin::configure::{Defaults, configure};
//!
//! # fn main() -> Result<(), rejoin::configure::ConfigureError> {
//! let eight = NonZeroUsize::new(8).unwrap();
//! configure(Defaults::new().threads(eight).limit(eight).grace(Duration::from_millis(200)))?;
//! # Ok(()) }
//! ```
//!
//! Each is only what holds where nothing else is said: a builder's own setting always counts. The
//! defaults are set once, before anything uses them, so that nobody sees them change.
//!
//! What other libraries have as settings and this one has not:
//!
//! * *A default time-out.* A deadline holds for all that is inside: give the outermost scope one, and
//!   no call inside it needs another. One that a library sets behind its caller's back ends servers.
//! * *Polling intervals and strategies.* Nothing polls: completion wakes whoever waits for it.
//! * *The number of worker threads of the runtime.* That is the runtime's, which the caller builds.

use std::error::Error;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::time::Duration;

static DEFAULTS: OnceLock<Defaults> = OnceLock::new();

/// The longest default grace: a program has to end some time.
const LONGEST_GRACE: Duration = Duration::from_secs(60 * 60);

/// What holds where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "defaults hold only after `configure`"]
pub struct Defaults {
    pub(crate) threads: NonZeroUsize,
    pub(crate) limit: NonZeroUsize,
    pub(crate) grace: Duration,
    /// As many as there are cores, if nothing is said.
    #[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
    processes: Option<NonZeroUsize>,
}

impl Defaults {
    /// Those that hold without [`configure`]: 512 threads, 16 items at once, no grace, as many child
    /// processes as there are cores.
    pub fn new() -> Self {
        // As many threads as Tokio allows at most by default. So many items are enough to hide a
        // slow answer, and few enough for a service on the other side.
        const THREADS: NonZeroUsize = NonZeroUsize::new(512).expect("it is not zero");
        const LIMIT: NonZeroUsize = NonZeroUsize::new(16).expect("it is not zero");
        Defaults {
            threads: THREADS,
            limit: LIMIT,
            grace: Duration::ZERO,
            #[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
            processes: None,
        }
    }

    /// How many pieces of work [`to_thread`](crate::to_thread) runs at once. The runtime has to allow
    /// so many blocking threads, which Tokio does up to 512.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// How many items a [`Map`](crate::Map) has under way at once.
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.limit = limit;
        self
    }

    /// How long members of a scope may go on after they were told to stop, at most an hour. It holds
    /// for scopes that are opened with [`scope`](crate::scope()) or a builder without a
    /// [grace](crate::ScopeBuilder::grace) of its own, also for those of joins and time-outs.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

#[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
impl Defaults {
    /// How many children [`to_process`](crate::to_process) runs at once, and a
    /// [`ProcessPool`](crate::process::ProcessPool) has.
    pub fn processes(mut self, processes: NonZeroUsize) -> Self {
        self.processes = Some(processes);
        self
    }

    pub(crate) fn children(&self) -> NonZeroUsize {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.processes.unwrap_or_else(cores)
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Self::new()
    }
}

/// Sets the defaults of the process.
///
/// # Errors
///
/// [`ConfigureError`] if they were set already, something has used them already, or one of them is out
/// of bounds. Nothing changes then.
pub fn configure(defaults: Defaults) -> Result<(), ConfigureError> {
    if defaults.grace > LONGEST_GRACE {
        return Err(ConfigureError::Grace(defaults.grace));
    }
    DEFAULTS.set(defaults).map_err(|_| ConfigureError::InUse)
}

/// Those that hold, from now on for good.
#[inline]
pub(crate) fn defaults() -> &'static Defaults {
    DEFAULTS.get_or_init(Defaults::new)
}

/// Defaults were not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigureError {
    /// They were set already, or something has used them: a scope, a map, a thread, a child process.
    InUse,
    /// The grace is longer than an hour.
    Grace(Duration),
}

impl fmt::Display for ConfigureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigureError::InUse => f.write_str(
                "the defaults are in use already: call `configure` once, before anything else",
            ),
            ConfigureError::Grace(grace) => {
                write!(f, "a default grace of {grace:?} is longer than an hour: set a shorter one")
            }
        }
    }
}

impl Error for ConfigureError {}
