//! What steps refuse in a file that has other errors: all problems are told in one run.

use rejoin_engine::{Program, Registry};
use rejoin_lang::check::each_call;
use rejoin_lang::diagnostic::{Code, Diagnostic, Severity};
use rejoin_lang::plan::{Callee, Plan};
use rejoin_lang::source::Span;
use rejoin_lang::step_spec::TextLanguage;

/// Whether it is known here whose SQL the statements of `sql` are. Its block counts as absent if a variable of it is not
/// set, and may name a PostgreSQL where it is.
pub(crate) fn knows_its_sql(plan: &Plan, env: &dyn Fn(&str) -> Option<String>) -> bool {
    let mut blocks = plan.config.iter().filter(|block| &*block.name == "sql");
    blocks.all(|block| block.settings.iter().all(|setting| setting.value.is_set(env)))
}

/// The texts that steps refuse when they are prepared, but for those in which an error is known already.
pub(crate) fn texts(
    plan: &Plan,
    known: &[Diagnostic],
    registry: &Registry,
    env: &dyn Fn(&str) -> Option<String>,
) -> Vec<Diagnostic> {
    let Err(mut more) = Program::build(plan, registry, env) else { return Vec::new() };
    let mut texts: Vec<Span> = Vec::new();
    each_call(plan, &mut |call| {
        let Callee::Step(step) = &call.callee else { return };
        // The GraphQL of a program is one, and so are its functions: what is wrong in one text is wrong with all.
        let language = registry.get(step).map(|step| step.spec().text.language);
        if !matches!(language, Some(TextLanguage::Graphql | TextLanguage::Function)) {
            texts.extend(call.text.as_ref().map(|text| text.span));
        }
    });
    more.retain(|problem| {
        let text = texts.iter().find(|text| is_in(problem.span, **text));
        // What has no place of its own in the text is about another, such as a partial.
        let is_here = problem.span.start < problem.span.end;
        let is_new = text.is_some_and(|text| !has_error_in(known, *text));
        problem.code == Code::BAD_TEXT && is_here && is_new
    });
    // One text may belong to several steps.
    more.sort_by_key(|problem| (problem.span.source, problem.span.start));
    more.dedup_by_key(|problem| problem.span);
    more
}

/// Whether one of these problems is an error in that text, or in the quote before it.
pub(crate) fn has_error_in(problems: &[Diagnostic], text: Span) -> bool {
    let mut errors = problems.iter().filter(|problem| problem.severity() == Severity::Error);
    errors.any(|error| is_in(error.span, text) || opens(error, text))
}

/// Whether it is the quote of that text that is never closed.
fn opens(error: &Diagnostic, text: Span) -> bool {
    let is_before = error.span.source == text.source && error.span.end == text.start;
    is_before && error.code == Code::UNCLOSED_TEXT
}

/// Whether a place lies in a text, or is it.
pub(crate) fn is_in(place: Span, text: Span) -> bool {
    place.source == text.source && place.start >= text.start && place.end <= text.end
}
