//! Child processes that stay, a bounded number, for the calls of one body.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{Either, select};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::call::{Call, flatten};
use super::error::ProcessError;
use super::function::Function;
use super::process::{Broken, Process};
use super::registry::Kind;
use super::taken::Taken;
use crate::cancel::CancelReason;
use crate::configure::defaults;
use crate::inspect::waits;
use crate::name::Name;
use crate::outcome::{Outcome, TaskError};
use crate::scope::core::Core;
use crate::scope::guest::Guest;
use crate::scope::{OnError, Refusal, Scope, ScopeError};

/// As long as arguments or a result may be, unless the pool says otherwise: 16 MiB.
pub(crate) const MAX_MESSAGE: usize = 16 << 20;

/// A bounded number of child processes, which stay for the next call, for as long as a body runs.
/// Clones are the same pool.
///
/// * A child is started when a call finds none that is free, and takes about a millisecond for it.
///   So many run at once as the pool has processes; more calls wait, in the order of arrival, or are
///   [refused](Self::try_run).
/// * A child that dies, or whose call is cancelled, is killed, reaped and replaced. A function that
///   panics costs nothing but its own call.
/// * It is a scope of its own: [`open`](ProcessPoolBuilder::open) returns when every child has gone.
#[derive(Clone)]
pub struct ProcessPool {
    shared: Arc<Shared>,
}

struct Shared {
    settings: ProcessPoolBuilder,
    /// The scope that all children belong to.
    core: Arc<Core>,
    /// One for each process that may exist and is not in use. Closed with the pool.
    free: Arc<Semaphore>,
    /// Those which wait for work, the last used last. `None` when the pool is closed.
    idle: Mutex<Option<Vec<Process>>>,
}

/// What is held while a process runs a call: its place in the pool, and a seat in the caller's scope.
type Held = (OwnedSemaphorePermit, Guest);

impl ProcessPool {
    /// A pool to be opened. The name is that of its children in errors, in inspection and in `ps`.
    pub fn builder(name: impl Into<Name>) -> ProcessPoolBuilder {
        ProcessPoolBuilder {
            name: name.into(),
            processes: defaults().children(),
            max_message: MAX_MESSAGE,
            calls_per_process: None,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.shared.settings.name.as_str()
    }

    /// How many calls may run at once.
    pub fn processes(&self) -> NonZeroUsize {
        self.shared.settings.processes
    }

    /// How many processes run a call, or are being replaced.
    pub fn busy(&self) -> usize {
        self.processes().get().saturating_sub(self.shared.free.available_permits())
    }

    /// Waits for a free process, runs `function` in it, and gives its outcome. The arguments are
    /// `()`, the one argument, or a tuple.
    ///
    /// # Errors
    ///
    /// [`TaskError::Failed`] with [`ProcessError::Returned`] if the function returns an error, and
    /// with the other variants of [`ProcessError`] if it could not be run or its result got lost.
    /// [`TaskError::Panicked`] if it panics. [`TaskError::Cancelled`] if the pool, or the calling
    /// task, was told to stop.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime, and in one without I/O (`enable_all` has it).
    ///
    /// # Cancel safety
    ///
    /// Dropped before a process was free, nothing has been started. Dropped later, the process is
    /// killed, the pool replaces it, and the scope around the call does not end before it has gone.
    pub async fn run<F, A, Arity, T, E>(
        &self,
        function: F,
        arguments: A,
    ) -> Outcome<T, ProcessError<E>>
    where
        F: Function<A, Arity, Output = Result<T, E>>,
        A: Serialize,
        Result<T, E>: DeserializeOwned,
    {
        flatten(self.run_value(function, arguments).await)
    }

    /// As [`run`](Self::run), for a function that cannot fail: gives whatever it returns.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_value<F, A, Arity>(
        &self,
        function: F,
        arguments: A,
    ) -> Outcome<F::Output, ProcessError>
    where
        F: Function<A, Arity>,
        A: Serialize,
        F::Output: DeserializeOwned,
    {
        let call =
            Call::new(Kind::Function, function, &arguments, self.shared.settings.max_message)?;
        // They are in the request, and a call may wait for long.
        drop(arguments);
        let free = Arc::clone(&self.shared.free).acquire_owned();
        let free = waits("a process of a pool", free).await;
        let free = free.map_err(|_| self.shared.closed())?;
        call.read(&self.shared.answer(free, &call).await?)
    }

