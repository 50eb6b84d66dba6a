//! What jq's operators and functions do to values, worded and behaved as in jq 1.7.
//!
//! Plain functions from values to a value or a [`Fail`]; both evaluators call these, so they cannot
//! differ.

mod arith;
mod array;
mod convert;
mod format;
mod object;
mod path;
mod text;

pub(super) use arith::{add, contains, div, length, mul, neg, rem, sub};
pub(super) use array::*;
pub(super) use convert::*;
pub(super) use format::*;
pub(super) use object::*;
pub(super) use path::*;
pub(super) use text::*;

use crate::Value;

/// The value that an error raises; for the errors of jq itself that is a text.
pub(super) struct Fail(pub(super) Value);

/// What an operation gives.
pub(super) type Outcome<T = Value> = Result<T, Fail>;

pub(super) fn fail<T>(message: impl Into<String>) -> Outcome<T> {
    Err(Fail(message.into().into()))
}

/// A value as it stands in messages: its type and its text, cut short.
pub(super) fn shown(value: &Value) -> String {
    format!("{} ({})", value.type_name(), cut(value))
}

/// The JSON text, at most eleven bytes of it and three points.
pub(super) fn cut(value: &Value) -> String {
    const LONGEST: usize = 14;
    // Printing a large value in full only to cut it would make errors expensive.
    let text = match value {
        Value::Array(_) | Value::Object(_) if value.memory_estimate(4096) > 4096 => head_of(value),
        _ => value.to_json(),
    };
    if text.len() <= LONGEST {
        return text;
    }
    let mut end = LONGEST - 3;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end])
}

/// Enough of the text of a large container to be cut.
fn head_of(value: &Value) -> String {
    let mut text = String::new();
    let mut value = value;
    loop {
        match value {
            Value::Array(items) if text.len() < 32 && !items.is_empty() => {
                text.push('[');
                value = &items[0];
            }
            Value::Object(fields) if text.len() < 32 && !fields.is_empty() => {
                let Some((key, first)) = fields.iter().next() else { break };
                text.push('{');
                let mut out = Vec::new();
                crate::json::write_string(&key.chars().take(32).collect::<String>(), &mut out);
                text.push_str(&String::from_utf8_lossy(&out));
                text.push(':');
                value = first;
            }
            Value::Array(_) | Value::Object(_) => break,
            Value::String(s) => {
                text.push('"');
                text.extend(s.chars().take(32));
                break;
            }
            scalar => {
                text.push_str(&scalar.to_json());
                break;
            }
        }
    }
    // The closing brackets would be cut away anyway.
    text.push_str(&" ".repeat(16));
    text
}
