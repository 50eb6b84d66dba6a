//! The languages of Rejoin: text to plan to diagnostics.
//!
//! Pure: no I/O, no async, no runtime. A file goes through named phases, each in a module of its own:
//!
//! [`source`] → [`wp`] (lex, parse: always a tree plus all problems) → [`lower`] (one [`plan`] for every
//! syntax) → [`check`] (rules over the plan only) → a program, built by the engine.

pub mod check;
pub mod config_value;
pub mod cov;
pub mod diagnostic;
pub mod duration;
pub mod explain;
mod jq_facts;
mod load;
pub mod lower;
mod modules;
pub mod plan;
mod problems;
pub mod source;
pub mod step_page;
pub mod step_spec;
pub mod wp;

pub use load::{Loaded, load, load_with};
pub use modules::ReadImport;
