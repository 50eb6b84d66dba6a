//! The critical path: the most calls to the outside that have to wait for each other before there is an answer.
//!
//! Nobody knows beforehand how long a call takes; how many follow each other is known. Of branches the one with the most
//! counts, a loop counts as one turn, and steps that do not reach outside cost nothing.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::outline::short;
use crate::plan::{Block, Call, Callee, NodeKind, PipelineId, Plan};
use crate::step_spec::{Effect, StepCatalog};

/// Calls of calls multiply; this many nodes are enough for every program that people read.
pub(super) const MOST_NODES: usize = 5_000;

/// The calls on the critical path.
#[derive(Clone, Debug, Default)]
pub(super) struct Critical {
    /// What each is and where it stands, in order.
    pub(super) calls: Vec<(String, String)>,
    /// How many calls to the outside there are in all.
    pub(super) total: usize,
    /// Whether the program is too large to have been searched to its end.
    pub(super) is_cut: bool,
}

pub(super) fn of(plan: &Plan, catalog: &dyn StepCatalog, block: &Block) -> Critical {
    let mut search = Search { plan, catalog, open: Vec::new(), nodes: 0, total: 0 };
    let end = search.block(block, &Way::default(), &mut HashMap::new());
    end.critical(search.total, search.nodes > MOST_NODES)
}

/// Calls that follow each other, the last one first; ways share what they have in common.
#[derive(Clone, Default)]
pub(super) struct Way(Option<Rc<Stop>>);

struct Stop {
    length: usize,
    what: String,
    location: String,
    before: Way,
}

impl Way {
    fn length(&self) -> usize {
        self.0.as_ref().map_or(0, |stop| stop.length)
    }

    pub(super) fn longer(self, other: Way) -> Way {
        if other.length() > self.length() { other } else { self }
    }

    /// One call more.
    pub(super) fn and(&self, what: String, location: String) -> Way {
        let length = self.length() + 1;
        Way(Some(Rc::new(Stop { length, what, location, before: self.clone() })))
    }

    /// The path that ends here, among so many calls.
    pub(super) fn critical(&self, total: usize, is_cut: bool) -> Critical {
        let mut calls = Vec::new();
        let mut at = self;
        while let Some(stop) = &at.0 {
            calls.push((stop.what.clone(), stop.location.clone()));
            at = &stop.before;
        }
        calls.reverse();
        Critical { calls, total, is_cut }
    }
}

/// When each task that nobody has joined yet ends.
type Tasks = HashMap<Arc<str>, Way>;

struct Search<'p> {
    plan: &'p Plan,
    catalog: &'p dyn StepCatalog,
    /// The pipelines that are open around this place.
    open: Vec<PipelineId>,
    nodes: usize,
    total: usize,
}

impl Search<'_> {
    /// The way to the end of a block that is begun after `start`.
    fn block(&mut self, block: &Block, start: &Way, tasks: &mut Tasks) -> Way {
        let mut now = start.clone();
        for node in &block.nodes {
            self.nodes += 1;
            if self.nodes > MOST_NODES {
                break;
            }
            now = match &node.kind {
                NodeKind::Call(call) => self.call(call, &now, tasks),
                NodeKind::Spawn(spawn) => {
                    let end = self.call(&spawn.call, &now, &mut Tasks::new());
                    tasks.insert(spawn.task.clone(), end);
                    now
                }
                NodeKind::Join(join) => {
                    let ends = join.tasks.iter().filter_map(|target| tasks.remove(&target.task));
                    ends.fold(now, Way::longer)
                }
                NodeKind::If(node) => {
                    let now = self.block(&node.condition, &now, tasks);
                    let otherwise = node.otherwise.iter();
                    self.one_of(std::iter::once(&node.then).chain(otherwise), &now, tasks)
                }
                NodeKind::Dispatch(dispatch) => {
                    let cases = dispatch.cases.iter().map(|case| &case.block);
                    self.one_of(cases.chain(&dispatch.default), &now, tasks)
                }
                NodeKind::ForEach(each) => self.block(&each.body, &now, tasks),
                // Nobody knows which branch is the first, so the longest counts for all kinds.
                NodeKind::Fork(fork) => {
                    let mut end = now.clone();
                    for branch in &fork.branches {
                        end = end.longer(self.block(&branch.block, &now, &mut Tasks::new()));
                    }
                    end
                }
                NodeKind::Result(result) => {
                    let blocks = result.branches.iter().map(|branch| &branch.block);
                    self.one_of(blocks, &now, tasks)
                }
            };
        }
        now
    }

    /// The longest of the ways through blocks of which one at most is taken.
    fn one_of<'b>(
        &mut self,
        blocks: impl Iterator<Item = &'b Block>,
        start: &Way,
        tasks: &mut Tasks,
    ) -> Way {
        let before = tasks.clone();
        let mut longest = start.clone();
        for block in blocks {
            let mut of_branch = before.clone();
            longest = longest.longer(self.block(block, start, &mut of_branch));
            for (task, end) in of_branch {
                let known = tasks.remove(&task).unwrap_or_default();
                tasks.insert(task, known.longer(end));
            }
        }
        longest
    }

    fn call(&mut self, call: &Call, now: &Way, tasks: &mut Tasks) -> Way {
        match &call.callee {
            Callee::Unknown => now.clone(),
            Callee::Pipeline(id) | Callee::Loader(id) if self.open.contains(id) => now.clone(),
            Callee::Pipeline(id) | Callee::Loader(id) => {
                self.open.push(*id);
                let plan = self.plan;
                let end = self.block(&plan.pipeline(*id).block, now, tasks);
                self.open.pop();
                end
            }
            Callee::Step(name) => {
                let spec = self.catalog.spec(name);
                if spec.is_none_or(|spec| spec.effect == Effect::None) {
                    return now.clone();
                }
                self.total += 1;
                let args = call.args.iter().map(|arg| &arg.text);
                let texts = args.chain(call.text.iter().map(|text| &text.value));
                let what = texts
                    .take(1)
                    .fold(name.to_string(), |what, text| format!("{what} {}", short(text)));
                now.and(what, self.plan.sources.location(call.name_span))
            }
        }
    }
}
