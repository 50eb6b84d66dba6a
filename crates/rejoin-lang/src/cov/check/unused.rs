//! Names that nothing reads. A failure that has one goes unnoticed, too: `_` would let it spread.

use std::collections::HashSet;

use super::super::ast::{Block, ValueKind};
use super::program::Program;
use super::{is, parts, place, shown};
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn check(program: &Program<'_>, problems: &mut Vec<Diagnostic>) {
    // What steps that stand alone bind is what they are looked at for.
    for body in program.bodies().filter(|body| !is_alone(program, &body.steps)) {
        let mut read = HashSet::new();
        body.steps.iter().for_each(|step| reads(step, &mut read));
        list(&body.steps, &read, problems);
    }
}

fn is_alone(program: &Program<'_>, steps: &[&Block]) -> bool {
    let first = |steps: &[&Block]| steps.first().map(|step| step.span);
    first(steps) == first(&program.alone)
}

/// The value of the last step is that of the list, whoever reads it.
fn list(steps: &[&Block], read: &HashSet<&str>, problems: &mut Vec<Diagnostic>) {
    for (at, step) in steps.iter().enumerate() {
        let is_last = at + 1 == steps.len();
        let name = step.text("as").filter(|name| !name.starts_with('_') && !is_last);
        if let Some(name) = name.filter(|name| !is_read(name, read)) {
            let help = match step.text("kind") {
                Some("call" | "query" | "insert" | "update" | "delete" | "transaction") => {
                    "write `as=\"_\"`: then a failure of it spreads, and does not go unnoticed"
                }
                _ => "remove the step, or write `as=\"_\"`",
            };
            let message = format!("nothing reads `{}`", shown(name));
            let problem = Diagnostic::new(Code::COV_UNUSED, place(step, "as"), message);
            problems.push(problem.label("bound and never read").help(help));
        }
        inner(step, read, problems);
    }
}

fn inner(block: &Block, read: &HashSet<&str>, problems: &mut Vec<Diagnostic>) {
    let steps: Vec<&Block> = parts(block, "step").collect();
    list(&steps, read, problems);
    block.blocks().filter(|part| !is(part, "step")).for_each(|part| inner(part, read, problems));
}

/// Whether a path begins with the name, which may have dots.
fn is_read(name: &str, read: &HashSet<&str>) -> bool {
    read.iter().any(|path| {
        path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Everything that may be the name of a value.
fn reads<'f>(block: &'f Block, found: &mut HashSet<&'f str>) {
    const NEVER: &[&str] = &["as", "id", "kind", "fn", "name", "type", "lit"];
    for attribute in block.attributes().filter(|a| !NEVER.contains(&&*a.name.text)) {
        match &attribute.value.kind {
            ValueKind::Text(text) | ValueKind::Var(text) => _ = found.insert(text),
            _ => {}
        }
    }
    block.blocks().for_each(|inner| reads(inner, found));
}
