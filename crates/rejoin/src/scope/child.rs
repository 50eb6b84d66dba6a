//! The future that runs a child: it stands between the runtime and the user's future, ends it when
//! it is told to, and reports how it ended.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::OnError;
use super::context;
use super::core::{Core, End, Member, Parked, Place, Standing};
use crate::outcome::{Outcome, Panic, TaskError};

/// Where the outcome of a child goes.
pub(crate) trait Deliver<T, E> {
    /// What the child's task returns to the runtime.
    type Receipt;

    /// Called once, after the child's future has been dropped and before the scope counts it as
    /// gone. `claimed` tells whether somebody may still ask for the outcome.
    fn deliver(self, outcome: Outcome<T, E>, claimed: bool) -> Self::Receipt;
}

/// To the handle, by way of the runtime's own join handle: no allocation besides the task's.
pub(crate) struct ToHandle;

impl<T, E> Deliver<T, E> for ToHandle {
    type Receipt = Option<Outcome<T, E>>;

    fn deliver(self, outcome: Outcome<T, E>, claimed: bool) -> Self::Receipt {
        // A value that nobody will ask for is dropped here, while the scope still waits.
        if claimed { Some(outcome) } else { None }
    }
}

pin_project! {
    /// A child as the runtime sees it.
    ///
    /// Fields are dropped in this order: the user's future before its seat is given back.
    pub(crate) struct Child<F, I, D> {
        #[pin]
        future: Slot<F>,
        // How the future's output is read: as a value, a `Result`, an `Outcome`.
        interpret: I,
        started: bool,
        parked: bool,
        seat: SeatGuard,
        deliver: Option<D>,
    }
}

pin_project! {
    #[project = SlotProjection]
    enum Slot<F> {
        Running { #[pin] future: F },
        Ended,
    }
}

impl<F, I, D> Child<F, I, D> {
    /// A child that sits at `member`, which it gives back when it is dropped.
    #[inline]
    pub(crate) fn new(
        future: F,
        interpret: I,
        core: Arc<Core>,
        member: Member,
        deliver: D,
    ) -> Self {
        Child {
            future: Slot::Running { future },
            interpret,
            started: false,
            parked: false,
            seat: SeatGuard { place: Some(Place { core, member }) },
            deliver: Some(deliver),
        }
    }
}

impl<F, I, D> Child<F, I, D> {
    /// Another task polls it from now on, so the waker that it has parked with is of no use.
    pub(crate) fn changes_task(self: Pin<&mut Self>) {
        *self.project().parked = false;
    }
}

impl<F, I, D, T, E> Future for Child<F, I, D>
where
    F: Future,
    I: FnOnce(F::Output) -> Outcome<T, E> + Copy,
    D: Deliver<T, E>,
    E: Send + Sync + 'static,
{
    type Output = D::Receipt;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<D::Receipt> {
        let mut this = self.project();
        let ended = loop {
            let standing = this.seat.standing();
            if !matches!(standing, Standing::Running) {
                this.seat.begin_answer();
            }
            let (signalled, enforced) = match standing {
                Standing::Running | Standing::LookedAt => (false, false),
                // What has not started never starts.
                Standing::Signalled(end) | Standing::Enforced(end) if !*this.started => {
                    break Ended::Interrupted(end);
                }
                Standing::Signalled(_) => (true, false),
                Standing::Enforced(_) => (true, true),
            };
            *this.started = true;
            match this.future.as_mut().poll_inside(this.seat, cx) {
                Poll::Ready(ended) => break ended,
                Poll::Pending => {}
            }
            if *this.parked && !signalled && this.seat.core().is_quiet() {
                return Poll::Pending;
            }
            match this.seat.park(enforced, cx) {
                Parked::PollAgain => {}
                Parked::Ends(end) => break Ended::Interrupted(end),
                Parked::Waiting => {
                    *this.parked = true;
                    return Poll::Pending;
                }
            }
        };

        let deliver = this.deliver.take().expect("a child is not polled after it has ended");
        // Two calls, so that the common one is compiled without the other's detours. Who still claims
        // the outcome is asked when the future has gone, which may have had the handle.
        let receipt = match ended.read(*this.interpret) {
            Ok(value) => {
                let claimed = this.seat.is_claimed();
                deliver.deliver(Ok(value), claimed)
            }
            Err(ended) => {
                let error = this.seat.explain(ended, this.future);
                deliver.deliver(Err(error), this.seat.is_claimed())
            }
        };
        this.seat.give_back();
        Poll::Ready(receipt)
    }
}

enum Ended<T> {
    Returned(T),
    Panicked(Box<dyn Any + Send>),
    Interrupted(End),
}

/// How a child has ended that has no value.
enum Valueless<E> {
    Failed(TaskError<E>),
    Panicked(Box<dyn Any + Send>),
    Interrupted(End),
}

impl<T> Ended<T> {
    #[inline]
    fn read<V, E>(self, interpret: impl FnOnce(T) -> Outcome<V, E>) -> Result<V, Valueless<E>> {
        match self {
            Ended::Returned(output) => interpret(output).map_err(Valueless::Failed),
            Ended::Panicked(payload) => Err(Valueless::Panicked(payload)),
            Ended::Interrupted(end) => Err(Valueless::Interrupted(end)),
        }
    }
}

impl<F: Future> Slot<F> {
    /// Polls the future at its place in the scope, and drops it there when it has ended.
    fn poll_inside(
        mut self: Pin<&mut Self>,
        seat: &mut SeatGuard,
        cx: &mut Context<'_>,
    ) -> Poll<Ended<F::Output>> {
        let polled = context::enter(&mut seat.place, || {
            let SlotProjection::Running { future } = self.as_mut().project() else {
                unreachable!("a child is not polled after it has ended");
            };
            let output = ready!(future.poll(cx));
            self.set(Slot::Ended);
            Poll::Ready(output)
        });
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ended::Returned(output)),
            Err(payload) => {
                // A second panic, of a destructor, is no news.
                let _ = self.drop_inside(seat);
                Poll::Ready(Ended::Panicked(payload))
            }
        }
    }

    /// Drops the future where it waits.
    fn drop_inside(mut self: Pin<&mut Self>, seat: &mut SeatGuard) -> std::thread::Result<()> {
        context::enter(&mut seat.place, || self.set(Slot::Ended))
    }
}

