//! Tokio, as the crate uses it.

use std::future::Future;

pub(crate) use std::sync::atomic::AtomicUsize;
pub(crate) use std::sync::{Mutex, MutexGuard};

pub(crate) use ::tokio::task::JoinHandle;
pub(crate) use ::tokio::time::Sleep;

use super::Instant;

/// Starts `future` as a task of the current runtime.
#[track_caller]
pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    ::tokio::spawn(future)
}

/// Starts `work` on one of the runtime's threads for work that blocks. A paused clock stands still
/// while it runs.
#[track_caller]
pub(crate) fn spawn_blocking<F, T>(work: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    ::tokio::task::spawn_blocking(work)
}

/// A future that is ready at `deadline`.
pub(crate) fn sleep_until(deadline: Instant) -> Sleep {
    ::tokio::time::sleep_until(deadline)
}

/// The present moment on the clock that [`sleep_until`] uses.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How many tasks the current runtime still holds.
pub(crate) fn live_tasks() -> usize {
    ::tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Lets other tasks run.
pub(crate) async fn yield_now() {
    ::tokio::task::yield_now().await;
}
