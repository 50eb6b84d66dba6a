//! Functions over objects.

use super::{Outcome, fail, shown};
use crate::{
    Array, Object, Str, Value,
    jq::limits::{charge, charge_items, tick, tick_many},
};

/// `keys` (sorted) and `keys_unsorted`
pub(in crate::jq) fn keys(value: &Value, sorted: bool) -> Outcome {
    match value {
        Value::Array(array) => {
            charge_items(array.len());
            tick_many(array.len());
            Ok((0..array.len()).collect())
        }
        Value::Object(object) => {
            charge_items(object.len());
            tick_many(object.len());
            let mut keys: Vec<Str> = object.keys().cloned().collect();
            if sorted {
                keys.sort_unstable();
            }
            Ok(keys.into())
        }
        _ => fail(format!("{} has no keys", shown(value))),
    }
}

/// `to_entries`
pub(in crate::jq) fn to_entries(value: &Value) -> Outcome {
    let entry = |key: Value, value: &Value| {
        let mut entry = Object::with_capacity(2);
        entry.insert("key", key);
        entry.insert("value", value);
        Value::Object(entry)
    };
    match value {
        Value::Object(object) => {
            charge_items(object.len() * 5);
            tick_many(object.len());
            Ok(object.iter().map(|(key, value)| entry(key.clone().into(), value)).collect())
        }
        Value::Array(array) => {
            charge_items(array.len() * 5);
            tick_many(array.len());
            Ok(array.iter().enumerate().map(|(at, value)| entry(at.into(), value)).collect())
        }
        _ => fail(format!("{} has no keys", shown(value))),
    }
}

/// `from_entries`: the key is the first of `key`, `k`, `name`, `Name`, `K`, `Key` that is neither
/// `null` nor `false`; the value the first of `value`, `v`, `Value`, `V` that is there.
pub(in crate::jq) fn from_entries(value: Value) -> Outcome {
    let mut object = Object::new();
    for entry in super::children(value)? {
        charge(64);
        tick_many(1);
        let field = |names: &[&str]| -> Outcome<Option<Value>> {
            for name in names {
                let found = super::index(&entry, &Value::from(*name))?;
                if found.is_truthy() {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        };
        // `false` and `null` are skipped while something better may come, and count in the end.
        let key = match field(&["key", "k", "name", "Name", "Key", "K"])? {
            Some(Value::String(key)) => key,
            Some(key @ (Value::Number(_) | Value::Bool(_))) => key.to_json().into(),
            Some(other) => {
                return fail(format!("Cannot use {} as object key", shown(&other)));
            }
            None if entry.get("key").is_some_and(|key| *key == Value::Bool(false)) => {
                "false".into()
            }
            None => "null".into(),
        };
        let names = ["value", "v", "Value", "V"];
        let value = match field(&names)? {
            Some(value) => value,
            None => names.iter().find_map(|name| entry.get(name)).cloned().unwrap_or_default(),
        };
        object.insert(key, value);
    }
    Ok(object.into())
}

/// The events of `tostream`.
pub(in crate::jq) fn stream_events(value: &Value) -> Vec<Value> {
    let mut events = Vec::new();
    events_of(value, &mut Vec::new(), &mut events);
    events
}

fn events_of(value: &Value, path: &mut Vec<Value>, events: &mut Vec<Value>) {
    tick_many(1);
    charge_items(path.len() + 3);
    let at = |path: &[Value]| Value::Array(path.iter().cloned().collect::<Array>());
    let keyed: Vec<(Value, &Value)> = match value {
        Value::Array(array) => array.iter().enumerate().map(|(n, v)| (n.into(), v)).collect(),
        Value::Object(object) => object.iter().map(|(k, v)| (k.clone().into(), v)).collect(),
        _ => Vec::new(),
    };
    if keyed.is_empty() {
        events.push(Value::from(vec![at(path), value.clone()]));
        return;
    }
    let n = keyed.len();
    for (at_child, (key, child)) in keyed.into_iter().enumerate() {
        tick();
        path.push(key);
        events_of(child, path, events);
        if at_child + 1 == n {
            events.push(Value::from(vec![at(path)]));
        }
        path.pop();
    }
}
