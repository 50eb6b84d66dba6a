//! A call of a script: on the script pool, with the request as its surroundings.

use std::time::Duration;

use rejoin_engine::{Called, Input, ScriptSettings, StepError};
use rejoin_value::Value;

use super::surroundings::OfRequest;
use super::{Limits, ScriptError, Surroundings};

/// A script that is not stopped so long after its limit has failed all the same. It keeps its place on the pool until it
/// ends: an interpreter may be inside one long operation.
const GRACE: Duration = Duration::from_millis(25);

/// Runs a script of the step of that name on the state. `script` gets the state, what the script sees as `context` (null
/// unless it looks at that), its surroundings and its limits.
///
/// # Cancel safety
/// Dropping the call stops the script.
pub(crate) fn call<'a>(
    step: &'static str,
    configured: ScriptSettings,
    input: Input<'a>,
    sees_context: bool,
    script: impl FnOnce(&Value, &Value, Box<dyn Surroundings>, Limits) -> Result<Value, ScriptError>
    + Send
    + 'static,
) -> Called<'a> {
    let state = input.state.clone();
    let context = input.context.clone();
    Called::pending(async move {
        let limits = configured.limits(input.context.host().script_limits);
        let (begins, begun) = tokio::sync::oneshot::channel();
        let ended = input.context.run_script(move |stop| {
            // Nobody hears it if the call was given up.
            let _ = begins.send(());
            let snapshot = if sees_context { context.snapshot() } else { Value::Null };
            let limits = Limits { time: limits.time, memory: limits.memory, stop: stop.shared() };
            script(&state, &snapshot, Box::new(OfRequest(context)), limits)
        });
        let overdue = async {
            match begun.await {
                Ok(()) => tokio::time::sleep(limits.time.saturating_add(GRACE)).await,
                // It ended, or never began: the other future knows.
                Err(_) => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            biased;
            ended = ended => ended,
            () = overdue => Ok(Err(ScriptError::TooLong(limits.time))),
        };
        match ended {
            Ok(Ok(value)) => Ok(value.into()),
            Ok(Err(error)) => Err(StepError::Failed(match error.mend(step) {
                Some(mend) => format!("{error}; {mend}"),
                None => error.to_string(),
            })),
            Err(panicked) => Err(StepError::Failed(panicked.to_string())),
        }
    })
}
