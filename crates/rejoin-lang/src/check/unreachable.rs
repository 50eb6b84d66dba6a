//! Steps that nothing reaches, because the one before them always ends in an error.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Block, Node, NodeKind};
use crate::source::Span;
use crate::step_spec::TextLanguage;

use super::Checker;
use super::bodies::{Owner, bodies, inner_blocks};
use super::raised;

pub(super) fn check(checker: &mut Checker<'_>) {
    let begins_with_errors = raised::called_with_errors(checker);
    for (owner, block) in bodies(checker.plan) {
        // Where an error is being handled, steps go on behind another one of its type.
        match owner {
            Owner::Pipeline(id) if begins_with_errors[id.0 as usize] => {}
            _ => look(checker, block),
        }
    }
}

fn look(checker: &mut Checker<'_>, block: &Block) {
    let mut failed: Option<Span> = None;
    for node in &block.nodes {
        if let NodeKind::Result(result) = &node.kind {
            for branch in result.branches.iter().filter(|branch| &*branch.name == "ok") {
                look(checker, &branch.block);
            }
            return;
        }
        if let Some(failed) = failed {
            checker.report(
                Diagnostic::new(
                    Code::UNREACHABLE_STEP,
                    place(node),
                    "nothing reaches this step: the one before it always ends in an error",
                )
                .label("never runs")
                .also(failed, "always an error")
                .help("give the step before a condition, as with `@guard`, or remove this one"),
            );
            return;
        }
        for inner in inner_blocks(node) {
            look(checker, inner);
        }
        failed = always_fails(checker, node);
    }
}

/// Where a node stands that always ends in an error.
fn always_fails(checker: &mut Checker<'_>, node: &Node) -> Option<Span> {
    let NodeKind::Call(call) = &node.kind else { return None };
    let is_caught = call.policy.catches()
        || node.guard.is_some()
        || node.policy.as_ref().is_some_and(|policy| policy.catches());
    // What stands in for a step that is not there was reported.
    let is_itself = checker.spec(call).is_some_and(|spec| *spec.name == *call.name);
    if is_caught || !is_itself || checker.language(call) != Some(TextLanguage::Jq) {
        return None;
    }
    let facts = checker.jq.of_step(&call.text.as_ref()?.value);
    facts.always_fails().then_some(call.name_span)
}

fn place(node: &Node) -> Span {
    match &node.kind {
        NodeKind::Call(call) => call.name_span,
        _ => node.span.slice(0, 2),
    }
}
