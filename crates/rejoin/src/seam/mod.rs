//! The one place that touches the runtime: spawning tasks, sleeping, reading the clock, locking.
//!
//! Everything else in the crate goes through here, so that another runtime or a model checker can
//! stand under it. What the crate relies on:
//!
//! * a spawned future is polled with a waker that stays good for as long as the task lives;
//! * a future that has returned or is being shut down is dropped by the runtime, never leaked;
//! * [`now`] and [`sleep_until`] read the same clock, which tests may pause and move.
//!
//! Under `--cfg shuttle` the checker stands here instead of Tokio: it decides at every lock, atomic
//! and wait who goes on, and when a deadline passes. `tests/schedules.rs` is what it runs.

#[cfg(not(shuttle))]
mod tokio;
#[cfg(not(shuttle))]
pub(crate) use self::tokio::*;

#[cfg(shuttle)]
mod checker;
#[cfg(shuttle)]
pub(crate) use self::checker::*;

pub use ::tokio::time::Instant;
