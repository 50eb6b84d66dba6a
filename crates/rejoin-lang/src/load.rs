//! All phases at once: text to a checked plan.

use crate::check;
use crate::diagnostic::{Code, Diagnostic};
use crate::jq_facts::JqFacts;
use crate::lower;
use crate::modules::{Modules, ReadImport};
use crate::plan::Plan;
use crate::source::{Source, Sources, Span};
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
    let mut found = problems;
    found.extend(check::check_with(&plan, catalog, &mut jq));
    let beyond = beyond_ends(&diagnostics, &plan.sources);
    found.retain(|problem| !beyond.iter().any(|text| follows_from(text, problem)));
    diagnostics.extend(found);
    diagnostics.sort_by_key(|problem| (problem.span.source, problem.span.start, problem.span.end));
    Loaded { plan, diagnostics }
}

/// The texts that are not closed, each with all that was read as a part of it, up to the quote that opens the next one.
fn beyond_ends(problems: &[Diagnostic], sources: &Sources) -> Vec<Span> {
    let unclosed = problems.iter().filter(|problem| problem.code == Code::UNCLOSED_TEXT);
    let whole = |problem: &Diagnostic| {
        let Span { source, start, .. } = problem.span;
        let text = sources.get(source).text.get(start as usize..)?;
        let quote = text.chars().next()?;
        let end = text[quote.len_utf8()..].find(quote)?;
        Some(Span { end: start + (quote.len_utf8() + end) as u32, ..problem.span })
    };
    unclosed.filter_map(whole).collect()
}

/// Whether a problem is one of a text that has no end, such as of a jq program that goes on into the next route.
fn follows_from(text: &Span, problem: &Diagnostic) -> bool {
    let is_of_text = [Code::BAD_JQ, Code::BAD_TEXT].contains(&problem.code);
    let Span { source, start, .. } = problem.span;
    is_of_text && source == text.source && (text.start..=text.end).contains(&start)
}
