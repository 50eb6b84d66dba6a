//! Between code that is async and code that is not.
//!
//! | you are in | you want | use |
//! |---|---|---|
//! | a plain function, with or without a runtime around it | to run async code and wait for it | [`block_on`], [`ScopeBuilder::block_on`](crate::ScopeBuilder::block_on) |
//! | work of a [`ThreadPool`] | to call back into the runtime | the same |
//! | async code | to call what blocks | [`to_thread`](crate::to_thread), [`ThreadPool::run`](crate::pool::ThreadPool::run) |
//! | either | a function for the other side | [`to_sync`], [`to_async`] |
//!
//! What is awaited from blocking code runs in a scope, so it ends before the blocking code goes on,
//! and it hears of the cancellation and the deadline of whoever called the blocking code:
//!
//! ```
//! use std::convert::Infallible;
//! use rejoin::bridge::block_on;
//! use rejoin::{Scope, to_thread};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! // On a thread for blocking work: a library calls back, and the callback needs the runtime.
//! let sum = to_thread(|| {
//!     block_on(|s: Scope<Infallible>| async move {
//!         let parts = [s.spawn_value(async { 20 }), s.spawn_value(async { 22 })];
//!         let [left, right] = parts;
//!         Ok(left.await? + right.await?)
//!     })
//! });
//! assert_eq!(sum.await.unwrap().unwrap(), 42);
//! # });
//! ```
//!
//! # Where the calling thread may block
//!
//! * Outside a runtime: [`block_on`] makes one for the call, with one thread.
//! * On a thread of a pool: the runtime of the pool's caller goes on meanwhile and does the work. A
//!   paused clock stands still while blocking work runs, so do not wait for virtual time there.
//! * On a thread of a runtime with several threads: the thread hands its other tasks over first.
//! * On the thread of a runtime with one thread: nowhere. What is awaited could need that thread,
//!   which would be a deadlock, so it is [`BlockOnError::OneThread`], before anything starts.
//! * Nor in work of [`tokio::task::spawn_blocking`] on such a runtime: nothing tells its threads from that one.
//!   Start it with [`to_thread`](crate::to_thread) or a [`ThreadPool`] instead, which may block.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;

use crate::outcome::{Outcome, TaskError};
use crate::pool::ThreadPool;
use crate::scope::{Scope, ScopeBuilder, ScopeError};
use crate::seam::{self, Blocked};

/// Opens a scope from code that is not async, and blocks the calling thread until the scope has
/// ended. As [`scope`](crate::scope()) otherwise.
///
/// ```
/// use std::convert::Infallible;
/// use rejoin::{Scope, bridge};
///
/// // No runtime anywhere.
/// let answer = bridge::block_on(|s: Scope<Infallible>| async move {
///     s.spawn_value(async { 42 }).await
/// });
/// assert_eq!(answer.unwrap(), 42);
/// ```
///
/// # Errors
///
/// [`BlockOnError::Scope`] with what [`scope`](crate::scope()) would return;
/// [`BlockOnError::OneThread`] and [`BlockOnError::Runtime`] if the thread may not or cannot wait:
/// then `body` was not called.
///
/// # Panics
///
/// If the body panics, after every child has ended; inside a `LocalSet` of a runtime with several
/// threads.
pub fn block_on<F, Fut, R, E>(body: F) -> Result<R, BlockOnError<E>>
where
    F: FnOnce(Scope<E>) -> Fut,
    Fut: Future<Output = Outcome<R, E>>,
    E: Send + Sync + 'static,
{
    Scope::builder().block_on(body)
}

