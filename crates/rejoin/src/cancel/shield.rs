//! Bounded protection for clean-up.

use std::future::Future;
use std::time::Duration;

use super::TimedOut;
use super::deadline::Within;
use crate::scope::Scope;

/// Runs `future` so that cancellation and deadlines from outside do not reach it, for at most
/// `bound`.
///
/// Meant for clean-up: a message to send, a transaction to roll back. Whoever waits for the calling
/// task waits for the shield as well, and cancellation takes effect at the first wait after it. The
/// bound is a deadline like any other: when it passes, `future` is told to stop.
///
/// ```
/// use std::time::Duration;
/// use rejoin::{Scope, cancelled, scope, shield};
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let cleaned_up = scope(|s: Scope| async move {
///     let task = s.spawn_value(async {
///         cancelled().await;
///         shield(Duration::from_secs(1), sleep(Duration::from_millis(50))).await.is_ok()
///     });
///     tokio::task::yield_now().await;
///     task.cancel("that will do");
///     task.await
/// })
/// .await;
/// assert!(cleaned_up.unwrap());
/// # });
/// ```
///
/// # Errors
///
/// [`TimedOut`] if `bound` passed first.
///
/// # Cancel safety
///
/// A shield keeps cancellation away, not destruction: whoever drops the future that the shield is
/// in drops the shield too.
pub fn shield<F: Future>(
    bound: Duration,
    future: F,
) -> impl Future<Output = Result<F::Output, TimedOut>> {
    Within::new(Scope::builder().timeout(bound).shielded(), future)
}
