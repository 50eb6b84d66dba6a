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
use super::core::{Core, End, Known, Member, Parked, Place, Standing};
use crate::outcome::{Outcome, Panic, TaskError};
use crate::seam::{self, Counted};

/// Where the outcome of a child goes.
pub(crate) trait Deliver<T, E> {
    /// What the child's task returns to the runtime.
    type Receipt;

    /// Called once, after the child's future has been dropped and before the scope counts it as
    /// gone. What is kept after this call lives longer than the scope. `claimed` tells whether
    /// somebody may still ask for the outcome.
    fn deliver(&mut self, outcome: Outcome<T, E>, claimed: bool) -> Self::Receipt;
}

/// To the handle, by way of the runtime's own join handle: no allocation besides the task's.
pub(crate) struct ToHandle;

impl<T, E> Deliver<T, E> for ToHandle {
    type Receipt = Option<Outcome<T, E>>;

    #[inline]
    fn deliver(&mut self, outcome: Outcome<T, E>, claimed: bool) -> Self::Receipt {
        // A value that nobody will ask for is dropped here, while the scope still waits.
        if claimed { Some(outcome) } else { None }
    }
}

pin_project! {
    /// A child as the runtime sees it.
    pub(crate) struct Child<F, I, D> {
        #[pin]
        life: Life<F>,
        // How the future's output is read: as a value, a `Result`, an `Outcome`.
        interpret: I,
        deliver: D,
    }
}

pin_project! {
    // One enum for all that goes when the child ends: its tag is in the spare values of the stage.
    #[project = LifeProjection]
    enum Life<F> {
        /// Dropped in this order: the user's future before its seat is given back.
        Alive { #[pin] future: F, seat: Seat },
        Over,
    }
}

/// A child's seat between two polls.
struct Seat {
    /// Nothing while the child is polled: then whoever polls it has the place.
    core: Option<Arc<Core>>,
    member: Member,
    stage: Stage,
}

/// What a child has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody has polled it.
    Fresh,
    /// It has been polled, but not by the task that it is in now.
    Moved,
    /// The scope has the waker of its task.
    Parked,
}

impl<F, I, D> Child<Counted<F>, I, D> {
    /// A child that sits at `member`, which it gives back when it is dropped.
    #[inline]
    pub(crate) fn new(
        future: F,
        interpret: I,
        core: Arc<Core>,
        member: Member,
        deliver: D,
    ) -> Self {
        let seat = Seat { core: Some(core), member, stage: Stage::Fresh };
        Child { life: Life::Alive { future: seam::counted(future), seat }, interpret, deliver }
    }
}

