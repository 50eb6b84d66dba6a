//! A concurrency limit that knows who has a place.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::any_limit::{Keeps, Lend, Lent};
use super::{AnyLimit, ConcurrencyLimit, LimitError, Permit};

/// A [`ConcurrencyLimit`] whose places are lent to somebody, once to each.
///
/// Who borrows a second time would often wait for itself for ever; here that is an error at once.
///
/// `Hash` and `Eq` of borrowers are called while it is locked: they must not ask it for anything.
///
/// ```
/// use std::num::NonZeroU32;
/// use rejoin::limit::{CapacityLimiter, LimitError};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let limiter = CapacityLimiter::new(NonZeroU32::new(1).unwrap());
/// let place = limiter.acquire("importer").await?;
/// assert_eq!(limiter.borrowers(), ["importer"]);
/// assert_eq!(limiter.acquire("importer").await.unwrap_err(), LimitError::AlreadyBorrowed);
/// drop(place);
/// assert!(limiter.borrowers().is_empty());
/// # Ok::<_, LimitError>(()) }).unwrap();
/// ```
pub struct CapacityLimiter<K> {
    places: ConcurrencyLimit,
    known: Known<K>,
}

/// Whether each has its place, or still waits. Shared, so that none is copied or dropped under the lock.
type Known<K> = Arc<Mutex<HashMap<Arc<K>, bool>>>;

impl<K: Eq + Hash + Clone> CapacityLimiter<K> {
    /// A limiter of `limit` places.
    pub fn new(limit: NonZeroU32) -> Self {
        let known = Arc::new(Mutex::new(HashMap::new()));
        CapacityLimiter { places: ConcurrencyLimit::new(limit), known }
    }

    /// Waits for a place for `who`.
    ///
    /// # Errors
    ///
    /// [`LimitError::AlreadyBorrowed`] if `who` has a place or waits for one.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has taken nothing and gives up its place in the line.
    pub async fn acquire(&self, who: K) -> Result<Borrowed<K>, LimitError> {
        let entry = self.enter(who)?;
        Ok(Borrowed::new(entry, self.places.acquire().await))
    }

    /// Takes a place for `who` if one is free and nobody waits.
    ///
    /// # Errors
    ///
    /// [`LimitError::Full`], or [`LimitError::AlreadyBorrowed`] if `who` has a place or waits for one.
    pub fn try_acquire(&self, who: K) -> Result<Borrowed<K>, LimitError> {
        let entry = self.enter(who)?;
        Ok(Borrowed::new(entry, self.places.try_acquire(1)?))
    }

    /// Who has a place, in no order.
    pub fn borrowers(&self) -> Vec<K> {
        self.list(true)
    }

    /// Who waits for a place, in no order.
    pub fn waiting(&self) -> Vec<K> {
        self.list(false)
    }

    /// How many places there are.
    pub fn limit(&self) -> u32 {
        self.places.limit()
    }

    /// Changes how many places there are, as [`ConcurrencyLimit::resize`].
    pub fn resize(&self, limit: NonZeroU32) {
        self.places.resize(limit);
    }

    fn list(&self, has_it: bool) -> Vec<K> {
        let listed: Vec<Arc<K>> = {
            let known = lock(&self.known);
            known.iter().filter(|(_, has)| **has == has_it).map(|(who, _)| who.clone()).collect()
        };
        listed.into_iter().map(Arc::unwrap_or_clone).collect()
    }

    fn enter(&self, who: K) -> Result<Entry<K>, LimitError> {
        Entry::new(Arc::new(who), &self.known)
    }
}

impl<K: Eq + Hash + Send + Sync + 'static> CapacityLimiter<K> {
    /// Places for `who` as part of a [`LimitSet`](super::LimitSet): `set.and(limiter.lent_to(who), 1)`. Each
    /// time that the set is acquired, `who` borrows, and no second time meanwhile.
    pub fn lent_to(&self, who: K) -> AnyLimit {
        let AnyLimit { gate, .. } = AnyLimit::from(&self.places);
        let who = Borrower { who: Arc::new(who), known: Arc::clone(&self.known) };
        AnyLimit { gate, keeps: Keeps::Borrower(Arc::new(who)) }
    }
}

/// One who may borrow as part of a set.
struct Borrower<K> {
    who: Arc<K>,
    known: Known<K>,
}

impl<K: Eq + Hash + Send + Sync + 'static> Lend for Borrower<K> {
    fn enter(&self) -> Result<Box<dyn Lent>, LimitError> {
        Ok(Box::new(Entry::new(Arc::clone(&self.who), &self.known)?))
    }
}

impl<K: Eq + Hash + Send + Sync> Lent for Entry<K> {
    fn is_granted(&mut self) {
        self.has_borrowed();
    }
}

fn lock<K>(known: &Known<K>) -> MutexGuard<'_, HashMap<Arc<K>, bool>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K> Clone for CapacityLimiter<K> {
    fn clone(&self) -> Self {
        CapacityLimiter { places: self.places.clone(), known: Arc::clone(&self.known) }
    }
}

impl<K> fmt::Debug for CapacityLimiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapacityLimiter").field("places", &self.places).finish()
    }
}

/// A place of a [`CapacityLimiter`], given back when this is dropped.
#[must_use = "the place is given back at once if nobody keeps this"]
pub struct Borrowed<K: Eq + Hash> {
    // First, so that there are never more borrowers than places.
    entry: Entry<K>,
    _place: Permit,
}

struct Entry<K: Eq + Hash> {
    who: Arc<K>,
    known: Known<K>,
}

impl<K: Eq + Hash> Entry<K> {
    fn new(who: Arc<K>, at: &Known<K>) -> Result<Self, LimitError> {
        let mut known = lock(at);
        if known.contains_key(&who) {
            return Err(LimitError::AlreadyBorrowed);
        }
        known.insert(Arc::clone(&who), false);
        Ok(Entry { who, known: Arc::clone(at) })
    }

    fn has_borrowed(&mut self) {
        if let Some(has) = lock(&self.known).get_mut(&self.who) {
            *has = true;
        }
    }
}

impl<K: Eq + Hash> Borrowed<K> {
    fn new(mut entry: Entry<K>, place: Permit) -> Self {
        entry.has_borrowed();
        Borrowed { entry, _place: place }
    }

    /// Who has borrowed it.
    pub fn borrower(&self) -> &K {
        &self.entry.who
    }
}

impl<K: Eq + Hash> Drop for Entry<K> {
    fn drop(&mut self) {
        lock(&self.known).remove(&self.who);
    }
}

impl<K: Eq + Hash + fmt::Debug> fmt::Debug for Borrowed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Borrowed").field("borrower", &self.entry.who).finish()
    }
}
