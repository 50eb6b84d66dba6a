//! The steps that programs may use, registered explicitly.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rejoin_lang::step_spec::{
    GraphqlProblem, GraphqlTexts, Partials, StepCatalog, StepSpec, TextProblem,
};
use rejoin_value::Value;

use crate::step::Step;

/// A list of steps by name. It is the catalog of the checker and the source of the engine.
#[derive(Clone, Default)]
pub struct Registry {
    steps: BTreeMap<&'static str, Arc<dyn Step>>,
}

impl Registry {
    /// A registry without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a step under the name in its spec; a later one of the same name replaces the earlier, so that a
    /// program's host can put its own in place of a built-in.
    #[must_use]
    pub fn with(mut self, step: impl Step) -> Self {
        self.steps.insert(step.spec().name, Arc::new(step));
        self
    }

    /// The step of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Step>> {
        self.steps.get(name)
    }

    /// All steps, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Step>> {
        self.steps.values()
    }
}

impl StepCatalog for Registry {
    fn spec(&self, name: &str) -> Option<&StepSpec> {
        self.get(name).map(|step| step.spec())
    }

    fn names(&self) -> Vec<&str> {
        self.steps.keys().copied().collect()
    }

    fn check_text(&self, step: &str, text: &str) -> Vec<TextProblem> {
        self.get(step).map(|step| step.check_text(text)).unwrap_or_default()
    }

    fn never_fails(&self, step: &str, text: &str) -> bool {
        self.get(step).is_some_and(|step| step.never_fails(text))
    }

    fn warn_text(&self, step: &str, text: &str) -> Vec<TextProblem> {
        self.get(step).map(|step| step.warn_text(text)).unwrap_or_default()
    }

    fn placeholders(&self, step: &str, text: &str) -> Option<usize> {
        self.get(step)?.placeholders(text)
    }

    fn only_reads(&self, step: &str, text: &str) -> bool {
        self.get(step).is_some_and(|step| step.only_reads(text))
    }

    fn may_write(&self, step: &str, text: &str) -> bool {
        self.get(step).is_some_and(|step| step.may_write(text))
    }

    fn partials(&self, step: &str, text: &str) -> Option<Partials> {
        self.get(step)?.partials(text)
    }

    fn fill(&self, text: &str, values: &Value) -> Option<Result<String, TextProblem>> {
        self.iter().find_map(|step| step.fill(text, values))
    }

    fn check_graphql(&self, graphql: &GraphqlTexts<'_>) -> Vec<GraphqlProblem> {
        self.iter().flat_map(|step| step.check_graphql(graphql)).collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.steps.keys()).finish()
    }
}
