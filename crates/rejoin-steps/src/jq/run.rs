//! A jq call.

use std::sync::Arc;

use rejoin_engine::{Called, Host, Input, Prepared, Settings, StepError, StepResult};
use rejoin_value::Value;
use rejoin_value::jq::{Limit, Limits, Program, RunError, stoppable};

use crate::script_limits::Configured;

const BLOCK: &str = "jq";

pub(super) struct PreparedJq {
    program: Arc<Program>,
    /// Whether `$context` has to be built for it.
    mentions_context: bool,
    configured: Configured,
    fuel: Option<u64>,
}

impl PreparedJq {
    pub(super) fn new(program: Program, text: &str, settings: &Settings) -> Self {
        Self {
            program: Arc::new(program),
            mentions_context: text.contains("$context"),
            configured: Configured::read(settings, BLOCK),
            fuel: settings.int(BLOCK, "fuel"),
        }
    }

    fn limits(&self, host: &Host) -> Limits {
        let limits = self.configured.on(host);
        let default = Limits::default();
        Limits {
            time: Some(limits.time),
            memory: limits.memory,
            fuel: self.fuel.unwrap_or(default.fuel),
            ..default
        }
    }
}

impl Prepared for PreparedJq {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let host = input.context.host();
        let vars = match self.mentions_context {
            true => [input.context.snapshot()],
            false => [Value::Null],
        };
        let limits = self.limits(host);
        if self.program.is_bounded() {
            // Its work is bounded by its input: it runs in place, which costs less than handing it over.
            return Called::Ready(output(self.program.run_first(input.state, &vars, &limits)));
        }
        let (program, state) = (self.program.clone(), input.state.clone());
        Called::pending(async move {
            let ended = host.scripts.run(move |stop| {
                stoppable(stop.shared(), || program.run_first(state, &vars, &limits))
            });
            match ended.await {
                Ok(result) => output(result),
                Err(panicked) => Err(StepError::Failed(panicked.to_string())),
            }
        })
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
        RunError::Limit(Limit::Memory) => Some("memory"),
        RunError::Limit(Limit::Fuel) => Some("fuel"),
        _ => None,
    }
}
