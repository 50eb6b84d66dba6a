//! `foreach`: one run of a block for each element of an array in the state.

use std::convert::Infallible;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use rejoin::{Map, OnError, Scope, TaskError};
use rejoin_value::{Array, Object, Value};

use crate::alive;
use crate::context::Context;
use crate::error::Abort;
use crate::exec::{Frame, run_block};
use crate::program::{ForEach, Program};
use crate::state::State;

/// Runs the body with each element as its state; the final states take the elements' places. An element whose run ends
/// in an error keeps that error as its value, and the loop goes on.
pub(crate) async fn run(
    context: &Context,
    program: &Arc<Program>,
    each: &Arc<ForEach>,
    frame: &mut Frame,
) -> Result<(), Abort> {
    let path = &each.path[..];
    let found = get(frame.state.value(), path);
    let Some(array) = found.and_then(Value::as_array).cloned() else {
        let what = match found {
            Some(value) => format!("`{}` is {}", path.join("."), value.type_name()),
            None => format!("there is no `{}`", path.join(".")),
        };
        return Err(Abort {
            title: "foreach needs an array".into(),
            detail: format!("{what} in the state at {}", each.location),
        });
    };
    let results = match each.limit {
        Some(limit) => at_once(context, program, each, &array, limit).await?,
        None => {
            let mut results = Vec::with_capacity(array.len());
            for element in array.iter() {
                let inner = Frame::new(State::new(element.clone()));
                let ended = run_block(context, program, &each.body, inner).await?;
                results.push(ended.state.into_value());
            }
            results
        }
    };
    match (path.split_first(), frame.state.value()) {
        (None, _) => frame.state.assign(Value::from_iter(results)),
        // The place is in an element of a state that is a list.
        (Some(_), state @ Value::Array(_)) => {
            let state = put(state.clone(), path, Value::from_iter(results));
            frame.state.assign(state);
        }
        (Some((key, rest)), _) => {
            let old = frame.state.value().get(key).cloned().unwrap_or_default();
            frame.state.set(key, put(old, rest, Value::from_iter(results)));
        }
    }
    Ok(())
}

/// So many elements at once, begun in order; each has marks and tasks of its own, which end with it.
async fn at_once(
    context: &Context,
    program: &Arc<Program>,
    each: &Arc<ForEach>,
    array: &Array,
    limit: NonZeroU32,
) -> Result<Vec<Value>, Abort> {
    let limit = NonZeroUsize::try_from(limit).unwrap_or(NonZeroUsize::MIN);
    let Some(_places) = context.alive().take(limit.get().min(array.len()), context.depth) else {
        let detail = format!("{}, at {}", alive::too_many(context.depth), each.location);
        return Err(Abort { title: "foreach runs too much at once".into(), detail });
    };
    let elements: Vec<Value> = array.iter().cloned().collect();
    let turn = |element: Value| {
        let (context, program, each) = (context.for_task(), program.clone(), each.clone());
        async move {
            let own =
                Scope::<Infallible>::builder().name("foreach").on_error(OnError::IgnoreErrors);
            let ended = own.run(|scope| async {
                let context = context.in_scope(scope);
                let inner = Frame::new(State::new(element));
                Ok::<_, TaskError<Infallible>>(
                    run_block(&context, &program, &each.body, inner).await,
                )
            });
            match ended.await {
                Ok(Ok(ended)) => Ok(ended.state.into_value()),
                Ok(Err(abort)) => Err(abort),
                Err(error) => Err(Abort {
                    title: "a turn of the loop came to no end".into(),
                    detail: error.to_string(),
                }),
            }
        }
    };
    let ended = Map::new(elements, turn).limit(limit).gather().await;
    match ended {
        Ok(results) => Ok(results),
        Err(error) => match error.deciding().map(rejoin::Failure::error) {
            Some(TaskError::Failed(abort)) => Err((**abort).clone()),
            Some(TaskError::Panicked(panic)) => {
                Err(Abort { title: "a step panicked".into(), detail: panic.message().to_owned() })
            }
            // Something further out was stopped, whose rules apply: it drops this.
            _ => std::future::pending().await,
        },
    }
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
