//! Requirements and the tests that cover them.

use std::collections::{HashMap, HashSet};

use super::super::ast::Block;
use super::program::{Program, tests};
use super::{parts, place, shown, texts};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Span;

pub(super) fn check(program: &Program<'_>, problems: &mut Vec<Diagnostic>) {
    let sections = program.snippets.iter().flat_map(|snippet| parts(snippet, "requires"));
    let requirements: Vec<&Block> = sections.flat_map(|section| parts(section, "req")).collect();
    let known = unique(&requirements, Code::COV_DUPLICATE_REQUIREMENT, problems);
    let all_tests: Vec<&Block> =
        program.snippets.iter().flat_map(|snippet| tests(snippet)).collect();
    unique(&all_tests, Code::COV_DUPLICATE_TEST, problems);
    let mut covered: HashSet<&str> = HashSet::new();
    for (id, span) in all_tests.iter().flat_map(|test| texts(test, "covers")) {
        covered.insert(id);
        if !known.contains_key(id) {
            let help = match nearest(id, known.keys().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write the requirement, or remove `covers`".to_owned(),
            };
            let message = format!("there is no requirement `{}`", shown(id));
            let problem = Diagnostic::new(Code::COV_UNKNOWN_REQUIREMENT, span, message);
            problems.push(problem.label("unknown").help(help));
        }
    }
    for requirement in requirements {
        let id = requirement.text("id").unwrap_or_default();
        if covered.contains(id) || known.get(id) != Some(&place(requirement, "id")) {
            continue;
        }
        let priority = parts(requirement, "priority").next();
        let (code, priority) = match priority {
            Some(priority) if priority.has_flag("critical") => {
                (Code::COV_UNCOVERED_CRITICAL, "critical ")
            }
            Some(priority) if priority.has_flag("high") => (Code::COV_UNCOVERED_HIGH, "important "),
            _ => (Code::COV_UNCOVERED, ""),
        };
        let message = format!("no test covers the {priority}requirement `{}`", shown(id));
        problems.push(
            Diagnostic::new(code, place(requirement, "id"), message)
                .label("covered by no test")
                .help(format!("write `covers=\"{id}\"` at a test of it")),
        );
    }
}

/// The first block of each id and its place; later ones are problems.
fn unique<'f>(
    blocks: &[&'f Block],
    code: Code,
    problems: &mut Vec<Diagnostic>,
) -> HashMap<&'f str, Span> {
    let mut known: HashMap<&str, Span> = HashMap::new();
    for block in blocks {
        let Some(id) = block.text("id") else { continue };
        let span = place(block, "id");
        if let Some(first) = known.get(id) {
            let what = if code == Code::COV_DUPLICATE_TEST { "tests" } else { "requirements" };
            let message = format!("two {what} have the id `{}`", shown(id));
            problems.push(
                Diagnostic::new(code, span, message)
                    .label("again here")
                    .also(*first, "first here")
                    .help("give one of them another id"),
            );
        } else {
            known.insert(id, span);
        }
    }
    known
}
