//! Programs inside the program: jq in texts, arguments and guards; the texts of steps in languages of their own.

use crate::diagnostic::{Code, Diagnostic};
use crate::jq_facts::{Facts, distinct};
use crate::plan::{Call, CallText, Script};
use crate::source::Span;
use crate::step_spec::{TextLanguage, TextProblem};

use super::Checker;
use super::bodies::{bodies, call_of, conditions, each_guard, each_node, fallbacks};

pub(super) fn check(checker: &mut Checker<'_>) {
    let mut seen = Vec::new();
    for (_, block) in bodies(checker.plan) {
        each_node(block, &mut |node| {
            for cond in conditions(node) {
                each_guard(cond, &mut |script| inline(checker, script, "a guard"));
            }
            for script in fallbacks(node) {
                inline(checker, script, "a fallback");
            }
            if let Some(call) = call_of(node) {
                for arg in &call.args {
                    inline(checker, arg, "an inline argument");
                }
                text(checker, call);
                seen.extend(call.text.as_ref().map(|text| text.span));
            }
        });
    }
    // Some texts are used only from inside others.
    for variable in &checker.plan.variables {
        let Some(spec) = checker.catalog.spec(&variable.step) else { continue };
        if spec.text.language == TextLanguage::Foreign && !seen.contains(&variable.text.span) {
            foreign(checker, spec.name, &variable.step, &variable.text);
        }
    }
}

/// The text of a step that has a language of its own.
fn foreign(checker: &mut Checker<'_>, step: &str, written: &str, text: &CallText) {
    for problem in checker.catalog.check_text(step, &text.value) {
        in_text(checker, Code::BAD_TEXT, problem, written, text);
    }
    ignored(checker, step, written, text);
}

/// What a step ignores of its text.
fn ignored(checker: &mut Checker<'_>, step: &str, written: &str, text: &CallText) {
    for problem in checker.catalog.warn_text(step, &text.value) {
        in_text(checker, Code::IGNORED_TEXT, problem, written, text);
    }
}

fn in_text(
    checker: &mut Checker<'_>,
    code: Code,
    problem: TextProblem,
    written: &str,
    text: &CallText,
) {
    let place = problem.place(text.span);
    let help = problem.help.unwrap_or_else(|| format!("mend the text of `{written}`"));
    checker.report(
        Diagnostic::new(code, place, problem.message)
            .label(format!("in the text of `{written}`"))
            .help(help),
    );
}

fn text(checker: &mut Checker<'_>, call: &Call) {
    let (Some(text), Some(spec)) = (&call.text, checker.spec(call)) else { return };
    match spec.text.language {
        // The GraphQL of a program is looked at as a whole, and functions by a rule of their own.
        TextLanguage::Graphql | TextLanguage::Function => {}
        TextLanguage::Plain => ignored(checker, spec.name, &call.name, text),
        TextLanguage::Jq => {
            let facts = checker.jq.of_step(&text.value);
            report(checker, &facts, text.span, None);
        }
        TextLanguage::Foreign => foreign(checker, spec.name, &call.name, text),
    }
}

fn inline(checker: &mut Checker<'_>, script: &Script, place: &str) {
    let facts = checker.jq.inline(&script.text);
    report(checker, &facts, script.span, Some((place, &script.text)));
}

/// The problems of a jq program that stands at `span`; `inline` says what it is, if no step's text.
fn report(checker: &mut Checker<'_>, facts: &Facts, span: Span, inline: Option<(&str, &str)>) {
    let problems = distinct(facts.problems());
    for problem in problems {
        let place = span.slice(problem.span.start, problem.span.end);
        if let Some((what, text)) = inline
            && text.get(problem.span.clone()) == Some("$context")
        {
            checker.report(
                Diagnostic::new(
                    Code::CONTEXT_INLINE,
                    place,
                    format!("`$context` is not known in {what}"),
                )
                .label("only the text of a jq step has it")
                .help(
                    "put what you need into the state with a jq step before, and read it from there",
                ),
            );
            continue;
        }
        let help = problem.hint.clone();
        checker.report(
            Diagnostic::new(Code::BAD_JQ, place, problem.message.clone())
                .label("in this jq program")
                .help(help.unwrap_or_else(|| "mend the jq program".to_owned())),
        );
    }
}
