//! A scope that is cancelled when something happens outside of it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use futures_util::future::{Either, select};

use super::Scope;
use super::core::{Core, Place};
use crate::cancel::CancelReason;
use crate::inspect::waits;
use crate::name::Name;

/// What the child that waits for it is called in a tree of tasks.
const NAME: &str = "cancel_when";

impl<E: Send + Sync + 'static> Scope<E> {
    /// [Cancels](Self::cancel) the scope when `signal` is ready: a `CancellationToken` of `tokio-util`, Ctrl-C, a
    /// channel.
    ///
    /// It waits in a child of its own, which does not keep the scope open: when the body has ended and only
    /// such children are left, the scope ends and `signal` is dropped. In a scope that stops or has ended
    /// nothing is started.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use rejoin::{Scope, scope};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let token = CancellationToken::new();
    /// let stop = token.clone().cancelled_owned();
    /// let served = scope(|s: Scope<Infallible>| async move {
    ///     s.cancel_when(stop, "the operator stopped it");
    ///     s.spawn_value(async move { token.cancel() });
    ///     std::future::pending().await
    /// });
    /// let error: rejoin::ScopeError<_> = Result::<(), _>::unwrap_err(served.await);
    /// assert_eq!(error.cancelled().unwrap().text(), "the operator stopped it");
    /// # });
    /// ```
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    #[track_caller]
    pub fn cancel_when<F>(&self, signal: F, reason: impl Into<CancelReason>)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let Ok(Place { core, member }) = self.seat_server(&Name::from(NAME)) else { return };
        let (scope, reason, resting) = (self.clone(), reason.into(), Resting::begin(core));
        self.serve(member, async move {
            let over = poll_fn(|cx| match resting.0.is_over_or_wakes(member, cx.waker()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            });
            let signal = waits("the signal to cancel", signal);
            if let Either::Left(_) = select(pin!(signal), over).await {
                scope.cancel(reason);
            }
        });
    }
}

/// A child that has nothing to do for the others, to its end.
struct Resting(Arc<Core>);

impl Resting {
    fn begin(core: Arc<Core>) -> Resting {
        core.rest().into_iter().for_each(Waker::wake);
        Resting(core)
    }
}

impl Drop for Resting {
    fn drop(&mut self) {
        self.0.leave_rest();
    }
}
