//! Which errors a call or a block may raise, as far as it can be known before it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::plan::{Block, Call, Callee, ForkBlock, ForkKind, ForkOnError, NodeKind};
use crate::step_spec::TextLanguage;

use super::bodies::{bodies, callees, callees_first, each_node, inner_blocks};
use super::{Checker, jq_writes};

/// Errors that anything may end with.
pub(super) const ALWAYS: [&str; 6] =
    ["abortError", "cancelledError", "foreachError", "joinError", "panicError", "timeoutError"];

/// Nobody tells more types apart than this; chains of calls would pile them up without end.
const MOST_TYPES: usize = 200;

/// A set of error types.
#[derive(Clone, Debug, Default)]
pub(super) struct Raised {
    pub(super) types: BTreeSet<Arc<str>>,
    /// Whether there may be others.
    pub(super) is_open: bool,
}

impl Raised {
    pub(super) fn anything() -> Self {
        Raised { is_open: true, ..Raised::default() }
    }

    pub(super) fn add(&mut self, other: &Raised) {
        self.is_open |= other.is_open || self.types.len() + other.types.len() > MOST_TYPES;
        if self.is_open {
            // Then nothing can be said, whatever the types are.
            self.types.clear();
        } else {
            self.types.extend(other.types.iter().cloned());
        }
    }

    pub(super) fn may_be(&self, kind: &str) -> bool {
        self.is_open || self.types.contains(kind) || ALWAYS.contains(&kind)
    }
}

/// For each pipeline, the errors that may leave it; more rather than fewer.
pub(super) fn of_pipelines(checker: &mut Checker<'_>) -> Vec<Raised> {
    let plan = checker.plan;
    let calls: Vec<_> = plan.pipelines.iter().map(|pipeline| callees(&pipeline.block)).collect();
    let mut raised = vec![Raised::anything(); plan.pipelines.len()];
    for index in callees_first(&calls) {
        raised[index] = of_block(checker, &plan.pipelines[index].block, &raised);
    }
    raised
}

/// The errors that a block may raise or pass on from its tasks, handled or not.
fn of_block(checker: &mut Checker<'_>, block: &Block, pipelines: &[Raised]) -> Raised {
    let mut raised = Raised::default();
    for node in &block.nodes {
        if node.policy.as_ref().is_some_and(|policy| policy.catches()) {
            continue;
        }
        match &node.kind {
            NodeKind::Call(call) => raised.add(&of_call(checker, call, pipelines)),
            NodeKind::Spawn(_) | NodeKind::Join(_) => {}
            // The elements keep their errors; what the condition raises counts as its value.
            NodeKind::ForEach(_) => {}
            NodeKind::If(node) => {
                raised.add(&of_block(checker, &node.then, pipelines));
                if let Some(block) = &node.otherwise {
                    raised.add(&of_block(checker, block, pipelines));
                }
            }
            NodeKind::Dispatch(_) => {
                for inner in inner_blocks(node) {
                    raised.add(&of_block(checker, inner, pipelines));
                }
            }
            NodeKind::Fork(fork) => {
                let mut inside = Raised::default();
                for branch in &fork.branches {
                    inside.add(&of_block(checker, &branch.block, pipelines));
                }
                raised.add(&of_fork(fork, inside));
            }
            NodeKind::Result(result) => {
                for branch in &result.branches {
                    // A branch may leave the errors in the state.
                    raised.types.insert(branch.name.clone());
                    raised.is_open |= &*branch.name == "default";
                    raised.add(&of_block(checker, &branch.block, pipelines));
                }
            }
        }
    }
    raised
}

/// The errors that a block of branches may end with when these are those of its branches.
pub(super) fn of_fork(fork: &ForkBlock, inside: Raised) -> Raised {
    match fork.policy.kind {
        ForkKind::Any | ForkKind::Quorum(_) => {
            Raised { types: BTreeSet::from([Arc::from("allFailed")]), is_open: false }
        }
        ForkKind::Parallel if fork.policy.on_error == ForkOnError::IgnoreErrors => {
            Raised::default()
        }
        ForkKind::Parallel | ForkKind::Race => inside,
    }
}

/// The errors that a call may end with.
pub(super) fn of_call(checker: &mut Checker<'_>, call: &Call, pipelines: &[Raised]) -> Raised {
    let mut raised = Raised::default();
    if call.policy.catches() {
        return raised;
    }
    match &call.callee {
        Callee::Unknown => return Raised::anything(),
        Callee::Pipeline(id) | Callee::Loader(id) => {
            raised.add(&pipelines[id.0 as usize]);
            raised.types.insert(format!("{}Error", call.name).into());
            if !call.args.is_empty() {
                raised.types.insert("pipelineError".into());
            }
        }
        Callee::Step(_) => {
            let Some(spec) = checker.spec(call) else { return Raised::anything() };
            raised.types.extend(checker.errors(call).iter().map(|kind| Arc::from(*kind)));
            if spec.fallible {
                raised.types.insert(format!("{}Error", call.name).into());
            }
            if let Some(text) = &call.text {
                if spec.text.language == TextLanguage::Function {
                    // Failures that it does not declare may leave it, too.
                    raised.is_open = true;
                } else if spec.text.language == TextLanguage::Jq {
                    let facts = checker.jq.of_step(&text.value);
                    let types = facts.error_types();
                    raised.types.extend(types.iter().map(|kind| Arc::from(&**kind)));
                    raised.is_open |= types.is_empty() && jq_writes(&text.value, "errors");
                } else {
                    raised.is_open |= text.value.contains("errors");
                }
            }
        }
    }
    raised.is_open |= call.args.iter().any(|arg| jq_writes(&arg.text, "errors"));
    if let Some(name) = &call.rename_error {
        let is_open = raised.is_open && call.args.iter().any(|arg| arg.text.contains("errors"));
        raised = Raised { types: BTreeSet::from([name.clone()]), is_open };
    }
    raised
}

/// The pipelines that may be called while an error is being handled, so that they begin with it.
pub(super) fn called_with_errors(checker: &Checker<'_>) -> Vec<bool> {
    let plan = checker.plan;
    let mut found = vec![false; plan.pipelines.len()];
    let mut open = Vec::new();
    for (_, block) in bodies(plan) {
        each_node(block, &mut |node| {
            let NodeKind::Result(result) = &node.kind else { return };
            for branch in result.branches.iter().filter(|branch| &*branch.name != "ok") {
                open.extend(callees(&branch.block));
            }
        });
    }
    while let Some(pipeline) = open.pop() {
        if !std::mem::replace(&mut found[pipeline], true) {
            open.extend(callees(&plan.pipelines[pipeline].block));
        }
    }
    found
}

/// The errors that tasks may end with, by name of the task.
pub(super) fn of_tasks(
    checker: &mut Checker<'_>,
    pipelines: &[Raised],
) -> BTreeMap<Arc<str>, Raised> {
    let mut tasks = BTreeMap::<Arc<str>, Raised>::new();
    for (_, block) in bodies(checker.plan) {
        each_node(block, &mut |node| {
            if let NodeKind::Spawn(spawn) = &node.kind {
                let raised = of_call(checker, &spawn.call, pipelines);
                tasks.entry(spawn.task.clone()).or_default().add(&raised);
            }
        });
    }
    tasks
}
