//! A call of `js`.

use std::sync::Arc;

use rejoin_engine::{Called, Input, Prepared, ScriptSettings, Settings};

use super::spec::SPEC;
use super::vm::{self, Script};
use crate::database::Statements;
use crate::script::{self, Library, Record};

pub(super) struct PreparedJs {
    script: Arc<Script>,
    library: Arc<Library<Script>>,
    database: Option<Statements>,
    configured: ScriptSettings,
    record: Record,
}

impl PreparedJs {
    pub(super) fn new(
        script: Script,
        library: Arc<Library<Script>>,
        database: Option<Statements>,
        settings: &Settings,
    ) -> Self {
        let configured = ScriptSettings::read(settings, SPEC.name);
        let record =
            if script.copies_often(&library) { Record::never_quick() } else { Record::new() };
        Self { script: Arc::new(script), library, database, configured, record }
    }
}

impl Prepared for PreparedJs {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let (script, library) = (self.script.clone(), self.library.clone());
        let sees_context = script.mentions_context();
        script::call(
            SPEC.name,
            self.configured,
            &self.record,
            self.database.as_ref(),
            input,
            sees_context,
            move |state, context, around, limits| {
                vm::run(&script, &library, state, context, around, limits)
            },
        )
    }
}
