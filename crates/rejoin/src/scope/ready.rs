//! Children that say when they are ready.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::{Scope, TaskBuilder, TaskHandle, as_result, context};
use crate::cancel::{CancelReason, CancelSource};
use crate::inspect::waits;
use crate::outcome::{Outcome, Panic, TaskError};

type Answer<V, E> = Arc<Mutex<Option<oneshot::Sender<Result<V, NotReady<E>>>>>>;

type Answered<V, E> = oneshot::Receiver<Result<V, NotReady<E>>>;

/// By which a child says that it is ready; [`Scope::spawn_ready`] gives it one.
pub struct Ready<V, E> {
    answer: Answer<V, E>,
}

impl<V, E> Ready<V, E> {
    /// Says so, and with it what the others need to know: an address, a connection.
    pub fn signal(self, value: V) {
        if let Some(answer) = take(&self.answer) {
            // Whoever waited may have gone; the child is told to stop then.
            let _ = answer.send(Ok(value));
        }
    }
}

impl<V, E> fmt::Debug for Ready<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

/// Why a child never was ready.
#[derive(Debug)]
pub enum NotReady<E> {
    /// It failed, panicked or was stopped before.
    Task(TaskError<E>),
    /// It ended well without having said that it is ready.
    Ended,
}

impl<E: fmt::Display> fmt::Display for NotReady<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotReady::Task(error) => error.fmt(f),
            NotReady::Ended => f.write_str("the task ended before it was ready"),
        }
    }
}

impl<E: Error + 'static> Error for NotReady<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            NotReady::Task(error) => error.source(),
            NotReady::Ended => None,
        }
    }
}

impl<E: Send + Sync + 'static> Scope<E> {
    /// Starts a child and waits until it says that it is ready.
    ///
    /// Until then it belongs to this call: if it fails, that is the error of the call and not a
    /// failure of the scope. From then on it is a child like any other.
    ///
    /// ```
    /// use rejoin::{NotReady, Scope, scope};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let port = scope(|s: Scope<std::io::Error>| async move {
    ///     let started = s.spawn_ready(|ready| async move {
    ///         ready.signal(7770);
    ///         Ok("served")
    ///     });
    ///     let (port, server) = started.await.unwrap();
    ///     assert_eq!(server.await?, "served");
    ///     Ok(port)
    /// });
    /// assert_eq!(port.await.unwrap(), 7770);
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotReady`].
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it tells the child to stop; the scope waits for it.
    pub async fn spawn_ready<F, Fut, V, T>(
        &self,
        f: F,
    ) -> Result<(V, TaskHandle<T, E>), NotReady<E>>
    where
        F: FnOnce(Ready<V, E>) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        V: Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = question();
        let future = f(Ready { answer: Arc::clone(&answer) }).map(as_result);
        ready(self.spawn_outcome(answers(answer, future)), answered).await
    }
}

impl<E: Send + Sync + 'static> TaskBuilder<'_, E> {
    /// As [`Scope::spawn_ready`]. The deadline is one for all that the child does, before it is ready and
    /// after that.
    ///
    /// # Errors
    ///
    /// [`NotReady`].
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// As [`Scope::spawn_ready`].
    pub async fn spawn_ready<F, Fut, V, T>(self, f: F) -> Result<(V, TaskHandle<T, E>), NotReady<E>>
    where
        F: FnOnce(Ready<V, E>) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        V: Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = question();
        let future = f(Ready { answer: Arc::clone(&answer) });
        // The deadline inside: who waits for the answer has to hear that it has passed.
        let (task, future) = self.within_deadline(future, as_result);
        ready(task.spawn_outcome(answers(answer, future)), answered).await
    }
}

fn question<V, E>() -> (Answer<V, E>, Answered<V, E>) {
    let (sender, answered) = oneshot::channel();
    (Arc::new(Mutex::new(Some(sender))), answered)
}

/// The child: if it ends before it was ready, that is an answer, and no failure of its scope.
async fn answers<V, T, E>(
    answer: Answer<V, E>,
    future: impl Future<Output = Outcome<T, E>>,
) -> Outcome<T, E> {
    // A child that panicked is not polled again.
    let ended = AssertUnwindSafe(future).catch_unwind().await;
    let Some(answer) = take(&answer) else {
        return ended.unwrap_or_else(|payload| resume_unwind(payload));
    };
    let why = match ended {
        Ok(Ok(_)) => NotReady::Ended,
        Ok(Err(error)) => NotReady::Task(error),
        Err(payload) => NotReady::Task(TaskError::Panicked(Panic::new(payload))),
    };
    let _ = answer.send(Err(why));
    // Stopped by itself, it is no failure of the scope.
    let reason = CancelReason::new(CancelSource::Explicit, "it never was ready");
    if let Some(place) = context::current() {
        place.core.stop_member(place.member, reason.clone());
    }
    Err(TaskError::Cancelled(reason))
}

async fn ready<V, T, E>(
    handle: TaskHandle<T, E>,
    answered: Answered<V, E>,
) -> Result<(V, TaskHandle<T, E>), NotReady<E>> {
    let mut starting = Starting { handle: Some(handle) };
    let answered = waits("a task to be ready", answered).await;
    let handle = starting.handle.take().expect("it is taken here only");
    match answered {
        Ok(Ok(value)) => Ok((value, handle)),
        Ok(Err(why)) => Err(why),
        // It was stopped, or never started.
        Err(_) => match handle.await {
            Ok(_) => Err(NotReady::Ended),
            Err(error) => Err(NotReady::Task(error)),
        },
    }
}

fn take<V, E>(answer: &Answer<V, E>) -> Option<oneshot::Sender<Result<V, NotReady<E>>>> {
    answer.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A child that somebody waits for.
struct Starting<T, E> {
    handle: Option<TaskHandle<T, E>>,
}

impl<T, E> Drop for Starting<T, E> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.cancel("nobody waits for it to be ready any longer");
        }
    }
}
