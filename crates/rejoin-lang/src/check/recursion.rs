//! Pipelines that call each other without any condition never end.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Block, NodeKind};
use crate::source::Span;

use super::Checker;
use super::bodies::call_of;

pub(super) fn check(checker: &mut Checker<'_>) {
    let pipelines = &checker.plan.pipelines;
    let calls: Vec<Vec<(usize, Span)>> =
        pipelines.iter().map(|pipeline| certain_calls(&pipeline.block)).collect();
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        OnPath,
        Done,
    }
    let mut marks = vec![Mark::New; pipelines.len()];
    for start in 0..pipelines.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::OnPath;
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((here, next)) = path.last_mut() {
            let Some(&(callee, span)) = calls[*here].get(*next) else {
                marks[*here] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match marks[callee] {
                Mark::New => {
                    marks[callee] = Mark::OnPath;
                    path.push((callee, 0));
                }
                Mark::Done => {}
                Mark::OnPath => {
                    let begin = path.iter().position(|(at, _)| *at == callee).unwrap_or(0);
                    let names: Vec<&str> =
                        path[begin..].iter().map(|(at, _)| &*pipelines[*at].name).collect();
                    let message = match &names[..] {
                        [name] => format!("`{name}` calls itself, always, and so never ends"),
                        _ => format!("{} call each other, always, and so never end", list(&names)),
                    };
                    checker.problems.push(
                        Diagnostic::new(Code::ENDLESS_RECURSION, span, message)
                            .label("called here without any condition")
                            .also(pipelines[callee].name_span, "this pipeline begins again")
                            .help("call it under a condition that ends: a guard, or inside `if`"),
                    );
                }
            }
        }
    }
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match &quoted[..] {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The pipelines that a block calls whatever happens, as long as nothing fails.
fn certain_calls(block: &Block) -> Vec<(usize, Span)> {
    let mut calls = Vec::new();
    for node in &block.nodes {
        if node.guard.is_some() {
            continue;
        }
        if let NodeKind::If(node) = &node.kind {
            calls.extend(certain_calls(&node.condition));
        }
        if let Some(call) = call_of(node)
            && let Some(id) = call.callee.pipeline()
        {
            calls.push((id.0 as usize, call.name_span));
        }
    }
    calls
}
