//! Several limits at once, all or nothing.

use std::fmt;
use std::sync::Arc;

use super::gate::{self, Gate, Grant, Meter, Part};
use super::{ConcurrencyLimit, LimitError, RateLimit, WindowLimit};

/// So much of each of several limits, to be had all at once or not at all.
///
/// While it waits it has taken nothing from any of them, so two that name the same limits in different
/// orders cannot block each other. It is served in the order of arrival at each limit: those who come
/// later to one of them wait behind it, also while it is another one that is not free. Otherwise a
/// steady stream of small requests would keep it waiting for ever.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use rejoin::limit::{ConcurrencyLimit, LimitSet, RateLimit};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let calls = ConcurrencyLimit::new(NonZeroU32::new(4).unwrap());
/// let tokens = RateLimit::new(NonZeroU32::new(1000).unwrap(), Duration::from_secs(1))
///     .burst(NonZeroU32::new(1000).unwrap());
///
/// let request = LimitSet::new().and(&calls, 1).and(&tokens, 400);
/// let mut held = request.acquire().await?;
/// assert_eq!(calls.in_use(), 1);
/// held.settle(&tokens, 250)?; // 150 come back
/// drop(held);
/// assert_eq!(calls.in_use(), 0);
/// # Ok::<_, rejoin::limit::LimitError>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct LimitSet {
    /// By address, each gate once.
    parts: Vec<Part>,
}

/// A limit of any kind, to be put into a [`LimitSet`].
#[derive(Clone)]
pub struct AnyLimit(Arc<Gate<dyn Meter>>);

impl From<&ConcurrencyLimit> for AnyLimit {
    fn from(limit: &ConcurrencyLimit) -> Self {
        AnyLimit(Arc::clone(&limit.gate) as Arc<_>)
    }
}

impl From<&RateLimit> for AnyLimit {
    fn from(limit: &RateLimit) -> Self {
        AnyLimit(Arc::clone(&limit.gate) as Arc<_>)
    }
}

impl From<&WindowLimit> for AnyLimit {
    fn from(limit: &WindowLimit) -> Self {
        AnyLimit(Arc::clone(&limit.gate) as Arc<_>)
    }
}

impl fmt::Debug for AnyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyLimit").finish_non_exhaustive()
    }
}

impl LimitSet {
    /// Of nothing: acquiring it succeeds at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// And `weight` of `limit`. A limit that is named twice is asked for the sum.
    #[must_use]
    pub fn and(mut self, limit: impl Into<AnyLimit>, weight: u32) -> Self {
        let AnyLimit(gate) = limit.into();
        match self.parts.binary_search_by_key(&address(&gate), |part| address(&part.gate)) {
            Ok(index) => {
                let part = &mut self.parts[index];
                part.weight = part.weight.saturating_add(weight);
            }
            Err(index) => self.parts.insert(index, Part { gate, weight }),
        }
        self
    }

    /// Waits until all can be had at once. For a bound on the wait, put it into
    /// [`timeout`](crate::timeout).
    ///
    /// # Errors
    ///
    /// [`LimitError::TooMuch`] if one of them can never grant so much, or cannot any longer when its turn
    /// comes.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has taken nothing and gives up its place in the lines.
    pub async fn acquire(&self) -> Result<Held, LimitError> {
        gate::admit(&self.parts)?;
        Ok(self.held(gate::acquire(&self.parts).await?))
    }

    /// Takes all if they can be had now and nobody waits for any of them.
    ///
    /// # Errors
    ///
    /// [`LimitError`]; then nothing was taken.
    pub fn try_acquire(&self) -> Result<Held, LimitError> {
        gate::admit(&self.parts)?;
        gate::try_acquire(&self.parts).map(|grants| self.held(grants)).ok_or(LimitError::Full)
    }

    fn held(&self, grants: Vec<Grant>) -> Held {
        let gates = self.parts.iter().map(|part| Arc::clone(&part.gate));
        Held { parts: gates.zip(grants).collect() }
    }
}

impl fmt::Debug for LimitSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitSet").field("limits", &self.parts.len()).finish()
    }
}

/// The order in which lines are joined. A set keeps its gates alive, so none takes another's place.
fn address(gate: &Arc<Gate<dyn Meter>>) -> usize {
    Arc::as_ptr(gate).cast::<()>().addr()
}

/// What a [`LimitSet`] has got. Dropping it gives the places back; what was granted of a rate is used.
#[must_use = "the places are given back at once if nobody keeps this"]
pub struct Held {
    parts: Vec<(Arc<Gate<dyn Meter>>, Grant)>,
}

impl Held {
    /// How much of `limit` it holds.
    pub fn weight(&self, limit: impl Into<AnyLimit>) -> u32 {
        self.find(&limit.into()).map_or(0, |index| self.parts[index].1.weight)
    }

    /// Says what was really used of `limit`. What was not used comes back at once. What was used of a
    /// rate beyond it is charged, and those who come next wait for it; places beyond those held cannot
    /// be used, so there it changes nothing.
    ///
    /// # Errors
    ///
    /// [`LimitError::NotHeld`] if the set did not name this limit.
    pub fn settle(&mut self, limit: impl Into<AnyLimit>, used: u32) -> Result<(), LimitError> {
        let index = self.find(&limit.into()).ok_or(LimitError::NotHeld)?;
        let (gate, grant) = &mut self.parts[index];
        *grant = gate.change(|meter| meter.settle(*grant, used));
        Ok(())
    }

    fn find(&self, limit: &AnyLimit) -> Option<usize> {
        self.parts.binary_search_by_key(&address(&limit.0), |(gate, _)| address(gate)).ok()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for (gate, grant) in &self.parts {
            gate.change(|meter| meter.leave(*grant));
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("limits", &self.parts.len()).finish()
    }
}
