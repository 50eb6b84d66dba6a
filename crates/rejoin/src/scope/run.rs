//! Running a scope: polls the body, keeps the deadline and the grace, waits for the last child.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use super::context;
use super::core::{Core, Known, Member, Parked, Place, Record, Standing, StopCause};
use super::error::ScopeError;
#[cfg(all(feature = "tracing", not(any(shuttle, rejoin_loom))))]
use super::overdue::Overdue;
use crate::cancel::{CancelReason, CancelSource};
use crate::outcome::{Outcome, TaskError};
use crate::seam::{self, Sleep};

/// How the body ended.
enum BodyEnd<R, E> {
    Returned(Outcome<R, E>),
    Panicked(Box<dyn Any + Send>),
    /// Dropped where it waited, or never started.
    Interrupted,
}

/// Runs `make_body` in `core` and waits until every child has ended.
pub(crate) async fn run<M, Fut, R, E>(core: Arc<Core>, make_body: M) -> Result<R, ScopeError<E>>
where
    M: FnOnce() -> Fut,
    Fut: Future<Output = Outcome<R, E>>,
    E: Send + Sync + 'static,
{
    let mut drive = pin!(Drive::new(core));
    // Dropped before the scope: an inner scope in the body finds this one still there.
    let mut body = pin!(drive.as_mut().begin(make_body));
    poll_fn(|cx| drive.as_mut().poll(body.as_mut(), cx)).await
}

pin_project! {
    /// What drives a scope, apart from its body, so that whoever owns that keeps it where it is: a
    /// future that is handed from one `async fn` to the next takes its room in each of them.
    pub(crate) struct Drive<R, E> {
        #[pin]
        deadline: Option<Sleep>,
        #[pin]
        grace: Option<Sleep>,
        open: OpenScope,
        end: Option<BodyEnd<R, E>>,
    }
}

impl<R, E> Drive<R, E>
where
    E: Send + Sync + 'static,
{
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let place = Place { core, member: Member::BODY };
        let open = OpenScope {
            place: Some(place),
            parked: None,
            calls: 0,
            closed: false,
            #[cfg(all(feature = "tracing", not(any(shuttle, rejoin_loom))))]
            overdue: Overdue::default(),
        };
        Drive { deadline: None, grace: None, open, end: None }
    }

    /// The body, if it may start. One that panics before it is a future has ended so.
    pub(crate) fn begin<B>(self: Pin<&mut Self>, make_body: impl FnOnce() -> B) -> Option<B> {
        let this = self.project();
        let open = this.open;
        match open.core().standing(Member::BODY) {
            // Opened by a member that is in its grace, it starts, signalled from the beginning.
            Standing::Running | Standing::LookedAt | Standing::Signalled(_) => {
                match context::enter(&mut open.place, make_body) {
                    Ok(body) => Some(body),
                    Err(payload) => {
                        *this.end = Some(open.end_body(BodyEnd::Panicked(payload)));
                        None
                    }
                }
            }
            Standing::Enforced(_) => None,
        }
    }

    /// Drives the scope with this body, the same each time.
    pub(crate) fn poll<Fut>(
        self: Pin<&mut Self>,
        body: Pin<&mut Option<Fut>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<R, ScopeError<E>>>
    where
        Fut: Future<Output = Outcome<R, E>>,
    {
        let mut this = self.project();
        assert!(!this.open.closed, "a scope was polled after it had given its result");
        if this.end.is_none() {
            let ended = this.open.poll_body(body, this.deadline.as_mut(), this.grace.as_mut(), cx);
            *this.end = Some(this.open.end_body(ready!(ended)));
        }
        let record = ready!(this.open.poll_close(this.deadline, this.grace, cx));
        let end = this.end.take().expect("a scope closes after its body has ended");
        let result = conclude(this.open.core(), end, record);
        if result.as_ref().is_err_and(|error| error.cancelled().is_some()) {
            // The news of its own stop, if whoever waits here was told to stop.
            context::with(|place| place.map(Place::hears_of_its_stop));
        }
        Poll::Ready(result)
    }
}

/// Which waker, without a count of its own. It means something while the waker itself is somewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
struct WakerId {
    data: usize,
    vtable: usize,
}

impl WakerId {
    #[inline]
    fn of(waker: &Waker) -> WakerId {
        WakerId { data: waker.data().addr(), vtable: ptr::from_ref(waker.vtable()).addr() }
    }
}

/// A scope that has not closed. Dropping it abandons the scope.
struct OpenScope {
    place: Option<Place>,
    /// The waker that the body is parked with, while the scope has it.
    parked: Option<WakerId>,
    /// The call that its timers stand at. The deadline that the scope was opened with is the first, so
    /// a scope without any never asks for it.
    calls: usize,
    closed: bool,
    #[cfg(all(feature = "tracing", not(any(shuttle, rejoin_loom))))]
    overdue: Overdue,
}

impl OpenScope {
    #[inline]
    fn core(&self) -> &Arc<Core> {
        &self.place.as_ref().expect("a scope keeps its place until it is dropped").core
    }

