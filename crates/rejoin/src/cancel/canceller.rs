//! A handle that can cancel, and nothing else.

use std::fmt;

use super::{CancelOnDrop, CancelReason};
use crate::scope::core::Place;

/// Cancels one scope or one child, from anywhere. Cheap to clone.
///
/// It keeps neither the scope nor the child going. A typical owner is whoever notices that a client
/// has gone away or that the program is shutting down.
#[derive(Clone)]
pub struct Canceller {
    place: Place,
}

impl Canceller {
    pub(crate) fn new(place: Place) -> Self {
        Canceller { place }
    }

    /// Tells the scope or the child to stop. True if it had not ended and had not been told before;
    /// the first reason stays.
    pub fn cancel(&self, reason: impl Into<CancelReason>) -> bool {
        self.place.core.stop_member(self.place.member, reason.into())
    }

    /// Cancels with this reason when what this gives is dropped. For work that is of no use without whoever
    /// asked for it and waits for it somewhere else, such as the handler of a server, which is dropped when the
    /// client has gone.
    ///
    /// ```
    /// use rejoin::{CancelReason, Scope, scope};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let ended = scope(|s: Scope| async move {
    ///     let page = s.spawn_value(std::future::pending::<String>());
    ///     let stop = page.canceller().on_drop(CancelReason::client_gone("it hung up"));
    ///     let handler = tokio::spawn(async move {
    ///         let _stop = stop;
    ///         std::future::pending::<()>().await;
    ///     });
    ///     handler.abort();
    ///     Ok(page.await.unwrap_err().to_string())
    /// });
    /// assert_eq!(ended.await.unwrap(), "client gone: it hung up");
    /// # });
    /// ```
    pub fn on_drop(self, reason: impl Into<CancelReason>) -> CancelOnDrop {
        CancelOnDrop::new(self, reason.into())
    }

    /// Whether it has been told to stop.
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Why it was told to stop. `None` while it was not, and after a child has ended.
    pub fn reason(&self) -> Option<CancelReason> {
        self.place.reason()
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller")
            .field("scope", &self.place.core.name())
            .field("reason", &self.reason())
            .finish()
    }
}
