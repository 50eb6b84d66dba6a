//! Children that start in the calling task, and become tasks only if they have to wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::child::{Child, ToHandle};
use super::core::Member;
use super::{Scope, TaskHandle, as_result};
use crate::name::Name;
use crate::outcome::Outcome;
use crate::seam;

impl<E: Send + Sync + 'static> Scope<E> {
    /// As [`spawn`](Self::spawn), but the child starts here and now: the calling task runs it as far as it
    /// comes without waiting, and only if it has to wait does it become a task of its own. (Python
    /// knows this as an *eager* task.)
    ///
    /// For work that mostly has its answer at once, such as a look into a cache: it then costs no task,
    /// no turn of the runtime, and no way to another thread. What computes for long is better spawned, as
    /// the caller does not go on meanwhile. In every other way it is a child like any other, which
    /// also means that a panic in it is its outcome, and not one of the caller.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use rejoin::{Scope, scope};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let both = scope(|s: Scope| async move {
    ///     let known = s.spawn_eager(async { Ok::<_, Infallible>(1) });
    ///     let asked = s.spawn_eager(async {
    ///         tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    ///         Ok(2)
    ///     });
    ///     assert!(known.is_finished() && !asked.is_finished());
    ///     Ok(known.await? + asked.await?)
    /// });
    /// assert_eq!(both.await.unwrap(), 3);
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// If the child has to wait, and this is called outside a Tokio runtime.
    #[track_caller]
    pub fn spawn_eager<F, T>(&self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        self.start_here_or_refuse(None, future, as_result)
    }

    #[track_caller]
    pub(crate) fn start_here_or_refuse<F, I, T>(
        &self,
        name: Option<&Name>,
        future: F,
        interpret: I,
    ) -> TaskHandle<T, E>
    where
        F: Future + Send + 'static,
        I: FnOnce(F::Output) -> Outcome<T, E> + Copy + Send + 'static,
        T: Send + 'static,
    {
        match self.admit(name) {
            Ok(admitted) => self.start_here(admitted, name, future, interpret),
            Err(refusal) => {
                TaskHandle::refused(Arc::clone(self.core()), name, refusal.into_reason())
            }
        }
    }

    /// As [`start`](Self::start), but the child runs in the calling thread as far as it comes without
    /// waiting.
    #[track_caller]
    pub(crate) fn start_here<F, I, T>(
        &self,
        admitted: (Member, u64),
        name: Option<&Name>,
        future: F,
        interpret: I,
    ) -> TaskHandle<T, E>
    where
        F: Future + Send + 'static,
        I: FnOnce(F::Output) -> Outcome<T, E> + Copy + Send + 'static,
        T: Send + 'static,
    {
        let core = Arc::clone(&self.core);
        let child = Child::new(future, interpret, Arc::clone(&core), admitted.0, ToHandle);
        let mut child: Pin<Box<_>> = Box::pin(child);
        // Nobody is to be woken yet: what waits is polled again by its task.
        match child.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => TaskHandle::ended(core, admitted.1, name, outcome),
            Poll::Pending => {
                child.as_mut().changes_task();
                TaskHandle::started(core, admitted, name, seam::spawn(child))
            }
        }
    }
}
