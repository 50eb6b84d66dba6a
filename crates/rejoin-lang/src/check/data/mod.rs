//! Results under `.data`: none overwritten unread, none read that nothing puts there.

mod shadowed;
mod unknown;

use std::sync::Arc;

use rejoin_value::jq::PathRead;

use crate::plan::{Call, Node, Output};
use crate::source::Span;
use crate::step_spec::TextLanguage;

use super::bodies::{bodies, conditions, each_guard};
use super::{Checker, jq_writes, mocks};

pub(super) fn check(checker: &mut Checker<'_>) {
    for (_, block) in bodies(checker.plan) {
        shadowed::check(checker, block);
    }
    unknown::check(checker);
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
