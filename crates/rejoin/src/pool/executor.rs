//! A bounded queue in front of a pool: submit and go on, be refused when it is full, drain or abort.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::ThreadPool;
use crate::cancel::{CancelReason, timeout};
use crate::inspect::waits;
use crate::name::Name;
use crate::outcome::Outcome;
use crate::scope::{OnError, Scope, ScopeError, TaskHandle, as_outcome};

/// A [`ThreadPool`] with a queue in front of it, for as long as a body runs. Clones are the same
/// executor.
///
/// ```
/// use std::convert::Infallible;
/// use std::num::NonZeroUsize;
/// use rejoin::pool::{Executor, ThreadPool};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let pool = ThreadPool::new("thumbnails", NonZeroUsize::new(4).unwrap());
/// let sum = Executor::open(pool, 2048, |executor: Executor<Infallible>| async move {
///     let heavy = executor.execute(|| Ok((1..=1000_u64).sum::<u64>())).await.unwrap();
///     heavy.await
/// });
/// assert_eq!(sum.await.unwrap(), 500_500);
/// # });
/// ```
///
/// * It is a scope of its own: [`open`](Self::open) returns when every piece of work has ended, so
///   leaving the body drains it. [`abort`](Self::abort) drops what has not started.
/// * A failure or a panic is seen by the handle of the work alone.
/// * Pieces start about in the order of submission; with several submitters there is no exact one.
pub struct Executor<E> {
    pool: ThreadPool,
    scope: Scope<E>,
    shared: Arc<Shared>,
}

struct Shared {
    /// One for each piece of work that runs or waits. Closed when nothing more is taken.
    places: Arc<Semaphore>,
    capacity: usize,
    aborted: OnceLock<CancelReason>,
    /// Told when a place is free again.
    freed: Notify,
}

/// A place in the queue, and then on a thread.
struct Place {
    permit: Option<OwnedSemaphorePermit>,
    shared: Arc<Shared>,
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.shared.freed.notify_waiters();
    }
}

