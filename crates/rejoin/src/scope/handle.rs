//! The handle of a child.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::context;
use super::core::{Core, Member, Place};
use crate::cancel::{CancelReason, Canceller};
use crate::inspect::{self, Wait};
use crate::name::Name;
use crate::outcome::{Outcome, TaskError};
use crate::seam::JoinHandle;

/// A child's number: its scope, and its place in the order of submission there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId {
    scope: u64,
    index: u64,
}

impl TaskId {
    pub(crate) fn new(scope: u64, index: u64) -> TaskId {
        TaskId { scope, index }
    }

    /// The position in the order of submission, from 0.
    pub fn index(self) -> usize {
        usize::try_from(self.index).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.scope, self.index)
    }
}

/// A child of a scope. Awaiting it gives the child's [`Outcome`].
///
/// The scope owns the child, not the handle: dropping a handle neither cancels nor detaches. The
/// handle may go anywhere and be awaited by any task.
///
/// ```
/// use rejoin::{Scope, scope};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let both = scope(|s: Scope| async move {
///     let sum = s.task("sum").spawn_value(async { 1 + 2 });
///     let idle = s.spawn_value(std::future::pending::<()>());
///     assert_eq!(sum.name(), Some("sum"));
///     assert!(!idle.is_finished());
///     idle.cancel("nothing to do");
///     Ok((sum.await?, idle.await.unwrap_err().to_string()))
/// });
/// assert_eq!(both.await.unwrap(), (3, "cancelled: nothing to do".to_owned()));
/// # });
/// ```
///
/// # Cancel safety
///
/// Awaiting `&mut handle` and dropping that wait loses nothing; the child goes on, and the handle
/// can be awaited again. After it has given the outcome it must not be polled again.
///
/// # Panics
///
/// Polling a handle that has given its outcome panics, and so does a task that awaits its own
/// handle: it would wait for itself.
pub struct TaskHandle<T, E> {
    core: Arc<Core>,
    index: u64,
    // Boxed: most children have no name, and whoever has many children has as many handles.
    name: Option<Box<Name>>,
    state: State<T, E>,
}

enum State<T, E> {
    Started {
        join: JoinHandle<Option<Outcome<T, E>>>,
        // Half of who it is; the other half is the index.
        seat: u32,
    },
    /// The scope did not take it; the outcome is there from the beginning.
    // Boxed, both: a handle that is awaited or dropped never has them, and should be small.
    Refused(Box<CancelReason>),
    /// Seen by someone who waited without taking it.
    Finished(Box<Outcome<T, E>>),
    Taken,
}

impl<T, E> TaskHandle<T, E> {
    #[inline]
    pub(crate) fn started(
        core: Arc<Core>,
        (member, index): (Member, u64),
        name: Option<&Name>,
        join: JoinHandle<Option<Outcome<T, E>>>,
    ) -> Self {
        let state = State::Started { join, seat: member.seat() };
        TaskHandle { core, index, name: boxed(name), state }
    }

    pub(crate) fn refused(core: Arc<Core>, name: Option<&Name>, reason: CancelReason) -> Self {
        let state = State::Refused(Box::new(reason));
        TaskHandle { core, index: u64::MAX, name: boxed(name), state }
    }

    /// Of a child that has ended before it had a handle. It has an outcome: a handle was to come.
    pub(crate) fn ended(
        core: Arc<Core>,
        index: u64,
        name: Option<&Name>,
        outcome: Option<Outcome<T, E>>,
    ) -> Self {
        let outcome = outcome.expect("the outcome is kept back only when a handle was dropped");
        let state = State::Finished(Box::new(outcome));
        TaskHandle { core, index, name: boxed(name), state }
    }

    /// Who it is in the scope, until the outcome has been seen.
    fn member(&self) -> Member {
        match self.state {
            State::Started { seat, .. } => Member::of_child(seat, self.index),
            State::Refused(_) | State::Finished(_) | State::Taken => Member::NOBODY,
        }
    }

