//! How a child ended: a value, or one of four kinds of [`TaskError`].

use std::any::Any;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cancel::CancelReason;

/// How a child ended. Together with `Ok` these are the five outcomes; there is no sixth.
pub type Outcome<T, E> = Result<T, TaskError<E>>;

/// Why a child has no value.
///
/// A failure has two readers, whoever awaits the handle and whoever opened the scope, so the error
/// is shared. `TaskError` is therefore `Clone` whatever `E` is; [`Arc::into_inner`] gives the
/// error back by value when nobody else holds it.
///
/// ```
/// use std::time::Duration;
/// use rejoin::{OnError, Scope, TaskError};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let ended = Scope::builder().on_error(OnError::IgnoreErrors).run(|s: Scope<&str>| async move {
///     let failed = s.spawn(async { Err::<(), _>("no disk") });
///     let panicked = s.spawn(async { if true { panic!("a bug") } else { Ok(()) } });
///     let late = s.task("late").timeout(Duration::from_secs(1)).spawn(std::future::pending::<Result<(), _>>());
///     let stopped = s.spawn(std::future::pending::<Result<(), _>>());
///     stopped.cancel("not needed");
///
///     assert!(matches!(failed.await, Err(TaskError::Failed(error)) if *error == "no disk"));
///     assert!(matches!(panicked.await, Err(TaskError::Panicked(panic)) if panic.message() == "a bug"));
///     assert!(matches!(late.await, Err(TaskError::TimedOut)));
///     assert!(matches!(stopped.await, Err(TaskError::Cancelled(reason)) if reason.text() == "not needed"));
///     Ok(())
/// });
/// ended.await.unwrap();
/// # });
/// ```
///
/// # Passing errors on
///
/// In a body and in a child, `?` takes an `E` or a `TaskError<E>`. What the other functions of this crate
/// give is brought there by a method, so that a time-out stays a time-out and a cancellation a
/// cancellation:
///
/// | you have | before the `?` |
/// |---|---|
/// | `ScopeError<E>`, of an inner scope or a join | `.map_err(ScopeError::into_task_error)` |
/// | [`TimedOut`](crate::TimedOut), of [`timeout`](crate::timeout) or [`shield`](crate::shield) | `.map_err(TimedOut::into_task_error)` |
/// | [`Cancelled`](crate::Cancelled), of [`checkpoint`](crate::checkpoint) | `.map_err(Cancelled::into_task_error)` |
/// | `TaskError<Infallible>`, of what cannot fail itself | `.map_err(TaskError::widen)` |
/// | a `TaskError` or [`ScopeError`](crate::ScopeError) with another `E` | `.map_err(\|error\| error.map(\|e\| ...))` |
/// | either with a `TaskError<E>` in it, of a join of handles | `.map_err(ScopeError::flatten)` and the like |
/// | an error from which `E` can be made | `.map_err(E::from)` |
///
/// Outside of scopes, where an [`Error`] is wanted and `E` is none (`Box<dyn Error + Send + Sync>`, a text, the
/// error types that take in any error), [`boxed`](Self::boxed) makes one.
///
/// ```
/// use std::time::Duration;
/// use rejoin::{ScopeError, TaskError, TimedOut, gather, scope, timeout, to_thread};
/// # async fn price(item: &str) -> Result<usize, std::num::ParseIntError> { item.len().to_string().parse() }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let report = scope(|_: rejoin::Scope<String>| async move {
///     let prices = gather(["pear", "apple"].map(price)).await;
///     let prices = prices.map_err(|error| error.map(ToString::to_string).into_task_error())?;
///     let sum = to_thread(move || prices.iter().sum::<usize>()).await.map_err(TaskError::widen)?;
///     let nap = timeout(Duration::from_millis(1), std::future::pending::<()>());
///     nap.await.map_err(TimedOut::into_task_error)?;
///     Ok(sum)
/// });
/// assert!(report.await.unwrap_err().into_task_error().is_timed_out());
/// # });
/// ```
pub enum TaskError<E> {
    /// It returned an error.
    Failed(Arc<E>),
    /// It panicked.
    Panicked(Panic),
    /// Its own deadline, or that of the scope which started it, passed.
    TimedOut,
    /// It was told to stop, and did not finish before it was stopped.
    Cancelled(CancelReason),
}

