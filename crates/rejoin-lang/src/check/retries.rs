//! A write that is tried again may happen twice, and one that races may be cut off halfway.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Block, Call, CallText, Callee, ForkKind, NodeKind};
use crate::source::Span;
use crate::step_spec::{Effect, StepCatalog, StepSpec, TextLanguage};

use super::Checker;
use super::bodies::{bodies, call_of, each_call, each_node, inner_blocks};

/// Methods that may be repeated: doing it twice is the same as once.
const REPEATABLE: [&str; 6] = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"];

pub(super) fn check(checker: &mut Checker<'_>) {
    let mut problems = Vec::new();
    each_call(checker.plan, &mut |call| {
        if call.policy.retry.as_ref().is_none_or(|retry| retry.attempts < 2)
            && call.policy.hedge.is_none()
        {
            return;
        }
        let Some((what, span)) = write_of(checker, call) else { return };
        let why = match call.policy.hedge {
            Some(_) => "a second copy is made when it is slow",
            None => "it is tried again when it fails",
        };
        problems.push(
            Diagnostic::new(
                Code::RETRIED_WRITE,
                span,
                format!("{what} may take effect twice: {why}"),
            )
            .label("not safe to repeat")
            .help(match literal_method(call) {
                Some(_) => "remove the tag, or make the request repeatable, as with `PUT`",
                None => "remove the tag, or write it so that twice is the same as once",
            }),
        );
    });
    checker.problems.extend(problems);
    raced(checker);
    blocks(checker);
}

/// Writes in branches that are stopped when another one has won.
fn raced(checker: &mut Checker<'_>) {
    let mut problems = Vec::new();
    for (_, block) in bodies(checker.plan) {
        each_node(block, &mut |node| {
            let NodeKind::Fork(fork) = &node.kind else { return };
            if fork.policy.kind == ForkKind::Parallel {
                return;
            }
            for branch in &fork.branches {
                if let Some((what, span)) = first_write(checker, &branch.block) {
                    let word = fork.policy.kind.word();
                    problems.push(
                        Diagnostic::new(
                            Code::RACED_WRITE,
                            span,
                            format!(
                                "{what} may be cut off, or take effect although its branch lost"
                            ),
                        )
                        .label(format!("stopped when the `{word}` is decided"))
                        .also(fork.word_span, "decided by other branches")
                        .help("move it below the block, or write `parallel`"),
                    );
                }
            }
        });
    }
    checker.problems.extend(problems);
}

/// Writes in blocks and pipelines that are tried again as a whole.
fn blocks(checker: &mut Checker<'_>) {
    let mut problems = Vec::new();
    let plan = checker.plan;
    for (_, block) in bodies(plan) {
        each_node(block, &mut |node| {
            let call = call_of(node);
            let policy = node.policy.as_deref().or(call.map(|call| &call.policy));
            let again = policy.and_then(|policy| policy.retry.as_ref());
            if again.is_none_or(|retry| retry.attempts < 2) {
                return;
            }
            let mut inside = inner_blocks(node);
            if let Some(Callee::Pipeline(id)) = call.map(|call| &call.callee) {
                inside.push(&plan.pipeline(*id).block);
            }
            let Some((what, span)) = inside.iter().find_map(|block| first_write(checker, block))
            else {
                return;
            };
            problems.push(
                Diagnostic::new(
                    Code::RETRIED_WRITE,
                    span,
                    format!("{what} may take effect twice: what it is part of is tried again"),
                )
                .label("not safe to repeat")
                .also(
                    call.map_or(node.span.slice(0, 2), |call| call.name_span),
                    "tried again from here",
                )
                .help("put `@retry` on the steps that only read"),
            );
        });
    }
    checker.problems.extend(problems);
}

/// The first step of a block that changes something outside.
fn first_write(checker: &Checker<'_>, block: &Block) -> Option<(String, Span)> {
    let mut found = None;
    each_node(block, &mut |node| {
        let Some(call) = call_of(node).filter(|_| found.is_none()) else { return };
        found = write_of(checker, call);
    });
    found
}

/// What a call changes outside, if it does, with its place.
fn write_of(checker: &Checker<'_>, call: &Call) -> Option<(String, Span)> {
    if let (Some(TextLanguage::Function), Some(text)) = (checker.language(call), &call.text)
        && let Ok(function) = checker.plan.function(text.span.source, &text.value)
    {
        let writes = function.functions.effect(function.index, checker.catalog) == Effect::Write;
        return writes.then(|| (format!("`{}`", text.value), text.span));
    }
    writes_outside(call, checker.spec(call)?, checker.catalog)
}

/// What a call of a step changes outside, if it does, with its place.
pub(crate) fn writes_outside(
    call: &Call,
    spec: &StepSpec,
    catalog: &dyn StepCatalog,
) -> Option<(String, Span)> {
    let only_reads = |text: &CallText| catalog.only_reads(spec.name, &text.value);
    if call.text.as_ref().is_some_and(only_reads) {
        return None;
    }

    if call.text.as_ref().is_some_and(|text| catalog.may_write(spec.name, &text.value)) {
        return Some((format!("`{}`", spec.name), call.name_span));
    }
    match literal_method(call) {
        Some((method, span)) => {
            (!REPEATABLE.contains(&&*method)).then(|| (format!("`{method}`"), span))
        }
        None => (spec.effect == Effect::Write && spec.name != "fetch")
            .then(|| (format!("`{}`", spec.name), call.name_span)),
    }
}

/// The method that the arguments of a request name literally, with its place.
fn literal_method(call: &Call) -> Option<(String, Span)> {
    let options = call.args.get(1)?;
    let text = &*options.text;
    for (at, found) in text.match_indices("method") {
        let rest = text[at + found.len()..].trim_start_matches('"').trim_start();
        let Some(value) = rest.strip_prefix(':') else { continue };
        let Some(value) = value.trim_start().strip_prefix('"') else { continue };
        let method = &value[..value.find('"')?];
        let start = text.len() - value.len();
        return Some((method.to_uppercase(), options.span.slice(start, start + method.len())));
    }
    None
}
