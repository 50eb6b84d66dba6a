//! Waiting for children that belong to a scope, without taking them over.

use std::future::poll_fn;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::wait::Until;
use crate::cancel::timeout;
use crate::inspect::waits;
use crate::scope::TaskHandle;

/// Which handles had finished when waiting stopped, and which had not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Split {
    /// Positions of those that have finished, in order. Awaiting their handles does not wait.
    pub done: Vec<usize>,
    /// Positions of those that go on, in order.
    pub not_done: Vec<usize>,
}

/// Waits until all of `handles` have finished, or until a condition holds or a time is up. It takes
/// no outcome out and stops nobody: the children go on, and every handle can still be awaited.
///
/// They may come from an array, a slice, a `Vec`, the values of a map, or be picked one by one, as in
/// `[&mut user, &mut orders]`; positions are those in the order in which they come.
///
/// Completion wakes the waiter; the cost of a completion does not depend on how many are pending. A call looks at
/// each handle once: to take very many one after the other, [`as_completed`](super::as_completed()) is the better way.
///
/// ```
/// use std::time::Duration;
/// use rejoin::{Scope, Until, scope, wait_handles};
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// scope(|s: Scope| async move {
///     let mut naps = [20, 10].map(|ms| s.spawn_value(sleep(Duration::from_millis(ms))));
///     let split = wait_handles(&mut naps, Until::first_completed()).await;
///     assert_eq!((split.done, split.not_done), (vec![1], vec![0]));
///     Ok(())
/// })
/// .await
/// # .unwrap();
/// # });
/// ```
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
///
/// # Panics
///
/// If a handle has given its outcome before.
pub async fn wait_handles<'a, T, E>(
    handles: impl IntoIterator<Item = &'a mut TaskHandle<T, E>>,
    until: Until,
) -> Split
where
    T: 'a,
    E: 'a,
{
    let mut handles: Vec<_> = handles.into_iter().collect();
    let met = waits("some of several tasks", async {
        let mut pending: FuturesUnordered<_> = handles
            .iter_mut()
            .map(|handle| async move {
                let outcome = poll_fn(|cx| {
                    handle.poll_finished(cx).map(|outcome| until.when.is_met(outcome))
                });
                outcome.await
            })
            .collect();
        while let Some(met) = pending.next().await {
            if met {
                break;
            }
        }
    });
    match until.timeout {
        // A time-out is an answer here, not an error: the split tells.
        Some(limit) => timeout(limit, met).await.unwrap_or_default(),
        None => met.await,
    }
    let mut split = Split::default();
    for (index, handle) in handles.iter().enumerate() {
        let side = if handle.is_finished() { &mut split.done } else { &mut split.not_done };
        side.push(index);
    }
    split
}
