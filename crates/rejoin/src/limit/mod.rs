//! Limits: how much may be under way at once, and how much may start in so much time.
//!
//! | you want | use |
//! |---|---|
//! | at most so many calls of something at once, wherever they come from | [`ConcurrencyLimit`] |
//! | as many at once as the service can take, which nobody knows | [`AdaptiveLimit`] |
//! | to know who has a place, and that nobody takes two | [`CapacityLimiter`] |
//! | at most so many starts in a second, a minute, evenly | [`RateLimit`] |
//! | at most so many in any minute, whenever in it they come | [`WindowLimit`] |
//! | some of several limits, of whatever kinds, all or nothing | [`LimitSet`] |
//! | at most so many children of one scope at once | [`ScopeBuilder::limit`](crate::ScopeBuilder::limit) |
//! | at most so many items of one collection at once | [`map`](crate::map) |
//!
//! Whoever does not fit waits, in the order of arrival: a request for much is not overtaken by those
//! for little that came later. Nothing polls. `try_acquire` does not wait, and fails also while others
//! wait. For a bound on the wait, put it into [`timeout`](crate::timeout): a wait that is dropped
//! gives up its place and has taken nothing. A request that can never be granted is an error at
//! once; one for which a limit has become too small meanwhile, when its turn comes.
//!
//! Clones are the same limit.

mod adaptive;
mod any_limit;
mod borrowers;
mod concurrency;
mod gate;
mod line;
mod rate;
mod reservation;
mod set;
mod turn;
mod window;

use std::error::Error;
use std::fmt;

pub use self::adaptive::{AdaptiveLimit, AdaptivePermit};
pub use self::any_limit::AnyLimit;
pub use self::borrowers::{Borrowed, CapacityLimiter};
pub use self::concurrency::{ConcurrencyLimit, Permit};
pub use self::rate::RateLimit;
pub use self::reservation::Reservation;
pub use self::set::{Held, LimitSet};
pub use self::window::WindowLimit;

/// A request does not fit into a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitError {
    /// Not at the moment, or not before others who wait. Only `try_` calls say so.
    Full,
    /// It asks for more than the limit allows at all.
    TooMuch {
        /// What was asked for.
        wanted: u32,
        /// What there is at most.
        most: u32,
    },
    /// What is to be settled was not taken from this limit.
    NotHeld,
    /// Who asks has a place already, or waits for one.
    AlreadyBorrowed,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LimitError::Full => f.write_str("the limit is reached"),
            LimitError::TooMuch { wanted, most } => {
                write!(f, "{wanted} can never be had at once, the limit is {most}")
            }
            LimitError::NotHeld => f.write_str("nothing of this limit is held here"),
            LimitError::AlreadyBorrowed => {
                f.write_str("this borrower has a place already, or waits for one")
            }
        }
    }
}

impl Error for LimitError {}
