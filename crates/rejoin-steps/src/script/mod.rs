//! What the steps that run scripts (`lua`, `js`) have in common: limits, what a script reaches of its request, and how it
//! fails. Their interpreters know nothing of the engine; this joins them to it.

mod call;
mod error;
mod library;
mod limiter;
mod quick;
mod sql;
mod surroundings;

pub(crate) use call::call;
pub(crate) use error::ScriptError;
pub(crate) use library::{Library, Shelf, mentioned, wrong_scripts};
pub(crate) use limiter::{Limiter, Limits};
pub(crate) use quick::Record;
pub(crate) use sql::{SqlEnd, runs_statements};
pub(crate) use surroundings::Surroundings;
