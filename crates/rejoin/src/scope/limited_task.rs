//! Settings for one child of a scope with a limit.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::builder::Limit;
use super::limited::Placed;
use super::{LimitedScope, SpawnError, TaskBuilder, TaskHandle};
use crate::name::Name;
use crate::outcome::Outcome;
use crate::seam::Instant;

/// Spawns a child with a name, and with a deadline of its own if it needs one, when there is a place for it;
/// made by [`LimitedScope::task`].
#[must_use = "a builder spawns nothing until one of its `spawn` methods is called"]
pub struct LimitedTaskBuilder<'a, E> {
    scope: &'a LimitedScope<E>,
    name: Name,
    deadline: Option<Limit>,
}

impl<'a, E: Send + Sync + 'static> LimitedTaskBuilder<'a, E> {
    pub(super) fn new(scope: &'a LimitedScope<E>, name: Name) -> Self {
        LimitedTaskBuilder { scope, name, deadline: None }
    }

    /// As [`TaskBuilder::deadline`]. It bounds the child and not the wait for its place: one that starts too
    /// late is timed out at its first wait.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(Limit::At(deadline));
        self
    }

    /// How long the child may take, counted from its start: the wait for its place is not part of it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Some(Limit::After(timeout));
        self
    }

    /// As [`LimitedScope::spawn`].
    ///
    /// # Cancel safety
    ///
    /// As [`LimitedScope::spawn`].
    pub async fn spawn<F, T>(self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let place = self.scope.place().await;
        self.placed().spawn(Placed::new(future, place))
    }

    /// As [`LimitedScope::spawn_value`].
    ///
    /// # Cancel safety
    ///
    /// As [`LimitedScope::spawn`].
    pub async fn spawn_value<F, T>(self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let place = self.scope.place().await;
        self.placed().spawn_value(Placed::new(future, place))
    }

    /// As [`LimitedScope::spawn_outcome`].
    ///
    /// # Cancel safety
    ///
    /// As [`LimitedScope::spawn`].
    pub async fn spawn_outcome<F, T>(self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Outcome<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let place = self.scope.place().await;
        self.placed().spawn_outcome(Placed::new(future, place))
    }

    /// As [`LimitedScope::try_spawn`].
    ///
    /// # Errors
    ///
    /// [`SpawnError`] hands the future back if the limit is reached, or the scope is stopping or
    /// has ended.
    #[track_caller]
    pub fn try_spawn<F, T>(self, future: F) -> Result<TaskHandle<T, E>, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        match self.scope.try_place() {
            Ok(place) => {
                let spawned = self.placed().try_spawn(Placed::new(future, place));
                spawned.map_err(|error| error.map(Placed::into_future))
            }
            Err(refusal) => Err(SpawnError::new(future, refusal)),
        }
    }

    /// For a child that has its place.
    fn placed(self) -> TaskBuilder<'a, E> {
        let task = self.scope.unlimited().task(self.name);
        match self.deadline {
            None => task,
            Some(Limit::At(deadline)) => task.deadline(deadline),
            Some(Limit::After(timeout)) => task.timeout(timeout),
        }
    }
}

impl<E> fmt::Debug for LimitedTaskBuilder<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedTaskBuilder")
            .field("name", &self.name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
