//! The one place that touches the runtime: spawning tasks, sleeping, reading the clock, locking.
//!
//! Everything else in the crate goes through here, so that another runtime or a model checker can
//! stand under it. What the crate relies on:
//!
//! * a spawned future is polled with a waker that stays good for as long as the task lives;
//! * a future that has returned or is being shut down is dropped by the runtime, never leaked;
//! * [`now`] and [`sleep_until`] read the same clock, which tests may pause and move.
//!
//! Two model checkers can stand here instead of Tokio. Under `--cfg shuttle` one decides at every
//! lock, atomic and wait who goes on, and when a deadline passes (`tests/schedules.rs`). Under
//! `--cfg rejoin_loom` another goes through all that the memory model allows
//! (`tests/memory_orders.rs`).

#[cfg(not(any(shuttle, rejoin_loom)))]
mod tokio;
#[cfg(not(any(shuttle, rejoin_loom)))]
pub(crate) use self::tokio::*;

#[cfg(shuttle)]
#[path = "shuttle.rs"]
mod checker;
#[cfg(rejoin_loom)]
#[path = "loom.rs"]
mod checker;
#[cfg(any(shuttle, rejoin_loom))]
pub(crate) use self::checker::*;

pub use ::tokio::time::Instant;
