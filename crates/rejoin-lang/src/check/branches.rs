//! Branches of `result` blocks: none that nothing can reach.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Block, NodeKind, ResultBlock};

use super::Checker;
use super::bodies::{Owner, bodies, inner_blocks};
use super::raised::{self, ALWAYS, Raised};

pub(super) fn check(checker: &mut Checker<'_>) {
    let pipelines = raised::of_pipelines(checker);
    let tasks = raised::of_tasks(checker, &pipelines);
    let begins_with_errors = raised::called_with_errors(checker);
    for (owner, block) in bodies(checker.plan) {
        let before = match owner {
            Owner::Pipeline(id) if begins_with_errors[id.0 as usize] => Raised::anything(),
            _ => Raised::default(),
        };
        Walk { checker, pipelines: &pipelines, tasks: &tasks }.block(block, &before);
    }
}

struct Walk<'w, 'p> {
    checker: &'w mut Checker<'p>,
    pipelines: &'w [Raised],
    tasks: &'w BTreeMap<Arc<str>, Raised>,
}

impl Walk<'_, '_> {
    /// What may be raised up to the end of a block that begins with the errors of `before`.
    fn block(&mut self, block: &Block, before: &Raised) -> Raised {
        let mut raised = before.clone();
        for node in &block.nodes {
            let caught = node.policy.as_ref().is_some_and(|policy| policy.catches());
            let outside = caught.then(|| raised.clone());
            match &node.kind {
                NodeKind::Call(call) => {
                    raised.add(&raised::of_call(self.checker, call, self.pipelines));
                }
                NodeKind::Spawn(_) => {}
                NodeKind::Join(join) => {
                    for target in &join.tasks {
                        match self.tasks.get(&target.task) {
                            Some(errors) => raised.add(errors),
                            None => raised.is_open = true,
                        }
                    }
                }
                NodeKind::If(node) => {
                    let before = raised.clone();
                    // What the condition raises counts as its value.
                    self.block(&node.condition, &before);
                    for block in [&node.then].into_iter().chain(&node.otherwise) {
                        raised.add(&self.block(block, &before));
                    }
                }
                NodeKind::Dispatch(_) => {
                    let before = raised.clone();
                    for inner in inner_blocks(node) {
                        raised.add(&self.block(inner, &before));
                    }
                }
                NodeKind::Fork(fork) => {
                    let before = raised.clone();
                    let mut inside = Raised::default();
                    for branch in &fork.branches {
                        inside.add(&self.block(&branch.block, &before));
                    }
                    raised.add(&raised::of_fork(fork, inside));
                }
                NodeKind::ForEach(each) => {
                    // An element may be an error already.
                    self.block(&each.body, &Raised::anything());
                }
                NodeKind::Result(result) => {
                    self.result(result, &raised);
                    let before = raised.clone();
                    for branch in &result.branches {
                        let inside = match &*branch.name {
                            "ok" => Raised::default(),
                            _ => before.clone(),
                        };
                        raised.add(&self.block(&branch.block, &inside));
                    }
                }
            }
            if let Some(outside) = outside {
                raised = outside;
            }
        }
        raised
    }

    fn result(&mut self, result: &ResultBlock, raised: &Raised) {
        let mut first = HashMap::new();
        for branch in &result.branches {
            let name = &*branch.name;
            if let Some(known) = first.insert(name, branch.name_span) {
                self.checker.report(
                    Diagnostic::new(
                        Code::REPEATED_BRANCH,
                        branch.name_span,
                        format!("the branch `{name}` is never chosen"),
                    )
                    .label("written again")
                    .also(known, "this one is chosen")
                    .help("remove one of the two"),
                );
                first.insert(name, known);
                continue;
            }
            if matches!(name, "ok" | "default") || raised.may_be(name) {
                continue;
            }
            let known = raised.types.iter().map(|kind| &**kind).chain(ALWAYS).chain(["default"]);
            let word = ["ok", "default"].into_iter().find(|word| name.eq_ignore_ascii_case(word));
            let help = match word.or_else(|| nearest(name, known)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if raised.types.is_empty() => "remove it: no step before raises errors".into(),
                None => {
                    let types: Vec<String> =
                        raised.types.iter().map(|kind| format!("`{kind}`")).collect();
                    format!("remove it, or name one that can be raised: {}", types.join(", "))
                }
            };
            self.checker.report(
                Diagnostic::new(
                    Code::UNREACHABLE_BRANCH,
                    branch.name_span,
                    format!("nothing before this block raises `{name}`"),
                )
                .label("never chosen")
                .help(help),
            );
        }
    }
}
