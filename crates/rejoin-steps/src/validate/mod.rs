//! `validate`: a request's body against one rule a field.

mod rules;
mod run;
mod spec;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

/// The step `validate`. It checks the fields of `.body` and leaves the state as it is; where there is no body,
/// as in a resolver, it checks the fields of the state.
///
/// The text has one rule a line, or with commas between them: `field: kind`, `field?: kind` for a field that may
/// be absent or null. Kinds are `string`, which must not be empty, `string(1..40)` with a length in characters,
/// `email`, `number`, `number(0..150)`, and `boolean`, also called `bool`. A kind that there is not is ignored, with a
/// warning: the field only has to be there.
///
/// The first field that breaks its rule is a `validationError` with `field`, `context` (the same), `rule`
/// (`required`, `minLength`, `maxLength`, `email`, `minimum`, `maximum`) and `message`. A field of another type
/// counts as missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Validate;

impl Step for Validate {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        rules::parse(text).problems
    }

    fn warn_text(&self, text: &str) -> Vec<TextProblem> {
        rules::warnings(text)
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let rules = rules::parse(site.text.unwrap_or_default()).sound()?;
        Ok(Arc::new(run::PreparedValidate { rules }))
    }
}
