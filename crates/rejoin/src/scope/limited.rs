//! A scope in which only so many children are under way at once.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::Refusal;
use super::{LimitedTaskBuilder, Scope, SpawnError, TaskHandle};
use crate::inspect::waits;
use crate::name::Name;
use crate::outcome::Outcome;

/// A [`Scope`] with a limit: when it is full, whoever spawns waits. Nothing queues.
///
/// A place is taken before the child starts and is free again when its future has been dropped.
/// Waiters are served in the order in which they came.
///
/// A child that waits for a place in the scope whose place it holds can wait for itself; spawn from
/// the body, or into a scope of the child's own.
pub struct LimitedScope<E> {
    scope: Scope<E>,
    places: Arc<Semaphore>,
    limit: NonZeroUsize,
}

impl<E> LimitedScope<E> {
    pub(crate) fn new(scope: Scope<E>, limit: NonZeroUsize) -> Self {
        // More places than a semaphore can count are as good as that many.
        let places = limit.get().min(Semaphore::MAX_PERMITS);
        LimitedScope { scope, places: Arc::new(Semaphore::new(places)), limit }
    }

    /// The scope without the limit: to cancel, to inspect, and to spawn what should not count.
    pub fn unlimited(&self) -> &Scope<E> {
        &self.scope
    }

    /// How many children may be under way at once.
    pub fn limit(&self) -> NonZeroUsize {
        self.limit
    }
}

impl<E: Send + Sync + 'static> LimitedScope<E> {
    /// Waits for a free place, then starts `future` as a child. Otherwise as [`Scope::spawn`].
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has started nothing and gives up its place in the line; `future`
    /// is dropped with it.
    pub async fn spawn<F, T>(&self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let place = self.place().await;
        self.scope.spawn(Placed::new(future, place))
    }

    /// As [`spawn`](Self::spawn), for a child that cannot fail.
    ///
    /// # Cancel safety
    ///
    /// As [`spawn`](Self::spawn).
    pub async fn spawn_value<F, T>(&self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let place = self.place().await;
        self.scope.spawn_value(Placed::new(future, place))
    }

    /// As [`spawn`](Self::spawn), for a child that says itself how it ended.
    ///
    /// # Cancel safety
    ///
    /// As [`spawn`](Self::spawn).
    pub async fn spawn_outcome<F, T>(&self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Outcome<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let place = self.place().await;
        self.scope.spawn_outcome(Placed::new(future, place))
    }

    /// Starts `future` if there is a free place, and does not wait for one.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] hands the future back if the limit is reached, or the scope is stopping or
    /// has ended.
    pub fn try_spawn<F, T>(&self, future: F) -> Result<TaskHandle<T, E>, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        match self.try_place() {
            Ok(place) => {
                let spawned = self.scope.try_spawn(Placed::new(future, place));
                spawned.map_err(|error| error.map(Placed::into_future))
            }
            Err(refusal) => Err(SpawnError::new(future, refusal)),
        }
    }

    /// Settings for one child: a name, and a deadline of its own.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use std::time::Duration;
    /// use rejoin::{LimitedScope, OnError, Scope};
    /// # use tokio::time::sleep;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let one = Scope::builder().on_error(OnError::IgnoreErrors).limit(NonZeroUsize::MIN);
    /// let slow = one.run(|s: LimitedScope<()>| async move {
    ///     s.spawn_value(sleep(Duration::from_secs(1))).await;
    ///     // It waits for its place first, and has two seconds from then on.
    ///     let import = s.task("import").timeout(Duration::from_secs(2));
    ///     Ok(import.spawn_value(sleep(Duration::from_secs(60))).await.await)
    /// });
    /// assert!(slow.await.unwrap().unwrap_err().is_timed_out());
    /// # });
    /// ```
    pub fn task(&self, name: impl Into<Name>) -> LimitedTaskBuilder<'_, E> {
        LimitedTaskBuilder::new(self, name.into())
    }

    pub(super) async fn place(&self) -> OwnedSemaphorePermit {
        let places = Arc::clone(&self.places);
        let place = waits("a place in a limit", places.acquire_owned());
        place.await.expect("the semaphore is never closed")
    }

    pub(super) fn try_place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refusal::Full)
    }
}

pin_project! {
    /// A future with its place, which is given back after the future was dropped.
    pub(super) struct Placed<F> {
        #[pin]
        future: Option<F>,
        place: Option<OwnedSemaphorePermit>,
    }
}

impl<F: Future> Placed<F> {
    pub(super) fn new(future: F, place: OwnedSemaphorePermit) -> Self {
        Placed { future: Some(future), place: Some(place) }
    }

    /// Of one that was not polled.
    pub(super) fn into_future(self) -> F {
        self.future.expect("it is not polled after its end")
    }
}

impl<F: Future> Future for Placed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let output = ready!(future.expect("it is not polled after its end").poll(cx));
        this.future.set(None);
        drop(this.place.take());
        Poll::Ready(output)
    }
}

impl<E> Clone for LimitedScope<E> {
    fn clone(&self) -> Self {
        LimitedScope {
            scope: self.scope.clone(),
            places: Arc::clone(&self.places),
            limit: self.limit,
        }
    }
}

impl<E> fmt::Debug for LimitedScope<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedScope")
            .field("scope", &self.scope)
            .field("limit", &self.limit)
            .field("free", &self.places.available_permits())
            .finish()
    }
}
