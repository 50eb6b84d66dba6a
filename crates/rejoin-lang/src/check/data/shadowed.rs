//! Results that are overwritten before anything has read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rejoin_value::jq::PathKey;

use crate::check::bodies::inner_blocks;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Block, NodeKind, Output};
use crate::source::Span;
use crate::step_spec::TextLanguage;

use super::{Checker, jq_writes, reads, written};

/// Two writes of one name, with nothing between them that could read the first.
pub(super) fn check(checker: &mut Checker<'_>, block: &Block) {
    let mut unread: BTreeMap<Arc<str>, Span> = BTreeMap::new();
    for node in &block.nodes {
        for inner in inner_blocks(node) {
            check(checker, inner);
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
