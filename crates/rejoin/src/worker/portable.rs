//! Workers whose state may be in another process: their calls are registered functions with arguments
//! that can be sent, so that one program runs in every mode.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::builder::{Mode, WorkerBuilder};
use super::call::Call;
use super::handle::Worker;
use crate::name::Name;
use crate::outcome::Outcome;
use crate::process::{
    Function, Method, Plan, ProcessError, Resident, flatten, registered_method, widen,
};
use crate::scope::Scope;

/// A state that is here, or in a child process. What is done with it is said by [`ask`] and
/// [`ask_value`]: a closure cannot be sent, and one that wants the state does not compile.
///
/// ```
/// # #[rejoin::worker::method] fn add(n: &mut u64, m: u64) -> u64 { *n += m; *n }
/// # use rejoin::process::ProcessError;
/// # use rejoin::worker::{Portable, Worker, ask_value};
/// # async fn f(counter: Worker<Portable<u64>, ProcessError>) {
/// let n = counter.call(ask_value(add, 1)).await;
/// # }
/// ```
///
/// ```compile_fail
/// # #[rejoin::worker::method] fn add(n: &mut u64, m: u64) -> u64 { *n += m; *n }
/// # use rejoin::process::ProcessError;
/// # use rejoin::worker::{Portable, Worker, ask_value};
/// # async fn f(counter: Worker<Portable<u64>, ProcessError>) {
/// let n = counter.call(|n: &mut u64| Ok::<u64, ProcessError>(add(n, 1))).await;
/// # }
/// ```
// Not a plain enum, so that nobody sees where it is.
pub struct Portable<S>(Whereabouts<S>);

enum Whereabouts<S> {
    Here(S),
    Process(Resident),
    /// It cannot be made.
    Nowhere(ProcessError),
}

impl<S> Portable<S> {
    fn lost(&mut self) -> Option<Name> {
        match &mut self.0 {
            Whereabouts::Here(_) | Whereabouts::Nowhere(_) => None,
            Whereabouts::Process(resident) => resident.lost(),
        }
    }

    async fn ask<F, A, Arity, R>(&mut self, method: F, arguments: A) -> Outcome<R, ProcessError>
    where
        F: Method<S, A, Arity, Output = R>,
        A: Serialize,
        R: DeserializeOwned,
    {
        match &mut self.0 {
            Whereabouts::Here(state) => {
                // So that a test without processes sees it.
                registered_method::<F>()?;
                Ok(method.call(state, arguments))
            }
            Whereabouts::Process(resident) => resident.answer(method, arguments).await,
            Whereabouts::Nowhere(error) => Err(error.clone().into()),
        }
    }
}

