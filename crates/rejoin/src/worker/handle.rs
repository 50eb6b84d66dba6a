//! The handle of a worker: calling it, and stopping it.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, TryAcquireError};

use super::builder::Runs;
use super::call::Call;
use super::line::Shared;
use super::refused::{Refused, Why};
#[cfg(not(any(shuttle, rejoin_loom)))]
use super::thread::on_thread;
use super::within::{self, Link};
use crate::cancel::{CancelReason, timeout};
use crate::inspect::waits;
use crate::outcome::{Outcome, TaskError};
use crate::scope::core::StopCause;
use crate::scope::{Refusal, Scope, TaskHandle, as_outcome};

/// A worker: a state, and calls that have it one at a time. Clones are the same worker; when the last
/// is dropped, the worker ends as soon as its calls have.
///
/// `S` is the state, `E` the error of its calls. See the [module](super).
pub struct Worker<S, E = Infallible> {
    held: Arc<Held<S>>,
    errors: PhantomData<fn() -> E>,
}

struct Held<S>(Arc<Shared<S>>);

impl<S> Drop for Held<S> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What a worker has done, and what it has to do, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Calls that it has taken since it was started.
    pub submitted: u64,
    /// Calls that wait or run.
    pub unfinished: usize,
    /// Copies that are not gone for good.
    pub copies: usize,
    /// How often a copy got a new state.
    pub restarts: u64,
}

impl<S: Send + 'static, E: Send + Sync + 'static> Worker<S, E> {
    pub(super) fn new(shared: Arc<Shared<S>>) -> Self {
        Worker { held: Arc::new(Held(shared)), errors: PhantomData }
    }

    /// Has `call` run, and waits for its outcome. To submit several and go on, use
    /// [`submit`](Self::submit).
    ///
    /// # Errors
    ///
    /// As that of a child. [`TaskError::Cancelled`] with the source
    /// [`Refused`](crate::CancelSource::Refused) if the worker has stopped or if this would be waiting
    /// for oneself, with the source [`WorkerDied`](crate::CancelSource::WorkerDied) if the worker has
    /// died.
    ///
    /// # Cancel safety
    ///
    /// Dropping it cancels the call: one that waits never starts, one that runs is stopped, and the
    /// scope of the worker waits for its end.
    pub async fn call<C>(&self, call: C) -> Outcome<C::Output, E>
    where
        C: Call<S, Error = E, Output: 'static> + 'static,
    {
        let here = within::here();
        let begun = match self.place(here.as_ref()).await {
            Ok(place) => self.begin(place, call, here),
            Err(why) => Err(self.refuse(why, call)),
        };
        match begun {
            Ok(handle) => Awaited(handle).await,
            Err(refused) => Err(TaskError::Cancelled(refused.into_reason())),
        }
    }

    /// Submits `call`, waiting for a place in the queue. The handle is that of any child: it may be
    /// awaited, cancelled, or dropped, and then the call goes on.
    ///
    /// # Errors
    ///
    /// [`Refused`] hands `call` back if the worker has stopped or died, or if this comes from inside a
    /// call of the same worker.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, `call` has not been submitted.
    pub async fn submit<C>(&self, call: C) -> Result<TaskHandle<C::Output, E>, Refused<C>>
    where
        C: Call<S, Error = E, Output: 'static> + 'static,
    {
        match self.place(within::here().as_ref()).await {
            Ok(place) => self.begin(place, call, None),
            Err(why) => Err(self.refuse(why, call)),
        }
    }

    /// As [`submit`](Self::submit), if there is a place in the queue now.
    ///
    /// # Errors
    ///
    /// [`Refused`] hands `call` back; also if the queue is full.
    pub fn try_submit<C>(&self, call: C) -> Result<TaskHandle<C::Output, E>, Refused<C>>
    where
        C: Call<S, Error = E, Output: 'static> + 'static,
    {
        if self.shared().within.holds_up(within::here().as_ref()) {
            return Err(self.refuse(Why::Itself, call));
        }
        match Arc::clone(&self.shared().places).try_acquire_owned() {
            Ok(place) => self.begin(place, call, None),
            Err(TryAcquireError::NoPermits) => Err(self.refuse(Why::Full, call)),
            Err(TryAcquireError::Closed) => Err(self.refuse(self.why_closed(), call)),
        }
    }

    /// Takes no more calls. Those that were submitted are served.
    pub fn close(&self) {
        self.shared().close();
    }

    /// Takes no more calls and stops those that wait or run, which end as
    /// [`Cancelled`](TaskError::Cancelled) with this reason. The first reason stays.
    pub fn abort(&self, reason: impl Into<CancelReason>) {
        self.shared().close();
        self.shared().core.stop(reason.into(), StopCause::Asked);
    }

    /// [Closes](Self::close) the worker, and waits until its calls have ended and its states have been
    /// dropped. Any number of times, by anybody.
    ///
    /// # Errors
    ///
    /// [`Refused`] from inside a call of the same worker, which would wait for itself; then it is
    /// closed all the same.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, the worker is closed and ends by itself.
    pub async fn drain(&self) -> Result<(), Refused<()>> {
        self.close();
        if self.shared().within.holds_up(within::here().as_ref()) {
            return Err(self.refuse(Why::Itself, ()));
        }
        // It never has a permit; it is closed at the end.
        let _ = waits("the end of a worker", self.shared().ended.acquire()).await;
        Ok(())
    }

