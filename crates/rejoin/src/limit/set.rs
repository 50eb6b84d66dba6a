//! Several limits at once, all or nothing.

use std::fmt;
use std::sync::Arc;

use super::adaptive::Call;
use super::any_limit::{AnyLimit, Keeps, Lend, Lent};
use super::gate::{Gate, Grant, Meter};
use super::turn::{self, Grants, Part};
use super::{AdaptiveLimit, LimitError};

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
    /// Those of them that want to hear how a call went, each once.
    adaptive: Vec<AdaptiveLimit>,
    /// Whom those lend to that want to know.
    borrowers: Vec<Arc<dyn Lend>>,
}

impl LimitSet {
    /// Of nothing: acquiring it succeeds at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// And `weight` of `limit`, which may be of any kind. A limit that is named twice is asked for the sum.
    #[must_use]
    pub fn and(mut self, limit: impl Into<AnyLimit>, weight: u32) -> Self {
        let AnyLimit { gate, keeps } = limit.into();
        match keeps {
            Keeps::Borrower(who) if weight > 0 => self.borrowers.push(who),
            Keeps::Reports(limit) if !self.adaptive.iter().any(|other| other.is(&limit)) => {
                self.adaptive.push(limit);
            }
            _ => {}
        }
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
    /// comes; [`LimitError::AlreadyBorrowed`] if a borrower has borrowed there already, or waits.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has taken nothing and gives up its place in the lines.
    pub async fn acquire(&self) -> Result<Held, LimitError> {
        turn::admit(&self.parts)?;
        let lent = self.enter_borrowers()?;
        Ok(self.held(turn::acquire(&self.parts).await?, lent))
    }

    /// Takes all if they can be had now and nobody waits for any of them.
    ///
    /// # Errors
    ///
    /// [`LimitError`]; then nothing was taken.
    pub fn try_acquire(&self) -> Result<Held, LimitError> {
        turn::admit(&self.parts)?;
        let lent = self.enter_borrowers()?;
        let grants = turn::try_acquire(&self.parts).ok_or(LimitError::Full)?;
        Ok(self.held(grants, lent))
    }

    fn enter_borrowers(&self) -> Result<Vec<Box<dyn Lent>>, LimitError> {
        self.borrowers.iter().map(|who| who.enter()).collect()
    }

    fn held(&self, grants: Grants, mut lent: Vec<Box<dyn Lent>>) -> Held {
        lent.iter_mut().for_each(|borrower| borrower.is_granted());
        let gates = self.parts.iter().map(|part| Arc::clone(&part.gate));
        let mut held = Held { parts: gates.zip(grants).collect(), calls: Vec::new(), lent };
        for limit in &self.adaptive {
            let grant = held.find(&limit.into()).map(|index| held.parts[index].1);
            let grant = grant.expect("each limit of a set is one of its parts");
            held.calls.push(limit.begin(grant.stamp));
        }
        held
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
    /// What has not been reported yet.
    calls: Vec<Call>,
    lent: Vec<Box<dyn Lent>>,
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

    /// Reports to `limit`, as [`AdaptivePermit::succeeded`](super::AdaptivePermit::succeeded) does, that the
    /// call went well; as many of them as are held of it. The places are kept.
    ///
    /// # Errors
    ///
    /// [`LimitError::NotHeld`] if the set did not name this limit, or this was reported before.
    pub fn succeeded(&mut self, limit: &AdaptiveLimit) -> Result<(), LimitError> {
        let weight = self.weight(limit);
        self.take_call(limit)?.succeeded(weight);
        Ok(())
    }

    /// Reports to `limit`, as [`AdaptivePermit::overloaded`](super::AdaptivePermit::overloaded) does, that
    /// the service had too much to do. The places are kept.
    ///
    /// # Errors
    ///
    /// As [`succeeded`](Self::succeeded).
    pub fn overloaded(&mut self, limit: &AdaptiveLimit) -> Result<(), LimitError> {
        self.take_call(limit)?.overloaded();
        Ok(())
    }

    fn take_call(&mut self, limit: &AdaptiveLimit) -> Result<Call, LimitError> {
        let index = self.calls.iter().position(|call| call.is_of(limit));
        Ok(self.calls.swap_remove(index.ok_or(LimitError::NotHeld)?))
    }

    fn find(&self, limit: &AnyLimit) -> Option<usize> {
        self.parts.binary_search_by_key(&address(&limit.gate), |(gate, _)| address(gate)).ok()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // First, so that there are never more borrowers than places.
        self.lent.clear();
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
