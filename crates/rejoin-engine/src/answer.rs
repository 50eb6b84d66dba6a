//! Where an answer of GraphQL goes: a step yields all of it, `{data, errors}`, and programs read its data.

use rejoin_value::Value;

use crate::call::Named;
use crate::envelope;
use crate::state::State;

/// Where the step stands whose answer it is.
#[derive(Clone, Copy)]
pub(crate) struct Placing {
    pub(crate) is_task: bool,
    /// Whether the `.data` of the state is the step's own: it is a task, or runs by itself.
    pub(crate) is_own: bool,
    /// Whether nothing runs after it.
    pub(crate) last: bool,
}

/// Puts an answer into the state. With errors the state is an error as well; the data that did arrive has its place then too.
pub(crate) fn place(state: &mut State, answer: Value, target: Option<&Named>, placing: Placing) {
    let Some(target) = target else { return state.replace(answer, !placing.last) };
    let around = answer.get("data").and_then(Value::as_object).cloned();
    let errors = envelope::error_type(&answer).and_then(|_| answer.get("errors")).cloned();
    let placed = match answer.get("data") {
        // What a task has under a name is never unpacked: `.async.task.data.name.field`.
        Some(data) if placing.is_task => Some(data.clone()),
        Some(Value::Object(data)) if data.len() == 1 && data.contains_key(&target.name) => {
            data.get(&target.name).cloned()
        }
        Some(_) => Some(answer),
        // Of a question that was refused there is no data.
        None if errors.is_some() => None,
        None => Some(answer),
    };
    match placed {
        Some(placed) if placing.is_own => state.set_own_data(target, placed, around),
        Some(placed) => state.set_data(&target.name, placed),
        None => {}
    }
    if let Some(errors) = errors {
        state.set("errors", errors);
    }
}