    /// As [`drain`](Self::drain) for at most `patience`, then [aborts](Self::abort) what is left and
    /// waits for its end. Gives the number of calls that were left then: none, if all were served.
    ///
    /// # Errors
    ///
    /// As [`drain`](Self::drain).
    ///
    /// # Cancel safety
    ///
    /// As [`drain`](Self::drain).
    pub async fn stop_within(&self, patience: Duration) -> Result<usize, Refused<()>> {
        let drained = timeout(patience, self.drain()).await;
        match drained {
            Ok(drained) => drained.map(|()| 0),
            Err(_) => {
                let left = self.stats().unfinished;
                let name = &self.shared().name;
                self.abort(format!("worker `{name}` was to stop within {patience:?}"));
                self.drain().await.map(|()| left)
            }
        }
    }
}

impl<S, E> Worker<S, E> {
    /// The name that it was started with.
    pub fn name(&self) -> &str {
        self.shared().name.as_str()
    }

    /// How many calls may wait or run at once.
    pub fn queue(&self) -> usize {
        self.shared().queue
    }

    /// Whether it takes no more calls.
    pub fn is_closed(&self) -> bool {
        self.shared().line().closed
    }

    /// What it has done and has to do, at this moment.
    pub fn stats(&self) -> WorkerStats {
        let line = self.shared().line();
        WorkerStats {
            submitted: line.submitted,
            unfinished: line.unfinished,
            copies: line.alive,
            restarts: line.restarts.total,
        }
    }

    fn shared(&self) -> &Arc<Shared<S>> {
        &self.held.0
    }

    fn why_closed(&self) -> Why {
        Shared::why_closed(&self.shared().line())
    }

    fn refuse<C>(&self, why: Why, call: C) -> Refused<C> {
        Refused::new(&self.shared().name, why, call)
    }

    /// Waits for a place in the queue. `here` is what the caller keeps busy.
    async fn place(&self, here: Option<&Arc<Link>>) -> Result<OwnedSemaphorePermit, Why> {
        if self.shared().within.holds_up(here) {
            return Err(Why::Itself);
        }
        let place = Arc::clone(&self.shared().places).acquire_owned();
        waits("a place in a queue", place).await.map_err(|_| self.why_closed())
    }
}

impl<S: Send + 'static, E: Send + Sync + 'static> Worker<S, E> {
    /// Starts `call` as a child of the worker. `waits` is who waits for it inside another worker.
    fn begin<C>(
        &self,
        place: OwnedSemaphorePermit,
        call: C,
        waits: Option<Arc<Link>>,
    ) -> Result<TaskHandle<C::Output, E>, Refused<C>>
    where
        C: Call<S, Error = E, Output: 'static> + 'static,
    {
        let shared = self.shared();
        let mut ticket = match shared.enter(place) {
            Ok(ticket) => ticket,
            Err(why) => return Err(self.refuse(why, call)),
        };
        // Its errors are whatever a call's are: failures are not recorded in it.
        let scope = Scope::<E>::new(&shared.core);
        let admitted = match scope.admit(None) {
            Ok(admitted) => admitted,
            Err(Refusal::Cancelled(reason)) => return Err(self.refuse(Why::Stopping(reason), call)),
            Err(_) => return Err(self.refuse(Why::Stopped, call)),
        };
        let waits = waits.map(|link| shared.within.add(admitted.0, link));
        let runs = shared.runs.clone();
        let work = async move {
            let _waits = waits;
            let turn = ticket.turn().await.map_err(TaskError::Cancelled)?;
            match runs {
                #[cfg(not(any(shuttle, rejoin_loom)))]
                // Boxed: the scope on the thread would make every call as large, on whatever it runs.
                Runs::Thread(pool) => Box::pin(on_thread(pool, turn, call)).await,
                Runs::Inline | Runs::Task => turn.run(call).await,
            }
        };
        Ok(match shared.runs {
            Runs::Inline => scope.start_here(admitted, None, work, as_outcome),
            _ => scope.start(admitted, None, work, as_outcome),
        })
    }
}

/// A call that is of no use when nobody waits for it any more.
struct Awaited<T, E>(TaskHandle<T, E>);

impl<T, E> Future for Awaited<T, E> {
    type Output = Outcome<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T, E> Drop for Awaited<T, E> {
    fn drop(&mut self) {
        if !self.0.is_finished() {
            self.0.cancel("nobody waits for the call any longer");
        }
    }
}

impl<S, E> Clone for Worker<S, E> {
    fn clone(&self) -> Self {
        Worker { held: Arc::clone(&self.held), errors: PhantomData }
    }
}

impl<S, E> fmt::Debug for Worker<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("name", &self.name())
            .field("queue", &self.queue())
            .field("stats", &self.stats())
            .field("closed", &self.is_closed())
            .finish()
    }
}
