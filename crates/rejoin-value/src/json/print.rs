//! A value to bytes, without recursion.

use super::plain::plain_end;
use crate::value::{Number, Str, Value};

/// The compact JSON text of a value.
#[must_use]
pub fn to_vec(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    write(value, &mut out);
    out
}

/// The JSON text with an indent of two spaces, as `jq .` prints it; no line feed at the end.
#[must_use]
pub fn to_vec_pretty(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    write_pretty(value, &mut out);
    out
}

/// Appends the compact JSON text of a value.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    print::<false>(value, out);
}

/// Appends the JSON text with an indent of two spaces.
pub fn write_pretty(value: &Value, out: &mut Vec<u8>) {
    print::<true>(value, out);
}

/// A container that is being written.
struct Open<'v> {
    rest: Rest<'v>,
    is_first: bool,
}

enum Rest<'v> {
    Array(std::slice::Iter<'v, Value>),
    Object(crate::value::ObjectIter<'v>),
}

fn print<const PRETTY: bool>(value: &Value, out: &mut Vec<u8>) {
    let mut open: Vec<Open<'_>> = Vec::new();
    open.extend(begin(value, out));
    loop {
        let depth = open.len();
        let Some(innermost) = open.last_mut() else { return };
        let (inner, close) = match &mut innermost.rest {
            Rest::Array(items) => {
                let inner = items.find_map(|item| {
                    separate::<PRETTY>(&mut innermost.is_first, depth, out);
                    begin(item, out)
                });
                (inner, b']')
            }
            Rest::Object(entries) => {
                let inner = entries.find_map(|(key, value)| {
                    separate::<PRETTY>(&mut innermost.is_first, depth, out);
                    write_string(key, out);
                    out.extend_from_slice(if PRETTY { b": " } else { b":" });
                    begin(value, out)
                });
                (inner, b'}')
            }
        };
        if let Some(inner) = inner {
            open.push(inner);
            continue;
        }
        open.pop();
        if PRETTY {
            line(depth - 1, out);
        }
        out.push(close);
    }
}

/// Writes a scalar, or the bracket of a container whose elements are to follow.
fn begin<'v>(value: &'v Value, out: &mut Vec<u8>) -> Option<Open<'v>> {
    let (bracket, rest) = match value {
        Value::Array(array) if !array.is_empty() => (b'[', Rest::Array(array.iter())),
        Value::Object(object) if !object.is_empty() => (b'{', Rest::Object(object.iter())),
        _ => {
            scalar(value, out);
            return None;
        }
    };
    out.push(bracket);
    Some(Open { rest, is_first: true })
}

/// Writes what stands before an element.
fn separate<const PRETTY: bool>(is_first: &mut bool, depth: usize, out: &mut Vec<u8>) {
    if !std::mem::take(is_first) {
        out.push(b',');
    }
    if PRETTY {
        line(depth, out);
    }
}

fn line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

fn scalar(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(n) => Number::write(n, out),
        Value::String(s) => write_string(Str::as_str(s), out),
        // Only empty ones come here.
        Value::Array(_) => out.extend_from_slice(b"[]"),
        Value::Object(_) => out.extend_from_slice(b"{}"),
    }
}

/// Appends a string in quotes, with `"`, `\` and control characters escaped.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut at = 0;
    loop {
        let end = plain_end(bytes, at);
        out.extend_from_slice(&bytes[at..end]);
        let Some(byte) = bytes.get(end) else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0C => out.extend_from_slice(b"\\f"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        at = end + 1;
    }
    out.push(b'"');
}
