//! Feature flags: the steps that set them run before a route that can observe them.

use std::sync::Arc;
use std::time::Duration;

use crate::context::Context;
use crate::event::{Event, Level};
use crate::exec::{Frame, run_block};
use crate::policy;
use crate::program::Program;
use crate::state::State;
use rejoin_value::{Object, Value};

/// Flags must not hold up a request: when they are not all decided by then, none is on.
const BUDGET: Duration = Duration::from_millis(50);

/// Runs the program's flag steps on the request. What they bring are their flags, and a `user` in their final state, which
/// goes into the request. Failing or taking too long is logged and brings nothing. A test says itself which flags are on.
pub(crate) async fn set(context: &Context, program: &Arc<Program>, request: Value) -> Value {
    if let Some(stand_ins) = &context.host().stand_ins {
        for flag in stand_ins.flags() {
            context.set_flag(flag, true);
        }
        return request;
    }
    let Some(block) = &program.feature_flags else { return request };
    let budget = program.settings().duration("featureFlags", "timeout").unwrap_or(BUDGET);
    // Whatever else they set, and flags that were set before they failed, stays with them.
    let own = context.for_task();
    let run = run_block(&own, program, block, Frame::new(State::new(request.clone())));
    let problem = match policy::within(budget, run).await {
        Some(Ok(frame)) => {
            let state = frame.state.value();
            match crate::envelope::error_type(state) {
                None => {
                    context.take_flags(&own);
                    return match (request, state.get("user")) {
                        (Value::Object(mut request), Some(user)) => {
                            request.insert("user", user.clone());
                            request.into()
                        }
                        (request, _) => request,
                    };
                }
                Some(kind) => format!("the feature flags failed with {kind}{}", why(state)),
            }
        }
        Some(Err(abort)) => format!("the feature flags were aborted: {}", abort.detail),
        None => format!("the feature flags took longer than {} ms", budget.as_millis()),
    };
    context.emit(Event::Log {
        level: Level::Warn,
        message: problem.into(),
        fields: Object::new().into(),
    });
    request
}

/// What the error says, and where it was.
fn why(state: &Value) -> String {
    let error = state.get("errors").and_then(|errors| errors.as_array()?.first().cloned());
    let text = |key| error.as_ref().and_then(|error| error.get(key)).and_then(Value::as_str);
    let message = text("message").map(|message| format!(": {message}"));
    let place = text("location").map(|place| format!(" ({place})"));
    [message, place].into_iter().flatten().collect()
}
