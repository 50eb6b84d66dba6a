//! Values on their way into the interpreter and out of it, as JSON texts: the interpreter reads and writes them faster than
//! anybody could hand them over piece by piece.
//!
//! Doubles are all that JavaScript knows, so whole numbers that do not fit one go in and out as texts that begin with a mark.
//! What a script did not change comes out as the very value that went in, with its numbers and the order of its keys.

use std::hash::{BuildHasher, RandomState};

use rejoin_value::{Array, Number, Object, Value};

use crate::script::ScriptError;

/// Whole numbers up to here are doubles without loss.
const EXACT_DOUBLE: u64 = 1 << 53;

/// A mark that nobody can foresee.
pub(super) fn new_mark() -> String {
    format!("\u{1}{:016x}", RandomState::new().hash_one(()))
}

/// The text for the interpreter. It begins with the mark if there are texts with a mark in it.
pub(super) fn to_text(value: &Value, mark: &str) -> String {
    match marked(value, mark) {
        Some(marked) => mark.to_owned() + &marked.to_json(),
        None => value.to_json(),
    }
}

/// The value with texts in place of numbers that a double cannot hold; `None` if there are none.
fn marked(value: &Value, mark: &str) -> Option<Value> {
    match value {
        Value::Number(number) => {
            is_exact(number).then(|| format!("{mark}{number}").as_str().into())
        }
        Value::Array(array) => {
            let found: Vec<_> = changes(array.iter().map(|item| marked(item, mark)));
            (!found.is_empty()).then(|| {
                let mut array = array.clone();
                for (index, item) in found {
                    array.make_mut()[index] = item;
                }
                array.into()
            })
        }
        Value::Object(object) => {
            let found: Vec<_> = changes(object.values().map(|value| marked(value, mark)));
            (!found.is_empty()).then(|| {
                let mut object = object.clone();
                let mut found = found.into_iter().peekable();
                for (index, value) in object.values_mut().enumerate() {
                    if let Some((_, marked)) = found.next_if(|(at, _)| *at == index) {
                        *value = marked;
                    }
                }
                object.into()
            })
        }
        _ => None,
    }
}

fn changes(parts: impl Iterator<Item = Option<Value>>) -> Vec<(usize, Value)> {
    parts.enumerate().filter_map(|(index, changed)| Some((index, changed?))).collect()
}

fn is_exact(number: &Number) -> bool {
    let fits = number.as_i64().is_some_and(|n| n.unsigned_abs() <= EXACT_DOUBLE);
    number.is_whole() && !fits && Number::from(number.as_f64()) != *number
}

/// How a script's result is read.
pub(super) struct Outgoing<'a> {
    pub(super) mark: &'a str,
    /// The state when the script began.
    pub(super) before: &'a Value,
}

impl Outgoing<'_> {
    /// The value of a text that the interpreter wrote; without one it is null.
    pub(super) fn read(&self, text: Option<&str>) -> Result<Value, ScriptError> {
        let Some(text) = text else { return Ok(Value::Null) };
        let value = Value::parse(text.as_bytes())
            .map_err(|problem| ScriptError::Result(problem.to_string()))?;
        Ok(self.restored(value, Some(self.before)))
    }

    /// The value with its exact numbers, and with what was at its place before wherever that is the same.
    fn restored(&self, value: Value, before: Option<&Value>) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix(self.mark).and_then(Number::parse) {
                Some(number) => Value::Number(number),
                None => match before {
                    Some(Value::String(old)) if **old == *text => Value::String(old.clone()),
                    _ => Value::String(text),
                },
            },
            Value::Number(number) => match before {
                Some(Value::Number(old)) if old.as_f64() == number.as_f64() => {
                    Value::Number(old.clone())
                }
                _ => Value::Number(number),
            },
            Value::Array(array) => {
                let old = before.and_then(Value::as_array);
                let mut same = old.is_some_and(|old| old.len() == array.len());
                let mut restored = Vec::with_capacity(array.len());
                for (index, item) in array.into_vec().into_iter().enumerate() {
                    let old = old.and_then(|old| old.get(index));
                    let item = self.restored(item, old);
                    same = same && old.is_some_and(|old| is_kept(old, &item));
                    restored.push(item);
                }
                match old {
                    Some(old) if same => Value::Array(old.clone()),
                    _ => Array::from_vec(restored).into(),
                }
            }
            Value::Object(object) => self.object(object, before.and_then(Value::as_object)),
            other => other,
        }
    }

    /// Known keys in their old order, then the new ones as the script made them: the language has keys that look like
    /// numbers first.
    fn object(&self, mut object: Object, before: Option<&Object>) -> Value {
        let Some(before) = before else {
            for value in object.values_mut() {
                *value = self.restored(value.take(), None);
            }
            return object.into();
        };
        let mut same = before.len() == object.len();
        let mut restored = Object::with_capacity(object.len());
        for (key, old) in before {
            match object.get_mut(key) {
                Some(value) => {
                    let value = self.restored(value.take(), Some(old));
                    same = same && is_kept(old, &value);
                    restored.insert(key.clone(), value);
                }
                None => same = false,
            }
        }
        if same {
            return Value::Object(before.clone());
        }
        for (key, value) in &object {
            if !before.contains_key(key) {
                restored.insert(key.clone(), self.restored(value.clone(), None));
            }
        }
        restored.into()
    }
}

/// Whether that is the very value that was there.
fn is_kept(old: &Value, now: &Value) -> bool {
    match (old, now) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(old), Value::Bool(now)) => old == now,
        (Value::Number(old), Value::Number(now)) => old.as_f64() == now.as_f64(),
        _ => old.ptr_eq(now),
    }
}
