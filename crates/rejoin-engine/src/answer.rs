//! Where an answer of GraphQL goes: a step yields all of it, `{data, errors}`, and programs read its data.

use std::sync::Arc;

use rejoin_value::Value;

use crate::envelope;
use crate::state::State;

/// Puts an answer into the state. With errors the state is an error as well; the data that did arrive has its place then too.
pub(crate) fn place(
    state: &mut State,
    answer: Value,
    target: Option<Arc<str>>,
    is_task: bool,
    last: bool,
) {
    let Some(name) = target else { return state.replace(answer, !last) };
    let errors = envelope::error_type(&answer).and_then(|_| answer.get("errors")).cloned();
    let placed = match answer.get("data") {
        // What a task has under a name is never unpacked: `.async.task.data.name.field`.
        Some(data) if is_task => Some(data.clone()),
        Some(Value::Object(data)) if data.len() == 1 && data.contains_key(&name) => {
            data.get(&name).cloned()
        }
        Some(_) => Some(answer),
        // Of a question that was refused there is no data.
        None if errors.is_some() => None,
        None => Some(answer),
    };
    if let Some(placed) = placed {
        state.set_data(&name, placed);
    }
    if let Some(errors) = errors {
        state.set("errors", errors);
    }
}
