//! Errors as data: a state of the shape `{errors: [{type: "…", …}, …]}` is an error of that type.

use std::sync::Arc;

use rejoin_value::{Object, Value};

use crate::error::DomainError;
use crate::state::REQUEST_KEYS;

/// The type of the error that a state is, if it is one: `errors[0].type`, when that is a string.
pub(crate) fn error_type(state: &Value) -> Option<&str> {
    first_error(state)?.get("type")?.as_str()
}

fn first_error(state: &Value) -> Option<&Value> {
    state.get("errors")?.as_array()?.first()
}

/// The list for an error that a step's spec names.
pub(crate) fn domain(error: DomainError) -> Value {
    let mut entry = Object::new();
    entry.insert("type", &*error.kind);
    entry.insert("message", error.message);
    for (key, value) in error.fields.iter() {
        entry.insert(key.clone(), value.clone());
    }
    Value::from_iter([Value::from(entry)])
}

/// The list for a call that went wrong itself.
pub(crate) fn failure(kind: &str, step: &str, message: &str, location: &str) -> Value {
    let mut entry = Object::new();
    entry.insert("type", kind);
    entry.insert("message", message);
    entry.insert("step", step);
    entry.insert("location", location);
    Value::from_iter([Value::from(entry)])
}

/// `{errors: list}`
pub(crate) fn with_errors(list: Value) -> Value {
    let mut object = Object::new();
    object.insert("errors", list);
    object.into()
}

/// Takes out the request, if it is there as it came: then no program has put it beside the error, a step has only added
/// to the state. Whoever asks is shown an error that nothing handled, and must not find credentials there, nor the cookie
/// of a session, which no script of a page may read.
pub(crate) fn take_out_request(envelope: &mut Value, request: &Value) {
    let Value::Object(object) = envelope else { return };
    let brought = || REQUEST_KEYS.iter().filter_map(|key| Some((*key, request.get(key)?)));
    if brought().any(|(key, _)| !object.contains_key(key)) {
        return;
    }
    for (key, value) in brought() {
        if object.get(key) == Some(value) {
            object.remove(key);
        }
    }
}

/// Changes the type of the first error, if the value is one.
pub(crate) fn rename(value: &mut Value, kind: &str) {
    if error_type(value).is_none() {
        return;
    }
    let Value::Object(object) = value else { return };
    let Some(list) = object.get("errors").and_then(Value::as_array) else { return };
    let renamed = list.iter().enumerate().map(|(n, entry)| match entry {
        Value::Object(entry) if n == 0 => {
            let mut entry = entry.clone();
            entry.insert("type", kind);
            entry.into()
        }
        other => other.clone(),
    });
    let renamed = Value::from_iter(renamed);
    object.insert("errors", renamed);
}

/// What stands in the place of a task that failed: its errors, and the first one's message as text.
pub(crate) fn failed_task(errors: &Value) -> Value {
    let message = errors
        .as_array()
        .and_then(|list| list.first())
        .map(|first| match first.get("message").and_then(Value::as_str) {
            Some(message) => message.to_owned(),
            None => first.get("type").and_then(Value::as_str).unwrap_or("failed").to_owned(),
        })
        .unwrap_or_default();
    let mut place = Object::new();
    place.insert("errors", errors.clone());
    place.insert("error", message);
    place.into()
}

/// The type of the first of a list of errors.
pub(crate) fn first_type(errors: &Value) -> &str {
    let first = errors.as_array().and_then(|list| list.first());
    first.and_then(|first| first.get("type")).and_then(Value::as_str).unwrap_or_default()
}

/// The errors of failed tasks and branches as one list, each entry with the name of what it came from under a label.
pub(crate) fn of_tasks<'a>(
    failures: impl Iterator<Item = (&'static str, &'a Arc<str>, &'a Value)>,
) -> Value {
    let mut all = Vec::new();
    for (label, task, errors) in failures {
        for entry in errors.as_array().into_iter().flatten() {
            let mut entry = match entry {
                Value::Object(entry) => entry.clone(),
                other => {
                    let mut object = Object::new();
                    object.insert("message", other.clone());
                    object
                }
            };
            entry.insert(label, &**task);
            all.push(Value::from(entry));
        }
    }
    Value::from_iter(all)
}
