//! Functions over arrays.

use super::{Fail, Outcome, add, children, fail, shown};
use crate::{
    Array, Value,
    jq::limits::{charge_items, charge_string, tick, tick_many},
};

/// Counts the comparisons of a sort.
fn tick_sort(n: usize) {
    tick_many(n.saturating_mul(n.checked_ilog2().unwrap_or(0) as usize) / 8);
    charge_items(n);
}

fn array_for(value: Value, what: &str) -> Outcome<Vec<Value>> {
    match value {
        Value::Array(array) => Ok(array.into_vec()),
        other => fail(format!("{} cannot be {what}, as it is not an array", shown(&other))),
    }
}

/// `sort`
pub(in crate::jq) fn sort(value: Value) -> Outcome {
    let mut items = array_for(value, "sorted")?;
    tick_sort(items.len());
    items.sort();
    Ok(items.into())
}

/// `sort_by`, `group_by`, … given the keys of the elements: elements with their keys, sorted.
pub(in crate::jq) fn sorted_by(
    value: Value,
    keys: Vec<Value>,
    what: &str,
) -> Outcome<Vec<(Value, Value)>> {
    let items = array_for(value, what)?;
    tick_sort(items.len());
    let mut keyed: Vec<(Value, Value)> = keys.into_iter().zip(items).collect();
    keyed.sort_by(|(l, _), (r, _)| l.cmp(r));
    Ok(keyed)
}

/// The groups of elements with equal keys, in the order of the keys.
pub(in crate::jq) fn groups(keyed: Vec<(Value, Value)>) -> Value {
    let mut groups: Vec<Value> = Vec::new();
    let mut group: Vec<Value> = Vec::new();
    let mut last: Option<Value> = None;
    for (key, item) in keyed {
        if last.as_ref().is_some_and(|last| *last != key) {
            groups.push(std::mem::take(&mut group).into());
        }
        last = Some(key);
        group.push(item);
    }
    if !group.is_empty() {
        groups.push(group.into());
    }
    groups.into()
}

/// The first element of each group.
pub(in crate::jq) fn firsts(keyed: Vec<(Value, Value)>) -> Value {
    let mut firsts: Vec<Value> = Vec::new();
    let mut last: Option<Value> = None;
    for (key, item) in keyed {
        if last.as_ref() != Some(&key) {
            firsts.push(item);
            last = Some(key);
        }
    }
    firsts.into()
}

/// The first least (or the last greatest) element by its key, or `null` of none.
pub(in crate::jq) fn extreme(items: Vec<Value>, keys: Vec<Value>, greatest: bool) -> Value {
    tick_many(items.len());
    let mut best: Option<(Value, Value)> = None;
    for (key, item) in keys.into_iter().zip(items) {
        let better = best.as_ref().is_none_or(|(b, _)| if greatest { key >= *b } else { key < *b });
        if better {
            best = Some((key, item));
        }
    }
    best.map_or(Value::Null, |(_, item)| item)
}

/// `min` and `max`
pub(in crate::jq) fn min_max(value: Value, greatest: bool) -> Outcome {
    match value {
        Value::Array(array) => {
            let items = array.into_vec();
            Ok(extreme(items.clone(), items, greatest))
        }
        other => fail(format!("Cannot iterate over {}", shown(&other))),
    }
}

/// `reverse`, also of strings and `null`
pub(in crate::jq) fn reverse(value: Value) -> Outcome {
    Ok(match value {
        Value::Null => Value::Array(Array::new()),
        Value::String(s) => {
            charge_string(s.len());
            s.chars().rev().collect::<String>().into()
        }
        Value::Array(array) => {
            charge_items(array.len());
            let mut items = array.into_vec();
            items.reverse();
            items.into()
        }
        other => {
            return fail(format!("{} cannot be reversed, as it is not an array", shown(&other)));
        }
    })
}

