//! Why a retried call has no value: every attempt, and why there was no further one.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// One attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt<E> {
    /// Its number, from 1.
    pub number: u32,
    /// When it had failed, counted from the start of the first.
    pub elapsed: Duration,
    /// How it failed.
    pub error: AttemptError<E>,
}

/// How an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptError<E> {
    /// It returned an error.
    Failed(E),
    /// It took longer than an attempt may.
    TimedOut,
    /// It returned a value that was not good enough.
    Rejected,
}

/// Why there was no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GaveUp {
    /// That was the last of those allowed.
    Attempts,
    /// The next one would have begun after the time for all of them, or after a deadline around the
    /// call.
    Time,
    /// The budget for retries was used up.
    Budget,
    /// The error is not one to try again after.
    NotRetryable,
    /// The calling code had been told to stop.
    Cancelled,
}

/// Why a retried call has no value. It has every attempt's error, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryError<E> {
    pub(super) attempts: Vec<Attempt<E>>,
    pub(super) gave_up: GaveUp,
}

impl<E> RetryError<E> {
    /// Every attempt, in order; there is at least one.
    pub fn attempts(&self) -> &[Attempt<E>] {
        &self.attempts
    }

    /// Why there was no further attempt.
    pub fn gave_up(&self) -> GaveUp {
        self.gave_up
    }

    /// How the last attempt failed.
    pub fn last(&self) -> &AttemptError<E> {
        &self.attempts.last().expect("nobody gives up before the first attempt").error
    }

    /// The error that the last attempt returned, if it returned one.
    pub fn into_last(mut self) -> Option<E> {
        match self.attempts.pop()?.error {
            AttemptError::Failed(error) => Some(error),
            AttemptError::TimedOut | AttemptError::Rejected => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for AttemptError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttemptError::Failed(error) => error.fmt(f),
            AttemptError::TimedOut => f.write_str("timed out"),
            AttemptError::Rejected => f.write_str("its result was not accepted"),
        }
    }
}

impl<E: fmt::Display> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.last().fmt(f)?;
        let number = self.attempts.len();
        let times = if number == 1 { "attempt" } else { "attempts" };
        match self.gave_up {
            GaveUp::Attempts => write!(f, " ({number} {times})"),
            GaveUp::Time => write!(f, " ({number} {times}, then there was no time for another)"),
            GaveUp::Budget => {
                write!(f, " ({number} {times}, then the budget for retries was used up)")
            }
            GaveUp::Cancelled => write!(f, " ({number} {times}, then it was told to stop)"),
            GaveUp::NotRetryable if number == 1 => Ok(()),
            GaveUp::NotRetryable => write!(f, " ({number} {times}, the last error is final)"),
        }
    }
}

impl<E: Error + 'static> Error for RetryError<E> {
    // `Display` prints the last error itself, so what is behind that one comes next.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.last() {
            AttemptError::Failed(error) => error.source(),
            AttemptError::TimedOut | AttemptError::Rejected => None,
        }
    }
}
