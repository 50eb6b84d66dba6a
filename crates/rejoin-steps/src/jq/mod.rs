//! `jq`: the state through a jq program.

mod run;
mod spec;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};
use rejoin_value::jq::Program;

/// The step `jq`. The program's first output becomes the state; no output becomes `null`.
///
/// `config jq` sets `timeout`, `memory` (bytes) and `fuel` (steps of evaluation) for each call; `config scripts`
/// sets the first two for `jq` and `lua`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jq;

impl Step for Jq {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        let program = Program::compile(text, &["context"]).map_err(|errors| {
            let first = errors.first();
            TextProblem {
                start: first.span.start,
                end: first.span.end,
                message: first.message.clone(),
                help: first.hint.clone(),
            }
        })?;
        Ok(Arc::new(run::PreparedJq::new(program, text)))
    }
}
