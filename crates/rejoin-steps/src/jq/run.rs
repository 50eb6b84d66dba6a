//! A jq call.

use std::sync::Arc;

use rejoin_engine::{Called, Input, Prepared, StepError, StepResult};
use rejoin_value::Value;
use rejoin_value::jq::{Limit, Program, RunError};

pub(super) struct PreparedJq {
    program: Arc<Program>,
    /// Whether `$context` has to be built for it.
    mentions_context: bool,
}

impl PreparedJq {
    pub(super) fn new(program: Program, text: &str) -> Self {
        Self { program: Arc::new(program), mentions_context: text.contains("$context") }
    }
}

impl Prepared for PreparedJq {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let Input { state, context, .. } = input;
        let vars = match self.mentions_context {
            true => [context.snapshot()],
            false => [Value::Null],
        };
        match context.jq_at_once(&self.program, state, &vars) {
            Some(done) => Called::Ready(output(done)),
            None => {
                Called::pending(
                    async move { output(context.jq(&self.program, state, &vars).await) },
                )
            }
        }
    }
}

fn output(result: Result<Option<Value>, RunError>) -> StepResult {
    match result {
        Ok(value) => Ok(value.unwrap_or_default().into()),
        Err(error) => Err(StepError::Failed(match setting(&error) {
            Some(key) => format!("{error}; `{key}` in `config jq` sets it"),
            None => error.to_string(),
        })),
    }
}

/// The setting behind a limit.
fn setting(error: &RunError) -> Option<&'static str> {
    match error {
        RunError::Limit(Limit::Time) => Some("timeout"),
        RunError::Limit(Limit::Memory | Limit::Pending) => Some("memory"),
        RunError::Limit(Limit::Fuel) => Some("fuel"),
        _ => None,
    }
}
