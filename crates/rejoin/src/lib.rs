//! Structured concurrency on Tokio: fork freely, everything rejoins.
//!
//! ```
//! use std::time::Duration;
//! use rejoin::{Scope, ScopeError};
//! # #[derive(Debug)] struct Down;
//! # async fn user(id: u32) -> Result<String, Down> { Ok(format!("user {id}")) }
//! # async fn orders(_id: u32) -> Result<Vec<u32>, Down> { Ok(vec![3, 4]) }
//!
//! async fn dashboard(id: u32) -> Result<(String, usize), ScopeError<Down>> {
//!     Scope::builder()
//!         .name("dashboard")
//!         .timeout(Duration::from_secs(2))
//!         .run(|s| async move {
//!             let user = s.task("user").spawn(user(id));
//!             let orders = s.task("orders").spawn(orders(id));
//!             Ok((user.await?, orders.await?.len()))
//!         })
//!         .await
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! assert_eq!(dashboard(7).await.unwrap(), ("user 7".to_owned(), 2));
//! # });
//! ```
//!
//! Both calls run at the same time. If one fails, the other is stopped and the failure is returned;
//! if two seconds pass, both are stopped; if whoever awaits `dashboard` is cancelled, both are
//! stopped. In each case `dashboard` returns when both have ended, and not before.
//!
//! # Which one to use
//!
//! | you have | you want | use |
//! |---|---|---|
//! | different calls | to start them, and say yourself when to wait | [`scope`], [`Scope::spawn`] |
//! | many futures | every outcome; a failure stops nobody | [`wait`], [`wait_until`] |
//! | many futures | every output; the first failure stops the rest | [`gather`] |
//! | many futures | the first to settle, success or failure | [`race`] |
//! | many futures | the first success, or the first *k* | [`any`], [`quorum`] |
//! | futures with keys, or of different types | every output, by key or as a tuple | [`gather_by_key`], [`gather_tuple`] |
//! | many futures | each outcome as soon as it is there | [`as_completed`] |
//! | work that finds more work | so many at once, and no end before all is done | [`as_completed`], [`Completed::start`] |
//! | a stream | an output for each item, so many at once | [`stream::map()`], [`stream::map_unordered`] |
//! | a collection | an output for each item, so many at once | [`map`], [`for_each`]; [`Map`] has time-outs, a pace, progress (with `progress_bar`, a bar) |
//! | calls of different functions | one list of them, for any of these | [`boxed`] |
//! | many futures | something else | a [`Joiner`] of your own, [`join_with`] |
//! | handles | to see which have finished, and leave the others running | [`wait_handles`] |
//! | more work than may run at once | to make the spawner wait | [`ScopeBuilder::limit`] |
//! | futures that borrow | to run them in the calling task | [`in_task`] |
//! | a service that takes only so much | a limit for all who use it, at once or per time | [`limit::ConcurrencyLimit`], [`limit::RateLimit`], [`limit::WindowLimit`] |
//! | a service, and no idea how much it takes | a limit that finds out | [`limit::AdaptiveLimit`] |
//! | a call that several limits bound | some of each, all or nothing | [`limit::LimitSet`] |
//! | tasks that have to meet | to go on when all have come | [`sync::Barrier`]; [`sync`] says what Tokio has |
//! | work that blocks a thread | to run it elsewhere, bounded | [`to_thread`], [`pool::ThreadPool`] |
//! | blocking work to submit and go on | a bounded queue for it, drained or aborted at the end | [`pool::Executor`] |
//! | a service, as `tower` knows it | each call in a scope, with a deadline and a limit | `tower::ScopeLayer` |
//! | a state, and many who use it | to have their calls one at a time, in order, with a queue | [`worker::Worker`] |
//! | a state of which several copies may exist | a pool of workers | [`worker::WorkerBuilder::copies`] |
//! | a state that may take its process with it | a worker in a child process | `worker::WorkerBuilder::start_portable` (feature `process`) |
//! | work that may crash, leak or never end | to run it in a child process, which can be killed | `to_process`, `process::ProcessPool` (feature `process`) |
//! | work that must outlive the scope it is asked for in | to start it on purpose, listed | [`detach::detach`] |
//! | a program that ends | to wait, with a bound, and hear what is left | [`detach::shutdown`] |
//! | one process | other defaults | [`configure`](configure::configure) |
//! | code that is not async | to run async code from it, or it from async code | [`bridge`] |
//! | a part of the work | a time limit for it | [`timeout`], [`timeout_at`] |
//! | a call that may fail | to try it again, within bounds | [`retry::Retry`] |
//! | a call that is now and then slow | a second copy of it, and the first answer | [`retry::Hedge`] |
//! | a service that keeps failing | to leave it alone until it is well again | [`breaker::CircuitBreaker`] |
//! | many who ask for the same at once | one run for all of them | [`single_flight::SingleFlight`] |
//! | a scope with a deadline | to give it more time, or less | [`Scope::move_deadline`] |
//! | a `CancellationToken`, or a signal such as Ctrl-C | to cancel a scope by it | [`Scope::cancel_when`] |
//! | code outside of a scope, such as a server's own loop | to tell it when the scope stops | [`Scope::cancelled`] |
//! | work for somebody outside of its scope | to stop it when they have gone | [`Canceller::on_drop`] |
//! | a value that all inside a scope need | to find it without passing it on | [`ScopeBuilder::inherit`], [`inherited`] |
//! | a program that hangs, or is slow | to see its tasks, and what each waits for | [`inspect::tree`](inspect::tree()), [`Scope::tree`] |
//! | clean-up | protection for it, for a bounded time | [`shield`] |
//! | a loop that never waits | to notice that it should stop | [`checkpoint`] |
//! | streams | to merge, batch, throttle them, or to read ahead | [`stream`] |
//!
//! All joins are two questions: what is waited for, and what a failure does.
//!
//! | | all have to end | one is enough |
//! |---|---|---|
//! | **a failure decides** | [`gather`]: every output, or the first failure | [`race`]: the first to settle, either way |
//! | **a failure disturbs nobody** | [`wait`]: every outcome | [`any`], [`quorum`]: the first successes, or every failure |
//!
//! Whatever the answer, those who are not needed any longer are stopped *and awaited* before the join
//! comes back. Nothing polls: an end wakes the join that waits for it, and nobody looks in between.
//!
//! # The contract
//!
//! 1. **Nothing outlives its scope.** A scope resolves when every child has ended and its
//!    destructors have run. (What a child *returned* belongs to its handle.) Rust cannot wait in a
//!    destructor: a scope that is dropped stops its children at once, and the nearest living scope
//!    around it waits for them. Outside all scopes nobody can; avoid dropping an outermost scope.
//! 2. **One outcome each.** A child ends in `Ok`, or in one of the four kinds of [`TaskError`].
//!    `TimedOut` if the deadline that passed was the child's or its scope's, `Cancelled` if it was
//!    one further out; of equal deadlines the outer one counts.
//! 3. **Failures are all kept**, in the order of submission, the deciding one marked. It is recorded
//!    before the others are told to stop; those that ended only because of it are counted.
//! 4. **Cancellation** goes down, never up, stays, and carries a [`CancelReason`]. Whoever is told
//!    to stop is polled once more, so that it can see [`cancelled`]; then, or after the scope's
//!    [grace](ScopeBuilder::grace), it is dropped at the first wait that is not shielded. It is
//!    awaited in any case. A child that has not started never starts.
//! 5. **Deadlines nest by minimum**, and [`remaining`] tells what is left. One that has not passed
//!    may [move](Scope::move_deadline).
//! 6. **Order.** Results come in the order written, whatever the order of completion.
//! 7. **Isolation.** A child belongs to the scope it was spawned in, [inherits](inherited) from that,
//!    and carries nothing else.
//! 8. **No started future is left unpolled.** Every branch is a task of its own, so two branches
//!    cannot block each other by not being polled.
//! 9. **Nothing queues without bound.** A full limit makes the spawner wait, or hands the work back.
//! 10. **Blocking work** cannot be stopped: its scope waits for it. With the feature `tracing`, what goes
//!     on after the deadline and the grace of its scope is named in a warning, each second.
//!
//! # Misuse
//!
//! What the types can rule out does not compile: a limit of zero, a handle that is awaited twice, a
//! scope that is run twice, something among futures that is none. The rest is an error with a name, or
//! a panic that says what it is, and not a hang: spawning into a scope that has ended, asking for
//! more than a limit can ever give, borrowing twice, a task that awaits its own handle, a run of a
//! single flight that asks for its own key, or for a run that awaits it.
//!
//! What nobody can see is two that wait for each other: two tasks, a child of a [`LimitedScope`] that
//! awaits another one which has no place, work on a pool of one thread that waits for more work there, a
//! body that returns what a scope waits for. Give such work a deadline, and the error says whose time
//! was up.
//!
//! # No time at all
//!
//! A time-out of zero passes at the first wait: what is ready at once has made it. A join with a
//! time-out of its own ([`wait_until`], [`Map::timeout`]) starts tasks, which takes a wait, so with
//! zero nothing is done.
//!
//! # Why children must be `'static`
//!
//! A future can be polled a few times and then forgotten without its destructor running, so nothing
//! that runs on another thread may borrow from it. Children are tasks, may run on any thread, and
//! must own what they use. The body of a scope, and the future in a [`timeout`] or a [`shield`], run
//! in the calling task and may borrow. Joins of borrowing futures are in [`in_task`], apart: they share
//! one thread, and have no outcomes and reasons of their own.
//!
//! # What it costs
//!
//! A child is one task of the runtime and one allocation, the task's own; its seat is part of a table
//! that the scope grows. A name, a scope opened inside it, or a wait for [`cancelled`] adds a box.
//! Over a bare spawn with an awaited handle, a child takes the scope's lock once, leaves with one atomic
//! step, and holds two references to the scope, which makes seven atomic operations: 1.3 to 1.6 times the
//! bare spawn in all, by the processor, and 1.0 to 1.2 times on one worker of the runtime where nobody awaits a handle, as
//! the scope waits for its children, or a join collects what they give. On several workers such a child is freed by the one that ran
//! it: glibc takes the lock of the heap for that from which another allocates, and children that do next to nothing cost
//! 1.7 to 2.0 times the bare spawn then, those of a bare tracker as much; with mimalloc it is 1.3. Opening and closing a
//! scope adds about one bare spawn. A child that waits takes the lock once more when it first does so, and once to leave,
//! or, where workers meet at it, puts what it has to say on a list beside it; every later poll adds two atomic loads.
//! `cargo bench -p rejoin` prints these ratios, next to those of tokio's `JoinSet`.
//! A scope or a time-out that is polled inside another one, in the same task, takes stack: about 1.5 KB a level, and
//! 7 KB where nothing is optimised. What calls itself without an end in sight spawns a child for each level, which
//! takes none.
//!
//! A [`limit::ConcurrencyLimit`] costs half of what tokio's semaphore does while a place is free, and
//! up to two times as much when there is a line, which may have deadlines, weights and other limits in it. Futures that
//! are joined in the calling task, here with
//! [`in_task`], cost a fraction of what a task does, and share one thread. `cargo xtask bench peers`
//! prints these, and where other crates are faster.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `indicatif` | `progress_bar`: shows on a terminal how far a join has come |
//! | `process` | `to_process`, `process`: functions in child processes; workers in them (Unix) |
//! | `tower` | `tower::ScopeLayer`: a service under a scope, a deadline and a limit |
//! | `tracing` | children, and blocking work, run in the tracing span of who spawned them |
//!
//! # Map
//!
//! `scope/` owns children: the bookkeeping is `core/`, the future around each child `child.rs`,
//! the one that runs the scope `run.rs`. `cancel/` has the reason, the handle that causes a
//! cancellation, and how code sees it. `inspect/` shows what is under way. `combine/` has the joiners. `outcome.rs` says how a child
//! ended. `seam/` is the only place that spawns a task or reads a clock.

