//! All phases at once: text to a checked plan.

use crate::check;
use crate::diagnostic::Diagnostic;
use crate::jq_facts::JqFacts;
use crate::lower;
use crate::modules::{Modules, ReadImport};
use crate::plan::Plan;
use crate::source::Source;
use crate::step_spec::StepCatalog;

/// A program as far as it could be understood, with all its problems.
#[derive(Debug)]
pub struct Loaded {
    /// The plan. It is there even with errors, and must not be run then.
    pub plan: Plan,
    /// The problems of all phases, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses, lowers and checks a `.wp` file that imports no others: here an import is a problem.
///
/// Never fails and never panics: whatever is wrong is among the diagnostics, and
/// [`has_errors`](crate::diagnostic::has_errors) says whether the plan may run.
pub fn load(source: Source, catalog: &dyn StepCatalog) -> Loaded {
    load_with(source, catalog, &|_, _| Err("there are no other files here".to_owned()))
}

/// As [`load`], for a file and all that it imports, which `read` finds. Each is read once and may import others.
pub fn load_with(source: Source, catalog: &dyn StepCatalog, read: &ReadImport<'_>) -> Loaded {
    let Modules { modules, sources, problems: mut diagnostics, .. } = Modules::read(source, read);
    let mut jq = JqFacts::default();
    let (plan, problems) = lower::wp(&modules, sources, catalog, &mut jq);
    diagnostics.extend(problems);
    diagnostics.extend(check::check_with(&plan, catalog, &mut jq));
    diagnostics.sort_by_key(|problem| (problem.span.source, problem.span.start, problem.span.end));
    Loaded { plan, diagnostics }
}
