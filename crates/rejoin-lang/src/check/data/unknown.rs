//! Reads of results that are not under `.data`: nothing has put them there, or something else took the place of all that was there.

use std::collections::BTreeMap;
use std::sync::Arc;

use rejoin_value::jq::{PathKey, PathRead};

use crate::check::bodies::{Owner, bodies, inner_blocks};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Block, Call, NodeKind, Output, Unnamed};
use crate::source::Span;
use crate::step_spec::TextLanguage;

use super::{Checker, jq_writes, mocks, reads};

/// Steps of whose output it is known what is in it.
const BRINGERS: [&str; 3] = ["fetch", "pg", "sql"];
/// What they bring, at `.data` itself where no name says otherwise.
const BROUGHT: [&str; 5] = ["response", "status", "headers", "rows", "rowCount"];

/// What is known of `.data` at a place.
#[derive(Clone)]
struct Known {
    /// Names that steps have put there.
    names: BTreeMap<Arc<str>, Span>,
    /// What was there before an output without a name took its place, and that output.
    hidden: BTreeMap<Arc<str>, (Span, Span)>,
    /// Whether there is nothing but these names.
    is_complete: bool,
}

impl Known {
    /// What a request begins with.
    fn empty() -> Self {
        Self { names: BTreeMap::new(), hidden: BTreeMap::new(), is_complete: true }
    }

    /// Anything may be there.
    fn nothing() -> Self {
        Self { is_complete: false, ..Self::empty() }
    }
}

/// What a step does to `.data`.
enum Effect {
    None,
    /// Puts this name there.
    Puts(Arc<str>),
    /// Puts what it brings in the place of all that was there.
    Replaces,
    /// Nobody knows.
    Unknown,
}

pub(super) fn check(checker: &mut Checker<'_>) {
    // Where a name may be set by hand, it is not known what has none.
    let by_hand = mocks::names_by_hand(checker.plan);
    for (owner, block) in bodies(checker.plan) {
        // What calls a pipeline may have put anything there.
        let known = match owner {
            Owner::Route(_) => Known::empty(),
            Owner::Pipeline(_) | Owner::FeatureFlags => Known::nothing(),
        };
        walk(checker, block, known, by_hand);
    }
}

fn walk(checker: &mut Checker<'_>, block: &Block, mut known: Known, by_hand: bool) {
    for node in &block.nodes {
        let call = match &node.kind {
            NodeKind::Call(call) => &**call,
            NodeKind::Spawn(spawn) => &spawn.call,
            NodeKind::Join(_) => continue,
            NodeKind::If(_) | NodeKind::Dispatch(_) | NodeKind::Fork(_) => {
                for inner in inner_blocks(node) {
                    walk(checker, inner, known.clone(), by_hand);
                }
                known = Known::nothing();
                continue;
            }
            NodeKind::ForEach(each) => {
                walk(checker, &each.body, Known::nothing(), by_hand);
                known = Known::nothing();
                continue;
            }
            NodeKind::Result(result) => {
                for branch in &result.branches {
                    // Behind an error it is not known which steps have run.
                    let at_branch = match &*branch.name {
                        "ok" => known.clone(),
                        _ => Known::nothing(),
                    };
                    walk(checker, &branch.block, at_branch, by_hand);
                }
                return;
            }
        };
        for (read, place) in reads(checker, node, call) {
            report(checker, &known, &read, place);
        }
        if matches!(node.kind, NodeKind::Spawn(_)) {
            continue;
        }
        match effect(checker, call, by_hand) {
            Effect::None => {}
            Effect::Puts(name) => {
                known.hidden.remove(&name);
                known.names.insert(name, call.name_span);
            }
            Effect::Replaces => {
                known.is_complete = false;
                if node.guard.is_none() {
                    let gone = std::mem::take(&mut known.names).into_iter();
                    let gone = gone.filter(|(name, _)| !BROUGHT.contains(&&**name));
                    known.hidden.extend(gone.map(|(name, put)| (name, (put, call.name_span))));
                }
            }
            Effect::Unknown => known = Known::nothing(),
        }
    }
}

fn effect(checker: &Checker<'_>, call: &Call, by_hand: bool) -> Effect {
    let Some(spec) = checker.spec(call) else { return Effect::Unknown };
    match (&call.output, &call.text) {
        (Output::Unchanged, _) => Effect::None,
        (Output::Data { name: Some(name), .. }, _) => Effect::Puts(name.clone()),
        (Output::Data { name: None, unnamed: Unnamed::Merge | Unnamed::Replace }, _)
            if call.auto_name.is_none()
                && !call.policy.catches()
                && !by_hand
                && BRINGERS.contains(&spec.name) =>
        {
            Effect::Replaces
        }
        (Output::Replace, Some(text))
            if spec.text.language == TextLanguage::Jq && !jq_writes(&text.value, "data") =>
        {
            Effect::None
        }
        _ => Effect::Unknown,
    }
}

fn report(checker: &mut Checker<'_>, known: &Known, read: &PathRead, place: Span) {
    let [PathKey::Key(root), PathKey::Key(name), ..] = &read.keys[..] else { return };
    if &**root != "data" || known.names.contains_key(&**name) || read.safe {
        return;
    }
    let place = place.slice(read.span.start, read.span.end);
    if let Some((put, by)) = known.hidden.get(&**name) {
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
        return;
    }
    if !known.is_complete {
        return;
    }
    let names = known.names.keys().map(|name| &**name);
    let help = match nearest(name, names) {
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
