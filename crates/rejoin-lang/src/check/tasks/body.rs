//! Reads one body: what it starts, joins, reads and calls, and what may have become of each task there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rejoin_value::jq::{PathKey, PathRead};

use crate::jq_facts::JqFacts;
use crate::plan::{
    Block, Call, Callee, Cond, Join, Node, NodeKind, PipelineId, ResultBlock, Spawn,
};
use crate::source::Span;
use crate::step_spec::{StepCatalog, StepSpec, TextLanguage};

use super::super::bodies::{conditions, each_guard, fallbacks};
use super::exclusion::{Overlap, overlap};
use super::fate::{Change, Changes, TaskId};

/// The names of tasks, numbered.
#[derive(Debug, Default)]
pub(super) struct TaskNames {
    ids: HashMap<Arc<str>, TaskId>,
    names: Vec<Arc<str>>,
}

impl TaskNames {
    pub(super) fn id(&mut self, name: &Arc<str>) -> TaskId {
        *self.ids.entry(name.clone()).or_insert_with(|| {
            self.names.push(name.clone());
            self.names.len() as TaskId - 1
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn name(&self, id: TaskId) -> &Arc<str> {
        &self.names[id as usize]
    }
}

/// A place where a task is started.
#[derive(Debug)]
pub(super) struct Site<'p> {
    pub(super) task: TaskId,
    pub(super) span: Span,
    /// Whether nobody has to join it.
    pub(super) is_free: bool,
    /// Whether its failure matters.
    pub(super) may_fail: bool,
    /// Whether some join of this body comes after it.
    pub(super) is_joined: bool,
    /// Whether it was reported as lost in its loop or branch.
    pub(super) is_lost: bool,
    /// Whether it is a branch of a block, which puts its value at `.async` itself.
    pub(super) is_branch: bool,
    pub(super) guards: Vec<&'p Cond>,
    /// The branches and loops that it stands in.
    pub(super) branches: Vec<u32>,
}

/// A join of one task, or a block of branches that one of them belongs to.
#[derive(Debug)]
pub(super) struct JoinPlace {
    pub(super) task: TaskId,
    pub(super) span: Span,
    pub(super) before: Change,
    /// Which join of the body it belongs to.
    pub(super) node: u32,
    /// Whether neither a `result` nor a program of this body looks at how the task ended.
    pub(super) is_unwatched: bool,
    /// How many sites of the body come before it.
    pub(super) sites_before: usize,
    /// An earlier join of the task in this body.
    pub(super) earlier: Option<Span>,
    /// Whether it is the branch of a block.
    pub(super) is_branch: bool,
}

/// A read of `.async.<task>`.
#[derive(Debug)]
pub(super) struct ReadPlace {
    pub(super) task: TaskId,
    pub(super) span: Span,
    pub(super) before: Change,
}

/// A call of a pipeline.
#[derive(Debug)]
pub(super) struct CallPlace {
    pub(super) callee: PipelineId,
    /// Whether it runs as a task, with tasks of its own.
    pub(super) is_task: bool,
    pub(super) before: Changes,
}

/// All that one body does with tasks.
#[derive(Debug, Default)]
pub(super) struct Body<'p> {
    pub(super) sites: Vec<Site<'p>>,
    pub(super) joins: Vec<JoinPlace>,
    pub(super) reads: Vec<ReadPlace>,
    pub(super) calls: Vec<CallPlace>,
    /// Two sites that may be under way at once: the later and the earlier.
    pub(super) clashes: Vec<(usize, usize)>,
    /// How the body as a whole changes what holds.
    pub(super) end: Changes,
    /// What may hold anywhere in it.
    pub(super) anywhere: Changes,
    /// Whether it looks at all tasks, or a script of it may.
    pub(super) watches_all: bool,
}

/// What is known of the bodies that a body calls.
pub(super) trait Callees {
    /// The changes of a body that has been read, as a whole and anywhere in it; `None` while it is still being read.
    fn changes(&self, id: PipelineId) -> Option<(&Changes, &Changes)>;
    /// The tasks that the body or one that it reaches has to do with.
    fn touches(&self, id: PipelineId) -> &BTreeSet<TaskId>;
    /// The tasks that the body or one that it reaches joins.
    fn joins(&self, id: PipelineId) -> &BTreeSet<TaskId>;
}

pub(super) struct Reader<'a, 'p> {
    pub(super) catalog: &'a dyn StepCatalog,
    pub(super) jq: &'a mut JqFacts,
    pub(super) names: &'a mut TaskNames,
    pub(super) callees: &'a dyn Callees,
    pub(super) body: Body<'p>,
    pub(super) branches: Vec<u32>,
    branch_count: u32,
    pub(super) cases: Vec<&'p Cond>,
    loops: u32,
    pub(super) join_count: u32,
    /// The sites of each task so far.
    pub(super) sites_of: HashMap<TaskId, Vec<usize>>,
    /// The last join of each task so far.
    pub(super) joined_at: HashMap<TaskId, Span>,
    /// The joins of each task that nothing has looked at yet.
    pub(super) unwatched: BTreeMap<TaskId, Vec<usize>>,
}

/// What holds at a place.
#[derive(Clone, Debug, Default)]
pub(super) struct Here {
    pub(super) now: Changes,
    /// The sites whose task may be under way.
    pub(super) open: BTreeMap<TaskId, Vec<usize>>,
    /// The branches of blocks before, whose values are at `.async`.
    pub(super) forked: BTreeMap<TaskId, Vec<usize>>,
}

impl<'a, 'p> Reader<'a, 'p> {
    pub(super) fn read(
        catalog: &'a dyn StepCatalog,
        jq: &'a mut JqFacts,
        names: &'a mut TaskNames,
        callees: &'a dyn Callees,
        block: &'p Block,
    ) -> Body<'p> {
        let mut reader = Reader {
            catalog,
            jq,
            names,
            callees,
            body: Body::default(),
            branches: Vec::new(),
            branch_count: 0,
            cases: Vec::new(),
            loops: 0,
            join_count: 0,
            sites_of: HashMap::new(),
            joined_at: HashMap::new(),
            unwatched: BTreeMap::new(),
        };
        let mut here = Here::default();
        let mut seen = Changes::default();
        reader.block(block, &mut here, &mut seen, false);
        for join in std::mem::take(&mut reader.unwatched).into_values().flatten() {
            reader.body.joins[join].is_unwatched = true;
        }
        reader.body.end = here.now;
        reader.body.anywhere = seen;
        reader.body
    }

