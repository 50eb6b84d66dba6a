//! `transaction` and `traverse`.

use std::sync::Arc;

use super::super::super::ast::{Block, ValueKind};
use super::super::{Lower, is, steps};
use super::{named, node};
use crate::plan::{
    Action, DataTarget, Function, FunctionStep, Isolation, TransactionStep, Traverse,
};
use crate::source::Span;

impl Lower {
    pub(super) fn transaction(&mut self, step: &Block, known: &[Function]) -> Action {
        let isolation = match step.text("isolation") {
            None => step.attribute("isolation").is_none().then(Isolation::default),
            Some("read_uncommitted") => Some(Isolation::ReadUncommitted),
            Some("read_committed") => Some(Isolation::ReadCommitted),
            Some("repeatable_read") => Some(Isolation::RepeatableRead),
            Some("serializable") => Some(Isolation::Serializable),
            Some(_) => None,
        };
        if let (None, Some(attribute)) = (isolation, step.attribute("isolation")) {
            let wanted =
                "`read_uncommitted`, `read_committed`, `repeatable_read` or `serializable`";
            self.bad(&attribute.value, wanted);
        }
        let steps = self.steps(&steps(step), known);
        if let Some(span) = on_documents(&steps) {
            self.cannot(
                span,
                "`std.storage` has no transactions",
                "what is done with documents cannot be undone: move it out of the block",
            );
        }
        let mut seen = None;
        if let Some(span) = second_database(&steps, &mut seen) {
            self.cannot(
                span,
                "a transaction on two databases",
                "what one does cannot be undone with the other: give each a transaction",
            );
        }
        Action::Transaction(TransactionStep { isolation: isolation.unwrap_or_default(), steps })
    }

    pub(super) fn traverse(&mut self, step: &Block) -> Action {
        let absent = || Action::Absent("traverse".into());
        let Some(target) = named(step, "target") else { return absent() };
        match self.target(target) {
            Some(DataTarget::Project) => {}
            Some(DataTarget::Database(_) | DataTarget::Documents) => {
                self.cannot(target.span, "`traverse` is for nodes of `project`", "use `query`");
                return absent();
            }
            None => return absent(),
        }
        let follows = step.blocks().filter(|block| is(block, "follow"));
        let relations: Vec<Arc<str>> = follows
            .filter_map(|follow| {
                ["type", "rel", "relation"].into_iter().find_map(|name| follow.text(name))
            })
            .chain(step.text("relation"))
            .map(Arc::from)
            .collect();
        let depth = match step.attribute("depth").map(|depth| &depth.value) {
            None => Some(1),
            Some(depth) => match &depth.kind {
                ValueKind::Text(word) | ValueKind::Word(word) if **word == *"unbounded" => None,
                ValueKind::Text(word) if word.parse::<u64>().is_ok() => word.parse().ok(),
                ValueKind::Int(number) if *number >= 0 => u64::try_from(*number).ok(),
                _ => {
                    self.bad(depth, "a whole number, 0 or more, or `unbounded`");
                    Some(1)
                }
            },
        };
        let direction = step.text("direction");
        if let Some(attribute) = step.attribute("direction")
            && !matches!(direction, Some("outgoing" | "incoming" | "both"))
        {
            self.bad(&attribute.value, "`outgoing`, `incoming` or `both`");
        }
        let tables = self.tables(DataTarget::Project, &[]);
        let filter = self.filter(step, &tables);
        let Some(from) = node(step, "from") else { return absent() };
        Action::Traverse(Box::new(Traverse {
            from,
            relations,
            depth,
            outgoing: direction != Some("incoming"),
            incoming: matches!(direction, Some("incoming" | "both")),
            filter,
        }))
    }
}

/// The first step on documents.
fn on_documents(steps: &[FunctionStep]) -> Option<Span> {
    steps.iter().find_map(|step| {
        let mut found = match &step.action {
            Action::Data(data) => (data.target == DataTarget::Documents).then_some(step.span),
            _ => None,
        };
        step.inner(|steps| found = found.or_else(|| on_documents(steps)));
        found
    })
}

/// The first step on another database than the one before it. What called functions do is seen when they run.
fn second_database(steps: &[FunctionStep], seen: &mut Option<usize>) -> Option<Span> {
    for step in steps {
        if let Action::Data(data) = &step.action
            && let DataTarget::Database(at) = data.target
            && *seen.get_or_insert(at) != at
        {
            return Some(step.span);
        }
        let mut found = None;
        step.inner(|steps| found = found.or_else(|| second_database(steps, seen)));
        if found.is_some() {
            return found;
        }
    }
    None
}
