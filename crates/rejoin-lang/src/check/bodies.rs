//! Walking a plan: its bodies, and the nodes in them.

use std::collections::BTreeSet;

use crate::plan::{Block, Call, Cond, Node, NodeKind, PipelineId, Plan, Script};

/// Whose body a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    FeatureFlags,
    Pipeline(PipelineId),
    /// By its place among the plan's routes.
    Route(usize),
}

/// Every body of a plan: pipelines first, so that a pipeline's place here is its id.
pub(super) fn bodies(plan: &Plan) -> Vec<(Owner, &Block)> {
    let pipelines = plan
        .pipelines
        .iter()
        .enumerate()
        .map(|(n, pipeline)| (Owner::Pipeline(PipelineId(n as u32)), &pipeline.block));
    let flags = plan.feature_flags.iter().map(|block| (Owner::FeatureFlags, block));
    let routes = plan.routes.iter().enumerate().map(|(n, route)| (Owner::Route(n), &route.block));
    pipelines.chain(flags).chain(routes).collect()
}

/// Shows every node of a block and of the blocks in it, in the order of the text.
pub(super) fn each_node<'p>(block: &'p Block, see: &mut dyn FnMut(&'p Node)) {
    for node in &block.nodes {
        see(node);
        for inner in inner_blocks(node) {
            each_node(inner, see);
        }
    }
}

/// The blocks in a node.
pub(super) fn inner_blocks(node: &Node) -> Vec<&Block> {
    match &node.kind {
        NodeKind::Call(_) | NodeKind::Spawn(_) | NodeKind::Join(_) => Vec::new(),
        NodeKind::If(node) => {
            [&node.condition, &node.then].into_iter().chain(&node.otherwise).collect()
        }
        NodeKind::Dispatch(node) => {
            node.cases.iter().map(|case| &case.block).chain(&node.default).collect()
        }
        NodeKind::ForEach(node) => vec![&node.body],
        NodeKind::Result(node) => node.branches.iter().map(|branch| &branch.block).collect(),
        NodeKind::Fork(fork) => fork.branches.iter().map(|branch| &branch.block).collect(),
    }
}

/// Shows every call of a plan, those of tasks too.
pub fn each_call<'p>(plan: &'p Plan, see: &mut dyn FnMut(&'p Call)) {
    for (_, block) in bodies(plan) {
        each_node(block, &mut |node| see_call(node, see));
    }
}

fn see_call<'p>(node: &'p Node, see: &mut dyn FnMut(&'p Call)) {
    if let Some(call) = call_of(node) {
        see(call);
    }
}

/// The call that a node makes, now or as a task.
pub(super) fn call_of(node: &Node) -> Option<&Call> {
    match &node.kind {
        NodeKind::Call(call) => Some(call),
        NodeKind::Spawn(spawn) => Some(&spawn.call),
        _ => None,
    }
}

/// What stands for the output of a node when it failed.
pub(super) fn fallbacks(node: &Node) -> impl Iterator<Item = &Script> {
    let of_call = call_of(node).map(|call| &call.policy);
    let policies = node.policy.as_deref().into_iter().chain(of_call);
    policies.filter_map(|policy| policy.fallback.as_ref())
}

/// The conditions that stand on a node: its own, and those of its cases.
pub(super) fn conditions(node: &Node) -> impl Iterator<Item = &Cond> {
    let cases = match &node.kind {
        NodeKind::Dispatch(dispatch) => &dispatch.cases[..],
        _ => &[],
    };
    node.guard.iter().chain(cases.iter().map(|case| &case.condition))
}

/// Shows every program in a condition.
pub(super) fn each_guard<'p>(cond: &'p Cond, see: &mut dyn FnMut(&'p Script)) {
    match cond {
        Cond::Guard { script, .. } => see(script),
        Cond::All(parts) | Cond::Any(parts) => parts.iter().for_each(|part| each_guard(part, see)),
        Cond::Const(_) | Cond::Env { .. } | Cond::Flags { .. } | Cond::When { .. } => {}
    }
}

/// The pipelines in an order in which callees come before callers, as far as they do not call each other.
pub(super) fn callees_first(calls: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(calls.len());
    let mut visited = vec![false; calls.len()];
    for start in 0..calls.len() {
        if std::mem::replace(&mut visited[start], true) {
            continue;
        }
        let mut path = vec![(start, calls[start].iter())];
        while let Some((node, callees)) = path.last_mut() {
            match callees.next() {
                Some(&callee) => {
                    if !std::mem::replace(&mut visited[callee], true) {
                        path.push((callee, calls[callee].iter()));
                    }
                }
                None => {
                    order.push(*node);
                    path.pop();
                }
            }
        }
    }
    order
}

/// The pipelines that a body calls, as part of itself or as tasks.
pub(super) fn callees(block: &Block) -> BTreeSet<usize> {
    let mut callees = BTreeSet::new();
    each_node(block, &mut |node| {
        if let Some(id) = call_of(node).and_then(|call| call.callee.pipeline()) {
            callees.insert(id.0 as usize);
        }
    });
    callees
}
