//! Deadlines: what holds here, what is left of it, and a smaller one for a part of the work.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::outcome::TaskError;
use crate::scope::{Childless, Scope, ScopeBuilder, context};
use crate::seam::{self, Instant};

/// The earliest deadline that holds for the calling code, if it runs in a scope that has one.
pub fn deadline() -> Option<Instant> {
    context::with(|place| place.and_then(|place| place.core.deadline()))
}

/// What is left until the [`deadline`]; zero when it has passed.
///
/// ```
/// use std::time::Duration;
/// use rejoin::{remaining, timeout};
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// assert_eq!(remaining(), None);
/// timeout(Duration::from_secs(5), async {
///     sleep(Duration::from_secs(2)).await;
///     // A longer one inside changes nothing.
///     let left = timeout(Duration::from_secs(60), async { remaining() }).await.unwrap();
///     assert_eq!(left, Some(Duration::from_secs(3)));
/// })
/// .await
/// .unwrap();
/// # });
/// ```
pub fn remaining() -> Option<Duration> {
    deadline().map(|deadline| deadline.saturating_duration_since(seam::now()))
}

/// Runs `future` in the calling task with at most `timeout` to spend. For the quiet flavour, which
/// moves on, add `.ok()`.
///
/// It is a scope without children. [`deadline`] inside it says what is left, scopes opened inside it
/// inherit it, and when it passes, `future` is told to stop as any member of a scope is: it is
/// polled once more, and dropped at the first wait that is not shielded. Joins and scopes inside come
/// back then, with an error, when what they have started has ended; whatever `future` makes of that, it
/// has timed out. A value that it gives for another reason stands: because it was ready just then, or
/// because it has seen [`cancelled`](crate::cancelled).
///
/// ```
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let nap = rejoin::timeout(Duration::from_secs(1), tokio::time::sleep(Duration::from_secs(60)));
/// assert!(nap.await.is_err());
/// # });
/// ```
///
/// # Errors
///
/// [`TimedOut`], only for this time-out: if the code around it is cancelled first, or a deadline
/// further out is the earlier one, the call does not return; `future` is stopped and the calling
/// code is dropped here.
///
/// # Cancel safety
///
/// As that of `future`.
pub fn timeout<F: Future>(
    timeout: Duration,
    future: F,
) -> impl Future<Output = Result<F::Output, TimedOut>> {
    Within::new(Scope::builder().timeout(timeout), future)
}

/// As [`timeout`], until a point in time.
///
/// ```
/// use std::time::Duration;
/// use rejoin::{Instant, timeout_at};
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// // One deadline for several things, one after the other.
/// let until = Instant::now() + Duration::from_secs(3);
/// assert!(timeout_at(until, sleep(Duration::from_secs(2))).await.is_ok());
/// assert!(timeout_at(until, sleep(Duration::from_secs(2))).await.is_err());
/// # });
/// ```
///
/// # Errors
///
/// As [`timeout`].
///
/// # Cancel safety
///
/// As [`timeout`].
pub fn timeout_at<F: Future>(
    deadline: Instant,
    future: F,
) -> impl Future<Output = Result<F::Output, TimedOut>> {
    Within::new(Scope::builder().deadline(deadline), future)
}

pin_project! {
    /// A future that is the body of a scope that has no children.
    pub(super) struct Within<F: Future> {
        #[pin]
        run: Childless<F>,
        stopped: bool,
    }
}

impl<F: Future> Within<F> {
    pub(super) fn new(builder: ScopeBuilder, future: F) -> Self {
        Within { run: Childless::new(builder, future), stopped: false }
    }
}

impl<F: Future> Future for Within<F> {
    type Output = Result<F::Output, TimedOut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if *this.stopped {
            return Poll::Pending;
        }
        match ready!(this.run.poll(cx)) {
            Ok(output) => Poll::Ready(Ok(output)),
            Err(TaskError::TimedOut) => Poll::Ready(Err(TimedOut(()))),
            // Stopped from outside: so is the calling code, at this very wait.
            Err(TaskError::Cancelled(_)) => {
                *this.stopped = true;
                Poll::Pending
            }
            Err(TaskError::Failed(never)) => match *never {},
            Err(TaskError::Panicked(panic)) => {
                resume_unwind(panic.take_payload().unwrap_or_else(|| Box::new(panic.to_string())))
            }
        }
    }
}

/// A time-out of [`timeout`], [`timeout_at`] or [`shield`](crate::shield) passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut(pub(crate) ());

impl TimedOut {
    /// As the end of a child, to be passed on inside a scope.
    pub fn into_task_error<E>(self) -> TaskError<E> {
        TaskError::TimedOut
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl Error for TimedOut {}
