//! What Tokio's primitives lack: a barrier that does not count those who have left.
//!
//! | you want | use |
//! |---|---|
//! | one at a time | `tokio::sync::Mutex`; for short work without a wait, `std::sync::Mutex` |
//! | so many at once | [`ConcurrencyLimit`](crate::limit::ConcurrencyLimit), or `tokio::sync::Semaphore` |
//! | to wake one who waits | `tokio::sync::Notify` |
//! | an event that stays: a value that many wait for | `tokio::sync::watch`, with `wait_for` |
//! | so many to arrive before any goes on | [`Barrier`] |
//!
//! All of them serve in the order of arrival, and a wait that is cancelled by a scope takes nothing.
//! For a bound on a wait, put it into [`timeout`](crate::timeout).

use std::error::Error;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::inspect::waits;

/// So many arrive, then all go on; then it begins anew. Clones are the same barrier.
///
/// Tokio's barrier goes on counting a member that was cancelled while it waited, so that the next
/// round goes on without all being there. This one does not. Whoever knows that a member will never
/// come [breaks](Self::abort) it, so that nobody waits for ever. Where nobody comes in the place of one
/// that has left, it [breaks by itself](Self::breaks_on_leave).
///
/// ```
/// use std::num::NonZeroUsize;
/// use rejoin::sync::Barrier;
/// use rejoin::{Scope, scope};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let barrier = Barrier::new(NonZeroUsize::new(2).unwrap());
/// let last = scope(|s: Scope| async move {
///     let (here, there) = (barrier.clone(), barrier);
///     let one = s.spawn_value(async move { here.wait().await });
///     let two = s.spawn_value(async move { there.wait().await });
///     Ok((one.await?, two.await?))
/// });
/// assert_eq!(last.await.unwrap(), (Ok(0), Ok(1)));
/// # });
/// ```
#[derive(Clone)]
pub struct Barrier {
    members: usize,
    shared: Arc<Mutex<Inner>>,
}

struct Inner {
    arrived: usize,
    broken: bool,
    breaks_on_leave: bool,
    number: u64,
    round: watch::Sender<Option<Result<(), Broken>>>,
}

/// A [`Barrier`] was broken while somebody waited, or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken(());

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier is broken")
    }
}

impl Error for Broken {}

impl Barrier {
    /// A barrier for so many.
    pub fn new(members: NonZeroUsize) -> Self {
        let round = watch::Sender::new(None);
        let inner = Inner { arrived: 0, broken: false, breaks_on_leave: false, number: 0, round };
        Barrier { members: members.get(), shared: Arc::new(Mutex::new(inner)) }
    }

    /// Breaks it when one leaves that has arrived and waits: cancelled, or out of time. That is for a
    /// fixed number of members, of which none comes twice in a round, as of Java's `CyclicBarrier`.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use std::time::Duration;
    /// use rejoin::sync::Barrier;
    /// use rejoin::{Scope, scope, timeout};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let barrier = Barrier::new(NonZeroUsize::new(3).unwrap()).breaks_on_leave();
    /// let (patient, hasty) = (barrier.clone(), barrier);
    /// let broken = scope(|s: Scope| async move {
    ///     let waits = s.spawn_value(async move { patient.wait().await.is_err() });
    ///     assert!(timeout(Duration::from_secs(1), hasty.wait()).await.is_err());
    ///     waits.await
    /// });
    /// assert!(broken.await.unwrap());
    /// # });
    /// ```
    #[must_use]
    pub fn breaks_on_leave(self) -> Self {
        self.lock().breaks_on_leave = true;
        self
    }

    /// Waits until all have arrived, and says how many had arrived before: the last one can do
    /// what has to be done once.
    ///
    /// # Errors
    ///
    /// [`Broken`] if the barrier was broken, with [`abort`](Self::abort) or by one who left, and not reset
    /// since.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has not arrived.
    pub async fn wait(&self) -> Result<usize, Broken> {
        let (place, number, mut round) = {
            let mut inner = self.lock();
            if inner.broken {
                return Err(Broken(()));
            }
            let place = inner.arrived;
            inner.arrived += 1;
            if inner.arrived == self.members {
                inner.end(Ok(()));
                return Ok(place);
            }
            (place, inner.number, inner.round.subscribe())
        };
        let _arrival = Arrival { barrier: self, number };
        let ended = waits("a barrier", round.wait_for(Option::is_some)).await;
        // A round that has ended keeps its last value, also when its sender is gone.
        let ended = ended.ok().and_then(|ended| *ended);
        ended.unwrap_or(Err(Broken(()))).map(|()| place)
    }

    /// Breaks it: all who wait, and all who come, get [`Broken`], until it is [`reset`](Self::reset).
    pub fn abort(&self) {
        self.lock().abort();
    }

    /// Makes it as new. Who still waits gets [`Broken`].
    pub fn reset(&self) {
        let mut inner = self.lock();
        inner.broken = false;
        inner.end(Err(Broken(())));
    }

    /// How many wait now.
    pub fn waiting(&self) -> usize {
        self.lock().arrived
    }

    /// Whether it is broken.
    pub fn is_broken(&self) -> bool {
        self.lock().broken
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn abort(&mut self) {
        self.broken = true;
        self.end(Err(Broken(())));
    }

    fn end(&mut self, result: Result<(), Broken>) {
        self.arrived = 0;
        self.number += 1;
        self.round.send_replace(Some(result));
        self.round = watch::Sender::new(None);
    }
}

/// One who has arrived, until the round is over.
struct Arrival<'a> {
    barrier: &'a Barrier,
    number: u64,
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut inner = self.barrier.lock();
        if inner.number == self.number {
            inner.arrived -= 1;
            if inner.breaks_on_leave {
                inner.abort();
            }
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("members", &self.members)
            .field("waiting", &self.waiting())
            .field("broken", &self.is_broken())
            .finish()
    }
}
