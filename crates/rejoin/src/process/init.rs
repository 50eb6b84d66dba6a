//! How a program becomes able to answer as a child process.

use std::sync::atomic::{AtomicBool, Ordering};

use linkme::distributed_slice;

use super::child;

/// What a child is started with, and a program otherwise never.
pub(super) const MARK: &str = "rejoin-child-process";

static INITIALISED: AtomicBool = AtomicBool::new(false);

/// The tests that stand for [`init`] in this program: at most a few, and none outside test binaries.
#[doc(hidden)]
#[distributed_slice]
pub static TESTS: [&'static str];

/// Makes this program one that can be its own child process. It must be the first thing in `main`:
/// in a child it does not return. The [module](crate::process) has an example.
///
/// Without it calls fail with [`NotInitialised`](super::ProcessError::NotInitialised); nothing is
/// started. What stands before it runs in every child as well, and must not print to standard
/// output for long or read standard input. Test binaries have no `main` of yours:
/// [`in_tests!`](crate::process::in_tests) stands for it there.
///
/// Under `#[tokio::main]` the body of `main` is not the first thing: a runtime has been started, and children
/// serve inside it. Functions that start a runtime of their own panic there; give such a program a plain
/// `main` that calls this and then starts the runtime.
///
/// A child is started with the argument `rejoin-child-process`, by which it is known in `ps` too.
pub fn init() {
    INITIALISED.store(true, Ordering::Relaxed);
    if std::env::args_os().nth(1).is_some_and(|first| first == MARK) {
        child::serve();
    }
}

/// The body of the test that [`in_tests!`](crate::process::in_tests) makes.
#[doc(hidden)]
pub fn init_in_test() {
    if std::env::args_os().any(|argument| argument == MARK) {
        child::serve();
    }
}

/// The arguments that make this program a child; `None` if it is not prepared for that.
pub(super) fn arguments() -> Option<Vec<&'static str>> {
    if INITIALISED.load(Ordering::Relaxed) {
        return Some(vec![MARK]);
    }
    // The harness runs the one test that serves; to it the mark is the name of another one. Tests
    // are called by their path within the crate.
    let (_, test) = TESTS.first()?.split_once("::")?;
    Some(vec![test, MARK, "--exact", "--nocapture", "--test-threads=1"])
}

/// Stands for [`init`](crate::process::init) in a test binary, whose `main` is the harness: put it
/// once into `lib.rs`, into `main.rs`, and into each file of the folder `tests` that starts processes.
///
/// ```
/// # fn main() {}
/// #[cfg(test)]
/// rejoin::process::in_tests!();
/// ```
///
/// It adds a test, which a child is started as. Otherwise that test does nothing.
#[macro_export]
#[doc(hidden)]
macro_rules! __rejoin_process_in_tests {
    () => {
        #[test]
        fn rejoin_child_process() {
            $crate::process::for_macros::init_in_test();
        }

        const _: () = {
            use $crate::process::for_macros as rejoin_process;

            #[rejoin_process::linkme::distributed_slice(rejoin_process::TESTS)]
            #[linkme(crate = rejoin_process::linkme)]
            static TEST: &str = ::core::concat!(::core::module_path!(), "::rejoin_child_process");
        };
    };
}
