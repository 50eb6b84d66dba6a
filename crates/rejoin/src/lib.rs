//! Structured concurrency on Tokio: fork freely, everything rejoins.

mod cancel;
mod combine;
mod name;
mod outcome;
mod scope;
mod seam;

pub use crate::cancel::{
    CancelReason, CancelSource, Cancelled, Canceller, TimedOut, WhenCancelled, cancelled,
    checkpoint, deadline, remaining, shield, timeout, timeout_at,
};
pub use crate::combine::{
    Ending, Joiner, Split, Until, Waited, Won, any, gather, join_with, quorum, race, wait,
    wait_handles, wait_until,
};
pub use crate::name::Name;
pub use crate::outcome::{Outcome, Panic, TaskError};
pub use crate::scope::{
    Cause, Failure, LimitedScope, LimitedScopeBuilder, OnError, Scope, ScopeBuilder, ScopeError,
    SpawnError, TaskBuilder, TaskHandle, TaskId, scope,
};
pub use crate::seam::Instant;

/// How many tasks the current runtime still holds, whoever spawned them. For tests that look for
/// leaks, and for inspection.
///
/// # Panics
///
/// Outside a Tokio runtime.
pub fn live_tasks() -> usize {
    seam::live_tasks()
}
