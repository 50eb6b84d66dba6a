//! Blocking work: on threads of its own, bounded, and waited for by the scope that started it.
//!
//! A future that blocks holds up its thread and everybody on it. Work that blocks (a file, a
//! C library, a long calculation) goes to a [`ThreadPool`], or with [`to_thread`] to the default one:
//!
//! ```
//! use rejoin::{Scope, scope, to_thread};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let sum = scope(|s: Scope| async move {
//!     s.spawn_outcome(to_thread(|| (1..=1000_u64).sum::<u64>())).await
//! });
//! assert_eq!(sum.await.unwrap(), 500_500);
//! # });
//! ```
//!
//! * Blocking work cannot be stopped from outside. Whoever awaits it can be cancelled; the work goes
//!   on, and the scope that it was started in does not end before it; nor does a
//!   [`timeout`](crate::timeout) around the call come back before. Let long work look at
//!   [`cancel_reason`](crate::cancel_reason) now and then.
//! * A pool runs so much at once as it has threads, and nothing queues in it: who finds it full
//!   waits, in the order of arrival, or takes the work back ([`ThreadPool::try_run`]). A thread
//!   counts until it is free, not until nobody waits for it any more.
//! * An [`Executor`] puts a bounded queue in front of a pool, for those who submit and go on.
//! * The work runs where it was started: [`deadline`](crate::deadline) and
//!   [`remaining`](crate::remaining) say the same as around the call.
//! * Nothing here polls: completion wakes whoever waits. So there are no polling intervals to set.

mod executor;
mod thread_pool;

use std::convert::Infallible;
use std::sync::OnceLock;

pub use self::executor::{Executor, ExecutorRefused};
pub use self::thread_pool::{PoolFull, ThreadPool};
use crate::configure::defaults;
use crate::outcome::Outcome;

/// Runs `work` on a thread of the default pool, which has as many as Tokio allows at most by default:
/// it is for work that waits. For work that calculates, make a pool of as many threads as there are
/// cores.
///
/// ```
/// use rejoin::to_thread;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let manifest = to_thread(|| std::fs::read_to_string("Cargo.toml")).await.unwrap();
/// assert!(manifest.unwrap().contains("[package]"));
/// # });
/// ```
///
/// # Errors
///
/// [`TaskError::Panicked`](crate::TaskError::Panicked) if it panics,
/// [`Cancelled`](crate::TaskError::Cancelled) if the scope around the call was stopping before it
/// could start.
///
/// # Cancel safety
///
/// Dropped before a thread was free, `work` has not started. Dropped later, `work` is told to stop,
/// which it sees in [`cancel_reason`](crate::cancel_reason); its result is lost, and the scope around
/// the call waits for its end.
pub async fn to_thread<F, T>(work: F) -> Outcome<T, Infallible>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    static DEFAULT: OnceLock<ThreadPool> = OnceLock::new();
    let pool = DEFAULT.get_or_init(|| ThreadPool::new("blocking", defaults().threads));
    pool.run_value(work).await
}