/// A child's seat, given back at the latest when this is dropped (a runtime that shuts down drops
/// tasks wherever they are).
struct SeatGuard {
    place: Option<Place>,
}

impl SeatGuard {
    #[inline]
    fn place(&self) -> &Place {
        self.place.as_ref().expect("a child keeps its seat until it has ended")
    }

    #[inline]
    fn core(&self) -> &Arc<Core> {
        &self.place().core
    }

    #[inline]
    fn standing(&self) -> Standing {
        let Place { core, member } = self.place();
        core.standing(*member)
    }

    #[cold]
    fn begin_answer(&self) {
        let Place { core, member } = self.place();
        core.begin_answer(*member);
    }

    fn park(&self, seen: bool, cx: &Context<'_>) -> Parked {
        let Place { core, member } = self.place();
        core.park(*member, seen, cx.waker())
    }

    #[inline]
    fn is_claimed(&self) -> bool {
        let Place { core, member } = self.place();
        core.is_claimed(*member)
    }

    #[inline]
    fn give_back(&mut self) {
        if let Some(Place { core, member }) = self.place.take() {
            core.leave(member);
        }
    }

    /// The error of a child that has no value, of which the scope has been told.
    #[cold]
    fn explain<F, E>(&mut self, ended: Valueless<E>, future: Pin<&mut Slot<F>>) -> TaskError<E>
    where
        F: Future,
        E: Send + Sync + 'static,
    {
        match ended {
            Valueless::Failed(error) => self.attribute(error),
            Valueless::Panicked(payload) => self.panicked(payload),
            Valueless::Interrupted(end) => match future.drop_inside(self) {
                Ok(()) => self.interrupted(end),
                Err(payload) => self.panicked(payload),
            },
        }
    }

    /// A child may return that it was cancelled. If it was, that is not a failure of its own, and
    /// who owns the deadline that passed is seen from here; if it was not, it is one.
    fn attribute<E: Send + Sync + 'static>(&self, error: TaskError<E>) -> TaskError<E> {
        if error.is_cancelled()
            && let Standing::Signalled(end) | Standing::Enforced(end) = self.standing()
        {
            return self.interrupted(end);
        }
        self.failed(error)
    }

    fn panicked<E>(&self, payload: Box<dyn Any + Send>) -> TaskError<E>
    where
        E: Send + Sync + 'static,
    {
        self.failed(TaskError::Panicked(Panic::new(payload)))
    }

    /// Tells the scope of a failure.
    fn failed<E: Send + Sync + 'static>(&self, error: TaskError<E>) -> TaskError<E> {
        let Place { core, member } = self.place();
        if core.on_error() != OnError::IgnoreErrors {
            core.fail(*member, Box::new(error.clone()));
        }
        error
    }

    /// Tells the scope of a child that would have gone on if it had not been stopped with it.
    fn interrupted<E>(&self, end: End) -> TaskError<E> {
        if end.with_scope {
            self.core().count_stopped();
        }
        if end.own_deadline { TaskError::TimedOut } else { TaskError::Cancelled(end.into_reason()) }
    }
}

impl Drop for SeatGuard {
    #[inline]
    fn drop(&mut self) {
        self.give_back();
    }
}
