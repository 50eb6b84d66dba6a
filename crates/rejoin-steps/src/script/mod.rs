//! What the steps that run scripts (`lua`, `js`) have in common: limits, what a script reaches of its request, and how it
//! fails. Their interpreters know nothing of the engine; this joins them to it.

mod call;
mod error;
mod limiter;
mod surroundings;

pub(crate) use call::call;
pub(crate) use error::ScriptError;
pub(crate) use limiter::{Limiter, Limits};
pub(crate) use surroundings::Surroundings;