    /// As [`run`](Self::run), if a process is free and nobody waits for one. What is returned runs
    /// the call.
    ///
    /// # Errors
    ///
    /// [`ProcessPoolFull`] hands the arguments back.
    ///
    /// # Cancel safety
    ///
    /// Of what is returned, as [`run`](Self::run).
    pub fn try_run<F, A, Arity, T, E>(
        &self,
        function: F,
        arguments: A,
    ) -> Result<
        impl Future<Output = Outcome<T, ProcessError<E>>> + Send + use<F, A, Arity, T, E>,
        ProcessPoolFull<A>,
    >
    where
        F: Function<A, Arity, Output = Result<T, E>>,
        A: Serialize,
        Result<T, E>: DeserializeOwned,
    {
        let call = self.try_run_value(function, arguments)?;
        Ok(async move { flatten(call.await) })
    }

    /// As [`try_run`](Self::try_run), for a function that cannot fail.
    ///
    /// # Errors
    ///
    /// [`ProcessPoolFull`] hands the arguments back.
    ///
    /// # Cancel safety
    ///
    /// Of what is returned, as [`run`](Self::run).
    pub fn try_run_value<F, A, Arity>(
        &self,
        function: F,
        arguments: A,
    ) -> Result<
        impl Future<Output = Outcome<F::Output, ProcessError>> + Send + use<F, A, Arity>,
        ProcessPoolFull<A>,
    >
    where
        F: Function<A, Arity>,
        A: Serialize,
        F::Output: DeserializeOwned,
    {
        let shared = Arc::clone(&self.shared);
        let free = match Arc::clone(&shared.free).try_acquire_owned() {
            Ok(free) => Ok(free),
            Err(TryAcquireError::Closed) => Err(shared.closed()),
            Err(TryAcquireError::NoPermits) => {
                return Err(ProcessPoolFull { pool: shared.settings.name.clone(), arguments });
            }
        };
        let call = Call::new(Kind::Function, function, &arguments, shared.settings.max_message);
        Ok(async move {
            let (free, call) = (free?, call?);
            call.read(&shared.answer(free, &call).await?)
        })
    }
}

impl Shared {
    async fn answer(
        self: &Arc<Shared>,
        free: OwnedSemaphorePermit,
        call: &Call,
    ) -> Outcome<Vec<u8>, ProcessError> {
        let caller = Guest::of_caller(&self.settings.name).map_err(TaskError::Cancelled)?;
        let mut held: Held = (free, caller);
        loop {
            let (process, used) = match self.idle() {
                Some(process) => (process, true),
                None => (self.start()?, false),
            };
            let stopped = process.cancelled();
            let mut taken = Taken::new(process, held);
            let answer = async {
                if !used {
                    taken.process().ready().await?;
                }
                Ok::<_, ProcessError>(call.send(taken.process()).await)
            };
            let answer = match select(pin!(answer), stopped).await {
                Either::Left((answer, _)) => answer,
                Either::Right((reason, _)) => return Err(TaskError::Cancelled(reason)),
            };
            match answer {
                Ok(Ok(answer)) => {
                    self.give_back(taken);
                    return Ok(answer);
                }
                // It had died while nobody looked, so it has done nothing: another one.
                Ok(Err(Broken::Unsent)) if used => {
                    taken.process().end().await;
                    held = taken.into_parts().1;
                }
                Ok(Err(_)) => return Err(call.lost(taken.process()).await.into()),
                Err(not_ready) => return Err(not_ready.into()),
            }
        }
    }

    fn idle(&self) -> Option<Process> {
        self.lock().as_mut()?.pop()
    }

    fn start(&self) -> Outcome<Process, ProcessError> {
        match Guest::of(&self.core, &self.settings.name) {
            Ok(guest) => Ok(Process::start(self.settings.name.as_str(), guest)?),
            Err(Refusal::Cancelled(reason)) => Err(TaskError::Cancelled(reason)),
            Err(_) => Err(self.closed().into()),
        }
    }

