//! Trying again: how often, after which pause, after which errors, and within what time.
//!
//! A [`Retry`] is a policy, made once and used for many calls:
//!
//! ```
//! use std::time::Duration;
//! use rejoin::retry::{Backoff, Retry};
//! # #[derive(Debug)] struct Down;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let policy = Retry::new(3).backoff(Backoff::exponential(Duration::from_millis(100)).jitter(0.3));
//! let answer = policy
//!     .run(|attempt| async move { if attempt < 3 { Err(Down) } else { Ok("up") } })
//!     .await;
//! assert_eq!(answer.unwrap(), "up");
//! # });
//! ```
//!
//! * Attempts run in the calling task, one after the other: a scope, a limit or a worker around the
//!   call sees one call. A pause holds nothing, unless the caller does: take a permit inside the
//!   attempt, not around the policy, so that a pause does not keep it.
//! * Cancellation is no failure. It ends an attempt and a pause at once, and is not tried again. A
//!   panic is not caught.
//! * No pause is begun that would end after a deadline: the call gives up at once, while whoever
//!   waits for it still has time for something else.
//! * Retries multiply. Retry at one level of a system only, bound them by a [`RetryBudget`], and
//!   only what may happen twice.

mod backoff;
mod budget;
mod error;
mod hedge;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

pub use self::backoff::Backoff;
pub use self::budget::RetryBudget;
pub use self::error::{Attempt, AttemptError, GaveUp, RetryError};
pub use self::hedge::Hedge;
use crate::cancel::{cancel_reason, deadline, timeout_at};
use crate::inspect::pause_until;
use crate::scope::deadline_after;
use crate::seam::{self, Instant};

/// How a call is tried again. See the [module](self).
#[derive(Clone, Debug)]
#[must_use = "a policy does nothing until `run` is awaited"]
pub struct Retry {
    attempts: u32,
    backoff: Backoff,
    attempt_timeout: Option<Duration>,
    timeout: Option<Duration>,
    budget: Option<RetryBudget>,
}

/// What to do about the result of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the result. (Of an error: it is final.)
    Take,
    /// Try again after the pause of the policy.
    Again,
    /// Try again after this pause, which the other side has asked for, or a longer one of the policy.
    AgainAfter(Duration),
}

impl Retry {
    /// At most `attempts` attempts, the first included, with an exponential backoff from 100 ms and
    /// a jitter of 0.3.
    ///
    /// # Panics
    ///
    /// If `attempts` is 0.
    pub fn new(attempts: u32) -> Self {
        assert!(attempts > 0, "a retry has at least one attempt: the first");
        Retry {
            attempts,
            backoff: Backoff::exponential(Duration::from_millis(100)).jitter(0.3),
            attempt_timeout: None,
            timeout: None,
            budget: None,
        }
    }

    /// How long to pause between attempts.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long one attempt may take. One that takes longer has failed, and is tried again.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// How long all of it may take, attempts and pauses. A deadline around the call holds as well.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What bounds the retries of all who share it.
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Calls `f` with the number of the attempt, from 1, until it succeeds or the policy gives up.
    ///
    /// # Errors
    ///
    /// [`RetryError`], with every attempt's error.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the attempt that is under way.
    pub async fn run<F, Fut, T, E>(&self, f: F) -> Result<T, RetryError<E>>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let judge =
            |result: &Result<T, E>| if result.is_ok() { Verdict::Take } else { Verdict::Again };
        self.run_if(f, judge).await
    }

    /// As [`run`](Self::run), with a judge: it says of which errors, and of which results, there is
    /// to be another attempt.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rejoin::retry::{GaveUp, Retry, Verdict};
    /// #[derive(Debug)]
    /// enum Refused { Busy { retry_after: Duration }, Forbidden }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let answer = Retry::new(5)
    ///     .run_if(
    ///         |attempt| async move {
    ///             match attempt {
    ///                 1 => Err(Refused::Busy { retry_after: Duration::from_secs(2) }),
    ///                 _ => Err::<(), _>(Refused::Forbidden),
    ///             }
    ///         },
    ///         |result| match result {
    ///             Err(Refused::Busy { retry_after }) => Verdict::AgainAfter(*retry_after),
    ///             _ => Verdict::Take,
    ///         },
    ///     )
    ///     .await;
    /// assert_eq!(answer.unwrap_err().gave_up(), GaveUp::NotRetryable);
    /// # });
    /// ```
    ///
    /// The judge sees what an attempt returned. One that took longer than
    /// [`attempt_timeout`](Self::attempt_timeout) returned nothing, and is always tried again.
    ///
    /// # Errors
    ///
    /// [`RetryError`], with every attempt's error.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the attempt that is under way.
    pub async fn run_if<F, Fut, J, T, E>(&self, mut f: F, mut judge: J) -> Result<T, RetryError<E>>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        J: FnMut(&Result<T, E>) -> Verdict,
    {
        let begin = seam::now();
        let ends = self.timeout.map(deadline_after);
        let mut attempts = Vec::new();
        if let Some(budget) = &self.budget {
            budget.call();
        }
        for number in 1.. {
            let ended = {
                // Kept in one place: an attempt may be large.
                let attempt = pin!(f(number));
                self.attempt(attempt, ends).await
            };
            let (error, asked) = match ended {
                None => (AttemptError::TimedOut, Some(Duration::ZERO)),
                Some(result) => {
                    let asked = match judge(&result) {
                        Verdict::Take => None,
                        Verdict::Again => Some(Duration::ZERO),
                        Verdict::AgainAfter(pause) => Some(pause),
                    };
                    match result {
                        Ok(value) if asked.is_none() => return Ok(value),
                        Ok(_) => (AttemptError::Rejected, asked),
                        Err(error) => (AttemptError::Failed(error), asked),
                    }
                }
            };
            attempts.push(Attempt { number, elapsed: seam::now() - begin, error });
            match self.pause(number, asked, ends) {
                Ok(pause) => pause_until(deadline_after(pause)).await,
                Err(gave_up) => return Err(RetryError { attempts, gave_up }),
            }
        }
        unreachable!("the number of attempts is bounded")
    }

    /// One attempt; `None` if it took longer than it may.
    async fn attempt<F: Future>(&self, future: F, ends: Option<Instant>) -> Option<F::Output> {
        let own = self.attempt_timeout.map(deadline_after);
        match own.into_iter().chain(ends).min() {
            Some(deadline) => timeout_at(deadline, future).await.ok(),
            None => Some(future.await),
        }
    }

    /// How long to pause before the next attempt, or why there is none. `asked` is what the other
    /// side wants, nothing if the last error is final.
    fn pause(
        &self,
        attempt: u32,
        asked: Option<Duration>,
        ends: Option<Instant>,
    ) -> Result<Duration, GaveUp> {
        let asked = asked.ok_or(GaveUp::NotRetryable)?;
        // An attempt that holds a scope or a join comes back with an error when it is told to stop.
        if cancel_reason().is_some() {
            return Err(GaveUp::Cancelled);
        }
        if attempt >= self.attempts {
            return Err(GaveUp::Attempts);
        }
        let pause = self.backoff.pause(attempt, fastrand::f64()).max(asked);
        let next = deadline_after(pause);
        if ends.into_iter().chain(deadline()).any(|ends| next >= ends) {
            return Err(GaveUp::Time);
        }
        match &self.budget {
            Some(budget) if !budget.take() => Err(GaveUp::Budget),
            _ => Ok(pause),
        }
    }
}
