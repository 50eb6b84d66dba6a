//! Everything that can be observed, as one closed list.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rejoin_value::Value;

/// Something that happened inside a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A call of a step or pipeline ended.
    CallEnded {
        /// The name as written.
        name: Arc<str>,
        /// `file:line`.
        location: Arc<str>,
        /// From its start to its end, retries included.
        took: Duration,
        /// The error's type, if it ended in one.
        error: Option<Arc<str>>,
    },
    /// An attempt failed and the call is made again.
    Retried {
        /// The name as written.
        name: Arc<str>,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// The error's type.
        error: Arc<str>,
        /// The pause before the next attempt.
        pause: Duration,
    },
    /// A task was started.
    TaskStarted {
        /// Its name.
        task: Arc<str>,
    },
    /// A task ended.
    TaskEnded {
        /// Its name.
        task: Arc<str>,
        /// From its start to its end.
        took: Duration,
        /// The error's type, or why it was cut off.
        error: Option<Arc<str>>,
    },
    /// A step wants a line in the log.
    Log {
        /// How much it matters.
        level: Level,
        /// What it says.
        message: Arc<str>,
        /// What belongs to it; an object or null.
        fields: Value,
    },
    /// A step shows a state to the developer.
    Debug {
        /// Its title.
        title: Arc<str>,
        /// The state.
        state: Value,
    },
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the developer of the program.
    Debug,
    /// Normal operation.
    Info,
    /// Something is off; the request goes on.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// The level as programs and logs write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The level that `text` names.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Debug, Self::Info, Self::Warn, Self::Error]
            .into_iter()
            .find(|level| level.as_str() == text)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Gets every event, in the order of each request. Must not block.
pub trait Observer: Send + Sync + 'static {
    /// Something happened in the request of that id.
    fn observe(&self, request_id: &str, event: &Event);

    /// Whether calls are of interest. When not, they are not even timed.
    fn wants_calls(&self) -> bool {
        false
    }
}

/// Observes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _: &str, _: &Event) {}
}
