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

enum Open<'v> {
    Array(std::slice::Iter<'v, Value>),
    Object(crate::value::ObjectIter<'v>),
}

fn print<const PRETTY: bool>(value: &Value, out: &mut Vec<u8>) {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut next = Some(value);
    loop {
        if let Some(value) = next {
            match value {
                Value::Array(array) if !array.is_empty() => {
                    out.push(b'[');
                    open.push(Open::Array(array.iter()));
                    next = begin::<PRETTY>(&mut open, out, true);
                }
                Value::Object(object) if !object.is_empty() => {
                    out.push(b'{');
                    open.push(Open::Object(object.iter()));
                    next = begin::<PRETTY>(&mut open, out, true);
                }
                _ => {
                    scalar(value, out);
                    next = None;
                }
            }
        } else if open.is_empty() {
            return;
        } else {
            next = begin::<PRETTY>(&mut open, out, false);
        }
    }
}

/// Writes what stands before the next element, or the closing bracket if there is none.
fn begin<'v, const PRETTY: bool>(
    open: &mut Vec<Open<'v>>,
    out: &mut Vec<u8>,
    first: bool,
) -> Option<&'v Value> {
    let depth = open.len();
    let (key, value, close) = match open.last_mut()? {
        Open::Array(items) => (None, items.next(), b']'),
        Open::Object(entries) => match entries.next() {
            Some((key, value)) => (Some(key), Some(value), b'}'),
            None => (None, None, b'}'),
        },
    };
    let Some(value) = value else {
        open.pop();
        if PRETTY {
            line(depth - 1, out);
        }
        out.push(close);
        return None;
    };
    if !first {
        out.push(b',');
    }
    if PRETTY {
        line(depth, out);
    }
    if let Some(key) = key {
        write_string(key, out);
        out.extend_from_slice(if PRETTY { b": " } else { b":" });
    }
    Some(value)
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
    out.push(b'"');
    let bytes = text.as_bytes();
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
