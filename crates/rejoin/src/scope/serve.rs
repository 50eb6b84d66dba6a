//! What a worker needs of its scope: a child that only serves the others, and children that start in
//! the calling thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::child::{Child, Deliver, ToHandle};
use super::core::{Member, Place};
use super::error::Refusal;
use super::{Scope, TaskHandle, as_value};
use crate::name::Name;
use crate::outcome::Outcome;
use crate::seam;

/// Nobody asks a server for an outcome.
struct Nowhere;

impl<T, E> Deliver<T, E> for Nowhere {
    type Receipt = ();

    fn deliver(&mut self, _: Outcome<T, E>, _: bool) {}
}

impl<E: Send + Sync + 'static> Scope<E> {
    /// A seat for a child that serves the others; [`serve`](Self::serve) starts it there.
    pub(crate) fn seat_server(&self, name: &Name) -> Result<Place, Refusal> {
        let (member, _) = self.admit(Some(name))?;
        Ok(Place { core: Arc::clone(&self.core), member })
    }

    /// Starts a child at the seat that it has taken. It has no handle.
    #[track_caller]
    pub(crate) fn serve<F>(&self, member: Member, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let core = Arc::clone(&self.core);
        drop(seam::spawn(Child::<_, _, Nowhere>::new(
            future,
            as_value::<(), E>,
            core,
            member,
            Nowhere,
        )));
    }

    /// As [`start`](Self::start), but the child runs in the calling thread as far as it comes without
    /// waiting, and becomes a task only if it has to wait.
    #[track_caller]
    pub(crate) fn start_here<F, I, T>(
        &self,
        admitted: (Member, u64),
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
        match child.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => TaskHandle::ended(core, admitted.1, outcome),
            Poll::Pending => {
                child.as_mut().changes_task();
                TaskHandle::started(core, admitted, None, seam::spawn(child))
            }
        }
    }
}
