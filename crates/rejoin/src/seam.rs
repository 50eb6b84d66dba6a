//! The one place that touches the runtime: spawning tasks, sleeping, reading the clock.
//!
//! Everything else in the crate goes through here, so that another runtime or a model checker can
//! stand under it. What the crate relies on:
//!
//! * a spawned future is polled with a waker that stays good for as long as the task lives;
//! * a future that has returned or is being shut down is dropped by the runtime, never leaked;
//! * [`now`] and [`sleep_until`] read the same clock, which tests may pause and move.

use std::future::Future;

pub(crate) use tokio::task::JoinHandle;
pub use tokio::time::Instant;
pub(crate) use tokio::time::Sleep;

/// Starts `future` as a task of the current runtime.
#[track_caller]
pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future)
}

/// A future that is ready at `deadline`.
pub(crate) fn sleep_until(deadline: Instant) -> Sleep {
    tokio::time::sleep_until(deadline)
}

/// The present moment on the clock that [`sleep_until`] uses.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How many tasks the current runtime still holds.
pub(crate) fn live_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Lets other tasks run.
pub(crate) async fn yield_now() {
    tokio::task::yield_now().await;
}