impl<F, I, D> Child<F, I, D> {
    /// Another task polls it from now on, so the waker that it has parked with is of no use.
    pub(crate) fn changes_task(self: Pin<&mut Self>) {
        if let LifeProjection::Alive { seat, .. } = self.project().life.project()
            && seat.stage == Stage::Parked
        {
            seat.stage = Stage::Moved;
        }
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
        let mut seat = this.life.as_mut().take_seat();
        let ended = loop {
            let standing = seat.standing();
            if !matches!(standing, Standing::Running) {
                seat.begin_answer();
            }
            let known = Known::of(&standing);
            if seat.stage == Stage::Fresh
                && let Standing::Signalled(end) | Standing::Enforced(end) = standing
            {
                // What has not started never starts.
                break Ended::Interrupted(end);
            }
            match this.life.as_mut().poll_inside(&mut seat, cx) {
                Poll::Ready(ended) => break ended,
                Poll::Pending => {}
            }
            let unheard = known == Known::Nothing;
            let parked = seat.stage == Stage::Parked && unheard && seat.core().is_quiet();
            if !parked {
                match seat.park(known, cx) {
                    Parked::PollAgain => {
                        seat.stage = Stage::Moved;
                        continue;
                    }
                    Parked::Ends(end) => break Ended::Interrupted(end),
                    Parked::Waiting => seat.stage = Stage::Parked,
                }
            }
            this.life.keep_seat(seat);
            return Poll::Pending;
        };

        // Two calls, so that the common one is compiled without the other's detours. Who still claims
        // the outcome is asked when the future has gone, which may have had the handle.
        let receipt = match ended.read(*this.interpret) {
            Ok(value) => {
                let claimed = seat.is_claimed();
                this.deliver.deliver(Ok(value), claimed)
            }
            Err(ended) => {
                let error = seat.explain(ended, this.life);
                this.deliver.deliver(Err(error), seat.is_claimed())
            }
        };
        drop(seat);
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

impl<F: Future> Life<F> {
    /// The seat, for as long as a poll takes.
    #[inline]
    fn take_seat(self: Pin<&mut Self>) -> SeatGuard {
        let LifeProjection::Alive { seat, .. } = self.project() else {
            panic!("a child was polled after it had ended")
        };
        seat.take()
    }

    #[inline]
    fn keep_seat(self: Pin<&mut Self>, mut taken: SeatGuard) {
        if let LifeProjection::Alive { seat, .. } = self.project() {
            seat.core = taken.place.take().map(|place| place.core);
            seat.stage = taken.stage;
        }
    }

    /// Polls the future at its place in the scope, and drops it there when it has ended.
    #[inline]
    fn poll_inside(
        mut self: Pin<&mut Self>,
        seat: &mut SeatGuard,
        cx: &mut Context<'_>,
    ) -> Poll<Ended<F::Output>> {
        let polled = context::enter(&mut seat.place, || {
            let LifeProjection::Alive { future, .. } = self.as_mut().project() else {
                unreachable!("whose seat was there has not ended");
            };
            let output = ready!(future.poll(cx));
            self.set(Life::Over);
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
    #[cold]
    fn drop_inside(mut self: Pin<&mut Self>, seat: &mut SeatGuard) -> std::thread::Result<()> {
        context::enter(&mut seat.place, || self.set(Life::Over))
    }
}

impl Seat {
    #[inline]
    fn take(&mut self) -> SeatGuard {
        let member = self.member;
        SeatGuard { place: self.core.take().map(|core| Place { core, member }), stage: self.stage }
    }
}

impl Drop for Seat {
    /// A runtime that shuts down drops tasks wherever they are.
    #[inline]
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// A child's seat while it is polled. Dropping it gives the seat back.
struct SeatGuard {
    place: Option<Place>,
    stage: Stage,
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

    fn park(&self, known: Known, cx: &Context<'_>) -> Parked {
        let Place { core, member } = self.place();
        match self.stage {
            Stage::Fresh => core.park_first(*member, known, cx.waker()),
            Stage::Moved | Stage::Parked => core.park(*member, known, cx.waker()),
        }
    }

    #[inline]
    fn is_claimed(&self) -> bool {
        let Place { core, member } = self.place();
        core.is_claimed(*member)
    }

    /// The error of a child that has no value, of which the scope has been told.
    #[cold]
    fn explain<F, E>(&mut self, ended: Valueless<E>, life: Pin<&mut Life<F>>) -> TaskError<E>
    where
        F: Future,
        E: Send + Sync + 'static,
    {
        match ended {
            Valueless::Failed(error) => self.attribute(error),
            Valueless::Panicked(payload) => self.panicked(payload),
            Valueless::Interrupted(end) => match life.drop_inside(self) {
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
        if let Some(Place { core, member }) = self.place.take() {
            core.leave(member, self.stage != Stage::Fresh);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Ready;
    use std::mem::size_of;

    use super::*;

    #[test]
    fn a_child_takes_three_words_beside_its_future() {
        assert_eq!(size_of::<Life<[u64; 2]>>(), 40);
        assert_eq!(size_of::<Child<Ready<u64>, (), ToHandle>>(), size_of::<Ready<u64>>() + 24);
    }
}
