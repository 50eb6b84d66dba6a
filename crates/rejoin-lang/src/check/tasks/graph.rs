//! Which body calls which pipelines, and what each has to do with tasks by itself.

use std::collections::{BTreeSet, HashMap, HashSet};
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
    /// The tasks that each body starts, joins or reads, as far as they matter to other bodies.
    pub(super) touches: Vec<BTreeSet<TaskId>>,
    /// Those of them that it joins.
    pub(super) joins: Vec<BTreeSet<TaskId>>,
    /// How many of the bodies are pipelines.
    pipelines: usize,
}

/// Which tasks cross the borders of bodies: all others need not be followed along calls.
#[derive(Debug, Default)]
struct Borders {
    /// The body that each task was first seen in.
    home: HashMap<TaskId, usize>,
    crossing: HashSet<TaskId>,
}

impl Borders {
    /// Nodes must come in the order of the text. A task that its only body starts before anything else is its own.
    fn touch(&mut self, body: usize, task: TaskId, is_start: bool) {
        match self.home.get(&task) {
            None => {
                self.home.insert(task, body);
                if !is_start {
                    self.crossing.insert(task);
                }
            }
            Some(home) if *home != body => {
                self.crossing.insert(task);
            }
            Some(_) => {}
        }
    }

    fn crosses(&self, task: TaskId) -> bool {
        self.crossing.contains(&task)
    }
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
        let mut borders = Borders::default();
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
                            let task = names.id(&Arc::from(&**task));
                            touches.insert(task);
                            borders.touch(index, task, false);
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
                        let task = names.id(&spawn.task);
                        touches.insert(task);
                        borders.touch(index, task, true);
                        if let Callee::Pipeline(id) = spawn.call.callee {
                            graph.runs_as_task[id.0 as usize] = true;
                        }
                    }
                    NodeKind::Fork(fork) if fork.result.is_none() => {
                        for branch in &fork.branches {
                            let task = names.id(&branch.name);
                            touches.insert(task);
                            joins.insert(task);
                            borders.touch(index, task, true);
                        }
                    }
                    NodeKind::Join(join) => {
                        for target in &join.tasks {
                            let task = names.id(&target.task);
                            touches.insert(task);
                            joins.insert(task);
                            borders.touch(index, task, false);
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
        for tasks in graph.touches.iter_mut().chain(&mut graph.joins) {
            tasks.retain(|task| borders.crosses(*task));
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
