//! Workers (actors): a state of their own, and calls that have it one at a time.
//!
//! ```
//! use rejoin::worker::Worker;
//! use rejoin::{Scope, gather, scope};
//!
//! #[derive(Default)]
//! struct Cart { items: Vec<&'static str> }
//!
//! impl Cart {
//!     fn add(&mut self, item: &'static str) -> usize {
//!         self.items.push(item);
//!         self.items.len()
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let sizes = scope(|s: Scope| async move {
//!     let cart: Worker<Cart> = Worker::builder("cart").start(&s, Cart::default);
//!     // Ask and wait.
//!     assert_eq!(cart.call(|c: &mut Cart| Ok(c.add("pear"))).await?, 1);
//!     // Submit, go on, and wait later: a handle is a `TaskHandle`, as of any child.
//!     let apple = cart.submit(|c: &mut Cart| Ok(c.add("apple"))).await.expect("it is open");
//!     let fig = cart.submit(|c: &mut Cart| Ok(c.add("fig"))).await.expect("it is open");
//!     Ok(gather([apple, fig]).await.expect("nothing fails"))
//! });
//! assert_eq!(sizes.await.unwrap(), [2, 3]);
//! # });
//! ```
//!
//! | you want | use |
//! |---|---|
//! | to ask, and wait for the answer | [`Worker::call`] |
//! | to submit and go on; a full queue makes you wait | [`Worker::submit`] |
//! | the same, and the call back if the queue is full | [`Worker::try_submit`] |
//! | a call that waits, or that several places make | a type that is a [`Call`]; [`asynchronous`] for a closure |
//! | calls that block or calculate | [`Mode::Thread`], [`WorkerBuilder::threads`] |
//! | a state that may crash, leak or never end | [`Mode`]`::Process`, [`WorkerBuilder`]`::start_portable` (feature `process`) |
//! | a call that has ended when it has been submitted, for tests | [`Mode::Inline`] |
//! | a pool of workers | [`WorkerBuilder::copies`], [`WorkerBuilder::balance`] |
//! | to go on after a panic | [`WorkerBuilder::restart`] |
//! | to serve what was submitted, and stop | [`Worker::drain`]; with a bound, [`Worker::stop_within`] |
//! | to stop at once | [`Worker::abort`] |
//! | a retry, a limit, a time-out for a call | [`Retry`](crate::retry::Retry), [`limit`](crate::limit), [`timeout`](crate::timeout) around [`Worker::call`] |
//!
//! # Rules
//!
//! * **Order.** Calls start in the order in which they were submitted; one copy runs one call at a
//!   time. With several copies a call never waits behind a busy one while another is free.
//! * **Back-pressure.** The queue is [bounded](WorkerBuilder::queue). A call that is cancelled leaves
//!   it at once.
//! * **Cancellation.** Cancelling a call stops that call; the worker and the others go on. The state
//!   stays as the call has left it, as with a lock whose guard is dropped.
//!   A state in another process is the exception: there a call can only be stopped together with its
//!   process.
//! * **Death.** A call that panics ends as [`Panicked`](crate::TaskError::Panicked), and its state is
//!   dropped, for it may be broken. [`Restart`] says whether there is to be a new one. If there is
//!   none left, those that wait end as `Cancelled` with the source
//!   [`WorkerDied`](crate::CancelSource::WorkerDied), and new ones are [`Refused`].
//! * **Lifetime.** A worker is a child of the scope that it is started in and ends with it, see
//!   [`WorkerBuilder::start`]. An idle one does not keep its scope open, so that leaving the body is
//!   enough, wherever its handles are.
//! * **Waiting for oneself.** A call from inside a call of the same worker, also by way of other workers
//!   that are waiting for it, is refused: it could only wait for itself. That is seen where calls are
//!   submitted; do not wait inside a call for the handle of a later call that came some other way.
//! * **Every mode.** The queue, its order, copies, restarts, handles and ends are the same wherever calls
//!   run. Calls of [`start`](WorkerBuilder::start) are any code; calls of a worker that may be in
//!   another process are registered functions, whose arguments and results can be sent.
//! * **Retries.** A retry around a call submits it anew each time, so the worker is free for others
//!   during the pauses.
//!
//! # Why this shape
//!
//! Other libraries make a proxy object that looks like the state, by reflection or by a macro, or have
//! one enum of messages with one handler. Here a call is code that gets `&mut S`. The methods of
//! the state stay plain methods, which can be tested without a worker; each call has a result type of
//! its own; and the compiler sees that nothing of the state leaves the worker. Where a call needs a name,
//! or has to be data, it is a type that implements [`Call`].
//!
//! Each call is a child of the worker, so it has everything that a child has: one of five outcomes, a
//! handle, a reason when it is cancelled, a place in the tree. That costs a task for each call. Against
//! an actor written by hand with a channel and a oneshot for each reply, asking takes about three times
//! as long ([`Mode::Inline`]: 1.4 times), and submitting a thousand calls at once six to ten times
//! (inline: 2.5 times): some 0.6 to 1.2 microseconds a call. `benches/peers/library` measures it.
//!
//! A call in another process costs in addition what one of a `ProcessPool` does.
//!
//! For shared state without a queue of its own, a lock is simpler; for blocking work without a state,
//! [`pool`](crate::pool).

mod balance;
mod builder;
mod call;
mod handle;
mod host;
mod line;
#[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
mod portable;
mod refused;
mod restart;
#[cfg(not(any(shuttle, rejoin_loom)))]
mod thread;
mod turn;
mod within;

#[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
pub use rejoin_macros::{method, state};

pub use self::balance::Balance;
pub use self::builder::{Mode, WorkerBuilder};
pub use self::call::{Async, Call, asynchronous};
pub use self::handle::{Worker, WorkerStats};
#[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
pub use self::portable::{Ask, AskValue, Portable, ask, ask_value};
pub use self::refused::Refused;
pub use self::restart::Restart;
#[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
pub use crate::process::Method;
