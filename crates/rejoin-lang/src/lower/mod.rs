//! Tree to [`Plan`]: names are resolved, and everything that the syntax leaves implicit is written out.
//!
//! Lowering always yields a plan. What it could not resolve stands there as [`Callee::Unknown`], has been
//! reported, and keeps the program from running.
//!
//! [`Callee::Unknown`]: crate::plan::Callee::Unknown

mod block;
mod call;
mod config;
mod flags;
mod join_list;
mod path;
mod tags;
mod tests;
mod unavailable;
mod variables;

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::jq_facts::JqFacts;
use crate::plan::{self, PipelineId, Plan};
use crate::source::Sources;
use crate::step_spec::StepCatalog;
use crate::wp::ast::{File, Item};

use flags::BodyFacts;
use variables::Variables;

/// Gives meaning to a `.wp` file. `sources` must hold the text that the tree was parsed from.
///
/// The problems are those of names, tags and lists; the rules of [`check`](crate::check) find the rest.
///
/// # Panics
/// If the spans of the tree do not lie in `sources`.
pub fn wp(file: &File, sources: Sources, catalog: &dyn StepCatalog) -> (Plan, Vec<Diagnostic>) {
    wp_with(file, sources, catalog, &mut JqFacts::default())
}

/// As [`wp`], with a cache of analysed jq programs that the checker can go on using.
pub(crate) fn wp_with(
    file: &File,
    sources: Sources,
    catalog: &dyn StepCatalog,
    jq: &mut JqFacts,
) -> (Plan, Vec<Diagnostic>) {
    let mut lowering = Lowering {
        sources: &sources,
        catalog,
        jq,
        problems: Vec::new(),
        variables: Variables::default(),
        pipelines: HashMap::new(),
        unknown_names: 0,
        body: BodyFacts::default(),
    };
    let mut plan = lowering.file(file);
    let problems = lowering.problems;
    plan.sources = sources;
    (plan, problems)
}

/// What lowering knows of the whole file, and what it has found so far.
struct Lowering<'a> {
    sources: &'a Sources,
    catalog: &'a dyn StepCatalog,
    jq: &'a mut JqFacts,
    problems: Vec<Diagnostic>,
    variables: Variables,
    /// Of several pipelines with one name the first answers.
    pipelines: HashMap<Arc<str>, PipelineId>,
    /// How many names were not found.
    unknown_names: u32,
    /// What is known of the route or pipeline that is being lowered.
    body: BodyFacts,
}

impl Lowering<'_> {
    fn file(&mut self, file: &File) -> Plan {
        self.declare(file);
        let mut plan = Plan { config: self.config_blocks(file), ..Plan::default() };
        let (mut routes, mut pipelines) = (Vec::new(), Vec::new());
        for item in &file.items {
            match item {
                Item::Route(route) => {
                    if let Some(method) = plan::Method::parse(&route.method.text) {
                        let path = self.path(&route.path);
                        let (block, facts) = self.body(&route.steps);
                        routes.push(facts);
                        plan.routes.push(plan::Route {
                            method,
                            path,
                            span: route.method.span.to(route.path.span),
                            block,
                            observes_flags: false,
                        });
                    }
                }
                Item::Pipeline(pipeline) => {
                    let (block, facts) = self.body(&pipeline.steps);
                    pipelines.push(facts);
                    plan.pipelines.push(plan::Pipeline {
                        name: pipeline.name.text.clone(),
                        name_span: pipeline.name.span,
                        block,
                    });
                }
                Item::FeatureFlags(flags) => plan.feature_flags = Some(self.body(&flags.steps).0),
                Item::Config(_) | Item::Variable(_) | Item::Describe(_) => {}
            }
        }
        let observers = flags::observers(&pipelines);
        for (route, facts) in plan.routes.iter_mut().zip(&routes) {
            route.observes_flags = facts.observes(&observers);
        }
        self.tests(file, &mut plan);
        plan.variables = self.variables.listed();
        plan.unused_variables = self.variables.unused();
        plan
    }

    /// Takes note of every name before any is used: the order of declarations has no meaning.
    fn declare(&mut self, file: &File) {
        let mut count = 0;
        for item in &file.items {
            match item {
                Item::Variable(variable) => {
                    self.problems.extend(self.variables.declare(variable));
                }
                Item::Pipeline(pipeline) => {
                    self.pipelines.entry(pipeline.name.text.clone()).or_insert(PipelineId(count));
                    count += 1;
                }
                _ => {}
            }
        }
    }

    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }
}
