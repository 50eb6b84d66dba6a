//! `handlebars` and `mustache`: a page of HTML from a template.

mod data;
mod dedent;
mod fill;
mod includes;
mod names;
mod partials;
mod paths;
mod run;
mod sections;
mod spec;
mod tags;
mod template;
mod watch;

use std::fmt;
use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, ScriptSettings, Step};
use rejoin_lang::step_spec::{Partials, StepSpec, TextProblem};
use rejoin_value::Value;

/// The step `handlebars`, and `mustache`, which is nearly the same. The page becomes the state, and the answer HTML.
///
/// A template sees the keys of the state and `context`, as jq sees it; of a state that is no object it sees
/// `data`. `{{x}}` is escaped, `{{{x}}}` is not; what is missing is empty. The helpers are `if`, `unless`, `each`,
/// `with`, `lookup`, `raw`, `eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `and`, `or`, `not` and `len`; any other block is a
/// section as in Mustache. In `mustache` what an item of a section lacks is looked for around the section. Every
/// variable of either name is a partial; those of an imported file are `alias/name`.
///
/// Templates are compiled when a program is loaded. `config handlebars` sets `timeout` and `memory`, which bounds
/// the page's length in bytes; `config scripts` sets them for all steps that run programs.
pub struct Handlebars {
    spec: &'static StepSpec,
    partials: partials::LastPartials,
}

impl Handlebars {
    /// The step under the name `handlebars`.
    pub fn new() -> Self {
        Self { spec: &spec::HANDLEBARS, partials: Default::default() }
    }

    /// The step under the name `mustache`.
    pub fn mustache() -> Self {
        Self { spec: &spec::MUSTACHE, partials: Default::default() }
    }
}

impl Default for Handlebars {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Handlebars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlebars").field("name", &self.spec.name).finish_non_exhaustive()
    }
}

impl Step for Handlebars {
    fn spec(&self) -> &StepSpec {
        self.spec
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        template::compile(text).err().into_iter().collect()
    }

    fn partials(&self, text: &str) -> Option<Partials> {
        Some(includes::of(text))
    }

    fn fill(&self, text: &str, values: &Value) -> Option<Result<String, TextProblem>> {
        // One of the two is enough.
        (self.spec.name == spec::HANDLEBARS.name).then(|| fill::fill(text, values))
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        let mut template = template::compile(text)?;
        let partials = self.partials.of(site.variables, site.imports)?;
        partials.names.resolve(&mut template, site.source);
        let mentions_context = partials.mention_context || text.contains("context");
        let configured = ScriptSettings::read(site.settings, "handlebars");
        let looks_outward = self.spec.name == spec::MUSTACHE.name;
        let page = run::Page { template, partials, mentions_context, looks_outward };
        Ok(Arc::new(run::PreparedHandlebars { page: Arc::new(page), configured }))
    }
}