    /// For the next call; unless there is none, or it has had its calls.
    fn give_back(&self, taken: Taken<Held>) {
        let (process, held) = taken.into_parts();
        let most = self.settings.calls_per_process;
        if most.is_none_or(|most| process.answered < most.get())
            && let Some(idle) = &mut *self.lock()
        {
            idle.push(process);
        } else {
            process.end_in_background(held);
        }
    }

    fn closed(&self) -> ProcessError {
        ProcessError::Closed { pool: self.settings.name.clone() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<Process>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the pool when the body ends, however it does. Calls that run are waited for if it ended
/// well, and cancelled otherwise.
struct CloseOnDrop {
    shared: Arc<Shared>,
    well: bool,
}

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.shared.free.close();
        // Dropped outside of the lock: that kills and reaps them.
        let idle = self.shared.lock().take();
        drop(idle);
        if !self.well {
            self.shared.core.stop_children(CancelReason::from("the body of the pool has failed"));
        }
    }
}

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool")
            .field("name", &self.shared.settings.name)
            .field("processes", &self.processes())
            .field("busy", &self.busy())
            .finish_non_exhaustive()
    }
}

/// How a [`ProcessPool`] is opened.
#[derive(Clone, Debug)]
#[must_use = "a pool has to be opened"]
pub struct ProcessPoolBuilder {
    name: Name,
    processes: NonZeroUsize,
    max_message: usize,
    calls_per_process: Option<NonZeroUsize>,
}

impl ProcessPoolBuilder {
    /// At most so many children at once. As many as there are cores, if neither this nor the
    /// [defaults](crate::configure) say otherwise.
    pub fn processes(mut self, processes: NonZeroUsize) -> Self {
        self.processes = processes;
        self
    }

    /// As long as the arguments or the result of a call may be, in bytes of postcard: 16 MiB if
    /// nothing is said, 4 GiB at most. What is longer fails with [`ProcessError::TooLarge`] before
    /// it is sent.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes.min(u32::MAX as usize);
        self
    }

    /// Replaces a child after so many calls: for functions that leak.
    pub fn calls_per_process(mut self, calls: NonZeroUsize) -> Self {
        self.calls_per_process = Some(calls);
        self
    }

    /// Runs `body` with the pool. It returns when the body and the calls that run have ended, and
    /// every child has been killed and reaped.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if the body failed, or if the code around it was told to stop. Then calls that
    /// run are cancelled.
    ///
    /// # Panics
    ///
    /// If the body panics: after all children have gone, with the same payload.
    ///
    /// # Cancel safety
    ///
    /// Dropping it kills all children. The nearest living scope waits until they have gone.
    pub async fn open<F, Fut, R, E>(self, body: F) -> Result<R, ScopeError<E>>
    where
        F: FnOnce(ProcessPool) -> Fut,
        Fut: Future<Output = Outcome<R, E>>,
        E: Send + Sync + 'static,
    {
        let scope = Scope::builder().name(self.name.clone()).on_error(OnError::IgnoreErrors);
        let run = scope.run(|scope: Scope<E>| async move {
            let places = self.processes.get().min(Semaphore::MAX_PERMITS);
            let shared = Arc::new(Shared {
                settings: self,
                core: Arc::clone(scope.core()),
                free: Arc::new(Semaphore::new(places)),
                idle: Mutex::new(Some(Vec::new())),
            });
            let mut closing = CloseOnDrop { shared: Arc::clone(&shared), well: false };
            let outcome = body(ProcessPool { shared }).await;
            closing.well = outcome.is_ok();
            outcome
        });
        run.await
    }
}

/// Every process of a pool is busy. It hands the arguments back.
pub struct ProcessPoolFull<A> {
    pool: Name,
    arguments: A,
}

impl<A> ProcessPoolFull<A> {
    /// The arguments of the call, which has not started.
    pub fn into_arguments(self) -> A {
        self.arguments
    }
}

impl<A> fmt::Debug for ProcessPoolFull<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolFull").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl<A> fmt::Display for ProcessPoolFull<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every process of the pool `{}` is busy", self.pool)
    }
}

impl<A> std::error::Error for ProcessPoolFull<A> {}