/// `add`
pub(in crate::jq) fn add_all(value: Value) -> Outcome {
    let items = children(value)?;
    // Quadratic if done one by one; the total is known beforehand.
    if items.len() > 1 && items.iter().all(|item| matches!(item, Value::String(_) | Value::Null)) {
        let total = items.iter().filter_map(Value::as_str).map(str::len).sum();
        charge_string(total);
        tick_many(items.len());
        if items.iter().all(Value::is_null) {
            return Ok(Value::Null);
        }
        return Ok(items.iter().filter_map(Value::as_str).collect::<String>().into());
    }
    let mut sum = Value::Null;
    for item in items {
        tick();
        sum = add(sum, item)?;
    }
    Ok(sum)
}

/// `flatten` by so many levels
pub(in crate::jq) fn flatten(value: Value, depth: f64) -> Outcome {
    if depth < 0.0 {
        return fail("flatten depth must not be negative");
    }
    let mut flat = Vec::new();
    for item in children(value)? {
        flatten_into(&item, depth, &mut flat);
    }
    Ok(flat.into())
}

fn flatten_into(item: &Value, depth: f64, flat: &mut Vec<Value>) {
    tick();
    match item {
        Value::Array(items) if depth > 0.0 => {
            items.iter().for_each(|item| flatten_into(item, depth - 1.0, flat));
        }
        other => {
            charge_items(1);
            flat.push(other.clone());
        }
    }
}

/// `transpose`
pub(in crate::jq) fn transpose(value: Value) -> Outcome {
    let rows = children(value)?;
    let mut width = 0;
    for row in &rows {
        match row {
            Value::Array(row) => width = width.max(row.len()),
            Value::Null => {}
            other => {
                return Err(Fail(format!("Cannot index {} with number", other.type_name()).into()));
            }
        }
    }
    charge_items(width.saturating_mul(rows.len()));
    tick_many(width.saturating_mul(rows.len()));
    let column = |n: usize| -> Value {
        rows.iter().map(|row| row.at(n).cloned().unwrap_or_default()).collect()
    };
    Ok((0..width).map(column).collect())
}

/// Where `part` begins in `array`, whole.
pub(in crate::jq) fn indices_in_array(array: &Array, part: &Array) -> Value {
    if part.is_empty() {
        return Value::Null;
    }
    tick_many(array.len().saturating_mul(part.len()));
    let found = array.windows(part.len()).enumerate().filter(|(_, window)| *window == &part[..]);
    found.map(|(at, _)| at).collect()
}

/// `indices(what)`
pub(in crate::jq) fn indices(value: &Value, what: &Value) -> Outcome {
    match (value, what) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::String(s), Value::String(part)) => Ok(super::indices_in_text(s, part)),
        (Value::Array(array), Value::Array(part)) => Ok(indices_in_array(array, part)),
        (Value::Array(array), what) => {
            tick_many(array.len());
            let found = array.iter().enumerate().filter(|(_, item)| *item == what);
            Ok(found.map(|(at, _)| at).collect())
        }
        _ => super::index(value, what),
    }
}

/// `bsearch(what)`: where it is in a sorted array, or `-1 - where` it would go.
pub(in crate::jq) fn bsearch(value: &Value, what: &Value) -> Outcome {
    match value {
        Value::Array(array) => Ok(match array.binary_search(what) {
            Ok(at) => at.into(),
            Err(at) => (-1 - i64::try_from(at).unwrap_or(i64::MAX - 1)).into(),
        }),
        _ => fail(format!("{} cannot be searched from", shown(value))),
    }
}

/// `join(separator)`
pub(in crate::jq) fn join(value: Value, separator: &Value) -> Outcome {
    let items = children(value)?;
    if items.is_empty() {
        return Ok("".into());
    }
    let mut text = String::new();
    for (n, item) in items.iter().enumerate() {
        tick();
        if n > 0 {
            match separator {
                Value::String(s) => text.push_str(s),
                Value::Null => {}
                // As adding it to the text so far would fail.
                other => return add(text.into(), other.clone()),
            }
        }
        match item {
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => text.push_str(&item.to_json()),
            Value::String(s) => text.push_str(s),
            other => return add(text.into(), other.clone()),
        }
        charge_string(text.len() / (n + 1));
    }
    charge_string(text.len());
    Ok(text.into())
}

/// `toarray`
pub(in crate::jq) fn toarray(value: Value) -> Value {
    match value {
        Value::Array(_) => value,
        other => vec![other].into(),
    }
}
