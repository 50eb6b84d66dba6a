//! Text to [`Value`](crate::Value) and back.

mod error;
mod parse;
mod plain;
mod print;

pub use error::ParseError;
pub use parse::{ParseLimits, parse, parse_with};
pub use print::{to_vec, to_vec_pretty, write, write_pretty, write_string};
