//! How much may be under way at once.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::LimitError;

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
    shared: Arc<Shared>,
}

struct Shared {
    // Fair, weighted requests included, and a dropped wait takes nothing.
    places: Arc<Semaphore>,
    size: Mutex<Size>,
}

#[derive(Clone, Copy)]
struct Size {
    limit: u32,
    /// Places that a smaller limit has taken away and that are still in use: they are not given back.
    owed: u32,
}

impl ConcurrencyLimit {
    /// A limit of `limit` places.
    pub fn new(limit: NonZeroU32) -> Self {
        let limit = limit.get();
        let places = Arc::new(Semaphore::new(limit as usize));
        let size = Mutex::new(Size { limit, owed: 0 });
        ConcurrencyLimit { shared: Arc::new(Shared { places, size }) }
    }

    /// Waits for a place.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has taken nothing and gives up its place in the line.
    pub async fn acquire(&self) -> Permit {
        self.take(1).await
    }

    /// Waits for `weight` places at once. If the limit is made smaller than that meanwhile, it waits
    /// until it is made larger.
    ///
    /// # Errors
    ///
    /// [`LimitError::TooMuch`] if there are not so many places.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_many(&self, weight: u32) -> Result<Permit, LimitError> {
        self.admit(weight)?;
        Ok(self.take(weight).await)
    }

    /// Takes `weight` places if they are free and nobody waits.
    ///
    /// # Errors
    ///
    /// [`LimitError`].
    pub fn try_acquire(&self, weight: u32) -> Result<Permit, LimitError> {
        self.admit(weight)?;
        let places = Arc::clone(&self.shared.places).try_acquire_many_owned(weight);
        let places = places.map_err(|_| LimitError::Full)?;
        Ok(Permit { places: Some(places), shared: Arc::clone(&self.shared) })
    }

    /// Changes how many places there are. Whoever has one keeps it; when the limit is made smaller,
    /// places that are in use are not given out again until there are few enough.
    pub fn resize(&self, limit: NonZeroU32) {
        let limit = limit.get();
        let mut size = self.shared.size();
        if limit < size.limit {
            let fewer = size.limit - limit;
            let gone = self.shared.places.forget_permits(fewer as usize) as u32;
            size.owed += fewer - gone;
        } else {
            let more = limit - size.limit;
            let paid = more.min(size.owed);
            size.owed -= paid;
            self.shared.places.add_permits((more - paid) as usize);
        }
        size.limit = limit;
    }

    /// How many places there are.
    pub fn limit(&self) -> u32 {
        self.shared.size().limit
    }

    /// How many places are in use; more than there are for a while after the limit was made smaller.
    pub fn in_use(&self) -> u32 {
        let size = self.shared.size();
        let free = u32::try_from(self.shared.places.available_permits()).unwrap_or(u32::MAX);
        (size.limit + size.owed).saturating_sub(free)
    }

    fn admit(&self, wanted: u32) -> Result<(), LimitError> {
        let most = self.limit();
        if wanted > most { Err(LimitError::TooMuch { wanted, most }) } else { Ok(()) }
    }

    async fn take(&self, weight: u32) -> Permit {
        let places = Arc::clone(&self.shared.places).acquire_many_owned(weight);
        let places = places.await.expect("the semaphore is never closed");
        Permit { places: Some(places), shared: Arc::clone(&self.shared) }
    }
}

impl Shared {
    fn size(&self) -> MutexGuard<'_, Size> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
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
    places: Option<OwnedSemaphorePermit>,
    shared: Arc<Shared>,
}

impl Permit {
    /// How many places it holds.
    pub fn weight(&self) -> u32 {
        self.places.as_ref().map_or(0, |places| places.num_permits() as u32)
    }

    /// Gives some of its places back and keeps `weight`, if it has more.
    pub fn shrink(&mut self, weight: u32) {
        let surplus = self.weight().saturating_sub(weight);
        if let Some(surplus) = self.places.as_mut().and_then(|p| p.split(surplus as usize)) {
            drop(Permit { places: Some(surplus), shared: Arc::clone(&self.shared) });
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(mut places) = self.places.take() else { return };
        // Under the lock, so that a resize sees either the debt or the place.
        let mut size = self.shared.size();
        let kept = size.owed.min(places.num_permits() as u32);
        size.owed -= kept;
        if let Some(kept) = places.split(kept as usize) {
            kept.forget();
        }
        drop(places);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("weight", &self.weight()).finish()
    }
}