    /// Tells this child to stop, and only this child; that is no failure of the scope. True if the
    /// child has not ended yet and had not been told before.
    ///
    /// Await the handle to know when it has ended.
    pub fn cancel(&self, reason: impl Into<CancelReason>) -> bool {
        self.core.stop_member(self.member(), reason.into())
    }

    /// A handle that can do nothing but cancel this child, and may be cloned and kept anywhere.
    pub fn canceller(&self) -> Canceller {
        Canceller::new(Place { core: Arc::clone(&self.core), member: self.member() })
    }

    /// Whether the outcome is there, so that awaiting will not wait.
    pub fn is_finished(&self) -> bool {
        match &self.state {
            State::Started { join, .. } => join.is_finished(),
            State::Refused(_) | State::Finished(_) | State::Taken => true,
        }
    }

    /// The name that it was spawned with.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().map(Name::as_str)
    }

    /// Its number. A child that was refused has the last there can be.
    pub fn id(&self) -> TaskId {
        TaskId { scope: self.core.id(), index: self.index }
    }
}

#[inline]
fn boxed(name: Option<&Name>) -> Option<Box<Name>> {
    name.map(|name| Box::new(name.clone()))
}

impl<T, E> TaskHandle<T, E> {
    /// Ready when the outcome is there, which stays in the handle.
    pub(crate) fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<&Outcome<T, E>> {
        if !matches!(self.state, State::Finished(_)) {
            match Pin::new(&mut *self).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(outcome) => self.state = State::Finished(Box::new(outcome)),
            }
        }
        match &self.state {
            State::Finished(outcome) => Poll::Ready(outcome),
            _ => unreachable!("every other state has returned or become this one"),
        }
    }
}

impl<T, E> Future for TaskHandle<T, E> {
    type Output = Outcome<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<T, E>> {
        let State::Started { join, .. } = &mut self.state else {
            return Poll::Ready(self.take_settled());
        };
        match Pin::new(join).poll(cx) {
            Poll::Ready(Ok(Some(outcome))) => {
                self.state = State::Taken;
                Poll::Ready(outcome)
            }
            // The outcome is kept back only from a child whose handle is gone, and a task ends
            // without one only when the runtime drops it.
            Poll::Ready(Ok(None) | Err(_)) => {
                self.state = State::Taken;
                let reason = CancelReason::shutdown("the runtime was shut down");
                Poll::Ready(Err(TaskError::Cancelled(reason)))
            }
            Poll::Pending => {
                self.refuse_to_await_oneself();
                let (id, name) = (self.id(), &self.name);
                inspect::note(|| Wait::Task { id, name: name.as_deref().cloned() });
                Poll::Pending
            }
        }
    }
}

impl<T, E> TaskHandle<T, E> {
    /// A task that waits for its own end would wait for ever, so it panics, which ends it.
    #[inline]
    fn refuse_to_await_oneself(&self) {
        let oneself = context::with(|place| {
            place.is_some_and(|place| place.is_in_task_of(&self.core, self.member()))
        });
        assert!(!oneself, "a task awaits its own handle, which is ready only when it has ended");
    }

    /// The outcome that needs no waiting.
    fn take_settled(&mut self) -> Outcome<T, E> {
        match std::mem::replace(&mut self.state, State::Taken) {
            State::Refused(reason) => Err(TaskError::Cancelled(*reason)),
            State::Finished(outcome) => *outcome,
            State::Started { .. } | State::Taken => {
                panic!("a task handle was polled after it had given its outcome")
            }
        }
    }
}

// Nothing in it is pinned: the outcome moves out whole.
impl<T, E> Unpin for TaskHandle<T, E> {}

impl<T, E> Drop for TaskHandle<T, E> {
    fn drop(&mut self) {
        if let State::Started { join, .. } = &self.state
            && !join.is_finished()
        {
            self.core.disclaim(self.member());
        }
    }
}

impl<T, E> fmt::Debug for TaskHandle<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle")
            .field("id", &self.id())
            .field("name", &self.name)
            .field("finished", &self.is_finished())
            .finish()
    }
}
