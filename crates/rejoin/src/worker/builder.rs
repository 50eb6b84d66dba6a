//! Starting a worker: where its calls run, how many may wait, how many copies there are.

use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::balance::Balance;
use super::handle::Worker;
use super::host::host;
use super::line::{Line, OneCopy, Shared};
use super::restart::Restart;
use super::within::Within;
use crate::name::Name;
#[cfg(not(any(shuttle, rejoin_loom)))]
use crate::pool::ThreadPool;
use crate::scope::core::{Core, Member, Place, Settings, Values};
use crate::scope::{OnError, Scope};
use crate::seam::Mutex;

/// Where the calls of a worker run. The calls are written the same for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// In the thread that submits them, at once, if no other call is in the way: a call that does not
    /// wait has ended when it has been submitted. One that waits, or has to wait for its turn, goes on
    /// as a task. For tests, and for work so small that a task costs more.
    Inline,
    /// As tasks of the runtime. For work that waits, and for short work.
    #[default]
    Task,
    /// On threads for work that blocks or calculates, one for each copy of the worker.
    Thread,
    /// In child processes, one for each copy of the worker, with the state there: for work that may
    /// crash, leak or never end. For a worker whose calls can be sent:
    /// [`start_portable`](WorkerBuilder::start_portable).
    #[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
    Process,
}

/// How a call is run here. One for another process is a task that waits for it; one for another
/// machine would be too.
#[derive(Clone)]
pub(super) enum Runs {
    Inline,
    Task,
    #[cfg(not(any(shuttle, rejoin_loom)))]
    Thread(ThreadPool),
}

/// Settings of a worker; made by [`Worker::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct WorkerBuilder {
    pub(super) name: Name,
    pub(super) mode: Mode,
    #[cfg(not(any(shuttle, rejoin_loom)))]
    threads: Option<ThreadPool>,
    queue: NonZeroUsize,
    pub(super) copies: NonZeroUsize,
    balance: Balance,
    restart: Restart,
    #[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
    pub(super) max_message: usize,
}

impl WorkerBuilder {
    pub(super) fn new(name: Name) -> Self {
        const QUEUE: NonZeroUsize = NonZeroUsize::new(64).expect("it is not zero");
        WorkerBuilder {
            name,
            mode: Mode::default(),
            #[cfg(not(any(shuttle, rejoin_loom)))]
            threads: None,
            queue: QUEUE,
            copies: NonZeroUsize::MIN,
            balance: Balance::default(),
            restart: Restart::default(),
            #[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
            max_message: crate::process::MAX_MESSAGE,
        }
    }

    /// Where calls run: as tasks, if nothing else is said.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Runs calls on the threads of `pool`, which others may use too: [`Mode::Thread`], with threads
    /// that are shared.
    #[cfg(not(any(shuttle, rejoin_loom)))]
    pub fn threads(mut self, pool: &ThreadPool) -> Self {
        self.threads = Some(pool.clone());
        self.mode(Mode::Thread)
    }

    /// How many calls may be unfinished at once, those that run included: 64, if nothing else is
    /// said. Whoever submits one more [waits](Worker::submit), or [gets it back](Worker::try_submit).
    ///
    /// ```compile_fail
    /// # use rejoin::worker::Worker;
    /// // A queue in which nothing fits cannot be written.
    /// let never = Worker::builder("never").queue(0);
    /// ```
    pub fn queue(mut self, queue: NonZeroUsize) -> Self {
        self.queue = queue;
        self
    }

    /// How many copies of the worker there are: 1, if nothing else is said. Each has a state of its
    /// own, so two calls of one caller may see different ones. They serve one queue.
    pub fn copies(mut self, copies: NonZeroUsize) -> Self {
        self.copies = copies;
        self
    }

    /// Which copy takes a call when several are free.
    pub fn balance(mut self, balance: Balance) -> Self {
        self.balance = balance;
        self
    }

