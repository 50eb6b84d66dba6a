//! What a task waits for, as it says itself when somebody asks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::name::Name;
use crate::scope::core::look;
use crate::scope::{TaskId, context};
use crate::seam::{self, Instant};

/// What a member of a scope waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// The outcome of a task.
    Task {
        /// Which one.
        id: TaskId,
        /// Its name.
        name: Option<Name>,
    },
    /// A time, such as the end of a pause between two attempts.
    Pause {
        /// How long it still is.
        left: Duration,
    },
    /// Something else that has a name: one of this library's ("a place in a limit", "the children of
    /// a join", "a cancellation"), or one given with [`waiting_for`].
    Other(Name),
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::Task { id, name: Some(name) } => write!(f, "task {id} `{}`", shown(name)),
            Wait::Task { id, name: None } => write!(f, "task {id}"),
            Wait::Pause { left } => write!(f, "the end of a pause in {:?}", rounded(*left)),
            Wait::Other(name) => f.write_str(&shown(name)),
        }
    }
}

/// On one line, whatever the name is made of.
pub(super) fn shown(name: &Name) -> String {
    let mut text = String::new();
    for letter in name.as_str().chars() {
        if letter.is_control() {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    text
}

/// Nobody reads nanoseconds.
pub(super) fn rounded(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Awaits `future`, and lets a [`tree`](super::tree) say that this is what the calling task waits for.
/// For what the library cannot know: a reply, a message, a lock.
///
/// ```
/// use rejoin::inspect::{self, waiting_for};
/// use rejoin::{Scope, scope};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// scope(|s: Scope| async move {
///     let (reply, receiver) = tokio::sync::oneshot::channel::<()>();
///     s.task("payment").spawn_value(waiting_for("the bank's reply", receiver));
///     let tree = s.tree().await;
///     assert!(tree.to_string().contains("`payment`: waits for the bank's reply"));
///     drop(reply);
///     Ok(())
/// })
/// .await
/// # .unwrap();
/// # });
/// ```
///
/// # Cancel safety
///
/// As that of `future`.
///
/// # Cost
///
/// One atomic load for each poll in which `future` is not ready.
pub fn waiting_for<F: Future>(what: impl Into<Name>, future: F) -> impl Future<Output = F::Output> {
    let what = what.into();
    noted(move || Wait::Other(what.clone()), future)
}

/// A wait of this crate, for a thing with a fixed name.
pub(crate) fn waits<F: Future>(
    what: &'static str,
    future: F,
) -> impl Future<Output = F::Output> + use<F> {
    noted(move || Wait::Other(Name::from(what)), future)
}

/// A pause until some time.
pub(crate) fn pause_until(at: Instant) -> impl Future<Output = ()> {
    let wait = move || Wait::Pause { left: at.saturating_duration_since(seam::now()) };
    noted(wait, seam::sleep_until(at))
}

/// Notes what is waited for when `future` is not ready, if somebody looks.
fn noted<F: Future, W: Fn() -> Wait>(wait: W, future: F) -> Noted<F, W> {
    Noted { future, wait }
}

/// As [`noted`], for a poll by hand that has come back with nothing.
#[inline]
pub(crate) fn note(wait: impl FnOnce() -> Wait) {
    if look::is_on() {
        note_in_noise(wait);
    }
}

#[cold]
fn note_in_noise(wait: impl FnOnce() -> Wait) {
    context::with(|place| {
        if let Some(place) = place {
            place.core.note(place.member, wait());
        }
    });
}

pin_project! {
    /// The future of [`noted`].
    struct Noted<F, W> {
        #[pin]
        future: F,
        wait: W,
    }
}

impl<F: Future, W: Fn() -> Wait> Future for Noted<F, W> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = this.future.poll(cx);
        if polled.is_pending() {
            note(this.wait);
        }
        polled
    }
}
