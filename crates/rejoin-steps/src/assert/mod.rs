//! `assert`: the whole state against a schema.

mod path;
mod run;
mod schema;
mod spec;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

/// The step `assert`. It checks the state against the schema that is its text, and leaves it as it is.
///
/// A schema is `{ key: schema, key?: schema }` (other keys are allowed; `?` is for a key that may be absent), `[schema]`,
/// `[]` for an array of anything, `string`, `string(1..40)`, `email`, `number`, `bool`, `null`, `any`, a text in
/// double quotes, a number, `true` or `false`; with `|` between them one of several. Numbers are compared by value.
///
/// The first value that does not fit is an `assertionError` with `field`, its path such as `rows[0].sku` or `$`,
/// `context` (the same), `rule` (`assert`), `code` (`assert_failed`) and `message`, which says nothing of the value but its type.
#[derive(Clone, Copy, Debug, Default)]
pub struct Assert;

impl Step for Assert {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        schema::parse(text).problems
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let schema = schema::parse(site.text.unwrap_or_default()).sound()?;
        Ok(Arc::new(run::PreparedAssert { schema }))
    }
}
