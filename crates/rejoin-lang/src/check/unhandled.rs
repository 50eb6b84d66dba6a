//! Errors of the outside that reach the client as they are, because no branch of a `result` block takes them.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Block, Call, Callee, ForkKind, NodeKind, ResultBlock};
use crate::source::Span;

use super::Checker;
use super::bodies::{callees, callees_first};

/// A step whose errors nobody takes.
struct Escape {
    span: Span,
    types: Vec<Arc<str>>,
    /// A block that takes other errors.
    block: Option<Span>,
}

pub(super) fn check(checker: &mut Checker<'_>) {
    let plan = checker.plan;
    let calls: Vec<_> = plan.pipelines.iter().map(|pipeline| callees(&pipeline.block)).collect();
    // Until a pipeline is known, which is so only where pipelines call each other, it raises nothing.
    let mut pipelines: Vec<Vec<Arc<str>>> = vec![Vec::new(); plan.pipelines.len()];
    for index in callees_first(&calls) {
        let block = &plan.pipelines[index].block;
        let mut types: Vec<Arc<str>> = Vec::new();
        escapes(checker, block, &pipelines, &[], &mut |escape| {
            types.extend(escape.types);
        });
        types.sort();
        types.dedup();
        pipelines[index] = types;
    }
    for route in &plan.routes {
        let mut first: Option<Escape> = None;
        escapes(checker, &route.block, &pipelines, &[], &mut |escape| {
            first.get_or_insert(escape);
        });
        let Some(Escape { span, types, block }) = first else { continue };
        let names: Vec<String> = types.iter().map(|kind| format!("`{kind}`")).collect();
        let problem = Diagnostic::new(
            Code::UNHANDLED_ERROR,
            span,
            format!("no branch takes {} of this step", names.join(", ")),
        )
        .label("its error would be the answer");
        checker.report(match block {
            Some(block) => problem
                .also(block, "this block has no branch for it")
                .help("add a branch for it, or a `default` branch"),
            None => problem.help("end the route with a `result` block that has a `default` branch"),
        });
    }
}

/// Shows each step of a block whose errors no block of `results` takes, nor one at the end of its own list.
fn escapes(
    checker: &Checker<'_>,
    block: &Block,
    pipelines: &[Vec<Arc<str>>],
    results: &[&ResultBlock],
    found: &mut dyn FnMut(Escape),
) {
    let own = block.nodes.last().and_then(|node| match &node.kind {
        NodeKind::Result(result) => Some(result),
        _ => None,
    });
    let results: Vec<&ResultBlock> = own.into_iter().chain(results.iter().copied()).collect();
    for node in &block.nodes {
        match &node.kind {
            // What a policy catches goes no further.
            _ if node.policy.as_ref().is_some_and(|policy| policy.catches()) => {}
            NodeKind::Call(call) if call.policy.catches() => {}
            NodeKind::Call(call) => {
                let types: Vec<_> = types(checker, call, pipelines)
                    .into_iter()
                    .filter(|kind| !results.iter().any(|result| takes(result, kind)))
                    .collect();
                if !types.is_empty() {
                    let block = results.first().and_then(|result| result.branches.first());
                    let block = block.map(|branch| branch.name_span);
                    found(Escape { span: call.name_span, types, block });
                }
            }
            NodeKind::If(node) => {
                for block in [&node.then].into_iter().chain(&node.otherwise) {
                    escapes(checker, block, pipelines, &results, found);
                }
            }
            NodeKind::Dispatch(dispatch) => {
                let cases = dispatch.cases.iter().map(|case| &case.block);
                for block in cases.chain(&dispatch.default) {
                    escapes(checker, block, pipelines, &results, found);
                }
            }
            NodeKind::Fork(fork) if fork.policy.passes_failures_on() => {
                for branch in &fork.branches {
                    escapes(checker, &branch.block, pipelines, &results, found);
                }
            }
            NodeKind::Fork(fork) => {
                let all_failed = matches!(fork.policy.kind, ForkKind::Any | ForkKind::Quorum(_));
                if all_failed && !results.iter().any(|result| takes(result, "allFailed")) {
                    let block = results.first().and_then(|result| result.branches.first());
                    let block = block.map(|branch| branch.name_span);
                    found(Escape { span: fork.word_span, types: vec!["allFailed".into()], block });
                }
            }
            // A branch answers with its own status, whatever fails in it; elements keep their errors.
            NodeKind::Result(_) | NodeKind::ForEach(_) => {}
            NodeKind::Spawn(_) | NodeKind::Join(_) => {}
        }
    }
}

fn takes(result: &ResultBlock, kind: &str) -> bool {
    result.branches.iter().any(|branch| *branch.name == *kind || &*branch.name == "default")
}

/// The errors of the outside that a call may end with.
fn types(checker: &Checker<'_>, call: &Call, pipelines: &[Vec<Arc<str>>]) -> Vec<Arc<str>> {
    let own: Vec<Arc<str>> = match &call.callee {
        Callee::Unknown => Vec::new(),
        Callee::Pipeline(id) | Callee::Loader(id) => pipelines[id.0 as usize].clone(),
        Callee::Step(_) => checker.errors(call).iter().map(|kind| Arc::from(*kind)).collect(),
    };
    match &call.rename_error {
        Some(name) if !own.is_empty() => vec![name.clone()],
        _ => own,
    }
}
