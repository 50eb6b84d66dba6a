//! A call of `js`.

use std::sync::Arc;

use rejoin_engine::{Called, Input, Prepared, ScriptSettings, Settings};

use super::spec::SPEC;
use super::vm::{self, Script};
use crate::script;

pub(super) struct PreparedJs {
    script: Arc<Script>,
    configured: ScriptSettings,
}

impl PreparedJs {
    pub(super) fn new(script: Script, settings: &Settings) -> Self {
        Self { script: Arc::new(script), configured: ScriptSettings::read(settings, SPEC.name) }
    }
}

impl Prepared for PreparedJs {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let script = self.script.clone();
        let sees_context = script.mentions_context();
        script::call(
            SPEC.name,
            self.configured,
            input,
            sees_context,
            move |state, context, around, limits| vm::run(&script, state, context, around, limits),
        )
    }
}
