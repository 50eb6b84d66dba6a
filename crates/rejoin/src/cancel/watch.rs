//! How running code learns that it was cancelled.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{CancelReason, Cancelled};
use crate::inspect::{self, Wait};
use crate::scope::context;
use crate::scope::core::Place;
use crate::seam;

/// Waits until the calling task, or the scope that it is in, is told to stop, and says why. Never
/// resolves outside scopes.
///
/// Level-triggered: once it is ready it stays ready. It sees the place in which it is first polled. What is
/// handed to others to be polled in a task of theirs is outside of all scopes there: that waits for
/// [`Scope::cancelled`](crate::Scope::cancelled).
///
/// ```
/// use rejoin::{CancelSource, Scope, cancelled, scope};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let source = scope(|s: Scope| async move {
///     let listener = s.spawn_value(async { cancelled().await.source() });
///     tokio::task::yield_now().await;
///     listener.cancel("enough");
///     listener.await
/// })
/// .await;
/// assert_eq!(source.unwrap(), CancelSource::Explicit);
/// # });
/// ```
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
pub fn cancelled() -> WhenCancelled {
    WhenCancelled { place: None, watch: None }
}

/// The future of [`cancelled`], and of [`Scope::cancelled`](crate::Scope::cancelled).
#[must_use = "futures do nothing unless polled"]
pub struct WhenCancelled {
    place: Option<Place>,
    watch: Option<usize>,
}

impl WhenCancelled {
    /// At a known place, whoever polls it.
    pub(crate) fn at(place: Option<Place>) -> Self {
        WhenCancelled { place, watch: None }
    }
}

impl Future for WhenCancelled {
    type Output = CancelReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CancelReason> {
        let this = &mut *self;
        if this.place.is_none() {
            this.place = context::current();
        }
        let Some(Place { core, member }) = &this.place else { return Poll::Pending };
        match core.watch(*member, &mut this.watch, cx.waker()) {
            Some(reason) => Poll::Ready(reason),
            None => {
                inspect::note(|| Wait::Other("a cancellation".into()));
                Poll::Pending
            }
        }
    }
}

impl Drop for WhenCancelled {
    fn drop(&mut self) {
        if let (Some(Place { core, member }), Some(watch)) = (&self.place, self.watch) {
            core.unwatch(*member, watch);
        }
    }
}

impl fmt::Debug for WhenCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhenCancelled").field("waiting", &self.watch.is_some()).finish()
    }
}

/// Why the calling code was told to stop, if it was. For work that cannot wait, such as that of a
/// [`ThreadPool`](crate::pool::ThreadPool); code that can, uses [`checkpoint`] or [`cancelled`].
///
/// ```
/// # use rejoin::{CancelReason, cancel_reason};
/// fn hash_all(files: &[&str]) -> Result<usize, CancelReason> {
///     let mut hashed = 0;
///     for file in files {
///         if let Some(reason) = cancel_reason() {
///             return Err(reason);
///         }
///         hashed += file.len();
///     }
///     Ok(hashed)
/// }
/// # assert_eq!(hash_all(&["a", "bc"]), Ok(3));
/// ```
pub fn cancel_reason() -> Option<CancelReason> {
    context::with(|place| place.and_then(Place::reason))
}

/// Lets other tasks run, then fails if the calling task was told to stop. For loops that work for
/// long without waiting.
///
/// ```
/// use rejoin::{Scope, checkpoint, scope};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// scope(|s: Scope| async move {
///     let counting = s.spawn_value(async {
///         let mut n = 0_u64;
///         while checkpoint().await.is_ok() {
///             n += 1;
///         }
///         n
///     });
///     for _ in 0..10 {
///         tokio::task::yield_now().await;
///     }
///     counting.cancel("enough");
///     assert!(counting.await? > 0);
///     Ok(())
/// })
/// .await
/// .unwrap();
/// # });
/// ```
///
/// # Errors
///
/// [`Cancelled`], with the reason.
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
pub async fn checkpoint() -> Result<(), Cancelled> {
    if cancel_reason().is_none() {
        seam::yield_now().await;
    }
    match cancel_reason() {
        Some(reason) => Err(Cancelled(reason)),
        None => Ok(()),
    }
}
