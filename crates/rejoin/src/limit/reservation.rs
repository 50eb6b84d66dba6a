//! What a limit in time has granted.

use std::fmt;
use std::sync::Arc;

use super::gate::{Gate, Grant, Meter};

/// What a [`RateLimit`](super::RateLimit) or a [`WindowLimit`](super::WindowLimit) has granted.
/// Dropping it changes nothing: time passes by itself.
pub struct Reservation {
    gate: Arc<Gate<dyn Meter>>,
    grant: Grant,
}

impl Reservation {
    pub(super) fn new(gate: Arc<Gate<dyn Meter>>, grant: Grant) -> Self {
        Reservation { gate, grant }
    }

    /// What was granted.
    pub fn weight(&self) -> u32 {
        self.grant.weight
    }

    /// Says what was really used. What was granted and not used comes back, what was used beyond it
    /// is charged, and those who come next wait for it.
    ///
    /// What comes back may be granted again at once, however long ago it was granted: by so much more
    /// than the rate allows may start at that moment. Over the whole time no more is used.
    pub fn settle(self, used: u32) {
        self.gate.change(|meter| meter.settle(self.grant, used));
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("weight", &self.weight()).finish()
    }
}
