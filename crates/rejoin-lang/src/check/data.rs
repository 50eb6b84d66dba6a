//! Results under `.data`: none overwritten unread, none read that nothing puts there.

use std::collections::BTreeMap;
use std::sync::Arc;

use rejoin_value::jq::{PathKey, PathRead};

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Block, Call, Node, NodeKind, Output, Unnamed};
use crate::source::Span;
use crate::step_spec::TextLanguage;

use super::bodies::{bodies, conditions, each_guard, inner_blocks};
use super::{Checker, jq_writes};

pub(super) fn check(checker: &mut Checker<'_>) {
    for (_, block) in bodies(checker.plan) {
        shadowed(checker, block);
    }
    for route in &checker.plan.routes {
        unknown(checker, &route.block);
    }
}

/// The name under `.data` that a call certainly writes.
fn written(call: &Call) -> Option<&Arc<str>> {
    match &call.output {
        Output::Data { name: Some(name), .. } => Some(name),
        Output::Data { name: None, .. } => call.auto_name.as_ref(),
        _ => None,
    }
}

/// What the programs of a node read of the state.
fn reads(checker: &mut Checker<'_>, node: &Node, call: &Call) -> Vec<(PathRead, Span)> {
    let mut all = Vec::new();
    for cond in conditions(node) {
        each_guard(cond, &mut |script| {
            let facts = checker.jq.inline(&script.text);
            all.extend(facts.reads().iter().cloned().map(|read| (read, script.span)));
        });
    }
    for arg in &call.args {
        let facts = checker.jq.inline(&arg.text);
        all.extend(facts.reads().iter().cloned().map(|read| (read, arg.span)));
    }
    if let (Some(text), Some(TextLanguage::Jq)) = (&call.text, checker.language(call)) {
        let facts = checker.jq.of_step(&text.value);
        all.extend(facts.reads().iter().cloned().map(|read| (read, text.span)));
    }
    all
}

/// Two writes of one name, with nothing between them that could read the first.
fn shadowed(checker: &mut Checker<'_>, block: &Block) {
    let mut unread: BTreeMap<Arc<str>, Span> = BTreeMap::new();
    for node in &block.nodes {
        for inner in inner_blocks(node) {
            shadowed(checker, inner);
        }
        let NodeKind::Call(call) = &node.kind else {
            unread.clear();
            continue;
        };
        let Some(spec) = checker.spec(call) else {
            unread.clear();
            continue;
        };
        let looks_unseen = spec.text.language != TextLanguage::Jq
            && call.text.is_some()
            && written(call).is_none();
        if looks_unseen {
            unread.clear();
        }
        for (read, _) in reads(checker, node, call) {
            match &read.keys[..] {
                [PathKey::Key(root), PathKey::Key(name), ..] if &**root == "data" => {
                    unread.remove(&**name);
                }
                [PathKey::Key(root), ..] if &**root != "data" => {}
                _ => unread.clear(),
            }
        }
        let Some(name) = written(call) else {
            // What replaces the state carries `.data` over, unless it makes one of its own.
            let keeps = match (&call.output, &call.text) {
                (Output::Unchanged, _) => true,
                (Output::Replace, Some(text)) => {
                    spec.text.language == TextLanguage::Jq && !jq_writes(&text.value, "data")
                }
                _ => false,
            };
            if !keeps {
                unread.clear();
            }
            continue;
        };
        let fixed = matches!(call.output, Output::Data { name: Some(_), .. });
        let span = call.name_span;
        let first = if fixed && node.guard.is_none() {
            unread.insert(name.clone(), span)
        } else {
            unread.remove(name);
            None
        };
        if let Some(first) = first {
            checker.report(
                Diagnostic::new(
                    Code::SHADOWED_DATA,
                    span,
                    format!("this overwrites `.data.{name}`, which nothing has read"),
                )
                .label("written again")
                .also(first, "first written here")
                .help("give one of the two another name, as in `@result(name)`"),
            );
        }
    }
}

/// Steps of whose output it is known what is in it.
const BRINGERS: [&str; 3] = ["fetch", "pg", "sql"];
/// What they bring, at `.data` itself where no name says otherwise.
const BROUGHT: [&str; 5] = ["response", "status", "headers", "rows", "rowCount"];

/// Reads of `.data.<name>` in a route all of whose earlier steps are known not to put that name there, or to have put
/// something else in the place of all that was there.
fn unknown(checker: &mut Checker<'_>, block: &Block) {
    let mut names: BTreeMap<Arc<str>, Span> = BTreeMap::new();
    // What was there before an output without a name took its place, and that output.
    let mut hidden: BTreeMap<Arc<str>, (Span, Span)> = BTreeMap::new();
    let mut is_complete = true;
    for node in &block.nodes {
        let call = match &node.kind {
            NodeKind::Call(call) => &**call,
            NodeKind::Spawn(spawn) => &spawn.call,
            NodeKind::Join(_) => continue,
            _ => return,
        };
        for (read, place) in reads(checker, node, call) {
            let [PathKey::Key(root), PathKey::Key(name), ..] = &read.keys[..] else { continue };
            if &**root != "data" || names.contains_key(&**name) || read.safe {
                continue;
            }
            let place = place.slice(read.span.start, read.span.end);
            if let Some((put, by)) = hidden.get(&**name) {
                checker.report(
                    Diagnostic::new(
                        Code::UNKNOWN_DATA,
                        place,
                        format!("`{name}` is not under `.data` any more, so this is always null"),
                    )
                    .label("gone here")
                    .also(*put, "put there by this step")
                    .also(*by, "took the place of all of `.data`")
                    .help("name the output of that step as well, as in `@result(name)`"),
                );
                continue;
            }
            if !is_complete {
                continue;
            }
            let known = names.keys().map(|name| &**name);
            let help = match nearest(name, known) {
                Some(near) => format!("did you mean `.data.{near}`?"),
                None => format!("name the output of a step before with `@result({name})`"),
            };
            checker.report(
                Diagnostic::new(
                    Code::UNKNOWN_DATA,
                    place,
                    format!("nothing puts `{name}` under `.data`, so this is always null"),
                )
                .label("not known here")
                .help(help),
            );
        }
        if matches!(node.kind, NodeKind::Spawn(_)) {
            continue;
        }
        let Some(spec) = checker.spec(call) else { return };
        match (&call.output, &call.text) {
            (Output::Unchanged, _) => {}
            (Output::Data { name: Some(name), .. }, _) => {
                hidden.remove(name);
                names.insert(name.clone(), call.name_span);
            }
            (Output::Data { name: None, unnamed: Unnamed::Merge | Unnamed::Replace }, _)
                if call.auto_name.is_none()
                    && !call.policy.catches()
                    && BRINGERS.contains(&spec.name) =>
            {
                is_complete = false;
                if node.guard.is_none() {
                    let gone = std::mem::take(&mut names).into_iter();
                    let gone = gone.filter(|(name, _)| !BROUGHT.contains(&&**name));
                    hidden.extend(gone.map(|(name, put)| (name, (put, call.name_span))));
                }
            }
            (Output::Replace, Some(text)) if spec.text.language == TextLanguage::Jq => {
                if jq_writes(&text.value, "data") || text.value.contains("resultName") {
                    return;
                }
            }
            _ => return,
        }
    }
}
