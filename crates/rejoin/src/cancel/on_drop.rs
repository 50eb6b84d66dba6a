//! A cancellation that goes with whoever holds it.

use std::fmt;

use super::{CancelReason, Canceller};

/// Cancels a scope or a child when it is dropped; made by [`Canceller::on_drop`].
#[must_use = "dropped, it cancels"]
pub struct CancelOnDrop {
    canceller: Canceller,
    /// Until it is disarmed.
    reason: Option<CancelReason>,
}

impl CancelOnDrop {
    pub(super) fn new(canceller: Canceller, reason: CancelReason) -> Self {
        CancelOnDrop { canceller, reason: Some(reason) }
    }

    /// Cancels nothing any more.
    pub fn disarm(mut self) {
        self.reason = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(reason) = self.reason.take() {
            self.canceller.cancel(reason);
        }
    }
}

impl fmt::Debug for CancelOnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelOnDrop")
            .field("canceller", &self.canceller)
            .field("reason", &self.reason)
            .finish()
    }
}