impl ScopeBuilder {
    /// As [`run`](ScopeBuilder::run), from code that is not async: it blocks the calling thread
    /// until the scope has ended. [`bridge`](crate::bridge) says where that is possible.
    ///
    /// # Errors
    ///
    /// As [`bridge::block_on`](crate::bridge::block_on).
    ///
    /// # Panics
    ///
    /// As [`bridge::block_on`](crate::bridge::block_on).
    pub fn block_on<F, Fut, R, E>(self, body: F) -> Result<R, BlockOnError<E>>
    where
        F: FnOnce(Scope<E>) -> Fut,
        Fut: Future<Output = Outcome<R, E>>,
        E: Send + Sync + 'static,
    {
        // An async block, so that a time-out counts from when the runtime is there.
        match seam::block_on(async { self.run(body).await }) {
            Ok(result) => result.map_err(BlockOnError::Scope),
            Err(Blocked::OneThread) => Err(BlockOnError::OneThread),
            Err(Blocked::NoRuntime(error)) => Err(BlockOnError::Runtime(error)),
        }
    }
}

/// Makes a function that blocks of one that is async.
///
/// ```
/// use rejoin::bridge::to_sync;
///
/// let double = to_sync(|n: u32| async move { Ok::<_, std::io::Error>(2 * n) });
/// assert_eq!([1, 2, 3].map(|n| double(n).unwrap()), [2, 4, 6]);
/// ```
///
/// # Errors
///
/// None here. Those of a call of the function are those of [`block_on`].
pub fn to_sync<A, F, Fut, T, E>(function: F) -> impl Fn(A) -> Result<T, BlockOnError<E>>
where
    F: Fn(A) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: Send + Sync + 'static,
{
    move |argument| {
        block_on(|_: Scope<E>| async { function(argument).await.map_err(TaskError::from) })
    }
}

/// Makes an async function of one that blocks: each call runs on a thread of `pool`, as
/// [`ThreadPool::run`] does it.
///
/// ```
/// use std::num::NonZeroUsize;
/// use rejoin::bridge::to_async;
/// use rejoin::pool::ThreadPool;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let pool = ThreadPool::new("parsing", NonZeroUsize::new(2).unwrap());
/// let parse = to_async(&pool, |text: &str| text.parse::<u32>());
/// assert_eq!(parse("42").await.unwrap(), 42);
/// assert!(parse("many").await.unwrap_err().failed().is_some());
/// # });
/// ```
///
/// # Errors
///
/// None here. Those of a call of the function are those of [`ThreadPool::run`].
pub fn to_async<A, F, T, E>(
    pool: &ThreadPool,
    function: F,
) -> impl Fn(A) -> std::pin::Pin<Box<dyn Future<Output = Outcome<T, E>> + Send>> + Clone
where
    A: Send + 'static,
    F: Fn(A) -> Result<T, E> + Clone + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let pool = pool.clone();
    move |argument| {
        let (pool, function) = (pool.clone(), function.clone());
        Box::pin(async move { pool.run(move || function(argument)).await })
    }
}

/// Why [`block_on`] has no value.
pub enum BlockOnError<E = Infallible> {
    /// The scope ended without one.
    Scope(ScopeError<E>),
    /// The calling thread is the only one of its runtime. Nothing has started.
    OneThread,
    /// There was no runtime, and none could be made.
    Runtime(io::Error),
}

impl<E> fmt::Debug for BlockOnError<E>
where
    E: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(error) => f.debug_tuple("Scope").field(error).finish(),
            Self::OneThread => f.write_str("OneThread"),
            Self::Runtime(error) => f.debug_tuple("Runtime").field(error).finish(),
        }
    }
}

impl<E> fmt::Display for BlockOnError<E>
where
    ScopeError<E>: fmt::Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(error) => error.fmt(f),
            Self::OneThread => f.write_str(
                "the only thread of this runtime cannot block until async work has ended (nor can work of \
                 `tokio::task::spawn_blocking`, which cannot be told from it): await the work, or call this from \
                 `to_thread` or from a runtime with several threads",
            ),
            Self::Runtime(error) => write!(f, "no runtime could be made: {error}"),
        }
    }
}

impl<E> Error for BlockOnError<E>
where
    ScopeError<E>: Error,
    E: fmt::Debug,
{
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Scope(error) => error.source(),
            Self::OneThread => None,
            Self::Runtime(error) => Some(error),
        }
    }
}