impl<E: Send + Sync + 'static> Executor<E> {
    /// Runs `body` with an executor on `pool`, where at most `queue` pieces of work may wait for a
    /// thread; with a `queue` of 0 work is taken only for a thread of its own. It returns when the
    /// body and all work have ended.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if the body failed, or if the code around it was told to stop. Work that runs
    /// is awaited, work that waits never starts.
    ///
    /// # Panics
    ///
    /// If the body panics: after all work has ended, with the same payload.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the work that waits. Work that runs goes on; the nearest living scope waits
    /// for it.
    pub async fn open<F, Fut, R>(
        pool: ThreadPool,
        queue: usize,
        body: F,
    ) -> Result<R, ScopeError<E>>
    where
        F: FnOnce(Executor<E>) -> Fut,
        Fut: Future<Output = Outcome<R, E>>,
    {
        let capacity = pool.threads().get().saturating_add(queue).min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(capacity));
        let shared =
            Arc::new(Shared { places, capacity, aborted: OnceLock::new(), freed: Notify::new() });
        let scope = Scope::builder().name(pool.name().to_owned()).on_error(OnError::IgnoreErrors);
        scope.run(|scope| body(Executor { pool, scope, shared })).await
    }

    /// Submits `work`, waiting for a place in the queue. The handle may be dropped: the work goes
    /// on.
    ///
    /// # Errors
    ///
    /// [`ExecutorRefused`] hands `work` back if the executor is closed, or its body has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, `work` has not been submitted.
    pub async fn execute<F, T>(&self, work: F) -> Result<TaskHandle<T, E>, ExecutorRefused<F>>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
    {
        let place = Arc::clone(&self.shared.places).acquire_owned();
        match waits("a place in a queue", place).await {
            Ok(place) => self.submit(place, work),
            Err(_) => Err(self.refuse(work, Refusal::Closed)),
        }
    }

    /// As [`execute`](Self::execute), if there is a place now.
    ///
    /// # Errors
    ///
    /// [`ExecutorRefused`] hands `work` back if the queue is full or the executor is closed.
    pub fn try_execute<F, T>(&self, work: F) -> Result<TaskHandle<T, E>, ExecutorRefused<F>>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
    {
        match Arc::clone(&self.shared.places).try_acquire_owned() {
            Ok(place) => self.submit(place, work),
            Err(TryAcquireError::NoPermits) => Err(self.refuse(work, Refusal::Full)),
            Err(TryAcquireError::Closed) => Err(self.refuse(work, Refusal::Closed)),
        }
    }

    /// Takes no more work. What was submitted runs to its end.
    pub fn close(&self) {
        self.shared.places.close();
    }

    /// Takes no more work, drops what has not started, and tells what runs to stop: it sees so in
    /// [`cancel_reason`](crate::cancel_reason). Blocking work cannot be forced;
    /// [`open`](Self::open) waits for it. The first reason stays.
    pub fn abort(&self, reason: impl Into<CancelReason>) {
        let reason = self.shared.aborted.get_or_init(|| reason.into()).clone();
        self.close();
        self.scope.cancel_children(reason);
    }

    /// Takes no more work, waits for what it has for at most `patience`, then [aborts](Self::abort) what is
    /// left. Gives how many pieces that were: none, if all have ended. What runs then is not waited for
    /// here; [`open`](Self::open) does that.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use std::num::NonZeroUsize;
    /// use std::time::Duration;
    /// use rejoin::pool::{Executor, ThreadPool};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let pool = ThreadPool::new("thumbnails", NonZeroUsize::MIN);
    /// let left = Executor::open(pool, 16, |executor: Executor<Infallible>| async move {
    ///     for _ in 0..3 {
    ///         executor.execute(|| Ok(())).await.unwrap();
    ///     }
    ///     Ok(executor.stop_within(Duration::from_secs(10)).await)
    /// });
    /// assert_eq!(left.await.unwrap(), 0);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, the executor is closed, and what it has runs to its end.
    pub async fn stop_within(&self, patience: Duration) -> usize {
        self.close();
        let drained = waits("the end of what an executor has", self.drained());
        if timeout(patience, drained).await.is_ok() {
            return 0;
        }
        let left = self.unfinished();
        let name = self.pool.name();
        self.abort(format!("the executor of pool `{name}` was to stop within {patience:?}"));
        left
    }

    async fn drained(&self) {
        loop {
            let mut freed = pin!(self.shared.freed.notified());
            // From now on, so that none is missed after the look.
            freed.as_mut().enable();
            if self.unfinished() == 0 {
                return;
            }
            freed.await;
        }
    }

    /// How many pieces of work run or wait.
    pub fn unfinished(&self) -> usize {
        self.shared.capacity - self.shared.places.available_permits()
    }

    fn submit<F, T>(
        &self,
        place: OwnedSemaphorePermit,
        work: F,
    ) -> Result<TaskHandle<T, E>, ExecutorRefused<F>>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
    {
        // The body has ended, or was stopped, and somebody still has a clone.
        let Ok(admitted) = self.scope.admit(None) else {
            return Err(self.refuse(work, Refusal::Closed));
        };
        let pool = self.pool.clone();
        let place = Place { permit: Some(place), shared: Arc::clone(&self.shared) };
        // With the work, not with who waits for it: work that was given up goes on.
        let work = move || {
            let _place = place;
            work()
        };
        let work = async move { pool.run(work).await };
        let handle = self.scope.start(admitted, None, work, as_outcome);
        // An abort between taking the place and spawning did not see this one.
        if let Some(reason) = self.shared.aborted.get() {
            handle.cancel(reason.clone());
        }
        Ok(handle)
    }

    fn refuse<F>(&self, work: F, refusal: Refusal) -> ExecutorRefused<F> {
        ExecutorRefused { pool: self.pool.name().to_owned().into(), refusal, work }
    }
}

impl<E> Clone for Executor<E> {
    fn clone(&self) -> Self {
        Executor {
            pool: self.pool.clone(),
            scope: self.scope.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<E> fmt::Debug for Executor<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("pool", &self.pool)
            .field("capacity", &self.shared.capacity)
            .field("closed", &self.shared.places.is_closed())
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Full,
    Closed,
}

/// An executor did not take a piece of work. It hands the work back.
pub struct ExecutorRefused<F> {
    pool: Name,
    refusal: Refusal,
    work: F,
}

impl<F> ExecutorRefused<F> {
    /// The work, which has not started.
    pub fn into_work(self) -> F {
        self.work
    }

    /// Whether the queue was full: then the work may be submitted again later. Otherwise the
    /// executor is closed.
    pub fn is_full(&self) -> bool {
        self.refusal == Refusal::Full
    }
}

impl<F> fmt::Debug for ExecutorRefused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorRefused")
            .field("pool", &self.pool)
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Display for ExecutorRefused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refusal {
            Refusal::Full => write!(f, "the queue of the executor on `{}` is full", self.pool),
            Refusal::Closed => write!(f, "the executor on `{}` is closed", self.pool),
        }
    }
}

impl<F> Error for ExecutorRefused<F> {}
