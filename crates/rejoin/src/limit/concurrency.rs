//! How much may be under way at once.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::LimitError;
use super::gate::{Gate, Grant, Meter};
use crate::seam::Instant;

/// A bound on what is under way at once, to be shared by all who use one thing.
///
/// ```
/// use std::num::NonZeroU32;
/// use rejoin::limit::ConcurrencyLimit;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let limit = ConcurrencyLimit::new(NonZeroU32::new(2).unwrap());
/// let (one, two) = (limit.acquire().await, limit.acquire().await);
/// assert!(limit.try_acquire(1).is_err());
/// drop(one);
/// assert!(limit.try_acquire(1).is_ok());
/// # drop(two);
/// # });
/// ```
#[derive(Clone)]
pub struct ConcurrencyLimit {
    pub(super) gate: Arc<Gate<Places>>,
}

/// More may be in use than there are, for a while after the limit was made smaller.
pub(super) struct Places {
    limit: u32,
    in_use: u32,
    /// How often it was found to be too large: what was granted before proves nothing about it now.
    decreases: u64,
}

impl Meter for Places {
    fn most(&self) -> u32 {
        self.limit
    }

    fn fits(&mut self, weight: u32) -> Result<(), Option<Instant>> {
        let after = self.in_use.checked_add(weight);
        if after.is_some_and(|after| after <= self.limit) { Ok(()) } else { Err(None) }
    }

    fn take(&mut self, weight: u32) -> Grant {
        self.in_use += weight;
        Grant { weight, stamp: self.decreases }
    }

    fn settle(&mut self, grant: Grant, used: u32) -> Grant {
        let weight = grant.weight.min(used);
        self.in_use -= grant.weight - weight;
        Grant { weight, ..grant }
    }

    fn leave(&mut self, grant: Grant) {
        self.in_use -= grant.weight;
    }
}

impl ConcurrencyLimit {
    /// A limit of `limit` places.
    pub fn new(limit: NonZeroU32) -> Self {
        ConcurrencyLimit { gate: Gate::new(Places { limit: limit.get(), in_use: 0, decreases: 0 }) }
    }

    /// Waits for a place.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has taken nothing and gives up its place in the line.
    pub async fn acquire(&self) -> Permit {
        self.permit(self.gate.acquire_one().await)
    }

    /// Waits for `weight` places at once.
    ///
    /// # Errors
    ///
    /// [`LimitError::TooMuch`] if there are not so many places, or not any longer when its turn comes.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_many(&self, weight: u32) -> Result<Permit, LimitError> {
        Ok(self.permit(self.gate.acquire(weight).await?))
    }

    /// Takes `weight` places if they are free and nobody waits.
    ///
    /// # Errors
    ///
    /// [`LimitError`].
    pub fn try_acquire(&self, weight: u32) -> Result<Permit, LimitError> {
        self.gate.admit(weight)?;
        self.gate.try_acquire(weight).map(|grant| self.permit(grant)).ok_or(LimitError::Full)
    }

    /// Changes how many places there are. Whoever has one keeps it; when the limit is made smaller,
    /// places that are in use are not given out again until there are few enough. Whoever waits for more
    /// than there are then gets [`LimitError::TooMuch`] in its turn, and holds up nobody.
    pub fn resize(&self, limit: NonZeroU32) {
        self.gate.change(|places| places.limit = limit.get());
    }

    /// As [`resize`](Self::resize), because it was too large.
    pub(super) fn decrease(&self, limit: NonZeroU32) {
        self.gate.change(|places| {
            places.limit = limit.get();
            places.decreases += 1;
        });
    }

    /// How often that was.
    pub(super) fn decreases(&self) -> u64 {
        self.gate.look(|places| places.decreases)
    }

    /// How many places there are.
    pub fn limit(&self) -> u32 {
        self.gate.look(|places| places.limit)
    }

    /// How many places are in use; more than there are for a while after the limit was made smaller.
    pub fn in_use(&self) -> u32 {
        self.gate.look(|places| places.in_use)
    }

    fn permit(&self, grant: Grant) -> Permit {
        Permit { gate: Arc::clone(&self.gate), grant }
    }
}

impl fmt::Debug for ConcurrencyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimit")
            .field("limit", &self.limit())
            .field("in_use", &self.in_use())
            .finish()
    }
}

/// Places of a [`ConcurrencyLimit`], given back when this is dropped.
#[must_use = "the places are given back at once if nobody keeps this"]
pub struct Permit {
    gate: Arc<Gate<Places>>,
    grant: Grant,
}

impl Permit {
    /// How many places it holds.
    pub fn weight(&self) -> u32 {
        self.grant.weight
    }

    /// Gives some of its places back and keeps `weight`, if it has more.
    pub fn shrink(&mut self, weight: u32) {
        self.grant = self.gate.change(|places| places.settle(self.grant, weight));
    }

    /// After how many decreases of the limit it was granted.
    pub(super) fn granted_after(&self) -> u64 {
        self.grant.stamp
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.change(|places| places.leave(self.grant));
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("weight", &self.weight()).finish()
    }
}