    /// `seen` gathers what held anywhere: a failure skips from any place to the next `result`.
    fn block(
        &mut self,
        block: &'p Block,
        here: &mut Here,
        seen: &mut Changes,
        result_follows: bool,
    ) {
        let has_result = matches!(block.nodes.last(), Some(Node { kind: NodeKind::Result(_), .. }));
        let result_follows = result_follows || has_result;
        for node in &block.nodes {
            for cond in conditions(node) {
                self.guard_reads(cond, here);
            }
            for script in fallbacks(node) {
                let facts = self.jq.inline(&script.text);
                self.reads(facts.reads(), script.span, here);
            }
            let skipped = node.guard.as_ref().map(|_| here.clone());
            match &node.kind {
                NodeKind::Call(call) => self.call(call, node.guard.is_some(), here, seen),
                NodeKind::Spawn(spawn) => self.spawn(spawn, node.guard.as_ref(), here, seen),
                NodeKind::Join(join) => {
                    self.join(join, node.guard.is_some(), here, seen, result_follows);
                }
                NodeKind::If(node) => {
                    self.block(&node.condition, here, seen, result_follows);
                    let mut otherwise = here.clone();
                    self.branch(&node.then, here, seen, result_follows);
                    if let Some(block) = &node.otherwise {
                        self.branch(block, &mut otherwise, seen, result_follows);
                    }
                    here.merge(otherwise);
                }
                NodeKind::Dispatch(node) => {
                    let before = here.clone();
                    let mut after = before.clone();
                    if let Some(block) = &node.default {
                        self.branch(block, &mut after, seen, result_follows);
                    }
                    for case in &node.cases {
                        let mut branch = before.clone();
                        self.cases.push(&case.condition);
                        self.branch(&case.block, &mut branch, seen, result_follows);
                        self.cases.pop();
                        after.merge(branch);
                    }
                    *here = after;
                }
                NodeKind::ForEach(each) => {
                    let first = self.body.sites.len();
                    let mut turn = here.clone();
                    self.loops += 1;
                    self.branch(&each.body, &mut turn, seen, false);
                    self.loops -= 1;
                    for site in &mut self.body.sites[first..] {
                        site.is_lost = !site.is_joined && !site.is_free;
                    }
                    here.merge(turn);
                }
                NodeKind::Result(result) => self.result(result, here, seen),
                NodeKind::Fork(fork) => {
                    self.fork(fork, node.guard.as_ref(), here, seen, result_follows);
                }
            }
            let is_block =
                !matches!(node.kind, NodeKind::Call(_) | NodeKind::Spawn(_) | NodeKind::Join(_));
            if let Some(skipped) = skipped.filter(|_| is_block) {
                here.merge(skipped);
            }
        }
    }

