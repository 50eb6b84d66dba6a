//! [`NoAnswer`]: why a request has none.

use crate::error::Failure;

/// Why a request has no answer.
///
/// If a connection is `reused`, it had rested in the pool or answered another request before, and may have been closed
/// for having been idle, which says nothing about this request.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// There is no connection.
    NotConnected(Failure),
    /// The connection closed before it began to take the request, which can be sent on another one.
    Unsent,
    /// Something went wrong on a connection.
    Exchange { error: hyper::Error, reused: bool },
    /// The connection is closed, and there is nothing else to say.
    Closed { reused: bool },
}

impl NoAnswer {
    pub(crate) fn was_reused(&self) -> bool {
        match self {
            NoAnswer::NotConnected(_) | NoAnswer::Unsent => false,
            NoAnswer::Exchange { reused, .. } | NoAnswer::Closed { reused } => *reused,
        }
    }
}
