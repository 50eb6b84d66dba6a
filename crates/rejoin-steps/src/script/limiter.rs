//! Stops a script at its limits.
//!
//! An interpreter asks [`Limiter::check`] all the time: at loop turns, at calls, within pattern matching. From the moment
//! the limit is reached each answer is an error, so a script that catches the first one is caught by the next.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::ScriptError;

/// What one run may use.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// How long it may take.
    pub(crate) time: Duration,
    /// How many bytes it may hold.
    pub(crate) memory: usize,
    /// Raised when nobody waits for the result any more.
    pub(crate) stop: Arc<AtomicBool>,
}

/// How many calls back pass between two looks at the clock.
const STRIDE: u32 = 32;

/// The limits of the run under way in a VM.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    run: RefCell<Option<Run>>,
    left: Cell<u32>,
    tripped: Cell<Option<Tripped>>,
}

#[derive(Debug)]
struct Run {
    deadline: Option<Instant>,
    limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tripped {
    Time,
    Stop,
}

impl Limiter {
    /// Begins a run.
    pub(crate) fn arm(&self, limits: Limits) {
        self.left.set(0);
        self.tripped.set(None);
        *self.run.borrow_mut() =
            Some(Run { deadline: Instant::now().checked_add(limits.time), limits });
    }

    /// Ends the run. Says which limit it reached, even if the script hushed that up.
    pub(crate) fn disarm(&self) -> Option<ScriptError> {
        let run = self.run.borrow_mut().take();
        let error = self.error(run.as_ref()?);
        self.tripped.set(None);
        error
    }

    /// One more small piece of work.
    pub(crate) fn check(&self) -> Result<(), ScriptError> {
        let left = self.left.get();
        if left > 0 && self.tripped.get().is_none() {
            self.left.set(left - 1);
            return Ok(());
        }
        self.left.set(STRIDE);
        self.look()
    }

    /// One more piece of work that may be large: looks at the clock at once.
    pub(crate) fn look(&self) -> Result<(), ScriptError> {
        let run = self.run.borrow();
        let Some(run) = &*run else { return Ok(()) };
        if run.limits.stop.load(Ordering::Relaxed) {
            self.tripped.set(Some(Tripped::Stop));
        } else if run.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.tripped.set(Some(Tripped::Time));
        }
        self.error(run).map_or(Ok(()), Err)
    }

    /// The script waited so long for something outside, which is not its own time.
    pub(crate) fn waited(&self, time: Duration) {
        if let Some(run) = &mut *self.run.borrow_mut() {
            run.deadline = run.deadline.and_then(|deadline| deadline.checked_add(time));
        }
        self.left.set(0);
    }

    fn error(&self, run: &Run) -> Option<ScriptError> {
        Some(match self.tripped.get()? {
            Tripped::Time => ScriptError::TooLong(run.limits.time),
            Tripped::Stop => ScriptError::Stopped,
        })
    }
}