    /// A block that runs instead of others, or any number of times.
    pub(super) fn branch(
        &mut self,
        block: &'p Block,
        here: &mut Here,
        seen: &mut Changes,
        result_follows: bool,
    ) {
        self.branch_count += 1;
        self.branches.push(self.branch_count);
        let mut inside = here.now.clone();
        self.block(block, here, &mut inside, result_follows);
        seen.merge(&inside);
        self.branches.pop();
    }

    fn result(&mut self, result: &'p ResultBlock, here: &mut Here, seen: &mut Changes) {
        let before = std::mem::take(here);
        let mut failed = before.now.clone();
        failed.merge(seen);
        let mut after: Option<Here> = None;
        for branch in &result.branches {
            // An error comes from any place before; nobody can say which tasks were under way there.
            let mut inside = match &*branch.name {
                "ok" => before.clone(),
                _ => Here { now: failed.clone(), ..Here::default() },
            };
            self.branch(&branch.block, &mut inside, seen, false);
            match &mut after {
                None => after = Some(inside),
                Some(after) => after.merge(inside),
            }
        }
        let unmatched = Here { now: failed, open: before.open, forked: before.forked };
        *here = match after {
            None => unmatched,
            Some(mut after) => {
                if !result.branches.iter().any(|branch| &*branch.name == "default") {
                    after.merge(unmatched);
                }
                after
            }
        };
    }

    fn call(&mut self, call: &'p Call, guarded: bool, here: &mut Here, seen: &mut Changes) {
        self.call_reads(call, here);
        let Callee::Pipeline(id) = call.callee else { return };
        self.body.calls.push(CallPlace { callee: id, is_task: false, before: here.now.clone() });
        for task in self.callees.joins(id) {
            self.mark_joined(*task);
            here.open.remove(task);
        }
        for task in self.callees.touches(id) {
            let before = here.now.get(*task);
            let (end, anywhere) = match self.callees.changes(id) {
                Some((end, anywhere)) => (end.get(*task), anywhere.get(*task)),
                None => (Change::ANY, Change::ANY),
            };
            let after = before.then(end);
            here.now.set(*task, if guarded { before.or(after) } else { after });
            seen.add(*task, before.then(anywhere).or(after));
        }
    }

    fn spawn(
        &mut self,
        spawn: &'p Spawn,
        guard: Option<&'p Cond>,
        here: &mut Here,
        seen: &mut Changes,
    ) {
        self.call_reads(&spawn.call, here);
        if let Callee::Pipeline(id) = spawn.call.callee {
            self.body.calls.push(CallPlace { callee: id, is_task: true, before: here.now.clone() });
        }
        let task = self.names.id(&spawn.task);
        let may_fail = match &spawn.call.callee {
            Callee::Step(name) => self.catalog.spec(name).is_none_or(StepSpec::may_fail),
            Callee::Pipeline(_) | Callee::Loader(_) | Callee::Unknown => true,
        };
        let site = Site {
            task,
            span: spawn.task_span,
            is_free: spawn.optional || spawn.detach,
            may_fail: may_fail && !spawn.optional,
            is_joined: false,
            is_lost: false,
            is_branch: false,
            guards: self.cases.iter().copied().chain(guard).collect(),
            branches: self.branches.clone(),
        };
        let index = self.body.sites.len();
        let open = here.open.entry(task).or_default();
        if let Some(earlier) = open.iter().find(|earlier| clash(&self.body.sites[**earlier], &site))
        {
            self.body.clashes.push((index, *earlier));
        }
        if guard.is_none() {
            open.clear();
        }
        open.push(index);
        self.body.sites.push(site);
        self.sites_of.entry(task).or_default().push(index);
        let before = here.now.get(task);
        let after = if guard.is_some() { before.or(Change::START) } else { Change::START };
        here.now.set(task, after);
        seen.add(task, after);
    }

