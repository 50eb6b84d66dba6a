//! All phases at once: text to a checked plan.

use crate::check;
use crate::diagnostic::Diagnostic;
use crate::jq_facts::JqFacts;
use crate::lower;
use crate::plan::Plan;
use crate::source::{Source, SourceId, Sources};
use crate::step_spec::StepCatalog;
use crate::wp;

/// A program as far as it could be understood, with all its problems.
#[derive(Debug)]
pub struct Loaded {
    /// The plan. It is there even with errors, and must not be run then.
    pub plan: Plan,
    /// The problems of all phases, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses, lowers and checks one `.wp` file.
///
/// Never fails and never panics: whatever is wrong is among the diagnostics, and
/// [`has_errors`](crate::diagnostic::has_errors) says whether the plan may run.
pub fn load(source: Source, catalog: &dyn StepCatalog) -> Loaded {
    let (file, mut diagnostics) = wp::parse(&source, SourceId(0));
    let mut jq = JqFacts::default();
    let (plan, problems) = lower::wp_with(&file, Sources::single(source), catalog, &mut jq);
    diagnostics.extend(problems);
    diagnostics.extend(check::check_with(&plan, catalog, &mut jq));
    diagnostics.sort_by_key(|problem| (problem.span.source, problem.span.start, problem.span.end));
    Loaded { plan, diagnostics }
}
