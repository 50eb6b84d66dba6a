//! A call of `lua`: the script on the script pool, with the request as its surroundings.

use std::sync::Arc;

use rejoin_engine::{
    Called, Context, Event, Input, Level, Prepared, ScriptSettings, Settings, StepError,
};
use rejoin_value::Value;

use super::vm::{self, Chunk, Limits, Surroundings};

pub(super) struct PreparedLua {
    chunk: Arc<Chunk>,
    configured: ScriptSettings,
}

impl PreparedLua {
    pub(super) fn new(chunk: Chunk, settings: &Settings) -> Self {
        Self { chunk: Arc::new(chunk), configured: ScriptSettings::read(settings, "lua") }
    }
}

impl Prepared for PreparedLua {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let chunk = self.chunk.clone();
        let state = input.state.clone();
        let context = input.context.clone();
        Called::pending(async move {
            let host = input.context.host();
            let limits = self.configured.limits(host.script_limits);
            let ended = input.context.run_script(move |stop| {
                let snapshot = match chunk.mentions_context() {
                    true => context.snapshot(),
                    false => Value::Null,
                };
                let limits =
                    Limits { time: limits.time, memory: limits.memory, stop: stop.shared() };
                vm::run(&chunk, &state, &snapshot, Box::new(OfRequest(context)), limits)
            });
            match ended.await {
                Ok(Ok(value)) => Ok(value.into()),
                Ok(Err(error)) => Err(StepError::Failed(error.to_string())),
                Err(panicked) => Err(StepError::Failed(panicked.to_string())),
            }
        })
    }
}

/// The request that a script is part of.
struct OfRequest(Context);

impl Surroundings for OfRequest {
    fn flag(&self, name: &str) -> bool {
        self.0.flag(name)
    }

    fn set_flag(&self, name: &str, on: bool) {
        self.0.set_flag(name, on);
    }

    fn condition(&self, name: &str) -> bool {
        self.0.condition(name)
    }

    fn set_condition(&self, name: &str, holds: bool) {
        self.0.set_condition(name, holds);
    }

    fn env(&self, name: &str) -> Option<String> {
        (self.0.host().variables)(name)
    }

    fn print(&self, line: &str) {
        self.0.emit(Event::Log { level: Level::Debug, message: line.into(), fields: Value::Null });
    }
}
