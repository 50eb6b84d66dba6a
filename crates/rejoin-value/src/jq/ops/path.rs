//! `.[k]`, slices, and what they mean when something is put there or taken away.

use super::{Fail, Outcome, cut, fail, shown};
use crate::{
    Array, Object, Value,
    jq::limits::{Limit, charge_items, stop_at, tick},
};

/// The greatest index that a value may be put at.
const GREATEST_INDEX: f64 = 536_870_911.0;
/// The longest path that a value may be put at; nesting beyond it could not leave the program.
const LONGEST_PATH: usize = 10_000;

/// `value | .[key]`
pub(in crate::jq) fn index(value: &Value, key: &Value) -> Outcome {
    match (value, key) {
        (Value::Object(object), Value::String(key)) => {
            Ok(object.get(key).cloned().unwrap_or_default())
        }
        (Value::Array(array), Value::Number(n)) => {
            Ok(position(n.as_f64(), array.len()).map_or(Value::Null, |at| array[at].clone()))
        }
        (Value::Null, Value::String(_) | Value::Number(_) | Value::Null) => Ok(Value::Null),
        (Value::Array(_) | Value::String(_) | Value::Null, Value::Object(range)) => {
            let (from, to) = bounds(range)?;
            slice(value, from, to)
        }
        (Value::Array(array), Value::Array(part)) => Ok(super::indices_in_array(array, part)),
        _ => Err(no_index(value, key)),
    }
}

fn no_index(value: &Value, key: &Value) -> Fail {
    let name = value.type_name();
    let text = match key {
        Value::String(key) => format!("Cannot index {name} with \"{key}\""),
        _ => format!("Cannot index {name} with {}", key.type_name()),
    };
    Fail(text.into())
}

/// Where an index that may be negative or fractional points in an array of `len`.
fn position(n: f64, len: usize) -> Option<usize> {
    if n.is_nan() {
        return None;
    }
    let n = n.floor();
    let at = if n < 0.0 { n + len as f64 } else { n };
    (at >= 0.0 && at < len as f64).then_some(at as usize)
}

fn bounds(range: &Object) -> Outcome<(Option<&Value>, Option<&Value>)> {
    let (from, to) = (range.get("start"), range.get("end"));
    if from.is_none() && to.is_none() {
        return fail("Start and end indices of an array slice must be numbers");
    }
    Ok((from, to))
}

/// The bounds of a slice as a range within `len`; fractions widen it.
fn span(from: Option<&Value>, to: Option<&Value>, len: usize) -> Outcome<(usize, usize)> {
    let number = |bound: Option<&Value>, default: f64| match bound {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Number(n)) if n.is_nan() => Ok(default),
        Some(Value::Number(n)) => Ok(n.as_f64()),
        Some(_) => fail("Start and end indices of an array slice must be numbers"),
    };
    let length = len as f64;
    let clamp = |n: f64| (if n < 0.0 { n + length } else { n }).clamp(0.0, length);
    let from = clamp(number(from, 0.0)?).floor() as usize;
    let to = clamp(number(to, length)?).ceil() as usize;
    Ok((from, to.max(from)))
}

/// `value | .[from:to]`
pub(in crate::jq) fn slice(value: &Value, from: Option<&Value>, to: Option<&Value>) -> Outcome {
    match value {
        Value::Null => {
            span(from, to, 0)?;
            Ok(Value::Null)
        }
        Value::Array(array) => {
            let (from, to) = span(from, to, array.len())?;
            charge_items(to - from);
            Ok(array[from..to].iter().collect())
        }
        Value::String(s) => {
            let (from, to) = span(from, to, s.chars().count())?;
            let at = |n| s.char_indices().nth(n).map_or(s.len(), |(at, _)| at);
            Ok(s[at(from)..at(to)].into())
        }
        _ => fail(format!("Cannot index {} with object", value.type_name())),
    }
}

/// `value | .[key] = new`, with what is missing made up on the way.
pub(in crate::jq) fn put(value: Value, key: &Value, new: Value) -> Outcome {
    match (value, key) {
        (Value::Null, Value::String(key)) => {
            let mut object = Object::new();
            object.insert(key, new);
            Ok(object.into())
        }
        (Value::Object(mut object), Value::String(key)) => {
            object.insert(key, new);
            Ok(object.into())
        }
        (Value::Null, Value::Number(n)) => put_at(Array::new(), n.as_f64(), new),
        (Value::Array(array), Value::Number(n)) => put_at(array, n.as_f64(), new),
        (Value::Null, Value::Object(range)) => put_slice(Array::new(), range, new),
        (Value::Array(array), Value::Object(range)) => put_slice(array, range, new),
        (Value::Object(_), Value::Object(_)) => {
            fail("Cannot update field at object index of object")
        }
        (other, Value::Object(_)) => {
            fail(format!("Cannot update field at object index of {}", other.type_name()))
        }
        (Value::Array(_), Value::Array(_)) => fail("Cannot update field at array index of array"),
        (value, key) => Err(no_index(&value, key)),
    }
}

fn put_at(mut array: Array, n: f64, new: Value) -> Outcome {
    let len = array.len();
    if n.is_nan() {
        return fail("Cannot set array element at NaN index");
    }
    let n = n.floor();
    if n < 0.0 && n + (len as f64) < 0.0 {
        return fail("Out of bounds negative array index");
    }
    if n > GREATEST_INDEX {
        return fail("Array index too large");
    }
    let at = if n < 0.0 { (n + len as f64) as usize } else { n as usize };
    if at >= len {
        charge_items(at + 1 - len);
        array.make_mut().resize(at + 1, Value::Null);
    }
    array.make_mut()[at] = new;
    Ok(array.into())
}