impl<E> TaskError<E> {
    /// The error that the child returned, if it returned one.
    pub fn failed(&self) -> Option<&E> {
        match self {
            TaskError::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// The reason, if it was cancelled.
    pub fn cancelled(&self) -> Option<&CancelReason> {
        match self {
            TaskError::Cancelled(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether it returned an error.
    pub fn is_failed(&self) -> bool {
        matches!(self, TaskError::Failed(_))
    }

    /// Whether it panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self, TaskError::Panicked(_))
    }

    /// Whether its own deadline, or that of its scope, passed.
    pub fn is_timed_out(&self) -> bool {
        matches!(self, TaskError::TimedOut)
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, TaskError::Cancelled(_))
    }

    /// The same, with the error that the child returned in another form.
    pub fn map<F>(self, f: impl FnOnce(&E) -> F) -> TaskError<F> {
        self.with_error(|error| Arc::new(f(&error)))
    }

    pub(crate) fn with_error<F>(self, f: impl FnOnce(Arc<E>) -> Arc<F>) -> TaskError<F> {
        match self {
            TaskError::Failed(error) => TaskError::Failed(f(error)),
            TaskError::Panicked(panic) => TaskError::Panicked(panic),
            TaskError::TimedOut => TaskError::TimedOut,
            TaskError::Cancelled(reason) => TaskError::Cancelled(reason),
        }
    }

    /// Whether both speak of one and the same event, passed on by `?` for example.
    pub(crate) fn is_same_event(&self, other: &Self) -> bool {
        match (self, other) {
            (TaskError::Failed(a), TaskError::Failed(b)) => Arc::ptr_eq(a, b),
            (TaskError::Panicked(a), TaskError::Panicked(b)) => Arc::ptr_eq(&a.0, &b.0),
            _ => false,
        }
    }
}

impl TaskError<Infallible> {
    /// As an error of a task that could have failed as well.
    pub fn widen<E>(self) -> TaskError<E> {
        self.map(|never| match *never {})
    }
}

impl<E> TaskError<TaskError<E>> {
    /// Of a child that waited for another one, and passes its end on: that end.
    pub fn flatten(self) -> TaskError<E> {
        match self {
            TaskError::Failed(inner) => Arc::unwrap_or_clone(inner),
            TaskError::Panicked(panic) => TaskError::Panicked(panic),
            TaskError::TimedOut => TaskError::TimedOut,
            TaskError::Cancelled(reason) => TaskError::Cancelled(reason),
        }
    }
}

impl<E> From<E> for TaskError<E> {
    fn from(error: E) -> Self {
        TaskError::Failed(Arc::new(error))
    }
}

// By hand: a derive would ask for `E: Clone`.
impl<E> Clone for TaskError<E> {
    fn clone(&self) -> Self {
        match self {
            TaskError::Failed(error) => TaskError::Failed(Arc::clone(error)),
            TaskError::Panicked(panic) => TaskError::Panicked(panic.clone()),
            TaskError::TimedOut => TaskError::TimedOut,
            TaskError::Cancelled(reason) => TaskError::Cancelled(reason.clone()),
        }
    }
}

impl<E: PartialEq> PartialEq for TaskError<E> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (TaskError::Failed(a), TaskError::Failed(b)) => a == b,
            (TaskError::Panicked(a), TaskError::Panicked(b)) => a == b,
            (TaskError::TimedOut, TaskError::TimedOut) => true,
            (TaskError::Cancelled(a), TaskError::Cancelled(b)) => a == b,
            _ => false,
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskError::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            TaskError::Panicked(panic) => f.debug_tuple("Panicked").field(panic).finish(),
            TaskError::TimedOut => f.write_str("TimedOut"),
            TaskError::Cancelled(reason) => f.debug_tuple("Cancelled").field(reason).finish(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskError::Failed(error) => error.fmt(f),
            TaskError::Panicked(panic) => panic.fmt(f),
            TaskError::TimedOut => f.write_str("timed out"),
            TaskError::Cancelled(reason) => reason.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for TaskError<E> {
    // `Failed` prints the error itself, so its own source comes next in the chain.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TaskError::Failed(error) => error.source(),
            _ => None,
        }
    }
}

/// A panic that was caught: its message, and the payload for whoever wants to resume it.
#[derive(Clone)]
pub struct Panic(Arc<Caught>);

struct Caught {
    message: String,
    // Behind a lock only because a payload is `Send` but not `Sync`.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Panic {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = if let Some(text) = payload.downcast_ref::<&'static str>() {
            (*text).to_owned()
        } else if let Some(text) = payload.downcast_ref::<String>() {
            text.clone()
        } else {
            "a payload that is not text".to_owned()
        };
        Panic(Arc::new(Caught { message, payload: Mutex::new(Some(payload)) }))
    }

    /// The message that was passed to `panic!`.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Takes the payload, for [`std::panic::resume_unwind`]. Only the first taker gets it; the
    /// message stays.
    pub fn take_payload(&self) -> Option<Box<dyn Any + Send>> {
        self.0.payload.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Those of the same message are equal: payloads cannot be compared.
impl PartialEq for Panic {
    fn eq(&self, other: &Self) -> bool {
        self.message() == other.message()
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.0.message).finish()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.0.message)
    }
}