    /// What to do when a call has panicked, or a state has gone with its process: nothing, if nothing
    /// else is said, and the copy is gone.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// As long as the arguments or the result of a call may be in [`Mode::Process`], in bytes of
    /// postcard: 16 MiB if nothing is said, 4 GiB at most. What is longer fails with
    /// [`ProcessError::TooLarge`](crate::process::ProcessError::TooLarge), and the state stays.
    #[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes.min(u32::MAX as usize);
        self
    }

    /// Starts the worker in `scope`. `make` makes a state for each copy, in the calling thread; and
    /// again, where the call ran, when a copy is restarted.
    ///
    /// The worker is a child of the scope, and ends
    ///
    /// * when it was [closed](Worker::close), or the last of its handles was dropped, and its calls
    ///   have ended;
    /// * when the body of the scope has ended and nobody but idle workers is left in it;
    /// * when the scope is stopped, or the worker is [aborted](Worker::abort): its calls are stopped;
    /// * when all its copies have died.
    ///
    /// Then its states are dropped. Calls are children of the worker and inherit from `scope`, not
    /// from their caller; a failure or a panic is seen by the handle of the call alone.
    ///
    /// If the scope is stopping or has ended, the worker has stopped from the beginning, and refuses
    /// every call.
    ///
    /// # Panics
    ///
    /// If `make` does; outside a Tokio runtime; in `Mode::Process`, to which a closure cannot go:
    /// that takes `start_portable`.
    #[track_caller]
    pub fn start<S, E, X, F>(self, scope: &Scope<X>, make: F) -> Worker<S, E>
    where
        S: Send + 'static,
        E: Send + Sync + 'static,
        X: Send + Sync + 'static,
        F: Fn() -> S + Send + Sync + 'static,
    {
        #[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
        assert!(
            self.mode != Mode::Process,
            "worker `{}` is to run in a process, and a closure cannot be sent there: start it with \
             `start_portable`",
            self.name
        );
        self.start_with(scope, make, |_| None)
    }

    #[track_caller]
    pub(super) fn start_with<S, E, X, F>(
        self,
        scope: &Scope<X>,
        make: F,
        lost: fn(&mut S) -> Option<Name>,
    ) -> Worker<S, E>
    where
        S: Send + 'static,
        E: Send + Sync + 'static,
        X: Send + Sync + 'static,
        F: Fn() -> S + Send + Sync + 'static,
    {
        let copies = self.copies.get();
        let free = (0..copies).map(|number| OneCopy { number, served: 0, state: Box::new(make()) });
        let line = Line::new(free.collect());
        let seat = scope.seat_server(&self.name).ok();
        let mut values = Values::default();
        values.insert(Within::new());
        let settings = Settings {
            name: Some(self.name.clone()),
            grace: Duration::ZERO,
            on_error: OnError::IgnoreErrors,
            shielded: false,
            values,
        };
        let core = Core::open(seat.clone(), settings, None);
        let shared = Arc::new(Shared {
            runs: self.runs(),
            name: self.name,
            balance: self.balance,
            restart: self.restart,
            copies,
            make: Box::new(make),
            lost,
            within: core.own_value().expect("it was put there"),
            core,
            host: seat
                .clone()
                .unwrap_or(Place { core: Arc::clone(scope.core()), member: Member::NOBODY }),
            places: Arc::new(Semaphore::new(self.queue.get().min(Semaphore::MAX_PERMITS))),
            queue: self.queue.get(),
            ended: Semaphore::new(0),
            line: Mutex::new(line),
        });
        match seat {
            Some(Place { core, member }) => {
                // Until the first call there is nothing to do. Nobody is woken: the host looks first.
                drop(core.rest());
                scope.serve(member, host(Arc::clone(&shared)));
            }
            None => shared.never_started(),
        }
        Worker::new(shared)
    }

    fn runs(&self) -> Runs {
        match self.mode {
            Mode::Inline => Runs::Inline,
            #[cfg(not(any(shuttle, rejoin_loom)))]
            Mode::Thread => Runs::Thread(
                self.threads
                    .clone()
                    .unwrap_or_else(|| ThreadPool::new(self.name.clone(), self.copies)),
            ),
            _ => Runs::Task,
        }
    }
}

impl Worker<(), Infallible> {
    /// Settings for a worker. The name is that of its calls in errors, reasons and inspection.
    pub fn builder(name: impl Into<Name>) -> WorkerBuilder {
        WorkerBuilder::new(name.into())
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("name", &self.name)
            .field("mode", &self.mode)
            .field("queue", &self.queue)
            .field("copies", &self.copies)
            .field("balance", &self.balance)
            .field("restart", &self.restart)
            .finish_non_exhaustive()
    }
}
