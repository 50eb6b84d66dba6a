//! What a worker can be asked to do.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::outcome::{Outcome, TaskError};

/// Something that can be done with a worker's state.
///
/// A closure over `&mut S` is a call; write the type of its argument, so that the compiler sees for
/// which state it is. A type of its own is better for what several places ask, and for a call that
/// waits:
///
/// ```
/// use std::time::Duration;
/// use rejoin::worker::{Call, Worker};
/// use rejoin::{Outcome, Scope, scope};
/// use tokio::time::sleep;
///
/// struct Counter { n: u64 }
/// struct AddSlowly(u64);
///
/// impl Call<Counter> for AddSlowly {
///     type Output = u64;
///     type Error = std::convert::Infallible;
///
///     async fn run(self, counter: &mut Counter) -> Outcome<u64, Self::Error> {
///         sleep(Duration::from_secs(1)).await;
///         counter.n += self.0;
///         Ok(counter.n)
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let n = scope(|s: Scope| async move {
///     let counter: Worker<Counter> = Worker::builder("counter").start(&s, || Counter { n: 1 });
///     counter.call(|c: &mut Counter| Ok(c.n += 1)).await?;
///     counter.call(AddSlowly(3)).await
/// });
/// assert_eq!(n.await.unwrap(), 5);
/// # });
/// ```
// No `'static` here: it is asked for where a call is submitted. A bound on the trait would have to be
// proven again for every future that has a call inside, where the compiler has forgotten lifetimes.
pub trait Call<S>: Send {
    /// What it gives.
    type Output: Send;
    /// How it can fail.
    type Error: Send + Sync;

    /// Does it. No other call sees the state meanwhile.
    ///
    /// If the call is cancelled, the future is dropped where it waits and the state stays as it is
    /// then: leave it whole at every wait. If it panics, the state is dropped.
    fn run(self, state: &mut S) -> impl Future<Output = Outcome<Self::Output, Self::Error>> + Send;
}

impl<S, F, T, E> Call<S> for F
where
    S: Send,
    F: FnOnce(&mut S) -> Result<T, E> + Send,
    T: Send,
    E: Send + Sync,
{
    type Output = T;
    type Error = E;

    async fn run(self, state: &mut S) -> Outcome<T, E> {
        self(state).map_err(TaskError::from)
    }
}

/// Makes a call of a closure that waits.
///
/// ```
/// use std::time::Duration;
/// use rejoin::worker::{Worker, asynchronous};
/// use rejoin::{Scope, scope};
/// use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let log = scope(|s: Scope| async move {
///     let log: Worker<Vec<&str>> = Worker::builder("log").start(&s, Vec::new);
///     log.call(asynchronous(|lines: &mut Vec<&str>| Box::pin(async move {
///         sleep(Duration::from_secs(1)).await;
///         lines.push("slept");
///         Ok(lines.len())
///     })))
///     .await
/// });
/// assert_eq!(log.await.unwrap(), 1);
/// # });
/// ```
pub fn asynchronous<S, F, T, E>(function: F) -> Async<F>
where
    F: for<'a> FnOnce(&'a mut S) -> Pin<Box<dyn Future<Output = Outcome<T, E>> + Send + 'a>>,
{
    Async(function)
}

/// A closure that waits, as a call; made by [`asynchronous`].
// The box is what a closure needs to say on stable Rust that its future is `Send` for every lifetime.
pub struct Async<F>(F);

impl<S, F, T, E> Call<S> for Async<F>
where
    S: Send,
    F: for<'a> FnOnce(&'a mut S) -> Pin<Box<dyn Future<Output = Outcome<T, E>> + Send + 'a>> + Send,
    T: Send,
    E: Send + Sync,
{
    type Output = T;
    type Error = E;

    async fn run(self, state: &mut S) -> Outcome<T, E> {
        (self.0)(state).await
    }
}

impl<F> fmt::Debug for Async<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Async").finish_non_exhaustive()
    }
}