    fn join(
        &mut self,
        join: &'p Join,
        guarded: bool,
        here: &mut Here,
        seen: &mut Changes,
        result_follows: bool,
    ) {
        self.join_count += 1;
        for target in &join.tasks {
            let task = self.names.id(&target.task);
            let before = here.now.get(task);
            if !result_follows {
                self.unwatched.entry(task).or_default().push(self.body.joins.len());
            }
            self.body.joins.push(JoinPlace {
                task,
                span: target.span,
                before,
                node: self.join_count,
                is_unwatched: false,
                sites_before: self.body.sites.len(),
                earlier: self.joined_at.insert(task, target.span),
                is_branch: false,
            });
            self.mark_joined(task);
            here.open.remove(&task);
            let joined = before.then(Change::JOIN);
            let after = if guarded { before.or(joined) } else { joined };
            here.now.set(task, after);
            seen.add(task, after);
        }
    }

    pub(super) fn mark_joined(&mut self, task: TaskId) {
        for site in self.sites_of.get(&task).into_iter().flatten() {
            self.body.sites[*site].is_joined = true;
        }
    }

    fn guard_reads(&mut self, cond: &'p Cond, here: &Here) {
        each_guard(cond, &mut |script| {
            let facts = self.jq.inline(&script.text);
            self.reads(facts.reads(), script.span, here);
        });
    }

    fn call_reads(&mut self, call: &'p Call, here: &Here) {
        for arg in &call.args {
            let facts = self.jq.inline(&arg.text);
            self.reads(facts.reads(), arg.span, here);
        }
        let (Some(text), Callee::Step(step)) = (&call.text, &call.callee) else { return };
        match self.catalog.spec(step).map(|spec| spec.text.language) {
            Some(TextLanguage::Jq) => {
                let facts = self.jq.of_step(&text.value);
                self.reads(facts.reads(), text.span, here);
            }
            _ if text.value.contains("async") => self.watch_all(),
            _ => {}
        }
    }

    fn reads(&mut self, reads: &[PathRead], place: Span, here: &Here) {
        for read in reads {
            let [PathKey::Key(root), rest @ ..] = &read.keys[..] else { continue };
            if &**root != "async" {
                continue;
            }
            let Some(PathKey::Key(task)) = rest.first() else {
                self.watch_all();
                continue;
            };
            let task = self.names.id(&Arc::from(&**task));
            self.unwatched.remove(&task);
            // The elements of a loop are states of their own.
            if self.loops == 0 {
                let span = place.slice(read.span.start, read.span.end);
                self.body.reads.push(ReadPlace { task, span, before: here.now.get(task) });
            }
        }
    }

    fn watch_all(&mut self) {
        self.body.watches_all = true;
        self.unwatched.clear();
    }
}

/// Whether two tasks of one name may be under way at once, as far as their guards show.
pub(super) fn clash(earlier: &Site<'_>, later: &Site<'_>) -> bool {
    let is_certain = later.branches.starts_with(&earlier.branches);
    if !is_certain && !later.guards.is_empty() {
        return false;
    }
    overlap(&earlier.guards, &later.guards) == Overlap::Sometimes
}

impl Here {
    fn merge(&mut self, other: Here) {
        self.now.merge(&other.now);
        merge_sites(&mut self.open, other.open);
        merge_sites(&mut self.forked, other.forked);
    }
}

fn merge_sites(mine: &mut BTreeMap<TaskId, Vec<usize>>, other: BTreeMap<TaskId, Vec<usize>>) {
    for (task, sites) in other {
        let known = mine.entry(task).or_default();
        for site in sites {
            if !known.contains(&site) {
                known.push(site);
            }
        }
    }
}
