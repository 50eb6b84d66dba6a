//! How often the names of a body are read: what a name stands for can be changed where it is, if only the next step reads it.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::ast::{Block, ValueKind};
use super::is;
use crate::plan::{Action, FunctionStep, Operand};

/// How many times each name is read, at the least: what may be one counts.
#[derive(Default)]
pub(super) struct Reads(HashMap<Arc<str>, usize>);

impl Reads {
    pub(super) fn of(steps: &[&Block]) -> Self {
        let mut reads = Self::default();
        steps.iter().for_each(|step| reads.block(step));
        reads
    }

    /// Marks each step whose first operand is what the step before it makes, and that nothing else reads.
    pub(super) fn mark(&self, steps: &mut [FunctionStep]) {
        let mut before: Option<Arc<str>> = None;
        for step in steps {
            let first = match &step.action {
                Action::Compute(_, inputs) => inputs.first(),
                Action::Call(call) => {
                    call.arguments.iter().find(|(at, _)| *at == 0).map(|(_, o)| o)
                }
                _ => None,
            };
            step.takes = match (first, &before) {
                (Some(Operand::Path(path, _)), Some(before)) => {
                    path == before && self.0.get(before) == Some(&1)
                }
                _ => false,
            };
            before.clone_from(&step.output);
        }
    }

    fn block(&mut self, block: &Block) {
        for attribute in block.attributes() {
            match &*attribute.name.text {
                "as" | "id" | "kind" | "fn" | "type" | "op" => {}
                "name" if is(block, "arg") => {}
                "lit" => self.literal(&attribute.value.kind),
                _ => match &attribute.value.kind {
                    ValueKind::Text(path) | ValueKind::Word(path) => self.path(path),
                    other => self.literal(other),
                },
            }
        }
        block.blocks().for_each(|inner| self.block(inner));
    }

    fn literal(&mut self, kind: &ValueKind) {
        match kind {
            ValueKind::Var(path) => self.path(path),
            ValueKind::Array(items) => items.iter().for_each(|item| self.literal(item)),
            ValueKind::Object(members) | ValueKind::Parameters(members) => {
                members.iter().for_each(|(_, item)| self.literal(item));
            }
            _ => {}
        }
    }

    /// Every part that a path begins with may be a name.
    fn path(&mut self, path: &str) {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            *self.0.entry(path[..end].into()).or_default() += 1;
        }
    }
}
