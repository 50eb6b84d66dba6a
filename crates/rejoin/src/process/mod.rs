//! Functions in child processes: a crash, a leak or a call that never ends stays there.
//!
//! Work in a thread cannot be stopped, and takes the program with it when it crashes. Work in a child
//! process can be killed at any time, and nothing of it is left. The child is the same program:
//!
//! ```standalone_crate
//! use rejoin::process::ProcessPool;
//! use rejoin::{TaskError, to_process};
//!
//! #[rejoin::process::function]
//! fn heavy_compute(numbers: Vec<u64>) -> u64 {
//!     numbers.iter().sum()
//! }
//!
//! #[rejoin::process::function]
//! fn parse(text: String, radix: u32) -> Result<u64, String> {
//!     u64::from_str_radix(&text, radix).map_err(|error| error.to_string())
//! }
//!
//! fn main() {
//!     // First of all: in a child it does not return.
//!     rejoin::process::init();
//! #   tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//!     // A child for one call.
//!     assert_eq!(to_process(heavy_compute, vec![1, 2, 3]).await.unwrap(), 6);
//!
//!     // Children that stay, for many.
//!     let pool = ProcessPool::builder("parsers");
//!     let numbers = pool.open(|pool| async move {
//!         let good = pool.run(parse, ("ff".to_owned(), 16)).await.unwrap();
//!         let bad = pool.run(parse, ("?".to_owned(), 10)).await.unwrap_err();
//!         Ok::<_, TaskError<String>>((good, bad.to_string()))
//!     });
//!     let (good, bad) = numbers.await.unwrap();
//!     assert_eq!((good, bad.as_str()), (255, "invalid digit found in string"));
//! #   });
//! }
//! ```
//!
//! # Three things to do
//!
//! 1. Call [`init`] first in `main`. A test binary has no `main` of yours: put
//!    [`in_tests!`](macro@in_tests) into it.
//! 2. Put [`#[function]`](macro@function) on each function that is to run in a child. It stays an
//!    ordinary function. It owns its arguments, and is neither `async` nor generic.
//! 3. Arguments and results implement serde's traits. They travel as postcard, which does not
//!    describe itself: types that look before they read (`serde_json::Value`, `#[serde(untagged)]`,
//!    `#[serde(flatten)]`) or that leave fields out (`skip_serializing_if`) do not arrive; a text of
//!    JSON does.
//!
//! A *state* in a child process, with calls that have it one at a time, is a
//! [worker](crate::worker::WorkerBuilder::start_portable).
//!
//! # How a call ends
//!
//! | what happens | outcome | the child |
//! |---|---|---|
//! | the function returns an error | `Failed`, [`ProcessError::Returned`] | goes on |
//! | it panics | `Panicked`, with its message | goes on |
//! | it ends the process, crashes, is killed from outside | `Failed`, [`ProcessError::Lost`], with the exit status | is replaced |
//! | arguments or result are too long | `Failed`, [`ProcessError::TooLarge`] | goes on |
//! | serde cannot write or read them | `Failed`, [`ProcessError::Unserialisable`] | goes on |
//! | the caller is cancelled, or times out | `Cancelled`, `TimedOut` | is killed, reaped, replaced |
//! | the function is not registered | `Failed`, [`ProcessError::NotRegistered`] | is not asked |
//! | `init` was not called | `Failed`, [`ProcessError::NotInitialised`] | is not started |
//!
//! # What holds
//!
//! * Nothing outlives its scope. A scope does not end before the children of its calls have gone, and
//!   a pool is a scope. Programs that a function has started go with its child. If the parent itself
//!   is killed, its children see it and end, also in the middle of a call.
//! * Nothing queues without bound: a full pool makes the caller wait, or hands the arguments back.
//!   Messages are bounded both ways, and stop growing at the limit while they are written.
//! * What a function prints to standard output goes to standard error: standard output of the parent
//!   is the parent's. The function's standard input is empty.
//! * A child is a new process, not a fork: it shares no memory, locks or connections with the parent,
//!   and statics have their first values. It inherits environment, folder and standard error. It is in
//!   a process group of its own, so Ctrl-C in a terminal reaches the parent alone.
//!
//! # Virtual time
//!
//! A paused clock stands still while a process starts and while it works.
//!
//! # Where it runs
//!
//! On Unix, in a Tokio runtime with I/O (`enable_all`). On Linux the child is the program that runs,
//! even if its file was replaced meanwhile.
//!
//! # What it costs
//!
//! Starting a child: about a millisecond, some of which blocks the calling thread. A call in a pool:
//! two messages through pipes, and postcard on both ends; the arguments are written, and the result
//! read, by the calling task. docs/benchmarks-library.md has the figures, next to those of a bare pipe.
//!
//! To serde a `Vec<u8>` is a list, which travels byte by byte. For much of it take a type that serde
//! knows as bytes: `bytes::Bytes` with its feature `serde`, or `serde_bytes::ByteBuf`. That is several
//! times as fast.

mod call;
mod child;
mod error;
mod frame;
mod function;
mod init;
mod method;
mod once;
mod pool;
#[expect(clippy::module_inception, reason = "the transport is one process")]
mod process;
mod registry;
mod resident;
mod taken;

pub use rejoin_macros::function;

pub(crate) use self::call::{flatten, widen};
pub use self::error::{Part, ProcessError};
pub use self::function::{Arity, Function};
pub use self::init::init;
pub use self::method::Method;
pub use self::once::to_process;
pub(crate) use self::pool::MAX_MESSAGE;
pub use self::pool::{ProcessPool, ProcessPoolBuilder, ProcessPoolFull};
pub use self::registry::registered;
pub(crate) use self::resident::{Plan, Resident, registered_method};
#[doc(inline)]
pub use crate::__rejoin_process_in_tests as in_tests;

/// What the attribute and the macro expand to.
#[doc(hidden)]
pub mod for_macros {
    pub use linkme;

    pub use super::init::{TESTS, init_in_test};
    pub use super::registry::{Entry, Kind, REGISTRY, answer, answer_with, id_of, make};
}