impl WorkerBuilder {
    /// Starts a worker in `scope` whose state is made by a registered function, of arguments that can
    /// be sent; its calls are made by [`ask`] and [`ask_value`]. It can run in every [`Mode`], and a
    /// program is the same in each:
    ///
    /// ```standalone_crate
    /// use rejoin::process::ProcessError;
    /// use rejoin::worker::{Mode, Portable, Worker, ask, ask_value};
    /// use rejoin::{Scope, scope};
    ///
    /// struct Counter { n: u64 }
    ///
    /// #[rejoin::worker::state]
    /// fn counter(n: u64) -> Counter {
    ///     Counter { n }
    /// }
    ///
    /// #[rejoin::worker::method]
    /// fn subtract(counter: &mut Counter, n: u64) -> Result<u64, String> {
    ///     counter.n = counter.n.checked_sub(n).ok_or("too much")?;
    ///     Ok(counter.n)
    /// }
    ///
    /// #[rejoin::worker::method]
    /// fn process_id(_: &mut Counter) -> u32 {
    ///     std::process::id()
    /// }
    ///
    /// type Counting = Worker<Portable<Counter>, ProcessError<String>>;
    ///
    /// fn main() {
    ///     rejoin::process::init();
    /// #   tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    ///     for mode in [Mode::Inline, Mode::Task, Mode::Thread, Mode::Process] {
    ///         let done = scope(|s: Scope<ProcessError<String>>| async move {
    ///             let worker: Counting =
    ///                 Worker::builder("counter").mode(mode).start_portable(&s, counter, 5);
    ///             assert_eq!(worker.call(ask(subtract, 2)).await?, 3);
    ///             let error = worker.call(ask(subtract, 4)).await.unwrap_err();
    ///             assert_eq!(error.to_string(), "too much");
    ///             let there = worker.call(ask_value(process_id, ())).await?;
    ///             assert_eq!(there != std::process::id(), mode == Mode::Process);
    ///             Ok(())
    ///         });
    ///         done.await.unwrap();
    ///     }
    /// #   });
    /// }
    /// ```
    ///
    /// `state` is an ordinary function with [`#[state]`](macro@super::state) on it, calls are functions
    /// with [`#[method]`](macro@super::method), arguments and results travel as in
    /// [`process`](crate::process), and what that page says of functions holds here as well.
    ///
    /// In [`Mode::Process`] each copy of the worker is a child process, started when its first call
    /// comes. Calls fail as those of a [`ProcessPool`](crate::process::ProcessPool), and the state is
    /// lost, which [`restart`](Self::restart) is asked about,
    ///
    /// * when a call panics: in a new process there is nothing left of what it may have broken;
    /// * when the process dies. The call that it ran fails with
    ///   [`Lost`](ProcessError::Lost), one that comes later does not;
    /// * when a call is cancelled, or times out, after the process has begun with it: what runs in a
    ///   process can be stopped in no other way. One that still waits for its turn costs nothing.
    ///
    /// When the worker ends of itself, states are dropped in their processes, which may take half a
    /// minute; then, and when the worker is stopped, processes are killed. Its scope waits until they
    /// have gone. Elsewhere everything is as for [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// None here. If the state cannot be made, calls fail with the [`ProcessError`] that says why.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime; if `state` panics in another mode than that of processes.
    #[track_caller]
    pub fn start_portable<S, E, X, F, A, Arity>(
        self,
        scope: &Scope<X>,
        state: F,
        arguments: A,
    ) -> Worker<Portable<S>, ProcessError<E>>
    where
        S: Send + 'static,
        E: Send + Sync + 'static,
        X: Send + Sync + 'static,
        F: Function<A, Arity, Output = S>,
        A: Serialize + Clone + Send + Sync + 'static,
    {
        let plan =
            Plan::new(self.name.clone(), state, &arguments, self.max_message, self.copies.get());
        let plan = plan.map(Arc::new);
        let far = self.mode == Mode::Process;
        let make = move || {
            Portable(match &plan {
                Err(error) => Whereabouts::Nowhere(error.clone()),
                Ok(plan) if far => Whereabouts::Process(Resident::new(Arc::clone(plan))),
                Ok(_) => Whereabouts::Here(state.call(arguments.clone())),
            })
        };
        self.start_with(scope, make, Portable::lost)
    }
}

/// A call of a registered method that returns a `Result`, for a worker that was started with
/// [`start_portable`](WorkerBuilder::start_portable). The arguments, after the state, are `()`, the one
/// argument, or a tuple.
pub fn ask<F, A, Arity>(method: F, arguments: A) -> Ask<F, A, Arity> {
    Ask { method, arguments, arity: PhantomData }
}

/// As [`ask`], for a method that cannot fail: gives whatever it returns.
pub fn ask_value<F, A, Arity, E>(method: F, arguments: A) -> AskValue<F, A, Arity, E> {
    AskValue { ask: ask(method, arguments), error: PhantomData }
}

/// A call that can be sent; made by [`ask`].
pub struct Ask<F, A, Arity> {
    method: F,
    arguments: A,
    arity: PhantomData<fn() -> Arity>,
}

/// A call that can be sent; made by [`ask_value`].
pub struct AskValue<F, A, Arity, E = Infallible> {
    ask: Ask<F, A, Arity>,
    error: PhantomData<fn() -> E>,
}

impl<S, F, A, Arity, T, E> Call<Portable<S>> for Ask<F, A, Arity>
where
    S: Send,
    F: Method<S, A, Arity, Output = Result<T, E>>,
    A: Serialize + Send,
    T: Send,
    E: Send + Sync,
    Result<T, E>: DeserializeOwned,
{
    type Output = T;
    type Error = ProcessError<E>;

    async fn run(self, state: &mut Portable<S>) -> Outcome<T, ProcessError<E>> {
        flatten(state.ask(self.method, self.arguments).await)
    }
}

impl<S, F, A, Arity, E> Call<Portable<S>> for AskValue<F, A, Arity, E>
where
    S: Send,
    F: Method<S, A, Arity, Output: Send + DeserializeOwned>,
    A: Serialize + Send,
    E: Send + Sync,
{
    type Output = F::Output;
    type Error = ProcessError<E>;

    async fn run(self, state: &mut Portable<S>) -> Outcome<F::Output, ProcessError<E>> {
        state.ask(self.ask.method, self.ask.arguments).await.map_err(widen)
    }
}

impl<S> fmt::Debug for Portable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portable").finish_non_exhaustive()
    }
}

impl<F, A, Arity> fmt::Debug for Ask<F, A, Arity> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").finish_non_exhaustive()
    }
}

impl<F, A, Arity, E> fmt::Debug for AskValue<F, A, Arity, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskValue").finish_non_exhaustive()
    }
}
