//! `debug`: shows the state to the developer.

mod run;
mod spec;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

/// The step `debug`. It reports the state, under its text as a title, and leaves it as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Debug;

impl Step for Debug {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        Ok(Arc::new(run::PreparedDebug::new(site.text)))
    }
}
