//! A call of `lua`.

use std::sync::Arc;

use rejoin_engine::{Called, Input, Prepared, ScriptSettings, Settings};

use super::spec::SPEC;
use super::vm::{self, Chunk};
use crate::database::Statements;
use crate::script::{self, Library, Record};

pub(super) struct PreparedLua {
    chunk: Arc<Chunk>,
    library: Arc<Library<Chunk>>,
    database: Option<Statements>,
    configured: ScriptSettings,
    record: Record,
}

impl PreparedLua {
    pub(super) fn new(
        chunk: Chunk,
        library: Arc<Library<Chunk>>,
        database: Option<Statements>,
        settings: &Settings,
    ) -> Self {
        let configured = ScriptSettings::read(settings, SPEC.name);
        Self { chunk: Arc::new(chunk), library, database, configured, record: Record::new() }
    }
}

impl Prepared for PreparedLua {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let (chunk, library) = (self.chunk.clone(), self.library.clone());
        let sees_context = chunk.mentions_context();
        script::call(
            SPEC.name,
            self.configured,
            &self.record,
            self.database.as_ref(),
            input,
            sees_context,
            move |state, context, around, limits| {
                vm::run(&chunk, &library, state, context, around, limits)
            },
        )
    }
}
