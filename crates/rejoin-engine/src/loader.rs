//! `loader`: one key of a batch that a pipeline loads for many resolvers.

use rejoin_value::Value;

use crate::call::{arguments, fail, rename};
use crate::context::Context;
use crate::envelope;
use crate::error::StepError;
use crate::exec::Frame;
use crate::loads::{Key, Loaded};
use crate::program::Call;

/// Asks for the key and puts what is loaded in the state's place.
pub(crate) async fn run(context: &Context, pipeline: usize, call: &Call, frame: &mut Frame) {
    let args = match arguments(context, call, frame.state.value()).await {
        Ok(args) => args,
        Err(StepError::Failed(message)) => return fail(call, frame, &message),
        Err(_) => unreachable!("an argument can only fail"),
    };
    let mut args = args.into_iter();
    let key = args.next().unwrap_or_default();
    let name = match &key {
        // Nothing belongs to nothing.
        Value::Null => return frame.state.assign(Value::Null),
        Value::String(text) => text.to_string(),
        Value::Number(_) | Value::Bool(_) => key.to_json(),
        other => {
            let what = other.type_name();
            return fail(call, frame, &format!("a key is a string, number or boolean, not {what}"));
        }
    };
    let Some(loads) = &context.loads else {
        return fail(call, frame, "there is no operation of GraphQL to load for");
    };
    let given = |key: &str| frame.state.value().get(key).cloned();
    let args = args.next().or_else(|| given("args")).unwrap_or_default();
    let caller = given("context").unwrap_or_default();
    let key = Key { name: name.clone(), value: key, args, context: caller };
    let told = loads.ask(pipeline, key);
    match told.await {
        Ok(Loaded::Ok(all)) => frame.state.assign(all.get(&name).cloned().unwrap_or_default()),
        Ok(Loaded::Err(errors)) => {
            let mut errors = envelope::with_errors(errors);
            rename(call, &mut errors);
            frame.state.assign(errors);
        }
        Err(_) => fail(call, frame, "the batch was cut off"),
    }
}
