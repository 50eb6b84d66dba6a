//! The JSON value that flows through Rejoin: parsed once, shared without copying, printed once.
//!
//! A [`Value`] is 24 bytes. Strings, arrays and objects are shared, so cloning one, however big it
//! is, costs one counter; a change copies only the container that it touches, and only if somebody
//! else still holds it. Objects keep the order in which their keys were written.
//!
//! ```
//! use rejoin_value::{Value, jq::{Limits, Program}, object};
//!
//! let state = Value::parse(br#"{"user": {"name": "Ada"}, "items": [3, 4]}"#)?;
//! assert_eq!(state.get("user").and_then(|user| user.get("name")).and_then(Value::as_str), Some("Ada"));
//!
//! let program = Program::compile("{name: .user.name, total: (.items | add)}", &[])?;
//! let answer = program.run_first(state, &[], &Limits::default())?;
//! assert_eq!(answer, Some(object! { "name": "Ada", "total": 7 }.into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`value`] | [`Value`] and its parts: [`Number`], [`Str`], [`Array`], [`Object`]; equality and jq's order |
//! | [`json`](mod@json) | text to value and back: [`json::parse`], [`json::to_vec`], [`json::to_vec_pretty`] |
//! | [`jq`] | programs over values: [`jq::Program`], its limits, its static analysis |

mod macros;

pub mod jq;
pub mod json;
pub mod value;

pub use json::ParseError;
pub use value::{Array, Number, Object, Str, Value};
