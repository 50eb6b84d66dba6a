//! `log`: a line in the log, now or when the request ends.

mod access;
mod run;
mod spec;
mod text;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

/// The step `log`. It leaves the state as it is and never fails.
///
/// Free text is logged at once. Without text, or with settings as its text (`level: info, includeBody: true`),
/// it asks for a line about the whole request when that ends; what the text does not set comes from
/// `config log`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

impl Step for Log {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        text::Text::parse(text).problems
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = text::Text::parse(site.text.unwrap_or_default()).sound()?;
        Ok(Arc::new(run::PreparedLog::new(text, site.settings)?))
    }
}
