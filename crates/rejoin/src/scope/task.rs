//! Settings for one child.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Either;

use super::{
    Childless, Scope, SpawnError, TaskHandle, as_outcome, as_result, as_value, deadline_after,
};
use crate::name::Name;
use crate::outcome::Outcome;
use crate::seam::Instant;

/// Spawns a child with a name, and with a deadline of its own if it needs one; made by
/// [`Scope::task`].
#[must_use = "a builder spawns nothing until one of its `spawn` methods is called"]
pub struct TaskBuilder<'a, E> {
    scope: &'a Scope<E>,
    name: Name,
    deadline: Option<Instant>,
}

impl<'a, E: Send + Sync + 'static> TaskBuilder<'a, E> {
    pub(crate) fn new(scope: &'a Scope<E>, name: Name) -> Self {
        TaskBuilder { scope, name, deadline: None }
    }

    /// When the child has to have ended; it is [`TimedOut`](crate::TaskError::TimedOut) otherwise,
    /// and that is a failure. An earlier deadline of the scope holds in any case.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How long the child may take, counted from now.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.deadline(deadline_after(timeout))
    }

    /// As [`Scope::spawn`].
    #[track_caller]
    pub fn spawn<F, T>(self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        self.start(future, as_result)
    }

    /// As [`Scope::spawn_value`].
    #[track_caller]
    pub fn spawn_value<F, T>(self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.start(future, as_value)
    }

    /// As [`Scope::spawn_outcome`].
    #[track_caller]
    pub fn spawn_outcome<F, T>(self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Outcome<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        self.start(future, as_outcome)
    }

    /// As [`Scope::spawn_eager`].
    ///
    /// # Panics
    ///
    /// If the child has to wait, and this is called outside a Tokio runtime.
    #[track_caller]
    pub fn spawn_eager<F, T>(self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let TaskBuilder { scope, name, deadline } = self;
        match deadline {
            None => scope.start_here_or_refuse(Some(&name), future, as_result),
            Some(deadline) => {
                let future = until(deadline, Some(name.clone()), future, as_result);
                scope.start_here_or_refuse(Some(&name), future, as_outcome)
            }
        }
    }

    /// As [`Scope::try_spawn`].
    ///
    /// # Errors
    ///
    /// [`SpawnError`] hands the future back if the scope is stopping or has ended.
    #[track_caller]
    pub fn try_spawn<F, T>(self, future: F) -> Result<TaskHandle<T, E>, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let TaskBuilder { scope, name, deadline } = self;
        let admitted = match scope.admit(Some(&name)) {
            Ok(admitted) => admitted,
            Err(refusal) => return Err(SpawnError::new(future, refusal)),
        };
        Ok(match deadline {
            None => scope.start(admitted, Some(&name), future, as_result),
            Some(deadline) => {
                let future = until(deadline, Some(name.clone()), future, as_result);
                scope.start(admitted, Some(&name), future, as_outcome)
            }
        })
    }

    /// Takes the deadline off the builder and puts it around the future.
    pub(crate) fn within_deadline<F, I, T>(
        self,
        future: F,
        interpret: I,
    ) -> (Self, impl Future<Output = Outcome<T, E>> + use<F, I, T, E>)
    where
        F: Future,
        I: FnOnce(F::Output) -> Outcome<T, E>,
    {
        let future = match self.deadline {
            None => Either::Left(future.map(interpret)),
            Some(deadline) => {
                Either::Right(until(deadline, Some(self.name.clone()), future, interpret))
            }
        };
        (TaskBuilder { deadline: None, ..self }, future)
    }

    #[track_caller]
    fn start<F, I, T>(self, future: F, interpret: I) -> TaskHandle<T, E>
    where
        F: Future + Send + 'static,
        I: FnOnce(F::Output) -> Outcome<T, E> + Copy + Send + 'static,
        T: Send + 'static,
    {
        let TaskBuilder { scope, name, deadline } = self;
        match deadline {
            None => scope.start_or_refuse(Some(&name), future, interpret),
            Some(deadline) => {
                let future = until(deadline, Some(name.clone()), future, interpret);
                scope.start_or_refuse(Some(&name), future, as_outcome)
            }
        }
    }
}

/// A child with a deadline of its own is a child that runs in a scope of its own.
pub(crate) fn until<F, I, T, E>(
    deadline: Instant,
    name: Option<Name>,
    future: F,
    interpret: I,
) -> impl Future<Output = Outcome<T, E>>
where
    F: Future,
    I: FnOnce(F::Output) -> Outcome<T, E>,
{
    let mut scope = Scope::builder().deadline(deadline);
    if let Some(name) = name {
        scope = scope.name(name);
    }
    Childless::new(scope, future.map(interpret))
        .map(|ended| ended.unwrap_or_else(|error| Err(error.widen())))
}

impl<E> fmt::Debug for TaskBuilder<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("name", &self.name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
