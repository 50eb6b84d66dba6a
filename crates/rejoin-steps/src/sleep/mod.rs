//! `sleep`: waits.

mod run;
mod spec;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

/// The step `sleep`. It waits and leaves the state as it is; the request's deadline cuts it short.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sleep;

impl Step for Sleep {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        run::length_of(text).err().into_iter().collect()
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let length = site.text.map(run::length_of).transpose()?;
        Ok(Arc::new(run::PreparedSleep { length }))
    }
}
