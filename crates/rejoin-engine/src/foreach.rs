//! `foreach`: one run of a block for each element of an array in the state.

use std::sync::Arc;

use rejoin_value::{Object, Value};

use crate::context::Context;
use crate::error::Abort;
use crate::exec::{Frame, run_block};
use crate::program::{Block, Program};
use crate::state::State;

/// Runs `body` with each element as its state, in order; the final states take the elements' places.
/// An element whose run ends in an error keeps that error as its value, and the loop goes on.
pub(crate) async fn run(
    context: &Context,
    program: &Arc<Program>,
    path: &[Arc<str>],
    body: &Block,
    location: &str,
    frame: &mut Frame,
) -> Result<(), Abort> {
    let found = get(frame.state.value(), path);
    let Some(array) = found.and_then(Value::as_array).cloned() else {
        let what = match found {
            Some(value) => format!("`{}` is {}", path.join("."), value.type_name()),
            None => format!("there is no `{}`", path.join(".")),
        };
        return Err(Abort {
            title: "foreach needs an array".into(),
            detail: format!("{what} in the state at {location}"),
        });
    };
    let mut results = Vec::with_capacity(array.len());
    for element in array.iter() {
        let inner = Frame::new(State::new(element.clone()));
        results.push(run_block(context, program, body, inner).await?.state.into_value());
    }
    match path.split_first() {
        None => frame.state.assign(Value::from_iter(results)),
        Some((key, rest)) => {
            let old = frame.state.value().get(key).cloned().unwrap_or_default();
            frame.state.set(key, put(old, rest, Value::from_iter(results)));
        }
    }
    Ok(())
}

fn get<'a>(value: &'a Value, path: &[Arc<str>]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| match value {
        Value::Array(array) => array.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

/// `value` with `new` at `path`, which exists.
fn put(value: Value, path: &[Arc<str>], new: Value) -> Value {
    let Some((key, rest)) = path.split_first() else { return new };
    match value {
        Value::Object(mut object) => {
            let inner = object.remove(key).unwrap_or_else(|| Object::new().into());
            object.insert(&**key, put(inner, rest, new));
            object.into()
        }
        Value::Array(array) => {
            let index = key.parse::<usize>().ok();
            Value::from_iter(array.iter().enumerate().map(|(n, element)| match index {
                Some(index) if index == n => put(element.clone(), rest, new.clone()),
                _ => element.clone(),
            }))
        }
        other => other,
    }
}
