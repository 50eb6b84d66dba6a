//! Why something was cancelled: a source that programs match on, and a text for people.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::name::Name;
use crate::outcome::TaskError;

/// Where a cancellation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelSource {
    /// A deadline passed.
    Deadline,
    /// Another child of the same scope failed, and the scope stops at the first failure.
    SiblingFailed,
    /// Another child was first, or enough others had succeeded.
    RaceLost,
    /// Something further out was stopped; the text says what and why.
    Parent,
    /// Whoever asked for the work has gone away.
    ClientGone,
    /// The program is shutting down.
    Shutdown,
    /// The worker that was to serve the call has died.
    WorkerDied,
    /// A worker did not take the call.
    Refused,
    /// Somebody called `cancel`.
    Explicit,
}

impl CancelSource {
    /// A stable identifier for logs and metrics, such as `client_gone`.
    pub fn as_str(self) -> &'static str {
        match self {
            CancelSource::Deadline => "deadline",
            CancelSource::SiblingFailed => "sibling_failed",
            CancelSource::RaceLost => "race_lost",
            CancelSource::Parent => "parent",
            CancelSource::ClientGone => "client_gone",
            CancelSource::Shutdown => "shutdown",
            CancelSource::WorkerDied => "worker_died",
            CancelSource::Refused => "refused",
            CancelSource::Explicit => "explicit",
        }
    }
}

impl fmt::Display for CancelSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CancelSource::Deadline => "deadline passed",
            CancelSource::SiblingFailed => "sibling failed",
            CancelSource::RaceLost => "race lost",
            CancelSource::Parent => "parent cancelled",
            CancelSource::ClientGone => "client gone",
            CancelSource::Shutdown => "shutting down",
            CancelSource::WorkerDied => "worker died",
            CancelSource::Refused => "refused",
            CancelSource::Explicit => "cancelled",
        })
    }
}

/// Why something was cancelled. Cheap to clone.
///
/// A plain text becomes an [`Explicit`](CancelSource::Explicit) reason:
///
/// ```
/// use rejoin::{CancelReason, CancelSource};
///
/// let reason = CancelReason::from("the user pressed stop");
/// assert_eq!(reason.source(), CancelSource::Explicit);
/// assert_eq!(reason.to_string(), "cancelled: the user pressed stop");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CancelReason(Arc<Why>);

// Behind one pointer: outcomes are moved more often than anybody is cancelled, and should be small.
#[derive(PartialEq, Eq)]
struct Why {
    source: CancelSource,
    text: Name,
}

impl CancelReason {
    /// A reason with its source and a text for people.
    pub fn new(source: CancelSource, text: impl Into<Name>) -> Self {
        CancelReason(Arc::new(Why { source, text: text.into() }))
    }

    /// Whoever asked for the work has gone away.
    pub fn client_gone(text: impl Into<Name>) -> Self {
        Self::new(CancelSource::ClientGone, text)
    }

    /// The program is shutting down.
    pub fn shutdown(text: impl Into<Name>) -> Self {
        Self::new(CancelSource::Shutdown, text)
    }

    /// Where the cancellation came from.
    pub fn source(&self) -> CancelSource {
        self.0.source
    }

    /// The text for people.
    pub fn text(&self) -> &str {
        self.0.text.as_str()
    }

    /// The reason as it is seen one scope further in. Sources that hold for everything below keep
    /// their name; those that describe a place among siblings would be untrue there.
    pub(crate) fn passed_down(&self) -> Self {
        match self.0.source {
            CancelSource::SiblingFailed | CancelSource::RaceLost | CancelSource::Explicit => {
                CancelReason::new(CancelSource::Parent, self.0.text.clone())
            }
            _ => self.clone(),
        }
    }
}

/// Without a text.
impl From<CancelSource> for CancelReason {
    fn from(source: CancelSource) -> Self {
        CancelReason::new(source, "")
    }
}

impl From<&'static str> for CancelReason {
    fn from(text: &'static str) -> Self {
        CancelReason::new(CancelSource::Explicit, text)
    }
}

impl From<String> for CancelReason {
    fn from(text: String) -> Self {
        CancelReason::new(CancelSource::Explicit, text)
    }
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            "" => self.0.source.fmt(f),
            text => write!(f, "{}: {text}", self.0.source),
        }
    }
}

impl fmt::Debug for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelReason")
            .field("source", &self.0.source)
            .field("text", &self.0.text)
            .finish()
    }
}

/// The error of [`checkpoint`](crate::checkpoint): the calling task has been cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancelled(pub(crate) CancelReason);

impl Cancelled {
    /// Why.
    pub fn reason(&self) -> &CancelReason {
        &self.0
    }

    /// Takes the reason out.
    pub fn into_reason(self) -> CancelReason {
        self.0
    }

    /// As the end of a child, to be passed on inside a scope.
    pub fn into_task_error<E>(self) -> TaskError<E> {
        TaskError::Cancelled(self.0)
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Cancelled {}
