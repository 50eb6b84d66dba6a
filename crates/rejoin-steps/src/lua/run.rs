//! A call of `lua`.

use std::sync::Arc;

use rejoin_engine::{Called, Input, Prepared, ScriptSettings, Settings};

use super::spec::SPEC;
use super::vm::{self, Chunk};
use crate::script;

pub(super) struct PreparedLua {
    chunk: Arc<Chunk>,
    configured: ScriptSettings,
}

impl PreparedLua {
    pub(super) fn new(chunk: Chunk, settings: &Settings) -> Self {
        Self { chunk: Arc::new(chunk), configured: ScriptSettings::read(settings, SPEC.name) }
    }
}

impl Prepared for PreparedLua {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let chunk = self.chunk.clone();
        let sees_context = chunk.mentions_context();
        script::call(
            SPEC.name,
            self.configured,
            input,
            sees_context,
            move |state, context, around, limits| vm::run(&chunk, state, context, around, limits),
        )
    }
}
