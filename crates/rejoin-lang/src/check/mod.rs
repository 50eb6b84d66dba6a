//! Rules over the plan. No rule knows which syntax the program was written in.
//!
//! Each rule is a function in a file of its own and adds its problems to the `Checker`. All of them run, whatever the
//! others found; what [lowering](crate::lower) could not resolve is left alone.

mod arguments;
mod bodies;
mod branches;
mod conditions;
mod config;
mod config_keys;
mod data;
mod embedded;
mod functions;
mod graphql;
mod idle_tests;
mod loops;
mod mocks;
mod names;
mod partials;
mod placeholders;
mod raised;
mod recursion;
mod retries;
mod routes;
mod secrets;
mod tasks;
mod timeouts;
mod unhandled;
mod unreachable;

use std::collections::HashSet;

pub use config_keys::{refused_setting, setting_duration};
pub(crate) use retries::writes_outside;

pub use bodies::each_call;

use crate::diagnostic::Diagnostic;
use crate::jq_facts::JqFacts;
use crate::plan::{Call, Callee, NodeKind, Plan};
use crate::step_spec::{StepCatalog, StepSpec, TextLanguage};

/// Finds what is wrong with a plan, or probably wrong. The problems are in the order of the text.
pub fn check(plan: &Plan, catalog: &dyn StepCatalog) -> Vec<Diagnostic> {
    check_with(plan, catalog, &mut JqFacts::default())
}

/// As [`check`], with the jq programs that lowering has analysed.
pub(crate) fn check_with(
    plan: &Plan,
    catalog: &dyn StepCatalog,
    jq: &mut JqFacts,
) -> Vec<Diagnostic> {
    let mut checker = Checker { plan, catalog, jq, problems: Vec::new() };
    for rule in RULES {
        rule(&mut checker);
    }
    let mut problems = checker.problems;
    problems.sort_by_key(|problem| (problem.span.source, problem.span.start, problem.span.end));
    // A text that several steps share is looked at for each of them.
    let mut seen = HashSet::new();
    problems
        .retain(|problem| seen.insert((problem.span, problem.code.id(), problem.message.clone())));
    problems
}

const RULES: &[fn(&mut Checker<'_>)] = &[
    names::check,
    mocks::check,
    idle_tests::check,
    recursion::check,
    embedded::check,
    partials::check,
    graphql::check,
    arguments::check,
    functions::check,
    placeholders::check,
    tasks::check,
    data::check,
    branches::check,
    unhandled::check,
    unreachable::check,
    conditions::check,
    loops::check,
    retries::check,
    timeouts::check,
    routes::check,
    config::check,
    secrets::check,
];

/// What the rules look at, and what they have found.
struct Checker<'p> {
    plan: &'p Plan,
    catalog: &'p dyn StepCatalog,
    jq: &'p mut JqFacts,
    problems: Vec<Diagnostic>,
}

impl<'p> Checker<'p> {
    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// The description of the step that a call calls, if it calls one.
    fn spec(&self, call: &Call) -> Option<&'p StepSpec> {
        match &call.callee {
            Callee::Step(name) => self.catalog.spec(name),
            Callee::Pipeline(_) | Callee::Loader(_) | Callee::Unknown => None,
        }
    }

    /// The errors that a call may end with, besides `<name>Error`.
    fn errors(&self, call: &Call) -> &'p [&'static str] {
        match self.spec(call) {
            // The program's own schema is not far away.
            Some(spec) if spec.text.language == TextLanguage::Graphql && call.args.len() < 2 => &[],
            Some(spec) => {
                let text = call.text.as_ref();
                match text.is_some_and(|text| self.catalog.never_fails(spec.name, &text.value)) {
                    true => &[],
                    false => spec.errors,
                }
            }
            None => &[],
        }
    }

    /// The language of a call's text.
    fn language(&self, call: &Call) -> Option<TextLanguage> {
        self.spec(call).map(|spec| spec.text.language)
    }

    /// Whether some program may put a key `async` into the state itself.
    fn writes_async(&self) -> bool {
        let mut writes = false;
        for (_, block) in bodies::bodies(self.plan) {
            // The fallback of a block of branches may put anything there.
            bodies::each_node(block, &mut |node| {
                let is_fork = matches!(&node.kind, NodeKind::Fork(fork) if fork.result.is_none());
                writes |= is_fork && bodies::fallbacks(node).next().is_some();
            });
        }
        bodies::each_call(self.plan, &mut |call| {
            let texts = call.args.iter().map(|arg| &arg.text);
            let texts = texts.chain(call.text.iter().map(|text| &text.value));
            let is_jq = self.language(call) == Some(TextLanguage::Jq);
            for (n, text) in texts.enumerate() {
                let is_script = n >= call.args.len() && !is_jq;
                writes |= if is_script { text.contains("async") } else { jq_writes(text, "async") };
            }
        });
        writes
    }
}

/// Whether a jq program may build or assign a key: it names it other than by reading it from a path.
fn jq_writes(text: &str, key: &str) -> bool {
    text.match_indices(key).any(|(at, found)| {
        let is_read = text[..at].ends_with('.');
        let rest = text[at + found.len()..].trim_start_matches(|c: char| {
            c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '?')
        });
        let rest = rest.trim_start();
        let is_assigned = rest.starts_with("|=")
            || rest.starts_with("+=")
            || rest.starts_with("//=")
            || (rest.starts_with('=') && !rest.starts_with("=="));
        !is_read || is_assigned
    })
}
