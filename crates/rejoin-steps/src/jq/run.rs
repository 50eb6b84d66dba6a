//! A jq call.

use std::sync::Arc;

use rejoin_engine::{Called, Input, Prepared, StepError, StepResult};
use rejoin_value::Value;
use rejoin_value::jq::{Limits, Program, RunError};

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
        let vars = match self.mentions_context {
            true => [input.context.snapshot()],
            false => [Value::Null],
        };
        if self.program.is_bounded() {
            // Its work is bounded by its input, so it needs neither a thread nor a watch.
            return Called::Ready(output(self.program.run_first(
                input.state,
                &vars,
                &Limits::default(),
            )));
        }
        Called::pending(
            async move { output(input.context.jq(&self.program, input.state, &vars).await) },
        )
    }
}

fn output(result: Result<Option<Value>, RunError>) -> StepResult {
    match result {
        Ok(value) => Ok(value.unwrap_or_default().into()),
        Err(error) => Err(StepError::Failed(error.to_string())),
    }
}
