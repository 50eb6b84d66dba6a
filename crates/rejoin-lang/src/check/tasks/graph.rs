//! Which body calls which pipelines, and what each has to do with tasks by itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use rejoin_value::jq::PathKey;

use super::super::Checker;
use super::super::bodies::{Owner, call_of, conditions, each_guard, each_node};
use super::body::TaskNames;
use super::fate::TaskId;
use crate::jq_facts::Facts;
use crate::plan::{Block, Callee, NodeKind};
use crate::step_spec::TextLanguage;

/// The calls between bodies; a body is known by its place, pipelines first.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The pipelines that each body calls in its own line of execution.
    pub(super) calls: Vec<BTreeSet<usize>>,
    /// For each pipeline, the bodies that call it so.
    pub(super) callers: Vec<BTreeSet<usize>>,
    /// For each pipeline, whether it runs as a task somewhere.
    pub(super) runs_as_task: Vec<bool>,
    /// The tasks that each body starts, joins or reads.
    pub(super) touches: Vec<BTreeSet<TaskId>>,
    /// The tasks that each body joins.
    pub(super) joins: Vec<BTreeSet<TaskId>>,
    /// How many of the bodies are pipelines.
    pipelines: usize,
}

impl Graph {
    pub(super) fn of<'p>(
        checker: &mut Checker<'p>,
        bodies: &[(Owner, &'p Block)],
        names: &mut TaskNames,
    ) -> Graph {
        let pipelines = checker.plan.pipelines.len();
        let mut graph = Graph {
            callers: vec![BTreeSet::new(); pipelines],
            runs_as_task: vec![false; pipelines],
            pipelines,
            ..Graph::default()
        };
        for (index, (_, block)) in bodies.iter().enumerate() {
            let mut calls = BTreeSet::new();
            let mut touches = BTreeSet::new();
            let mut joins = BTreeSet::new();
            each_node(block, &mut |node| {
                let mut look = |facts: Arc<Facts>, names: &mut TaskNames| {
                    for read in facts.reads() {
                        if let [PathKey::Key(root), PathKey::Key(task), ..] = &read.keys[..]
                            && &**root == "async"
                        {
                            touches.insert(names.id(&Arc::from(&**task)));
                        }
                    }
                };
                for cond in conditions(node) {
                    each_guard(cond, &mut |script| look(checker.jq.inline(&script.text), names));
                }
                if let Some(call) = call_of(node) {
                    for arg in &call.args {
                        look(checker.jq.inline(&arg.text), names);
                    }
                    if let (Some(text), Some(TextLanguage::Jq)) =
                        (&call.text, checker.language(call))
                    {
                        look(checker.jq.of_step(&text.value), names);
                    }
                }
                match &node.kind {
                    NodeKind::Call(call) => {
                        if let Callee::Pipeline(id) = call.callee {
                            calls.insert(id.0 as usize);
                        }
                    }
                    NodeKind::Spawn(spawn) => {
                        touches.insert(names.id(&spawn.task));
                        if let Callee::Pipeline(id) = spawn.call.callee {
                            graph.runs_as_task[id.0 as usize] = true;
                        }
                    }
                    NodeKind::Join(join) => {
                        for target in &join.tasks {
                            let task = names.id(&target.task);
                            touches.insert(task);
                            joins.insert(task);
                        }
                    }
                    _ => {}
                }
            });
            for callee in &calls {
                graph.callers[*callee].insert(index);
            }
            graph.calls.push(calls);
            graph.touches.push(touches);
            graph.joins.push(joins);
        }
        graph
    }

    /// For each body, what it and the pipelines that it reaches have of `own`.
    pub(super) fn reach(&self, own: &[BTreeSet<TaskId>]) -> Vec<BTreeSet<TaskId>> {
        let mut all = own.to_vec();
        let mut open: Vec<usize> = (0..self.pipelines).filter(|n| !all[*n].is_empty()).collect();
        while let Some(callee) = open.pop() {
            for &caller in &self.callers[callee] {
                if caller == callee {
                    continue;
                }
                let before = all[caller].len();
                let added: Vec<TaskId> = all[callee]
                    .iter()
                    .filter(|task| !all[caller].contains(task))
                    .copied()
                    .collect();
                all[caller].extend(added);
                if all[caller].len() > before && caller < self.pipelines {
                    open.push(caller);
                }
            }
        }
        all
    }

    /// Whether a body that calls this one, directly or not, joins the task somewhere.
    pub(super) fn callers_join(
        &self,
        body: usize,
        task: TaskId,
        joins: &[BTreeSet<TaskId>],
    ) -> bool {
        let mut seen = BTreeSet::from([body]);
        let mut open = vec![body];
        while let Some(here) = open.pop() {
            let Some(callers) = self.callers.get(here) else { continue };
            for &caller in callers {
                if joins[caller].contains(&task) {
                    return true;
                }
                if seen.insert(caller) {
                    open.push(caller);
                }
            }
        }
        false
    }

    /// Whether nothing calls this body: a route, the feature flags, or a pipeline that nobody uses.
    pub(super) fn is_uncalled(&self, body: usize) -> bool {
        body >= self.pipelines || (self.callers[body].is_empty() && !self.runs_as_task[body])
    }

    /// Whether the body is a pipeline.
    pub(super) fn is_pipeline(&self, body: usize) -> bool {
        body < self.pipelines
    }
}
