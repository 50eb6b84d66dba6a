//! Joins that run their futures in the calling task, so that these may borrow from it.
//!
//! Everywhere else in this crate a child is a task: it may run on any thread, it goes on while its
//! siblings wait or block, and in exchange it must own what it uses. Here children are polled by the
//! join itself:
//!
//! | | tasks ([`scope`](crate::scope), [`gather`](crate::gather), …) | in the calling task (this module) |
//! |---|---|---|
//! | may borrow | no | yes |
//! | cores | all | one |
//! | a child that blocks | holds up its thread | holds up the caller and every sibling |
//! | a child costs | about 500 ns | about 100 ns |
//! | a panic | an outcome | unwinds through the caller; the others are dropped |
//! | cancellation | signal, grace, drop; each sees [`cancelled`](crate::cancelled) | the caller's: all are dropped with it |
//!
//! They are kept apart because of a trap. A future that was polled and then is not polled any more
//! may hold a lock, a permit or a connection that a sibling waits for, which then waits for ever
//! (`select!` in a loop and `buffered` streams can do that). So nothing here hands out a half-run
//! future: every function goes on polling all that it has started until each has ended, or drops
//! them.
//!
//! ```
//! use rejoin::in_task;
//! # async fn length(text: &str) -> Result<usize, std::num::ParseIntError> { Ok(text.len()) }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let texts = vec!["a".to_owned(), "bcd".to_owned()];
//! let lengths = in_task::gather(texts.iter().map(|text| length(text))).await?;
//! assert_eq!(lengths, [1, 3]);
//! # Ok::<(), std::num::ParseIntError>(()) }).unwrap();
//! ```

mod scope;

use std::convert::Infallible;
use std::future::Future;
use std::num::NonZeroUsize;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

pub use self::scope::{InTask, Spawned, scope};

/// Every output in input order, when all have ended. Known as `join_all`.
///
/// # Cancel safety
///
/// Dropping it drops the futures; outputs that were there are lost.
pub fn wait<I>(futures: I) -> impl Future<Output = Vec<<I::Item as Future>::Output>>
where
    I: IntoIterator,
    I::Item: Future,
{
    let futures = futures.into_iter().map(|future| future.map(Ok::<_, Infallible>));
    gather(futures).map(|Ok(outputs)| outputs)
}

/// Every output in input order, or the first failure, at which the rest is dropped. Known as
/// `try_join_all`.
///
/// # Errors
///
/// The first failure in time; of several at the same moment, any.
///
/// # Cancel safety
///
/// Dropping it drops the futures; outputs that were there are lost.
pub fn gather<I, T, E>(futures: I) -> impl Future<Output = Result<Vec<T>, E>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
{
    run(futures, usize::MAX)
}

/// Calls `f` on each item, polls at most `limit` of the futures at once, and gives every output in
/// the order of the items. The first failure drops the rest, and nothing more is pulled.
///
/// ```
/// use std::num::NonZeroUsize;
/// use rejoin::in_task;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let offset = 10;
/// let shifted = in_task::map([1, 2, 3], NonZeroUsize::new(2).unwrap(), |n| async move {
///     Ok::<_, ()>(n + offset)
/// });
/// assert_eq!(shifted.await, Ok(vec![11, 12, 13]));
/// # });
/// ```
///
/// # Errors
///
/// The first failure in time.
///
/// # Cancel safety
///
/// Dropping it drops the futures; outputs that were there are lost.
pub fn map<I, F, Fut, T, E>(
    items: I,
    limit: NonZeroUsize,
    f: F,
) -> impl Future<Output = Result<Vec<T>, E>>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    run(items.into_iter().map(f), limit.get())
}

/// The first to settle, with its position; the rest is dropped. `None` of nothing.
///
/// # Cancel safety
///
/// Dropping it drops the futures.
pub async fn race<I>(futures: I) -> Option<(usize, <I::Item as Future>::Output)>
where
    I: IntoIterator,
    I::Item: Future,
{
    let mut running: FuturesUnordered<_> = futures.into_iter().enumerate().map(numbered).collect();
    running.next().await
}

fn numbered<F: Future>((index, future): (usize, F)) -> impl Future<Output = (usize, F::Output)> {
    future.map(move |output| (index, output))
}

fn run<I, T, E>(futures: I, limit: usize) -> impl Future<Output = Result<Vec<T>, E>>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
{
    let mut futures = futures.into_iter().enumerate().map(numbered);
    // A block keeps what it is given where it is; an `async fn` would have it twice.
    async move {
        let mut running: FuturesUnordered<_> = futures.by_ref().take(limit).collect();
        let mut outputs: Vec<Option<T>> = Vec::new();
        while let Some((index, result)) = running.next().await {
            if index >= outputs.len() {
                outputs.resize_with(index + 1, || None);
            }
            outputs[index] = Some(result?);
            running.extend(futures.next());
        }
        Ok(outputs.into_iter().map(|output| output.expect("each has ended")).collect())
    }
}
