//! Functions over strings.

use super::{Outcome, fail, shown};
use crate::{
    Array, Str, Value,
    jq::limits::{charge_items, charge_string, tick_many},
};

/// The text of a string, or the error that names what needed it.
pub(in crate::jq) fn text<'v>(value: &'v Value, need: &str) -> Outcome<&'v Str> {
    match value {
        Value::String(s) => {
            tick_many(s.len() / 64);
            Ok(s)
        }
        _ => fail(need),
    }
}

/// A string that was made from another.
fn made(text: impl Into<String>) -> Outcome {
    let text = text.into();
    charge_string(text.len());
    Ok(text.into())
}

/// `text / separator`
pub(in crate::jq) fn split(text: &str, separator: &str) -> Value {
    if text.is_empty() {
        return Value::Array(Array::new());
    }
    tick_many(text.len() / 8);
    let parts: Vec<Value> = if separator.is_empty() {
        charge_items(text.len());
        text.chars().map(|c| Value::from(&*c.encode_utf8(&mut [0; 4]))).collect()
    } else {
        text.split(separator).map(Value::from).collect()
    };
    charge_items(parts.len() * 2);
    charge_string(text.len());
    parts.into()
}

/// `split(separator)`
pub(in crate::jq) fn split_values(value: &Value, separator: &Value) -> Outcome {
    match (value, separator) {
        (Value::String(text), Value::String(separator)) => Ok(split(text, separator)),
        _ => fail("split input and separator must be strings"),
    }
}

/// Where `part` begins in `text`, in characters; also where it overlaps itself.
pub(in crate::jq) fn indices_in_text(text: &str, part: &str) -> Value {
    if part.is_empty() {
        return Value::Null;
    }
    tick_many(text.len());
    let mut found = Vec::new();
    let (mut from, mut chars) = (0, 0usize);
    while let Some(at) = text[from..].find(part).map(|at| at + from) {
        chars += text[from..at].chars().count();
        found.push(Value::from(chars));
        let first = text[at..].chars().next().map_or(1, char::len_utf8);
        chars += 1;
        from = at + first;
        tick_many(part.len());
    }
    charge_items(found.len());
    found.into()
}

/// `startswith` and `endswith`
pub(in crate::jq) fn starts_or_ends(value: &Value, with: &Value, ends: bool) -> Outcome {
    match (value, with) {
        (Value::String(s), Value::String(part)) if ends => Ok(s.ends_with(part.as_str()).into()),
        (Value::String(s), Value::String(part)) => Ok(s.starts_with(part.as_str()).into()),
        _ if ends => fail("endswith() requires string inputs"),
        _ => fail("startswith() requires string inputs"),
    }
}

/// `ltrimstr` and `rtrimstr`: what is not a string passes
pub(in crate::jq) fn trim_part(value: Value, part: &Value, right: bool) -> Value {
    let rest = match (&value, part) {
        (Value::String(s), Value::String(part)) if right => s.strip_suffix(part.as_str()),
        (Value::String(s), Value::String(part)) => s.strip_prefix(part.as_str()),
        _ => None,
    };
    match rest.map(Value::from) {
        Some(rest) => rest,
        None => value,
    }
}

/// `trim`, `ltrim`, `rtrim`
pub(in crate::jq) fn trim(value: &Value, cut: fn(&str) -> &str) -> Outcome {
    match value {
        Value::String(s) => made(cut(s)),
        _ => fail(format!("{} cannot be trimmed", shown(value))),
    }
}

/// `ascii_downcase` and `ascii_upcase`
pub(in crate::jq) fn ascii_case(value: &Value, upper: bool) -> Outcome {
    if upper {
        made(text(value, "ascii_upcase input must be a string")?.to_ascii_uppercase())
    } else {
        made(text(value, "ascii_downcase input must be a string")?.to_ascii_lowercase())
    }
}

/// `utf8bytelength`
pub(in crate::jq) fn utf8bytelength(value: &Value) -> Outcome {
    match value {
        Value::String(s) => Ok(s.len().into()),
        _ => fail(format!("{} only strings have UTF-8 byte length", shown(value))),
    }
}

/// `explode`
pub(in crate::jq) fn explode(value: &Value) -> Outcome {
    match value {
        Value::String(s) => {
            charge_items(s.len());
            tick_many(s.len());
            Ok(s.chars().map(u32::from).collect())
        }
        _ => fail(format!("{} cannot be exploded", shown(value))),
    }
}

/// `implode`
pub(in crate::jq) fn implode(value: &Value) -> Outcome {
    let Value::Array(codes) = value else { return fail("implode input must be an array") };
    charge_string(codes.len() * 4);
    tick_many(codes.len());
    let mut text = String::with_capacity(codes.len());
    for code in codes {
        let Some(number) = code.as_f64() else {
            return fail("Unicode codepoint must be numeric");
        };
        // What is no character becomes the replacement character, as in jq.
        let c = if (0.0..=1_114_111.0).contains(&number) { number as u32 } else { 0xFFFD };
        text.push(char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(text.into())
}