fn put_slice(mut array: Array, range: &Object, new: Value) -> Outcome {
    let (from, to) = bounds(range)?;
    let (from, to) = span(from, to, array.len())?;
    match new {
        Value::Array(new) => {
            charge_items(new.len());
            array.make_mut().splice(from..to, new);
            Ok(array.into())
        }
        _ => fail("A slice of an array can only be assigned another array"),
    }
}

/// Takes the slot out to be changed, so that it is not shared while it is.
pub(in crate::jq) fn take_slot(value: &mut Value, key: &Value) {
    match (value, key) {
        (Value::Object(object), Value::String(key)) if object.contains_key(key) => {
            object.insert(key, Value::Null);
        }
        (Value::Array(array), Value::Number(n)) => {
            if let Some(at) = position(n.as_f64(), array.len()) {
                array.make_mut()[at] = Value::Null;
            }
        }
        _ => {}
    }
}

fn as_path(path: &Value) -> Outcome<&Array> {
    match path {
        Value::Array(path) if path.len() > LONGEST_PATH => stop_at(Limit::Depth),
        Value::Array(path) => Ok(path),
        _ => fail("Path must be specified as an array"),
    }
}

/// `value | getpath(path)`
pub(in crate::jq) fn getpath(value: &Value, path: &Value) -> Outcome {
    let mut value = value.clone();
    for key in as_path(path)? {
        if value.is_null() {
            return Ok(Value::Null);
        }
        value = index(&value, key)?;
    }
    Ok(value)
}

/// `value | setpath(path; new)`
pub(in crate::jq) fn setpath(value: Value, path: &Value, new: Value) -> Outcome {
    set_keys(value, as_path(path)?, new)
}

fn set_keys(mut value: Value, path: &[Value], new: Value) -> Outcome {
    tick();
    let Some((key, rest)) = path.split_first() else { return Ok(new) };
    if rest.is_empty() {
        return put(value, key, new);
    }
    let child = index(&value, key)?;
    take_slot(&mut value, key);
    let child = set_keys(child, rest, new)?;
    put(value, key, child)
}

/// `value | delpaths(paths)`: the longest and last paths first, so that none moves another.
pub(in crate::jq) fn delpaths(value: Value, paths: &Value) -> Outcome {
    let Value::Array(paths) = paths else {
        return fail("Paths must be specified as an array");
    };
    let mut sorted: Vec<&Value> = paths.iter().collect();
    sorted.sort_unstable();
    let mut value = value;
    for path in sorted.into_iter().rev() {
        value = match path {
            Value::Array(path) if path.len() > LONGEST_PATH => stop_at(Limit::Depth),
            Value::Array(path) => delete_path(value, path)?,
            _ => return fail("Path must be specified as an array"),
        };
    }
    Ok(value)
}

fn delete_path(mut value: Value, path: &[Value]) -> Outcome {
    tick();
    match path {
        [] => Ok(Value::Null),
        _ if value.is_null() => Ok(value),
        [key] => delete(value, key),
        [key, rest @ ..] => {
            let child = index(&value, key)?;
            if child.is_null() {
                return Ok(value);
            }
            take_slot(&mut value, key);
            let child = delete_path(child, rest)?;
            put(value, key, child)
        }
    }
}

/// `value | del(.[key])`
pub(in crate::jq) fn delete(value: Value, key: &Value) -> Outcome {
    let name = value.type_name();
    match (value, key) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Object(mut object), Value::String(key)) => {
            if object.contains_key(key) {
                object.remove(key);
            }
            Ok(object.into())
        }
        (Value::Array(mut array), Value::Number(n)) => {
            if let Some(at) = position(n.as_f64(), array.len()) {
                array.make_mut().remove(at);
            }
            Ok(array.into())
        }
        (Value::Array(mut array), Value::Object(range)) => {
            let (from, to) = bounds(range)?;
            let (from, to) = span(from, to, array.len())?;
            array.make_mut().drain(from..to);
            Ok(array.into())
        }
        (Value::Object(_), key) => {
            fail(format!("Cannot delete field at object index of {}", key.type_name()))
        }
        (Value::Array(_), Value::String(_)) => fail("Cannot delete field at object index of array"),
        (Value::Array(_), key) => {
            fail(format!("Cannot delete field at array index of {}", key.type_name()))
        }
        _ => fail(format!("Cannot delete field at {} index of {name}", key.type_name())),
    }
}

/// `value | has(key)`
pub(in crate::jq) fn has(value: &Value, key: &Value) -> Outcome<bool> {
    match (value, key) {
        (Value::Object(object), Value::String(key)) => Ok(object.contains_key(key)),
        (Value::Array(array), Value::Number(n)) => {
            Ok(n.as_f64() >= 0.0 && position(n.as_f64(), array.len()).is_some())
        }
        _ => fail(format!(
            "Cannot check whether {} has a {} key",
            value.type_name(),
            key.type_name()
        )),
    }
}

/// The error of `.[]` on a value that has no children.
pub(in crate::jq) fn no_children(value: &Value) -> Fail {
    Fail(format!("Cannot iterate over {}", shown(value)).into())
}

/// The children of a value, as `.[]` gives them.
pub(in crate::jq) fn children(value: Value) -> Outcome<Vec<Value>> {
    match value {
        Value::Array(array) => Ok(array.into_vec()),
        Value::Object(object) => Ok(object.values().cloned().collect()),
        other => Err(no_children(&other)),
    }
}

/// A key of an object under construction, which has to be a string.
pub(in crate::jq) fn object_key(key: Value) -> Outcome<crate::Str> {
    match key {
        Value::String(key) => Ok(key),
        other => fail(format!(
            "Object keys must be strings, not {} ({})",
            other.type_name(),
            cut(&other)
        )),
    }
}
