//! What holds when a call or a block is slow or fails.

use std::time::Duration;

use super::Script;

/// The modifiers of one call or block. A time-out is per attempt; the request's deadline bounds the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// What happens when an attempt fails.
    pub retry: Option<Retry>,
    /// After how long another copy of a slow call is made.
    pub hedge: Option<Duration>,
    /// What stands for the output when it failed: a program on the state with the errors in it.
    pub fallback: Option<Script>,
    /// Whether a failure leaves the state as it was.
    pub optional: bool,
}

/// How often what failed is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, the first included; at least 1.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles from there.
    pub backoff: Duration,
}

impl Policy {
    /// Whether a failure stays inside.
    pub fn catches(&self) -> bool {
        self.optional || self.fallback.is_some()
    }
}
