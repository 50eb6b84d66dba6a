//! A budget that many callers share, so that retries cannot multiply the load on a service in trouble.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How many retries there may be for so many calls, shared by all who hold a clone.
///
/// Every call puts a part of a retry in, every retry takes one out; when nothing is left, callers
/// give up at their first failure. Calls that succeed fill it again. A service that fails for
/// everybody so gets a fixed share of additional load, and not a multiple of it.
///
/// ```
/// use rejoin::retry::RetryBudget;
///
/// let budget = RetryBudget::new(0.2, 10);
/// assert_eq!(budget.left(), 10);
/// ```
#[derive(Clone)]
pub struct RetryBudget {
    shared: Arc<Shared>,
}

struct Shared {
    per_call: f64,
    most: f64,
    left: Mutex<f64>,
}

/// Ten times a tenth is a little less than one. That much may be missing.
const WHOLE: f64 = 1.0 - 1e-6;

impl RetryBudget {
    /// `per_call` retries for each call (0.2: one for five calls), and `reserve` at the beginning,
    /// which is also how many can be saved up.
    ///
    /// # Panics
    ///
    /// If `per_call` is no number from 0 to 1000, or `reserve` is 0.
    pub fn new(per_call: f64, reserve: u32) -> Self {
        assert!((0.0..=1000.0).contains(&per_call), "retries per call are a number from 0 to 1000");
        assert!(reserve > 0, "without a reserve there is no first retry");
        let most = f64::from(reserve);
        RetryBudget { shared: Arc::new(Shared { per_call, most, left: Mutex::new(most) }) }
    }

    /// How many retries could be made at once now.
    pub fn left(&self) -> u32 {
        self.with(|left| (*left + (1.0 - WHOLE)) as u32)
    }

    pub(super) fn call(&self) {
        let Shared { per_call, most, .. } = &*self.shared;
        self.with(|left| *left = (*left + per_call).min(*most));
    }

    pub(super) fn take(&self) -> bool {
        self.with(|left| {
            let enough = *left >= WHOLE;
            if enough {
                *left = (*left - 1.0).max(0.0);
            }
            enough
        })
    }

    fn with<R>(&self, look: impl FnOnce(&mut f64) -> R) -> R {
        look(&mut self.shared.left.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("per_call", &self.shared.per_call)
            .field("most", &self.shared.most)
            .field("left", &self.left())
            .finish()
    }
}
