//! One run for all who ask for the same at the same time.
//!
//! When ten requests need the price of one article, a [`SingleFlight`] runs the query once and gives
//! its outcome to all ten. It is no cache: who asks after the end starts a new run.
//!
//! * **Nobody can spoil it for the others.** The run belongs to no caller: if the one who started it
//!   is cancelled, or its deadline passes, another goes on polling it. It is dropped when the last
//!   caller has left. A panic is the outcome of all.
//! * **It says whose it is.** The answer to one user must not reach another because both asked for
//!   `/me`. So each call names its [`Audience`] besides its key: [`Audience::Everybody`] if who asks
//!   makes no difference to the answer, [`Audience::Only`] otherwise.
//! * The run sees neither the deadline nor the cancellation of any caller, and none of their scopes
//!   waits for it: it has no tasks of its own, and each caller awaits it. Scopes that it opens are
//!   outermost ones. Blocking work that it has started cannot be dropped with it when the last caller
//!   leaves: [`detach::shutdown`](crate::detach::shutdown) waits for that, and names it.
//!
//! ```
//! use rejoin::single_flight::{Audience, SingleFlight};
//! # use std::num::ParseIntError;
//! # async fn query(article: u32) -> Result<u32, ParseIntError> { Ok(article * 100) }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let prices = SingleFlight::new();
//! let price = prices.run(Audience::Everybody, 7, || query(7)).await?;
//! assert_eq!(price, 700);
//! # Ok::<(), rejoin::TaskError<ParseIntError>>(()) }).unwrap();
//! ```

mod circle;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::Shared;

use self::circle::Awaits;
use crate::inspect::waits;
use crate::name::Name;
use crate::outcome::{Outcome, Panic, TaskError};
use crate::scope::context;

/// Who may be given an answer that was made for another caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Whoever asks: the answer is the same for all.
    Everybody,
    /// Those of this identity: a user, a tenant, a set of rights.
    Only(Name),
}

/// Runs under way, by audience and key. To be shared, in an [`Arc`](std::sync::Arc), by all who ask.
///
/// `Hash` and `Eq` of keys are called while it is locked: they must not ask it for anything.
pub struct SingleFlight<K, T, E> {
    flights: Mutex<Flights<K, T, E>>,
}

struct Flights<K, T, E> {
    under_way: HashMap<(Audience, K), Flight<T, E>>,
}

/// A run, how many await it, and its number, which no other run in the process has.
struct Flight<T, E> {
    run: Shared<Run<T, E>>,
    callers: usize,
    number: u64,
}

static RUNS: AtomicU64 = AtomicU64::new(1);

type Run<T, E> = Apart<Pin<Box<dyn Future<Output = Result<T, E>> + Send>>>;

impl<K, T, E> SingleFlight<K, T, E>
where
    K: Clone + Eq + Hash,
    T: Clone,
{
    /// Without any run under way.
    pub fn new() -> Self {
        SingleFlight { flights: Mutex::new(Flights { under_way: HashMap::new() }) }
    }

    /// Joins the run for `audience` and `key` that is under way, or starts one with `f`.
    ///
    /// # Errors
    ///
    /// [`TaskError::Failed`] with the error of the run, which is shared, or
    /// [`TaskError::Panicked`].
    ///
    /// # Panics
    ///
    /// In a run that asks for its own key, or for a run that awaits it, itself or by way of others in
    /// whatever flights, because it would wait for itself; the run that asks ends with that panic. A
    /// *task* that a run has started and awaits is not noticed when it asks.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the run to the others; if there are none, it drops the run.
    pub async fn run<F, Fut>(&self, audience: Audience, key: K, f: F) -> Outcome<T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let (run, caller) = self.join((audience, key), f);
        let _awaits = Awaits::begin(caller.number);
        waits("a run that is shared", run).await
    }

    fn join<F, Fut>(&self, at: (Audience, K), f: F) -> (Shared<Run<T, E>>, Caller<'_, K, T, E>)
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let join = |flights: &mut Flights<K, T, E>| {
            let flight = flights.under_way.get_mut(&at)?;
            // One that has ended has an outcome, but none for those who come after its end.
            flight.run.peek().is_none().then(|| {
                flight.callers += 1;
                (flight.run.clone(), flight.number)
            })
        };
        let joined = join(&mut self.lock());
        let (run, number) = match joined {
            Some(joined) => joined,
            // Made without the lock: `f` is the caller's code. Somebody may be faster meanwhile.
            None => {
                let number = RUNS.fetch_add(1, Ordering::Relaxed);
                let key = at.clone();
                let run = Apart { future: Some(Box::pin(f()) as _), number }.shared();
                let mut flights = self.lock();
                match join(&mut flights) {
                    Some(joined) => joined,
                    None => {
                        let flight = Flight { run: run.clone(), callers: 1, number };
                        let ended = flights.under_way.remove_entry(&at);
                        flights.under_way.insert(key, flight);
                        drop(flights);
                        drop(ended);
                        (run, number)
                    }
                }
            }
        };
        (run, Caller { of: self, at, number })
    }

    /// How many runs are under way.
    pub fn under_way(&self) -> usize {
        self.lock().under_way.len()
    }
}

impl<K, T, E> SingleFlight<K, T, E> {
    fn lock(&self) -> MutexGuard<'_, Flights<K, T, E>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who awaits a run. The last to leave takes it along; its destructors, and that of its key, run
/// without the lock.
struct Caller<'a, K: Eq + Hash, T: Clone, E> {
    of: &'a SingleFlight<K, T, E>,
    at: (Audience, K),
    number: u64,
}

impl<K: Eq + Hash, T: Clone, E> Drop for Caller<'_, K, T, E> {
    fn drop(&mut self) {
        let mut flights = self.of.lock();
        let mut gone = None;
        // Another run may have begun since.
        if let Some(flight) = flights.under_way.get_mut(&self.at)
            && flight.number == self.number
        {
            flight.callers -= 1;
            if flight.callers == 0 {
                gone = flights.under_way.remove_entry(&self.at);
            }
        }
        drop(flights);
        drop(gone);
    }
}

/// A future that belongs to no scope, whoever polls it, and whose panic is an outcome.
struct Apart<F> {
    future: Option<F>,
    number: u64,
}

impl<F, T, E> Future for Apart<F>
where
    F: Future<Output = Result<T, E>> + Unpin,
{
    type Output = Outcome<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Apart { future, number } = &mut *self;
        let polled = circle::inside(*number, || {
            let polled = context::enter(&mut None, || {
                let polled =
                    future.as_mut().expect("it is not polled after its end").poll_unpin(cx);
                let result = ready!(polled);
                *future = None;
                Poll::Ready(result)
            });
            if polled.is_err() {
                // A second panic, of a destructor, is no news.
                let _ = context::enter(&mut None, || *future = None);
            }
            polled
        });
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(result.map_err(TaskError::from)),
            Err(payload) => Poll::Ready(Err(TaskError::Panicked(Panic::new(payload)))),
        }
    }
}

impl<K, T, E> Default for SingleFlight<K, T, E>
where
    K: Clone + Eq + Hash,
    T: Clone,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<K, T, E> fmt::Debug for SingleFlight<K, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").field("under_way", &self.lock().under_way.len()).finish()
    }
}