    /// Drives the body until it has returned, panicked, or has been interrupted; it is dropped then.
    fn poll_body<Fut, R, E>(
        &mut self,
        mut body: Pin<&mut Option<Fut>>,
        mut deadline: Pin<&mut Option<Sleep>>,
        mut grace: Pin<&mut Option<Sleep>>,
        cx: &mut Context<'_>,
    ) -> Poll<BodyEnd<R, E>>
    where
        Fut: Future<Output = Outcome<R, E>>,
    {
        let end = loop {
            let standing = self.core().standing(Member::BODY);
            if !matches!(standing, Standing::Running) {
                self.core().begin_answer(Member::BODY);
            }
            let known = Known::of(&standing);
            let Some(future) = body.as_mut().as_pin_mut() else { break BodyEnd::Interrupted };
            // The body is dropped after a panic and never polled again.
            match context::enter(&mut self.place, || future.poll(cx)) {
                Ok(Poll::Ready(outcome)) => break BodyEnd::Returned(outcome),
                Err(payload) => break BodyEnd::Panicked(payload),
                Ok(Poll::Pending) => {}
            }
            // After the body, so that a body which is ready at its deadline has made it.
            if deadline.is_some() || self.was_called() || !self.core().is_quiet() {
                self.poll_timers(deadline.as_mut(), grace.as_mut(), cx);
            }
            let parked = self.parked == Some(WakerId::of(cx.waker()));
            if parked && known == Known::Nothing && self.core().is_quiet() {
                return Poll::Pending;
            }
            match self.core().park(Member::BODY, known, cx.waker()) {
                Parked::PollAgain => {}
                Parked::Ends(_) => break BodyEnd::Interrupted,
                Parked::Waiting => {
                    self.parked = Some(WakerId::of(cx.waker()));
                    if !self.was_called() {
                        return Poll::Pending;
                    }
                }
            }
        };
        let dropped = context::enter(&mut self.place, || body.set(None));
        Poll::Ready(match dropped {
            Ok(()) => end,
            Err(payload) => BodyEnd::Panicked(payload),
        })
    }

    /// Waits for the children.
    fn poll_close(
        &mut self,
        deadline: Pin<&mut Option<Sleep>>,
        grace: Pin<&mut Option<Sleep>>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Box<Record>>> {
        let closed = self.core().close_or_park(cx.waker());
        match &closed {
            Poll::Ready(_) => self.closed = true,
            Poll::Pending => self.poll_timers(deadline, grace, cx),
        }
        closed
    }

    /// Stops the scope when its deadline passes, and enforces stops when their grace is over.
    fn poll_timers(
        &mut self,
        mut deadline: Pin<&mut Option<Sleep>>,
        mut grace: Pin<&mut Option<Sleep>>,
        cx: &mut Context<'_>,
    ) {
        if self.was_called() {
            // The call has taken the waker.
            self.parked = None;
            self.calls = self.core().calls();
            deadline.set(self.core().own_deadline().map(seam::sleep_until));
        }
        if let Some(sleep) = deadline.as_mut().as_pin_mut()
            && seam::poll_sleep(sleep, cx).is_ready()
        {
            deadline.set(None);
            self.stop_if_timed_out();
        }
        if self.core().is_quiet() {
            return;
        }
        #[cfg(all(feature = "tracing", not(any(shuttle, rejoin_loom))))]
        let had_timer = self.calls > 0 || grace.is_some();
        while let Some(ends) = self.core().enforce() {
            grace.set(Some(seam::sleep_until(ends)));
            let sleep = grace.as_mut().as_pin_mut().expect("it was set just now");
            if seam::poll_sleep(sleep, cx).is_pending() {
                return;
            }
            grace.set(None);
        }
        #[cfg(all(feature = "tracing", not(any(shuttle, rejoin_loom))))]
        if let Some(place) = &self.place {
            self.overdue.has_time |= had_timer;
            self.overdue.watch(&place.core, grace, cx);
        }
    }

    fn stop_if_timed_out(&self) {
        let core = self.core();
        if core.has_timed_out() {
            core.stop(core.timed_out(), StopCause::Deadline);
        }
    }

    /// Whether there has been a call that the timers do not stand at.
    #[inline]
    fn was_called(&self) -> bool {
        self.core().calls() != self.calls
    }

    /// Records how the body ended, which may stop the children.
    fn end_body<R, E>(&self, end: BodyEnd<R, E>) -> BodyEnd<R, E>
    where
        E: Send + Sync + 'static,
    {
        let core = self.core();
        match &end {
            BodyEnd::Returned(Err(error)) => {
                let stopping = core.is_stopping();
                let only_stopped = error.is_cancelled() || error.is_timed_out();
                let passed_on = core.has_failure(|recorded| {
                    recorded
                        .downcast_ref::<TaskError<E>>()
                        .is_some_and(|recorded| recorded.is_same_event(error))
                });
                if !(passed_on || stopping && only_stopped) {
                    core.fail(Member::BODY, Box::new(error.clone()));
                }
            }
            BodyEnd::Panicked(_) => {
                let text = "the body of the scope panicked";
                let reason = CancelReason::new(CancelSource::SiblingFailed, text);
                core.stop(reason, StopCause::Failure);
            }
            BodyEnd::Returned(Ok(_)) | BodyEnd::Interrupted => {}
        }
        end
    }
}

impl Drop for OpenScope {
    fn drop(&mut self) {
        if !self.closed {
            self.core().abandon();
        }
    }
}

/// The scope's result, when every child has ended.
fn conclude<R, E>(
    core: &Core,
    end: BodyEnd<R, E>,
    record: Option<Box<Record>>,
) -> Result<R, ScopeError<E>>
where
    E: Send + Sync + 'static,
{
    match end {
        BodyEnd::Panicked(payload) => resume_unwind(payload),
        BodyEnd::Returned(Ok(value)) if record.as_ref().is_none_or(|record| record.is_clean()) => {
            Ok(value)
        }
        _ => Err(ScopeError::from_record(core.name().cloned(), *record.unwrap_or_default())),
    }
}
