//! Workers: calls, queues, copies, restarts, and how they end.

mod calls;
mod death;
mod ending;
mod itself;
mod modes;
#[cfg(all(feature = "process", target_os = "linux"))]
mod processes;
mod queue;

use std::num::NonZeroUsize;

use rejoin::Scope;
use rejoin::worker::Worker;

/// A state that says what was done to it.
type Log = Worker<Vec<u32>>;

fn n(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("it is not zero")
}

fn log(s: &Scope) -> Log {
    Worker::builder("log").start(s, Vec::new)
}

/// Adds a number to the log.
fn push(n: u32) -> impl FnOnce(&mut Vec<u32>) -> Result<usize, std::convert::Infallible> + Send {
    move |log: &mut Vec<u32>| {
        log.push(n);
        Ok(log.len())
    }
}
