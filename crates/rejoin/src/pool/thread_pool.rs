//! A named, bounded share of the runtime's blocking threads.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::cancel::{CancelReason, CancelSource, cancel_reason};
use crate::inspect::waits;
use crate::name::Name;
use crate::outcome::{Outcome, Panic, TaskError};
use crate::scope::core::Place;
use crate::scope::guest::Guest;
use crate::scope::{as_result, as_value};
use crate::seam;

/// A named, bounded number of threads for blocking work. Clones are the same pool.
///
/// The threads are the runtime's: they are made when they are needed, and virtual time stands still
/// while one of them works.
///
/// ```
/// use std::num::NonZeroUsize;
/// use rejoin::pool::ThreadPool;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let images = ThreadPool::new("images", NonZeroUsize::new(2).unwrap());
/// let number = images.run(|| "42".parse::<u32>()).await?;
/// assert_eq!(number, 42);
/// # Ok::<(), rejoin::TaskError<std::num::ParseIntError>>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct ThreadPool {
    name: Name,
    threads: NonZeroUsize,
    free: Arc<Semaphore>,
}

impl ThreadPool {
    /// A pool that runs at most `threads` pieces of work at once. The name is that of its work in
    /// errors and inspection.
    pub fn new(name: impl Into<Name>, threads: NonZeroUsize) -> Self {
        let places = threads.get().min(Semaphore::MAX_PERMITS);
        ThreadPool { name: name.into(), threads, free: Arc::new(Semaphore::new(places)) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// How many pieces of work may run at once.
    pub fn threads(&self) -> NonZeroUsize {
        self.threads
    }

    /// How many are running.
    pub fn busy(&self) -> usize {
        self.threads.get().saturating_sub(self.free.available_permits())
    }

    /// Waits for a free thread, runs `work` on it, and gives its outcome.
    ///
    /// # Errors
    ///
    /// [`TaskError::Failed`] if `work` returns an error, [`TaskError::Panicked`] if it panics,
    /// [`TaskError::Cancelled`] if the calling task was told to stop before it could start.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped before a thread was free, `work` has not started. Dropped later, `work` is told to stop,
    /// which it sees in [`cancel_reason`](crate::cancel_reason); its result is lost, and the scope
    /// around the call waits for its end.
    pub async fn run<F, T, E>(&self, work: F) -> Outcome<T, E>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.finish(self.thread().await, work, as_result).await
    }

    /// As [`run`](Self::run), for work that cannot fail.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_value<F, T>(&self, work: F) -> Outcome<T, Infallible>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.finish(self.thread().await, work, as_value).await
    }

    /// As [`run`](Self::run), if a thread is free and nobody waits for one. The work starts with this
    /// call; what is returned waits for its end, and the work goes on if that is dropped.
    ///
    /// # Errors
    ///
    /// [`PoolFull`] hands `work` back.
    pub fn try_run<F, T, E>(
        &self,
        work: F,
    ) -> Result<impl Future<Output = Outcome<T, E>> + use<F, T, E>, PoolFull<F>>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        match Arc::clone(&self.free).try_acquire_owned() {
            Ok(thread) => {
                let started = self.start(thread, work);
                Ok(async move {
                    let (ends, _place) = started.map_err(TaskError::Cancelled)?;
                    ended(ends.await, as_result)
                })
            }
            Err(_) => Err(PoolFull { pool: self.name.clone(), work }),
        }
    }

    async fn thread(&self) -> OwnedSemaphorePermit {
        let free = Arc::clone(&self.free);
        let free = waits("a thread of a pool", free.acquire_owned());
        free.await.expect("the semaphore is never closed")
    }

    async fn finish<F, R, I, T, E>(
        &self,
        thread: OwnedSemaphorePermit,
        work: F,
        interpret: I,
    ) -> Outcome<T, E>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
        I: FnOnce(R) -> Outcome<T, E>,
    {
        match self.start(thread, work) {
            Ok((ends, place)) => {
                let outcome = waits("work on a thread", Waiter { ends, place });
                ended(outcome.await, interpret)
            }
            Err(reason) => Err(TaskError::Cancelled(reason)),
        }
    }

    /// Starts `work` as a member of the scope around the call, which waits for it. Gives its end, and
    /// its place there.
    fn start<F, R>(
        &self,
        free: OwnedSemaphorePermit,
        work: F,
    ) -> Result<(Ends<R>, Option<Place>), CancelReason>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let mut guest = Guest::of_caller(&self.name)?;
        let place = guest.place().cloned();
        let (sender, receiver) = oneshot::channel();
        drop(seam::spawn_blocking(move || {
            let result = guest.enter(work);
            // A result that nobody waits for is dropped here, while the scope still waits.
            let _ = sender.send(result);
            drop(free);
            drop(guest);
        }));
        Ok((receiver, place))
    }
}

type Ends<R> = oneshot::Receiver<thread::Result<R>>;

/// Who waits for work that nobody else waits for: what stops the one is told to the other, which
/// cannot be forced and has a place of its own in the scope.
struct Waiter<R> {
    ends: Ends<R>,
    place: Option<Place>,
}

impl<R> Waiter<R> {
    fn tell(&mut self, reason: CancelReason) {
        if let Some(place) = self.place.take() {
            place.core.stop_member(place.member, reason.passed_down());
        }
    }
}

impl<R> Future for Waiter<R> {
    type Output = Result<thread::Result<R>, oneshot::error::RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.ends).poll(cx);
        if polled.is_ready() {
            self.place = None;
        } else if let Some(reason) = cancel_reason() {
            self.tell(reason);
        }
        polled
    }
}

impl<R> Drop for Waiter<R> {
    fn drop(&mut self) {
        let unwanted = || CancelReason::new(CancelSource::Parent, "nobody waits for it any longer");
        self.tell(cancel_reason().unwrap_or_else(unwanted));
    }
}

fn ended<R, I, T, E>(
    joined: Result<thread::Result<R>, oneshot::error::RecvError>,
    interpret: I,
) -> Outcome<T, E>
where
    I: FnOnce(R) -> Outcome<T, E>,
{
    match joined {
        Ok(Ok(output)) => interpret(output),
        Ok(Err(payload)) => Err(TaskError::Panicked(Panic::new(payload))),
        // A runtime that shuts down drops what has not started.
        Err(_) => Err(TaskError::Cancelled(CancelReason::shutdown("the runtime was shut down"))),
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("name", &self.name)
            .field("threads", &self.threads)
            .field("busy", &self.busy())
            .finish()
    }
}

/// Every thread of a pool is busy. It hands the work back.
pub struct PoolFull<F> {
    pool: Name,
    work: F,
}

impl<F> PoolFull<F> {
    /// The work, which has not started.
    pub fn into_work(self) -> F {
        self.work
    }
}

impl<F> fmt::Debug for PoolFull<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolFull").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for PoolFull<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every thread of the pool `{}` is busy", self.pool)
    }
}

impl<F> Error for PoolFull<F> {}