mod boxed_error;
pub mod breaker;
#[cfg(not(any(shuttle, rejoin_loom)))]
pub mod bridge;
mod cancel;
mod combine;
pub mod configure;
#[cfg(not(any(shuttle, rejoin_loom)))]
pub mod detach;
pub mod in_task;
pub mod inspect;
pub mod limit;
mod name;
mod outcome;
#[cfg(not(any(shuttle, rejoin_loom)))]
pub mod pool;
#[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
pub mod process;
pub mod retry;
mod scope;
mod seam;
pub mod single_flight;
pub mod stream;
pub mod sync;
#[cfg(all(feature = "tower", not(any(shuttle, rejoin_loom))))]
pub mod tower;
pub mod worker;

pub use crate::boxed_error::BoxedError;
pub use crate::cancel::{
    CancelOnDrop, CancelReason, CancelSource, Cancelled, Canceller, TimedOut, WhenCancelled,
    cancel_reason, cancelled, checkpoint, deadline, remaining, shield, timeout, timeout_at,
};
#[cfg(feature = "indicatif")]
pub use crate::combine::progress_bar;
pub use crate::combine::{
    Completed, Ending, Joiner, Map, Progress, Split, Tuple, Until, Waited, Won, any, as_completed,
    boxed, for_each, gather, gather_by_key, gather_tuple, join_with, map, quorum, race, wait,
    wait_handles, wait_until,
};
pub use crate::name::Name;
pub use crate::outcome::{Outcome, Panic, TaskError};
#[cfg(not(any(shuttle, rejoin_loom)))]
pub use crate::pool::to_thread;
#[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
pub use crate::process::to_process;
pub use crate::scope::{
    Cause, Failure, LimitedScope, LimitedScopeBuilder, LimitedTaskBuilder, NotReady, OnError,
    Ready, Scope, ScopeBuilder, ScopeError, SpawnError, TaskBuilder, TaskHandle, TaskId, inherited,
    scope,
};
pub use crate::seam::Instant;

/// How many tasks the current runtime still holds, whoever spawned them. For tests that look for
/// leaks, and for inspection; [`Scope::live`] counts the children of one scope.
///
/// On a runtime with several threads a task that has just ended may be counted for a moment more.
///
/// # Panics
///
/// Outside a Tokio runtime.
pub fn live_tasks() -> usize {
    seam::live_tasks()
}

/// Whether the scopes of the program that is checked next behave as if workers had met at their locks.
#[cfg(rejoin_loom)]
pub fn set_crowded(crowded: bool) {
    seam::set_crowded(crowded);
}

/// The Rust program in the README is a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The programs of docs/library.md are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/library.md")]
struct Library;

/// The programs of docs/guarantees.md do not compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guarantees.md")]
struct Guarantees;
