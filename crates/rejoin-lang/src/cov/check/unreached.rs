//! Steps behind a `return`, and functions that nothing calls.

use std::collections::HashSet;

use super::super::ast::Block;
use super::program::Program;
use super::{is, place, shown};
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn check(program: &Program<'_>, problems: &mut Vec<Diagnostic>) {
    for body in program.bodies() {
        behind_return(body.steps.iter().copied(), problems);
    }
    never_called(program, problems);
}

fn behind_return<'f>(steps: impl Iterator<Item = &'f Block>, problems: &mut Vec<Diagnostic>) {
    let mut returned = None;
    for step in steps {
        if let Some(by) = returned.filter(|_| is(step, "step")) {
            let problem =
                Diagnostic::new(Code::COV_BEHIND_RETURN, step.word.span, "a step that never runs");
            problems.push(
                problem
                    .label("stands behind a `return`")
                    .also(by, "ends the list")
                    .help("remove it"),
            );
            return;
        }
        if is(step, "step") && step.text("kind") == Some("return") {
            returned = Some(step.word.span);
        }
        inner(step, problems);
    }
}

fn inner(block: &Block, problems: &mut Vec<Diagnostic>) {
    behind_return(block.blocks(), problems);
}

/// Only a program with a `main`, or with steps that stand alone, has functions that are surely there to be called.
fn never_called(program: &Program<'_>, problems: &mut Vec<Diagnostic>) {
    let main = program.functions.iter().position(|f| f.name() == "main" && !f.body.is_empty());
    if main.is_none() && program.alone.is_empty() {
        return;
    }
    let mut called: HashSet<usize> = main.into_iter().collect();
    let mut reached: Vec<usize> = called.iter().copied().collect();
    let mut texts = HashSet::new();
    for body in program.bodies().filter(|body| body.signature.is_none()) {
        body.steps.iter().for_each(|step| mentions(step, &mut texts));
    }
    let implementations =
        program.snippets.iter().filter(|snippet| snippet.text("kind") == Some("extern-impl"));
    implementations.for_each(|snippet| mentions(snippet, &mut texts));
    loop {
        for text in texts.drain() {
            reached.extend(program.named(text).filter(|index| called.insert(*index)));
        }
        let Some(index) = reached.pop() else { break };
        program.functions[index].body.iter().for_each(|step| mentions(step, &mut texts));
    }
    for (index, function) in program.functions.iter().enumerate() {
        if !called.contains(&index) && function.snippet.text("kind") == Some("fn") {
            let message = format!("nothing calls `{}`", shown(function.id));
            let span = place(function.snippet, "id");
            let problem = Diagnostic::new(Code::COV_NEVER_CALLED, span, message);
            problems.push(problem.label("never called from `main`").help("call it, or remove it"));
        }
    }
}

/// Names of functions: what is called, and what is handed over with `fn=`.
fn mentions<'f>(block: &'f Block, found: &mut HashSet<&'f str>) {
    found.extend(block.text("fn"));
    block.blocks().for_each(|inner| mentions(inner, found));
}
