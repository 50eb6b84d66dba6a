//! jq programs over [`Value`](crate::Value)s, with jq 1.7's rules, within limits.
//!
//! A [`Program`] is compiled once and run often, from any thread. It runs on the value as it is: no
//! conversion on the way in or out. Nothing that a program does can end the process or hold up its
//! thread for longer than its [`Limits`] say.
//!
//! ```
//! use rejoin_value::{Value, jq::{Limits, Program, RunError}, json};
//!
//! let program = Program::compile(".items | map(.n) | add", &[])?;
//! let total = program.run_first(json!({"items": [{"n": 1}, {"n": 2}]}), &[], &Limits::default())?;
//! assert_eq!(total, Some(Value::from(3)));
//!
//! let endless = Program::compile("def f: f; f", &[])?;
//! let limits = Limits { fuel: 10_000, ..Limits::default() };
//! assert!(matches!(endless.run_first((), &[], &limits), Err(RunError::Limit(_))));
//!
//! let misspelled = Program::compile(".items | lenght", &[]).unwrap_err();
//! assert_eq!(misspelled.first().span, 9..15);
//! assert_eq!(misspelled.first().hint.as_deref(), Some("did you mean `length`?"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What differs from jq 1.7, on purpose: whole numbers are exact within 64 bits; `halt`, `input`,
//! `env`, `stderr` and modules are refused; `debug` passes its input on and prints nothing.

mod always_fails;
mod analyze;
mod array_length;
mod bounded;
mod chains;
mod compile;
mod direct;
mod error;
mod error_types;
mod habits;
mod limits;
mod literal;
mod natives;
mod normalize;
mod object_keys;
mod ops;
mod program;
mod scope;
mod surrogates;
mod val;
mod walk;

pub use analyze::{PathKey, PathRead};
pub use error::{CompileError, CompileErrors, RunError};
pub use limits::{Limit, Limits, stoppable};
pub use program::Program;
