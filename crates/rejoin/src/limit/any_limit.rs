//! A limit of any kind, as a set of limits takes it.

use std::fmt;
use std::sync::Arc;

use super::gate::{Gate, Meter};
use super::{AdaptiveLimit, ConcurrencyLimit, LimitError, RateLimit, WindowLimit};

/// A limit of any kind, to be put into a [`LimitSet`](super::LimitSet): a reference to one, or for a
/// [`CapacityLimiter`](super::CapacityLimiter), which wants to know whom it lends to, what its
/// [`lent_to`](super::CapacityLimiter::lent_to) gives.
#[derive(Clone)]
pub struct AnyLimit {
    pub(super) gate: Arc<Gate<dyn Meter>>,
    pub(super) keeps: Keeps,
}

/// What a limit keeps of a call besides how much it holds.
#[derive(Clone)]
pub(super) enum Keeps {
    Nothing,
    /// How it went.
    Reports(AdaptiveLimit),
    /// Who it is.
    Borrower(Arc<dyn Lend>),
}

/// Somebody who may borrow.
pub(super) trait Lend: Send + Sync {
    /// Enters them as one who waits.
    fn enter(&self) -> Result<Box<dyn Lent>, LimitError>;
}

/// Somebody who waits or has borrowed, until this is dropped.
pub(super) trait Lent: Send + Sync {
    fn is_granted(&mut self);
}

impl From<&ConcurrencyLimit> for AnyLimit {
    fn from(limit: &ConcurrencyLimit) -> Self {
        AnyLimit { gate: Arc::clone(&limit.gate) as Arc<_>, keeps: Keeps::Nothing }
    }
}

impl From<&RateLimit> for AnyLimit {
    fn from(limit: &RateLimit) -> Self {
        AnyLimit { gate: Arc::clone(&limit.gate) as Arc<_>, keeps: Keeps::Nothing }
    }
}

impl From<&WindowLimit> for AnyLimit {
    fn from(limit: &WindowLimit) -> Self {
        AnyLimit { gate: Arc::clone(&limit.gate) as Arc<_>, keeps: Keeps::Nothing }
    }
}

/// How the call went is said with [`Held::succeeded`](super::Held::succeeded) and
/// [`Held::overloaded`](super::Held::overloaded). A wish for more places than it has at the moment is an
/// error, as it is with a limit that never changes.
impl From<&AdaptiveLimit> for AnyLimit {
    fn from(limit: &AdaptiveLimit) -> Self {
        let AnyLimit { gate, .. } = AnyLimit::from(limit.places());
        AnyLimit { gate, keeps: Keeps::Reports(limit.clone()) }
    }
}

impl fmt::Debug for AnyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyLimit").finish_non_exhaustive()
    }
}
