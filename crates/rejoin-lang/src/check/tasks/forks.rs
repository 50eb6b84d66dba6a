//! Blocks of branches: each branch has tasks of its own, and its value is at `.async` when the block has ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use rejoin_value::jq::PathKey;

use crate::plan::{Block, Callee, Cond, ForkBlock, NodeKind};
use crate::step_spec::{StepSpec, TextLanguage};

use super::super::bodies::{call_of, conditions, each_guard, each_node};
use super::body::{Here, JoinPlace, Reader, Site, clash};
use super::fate::{Change, Changes, TaskId};

impl<'p> Reader<'_, 'p> {
    pub(super) fn fork(
        &mut self,
        fork: &'p ForkBlock,
        guard: Option<&'p Cond>,
        here: &mut Here,
        seen: &mut Changes,
        result_follows: bool,
    ) {
        let may_fail: Vec<bool> =
            fork.branches.iter().map(|branch| self.may_fail(&branch.block)).collect();
        for branch in &fork.branches {
            self.fork_branch(&branch.block, here);
        }
        if fork.result.is_some() {
            return;
        }
        self.join_count += 1;
        let mut own = BTreeSet::new();
        for (branch, may_fail) in fork.branches.iter().zip(may_fail) {
            let task = self.names.id(&branch.name);
            // Two of one name in one block have been reported.
            if !own.insert(task) {
                continue;
            }
            let site = Site {
                task,
                span: branch.name_span,
                is_free: true,
                may_fail: may_fail && fork.policy.keeps_failures(),
                is_joined: true,
                is_lost: false,
                is_branch: true,
                guards: self.cases.iter().copied().chain(guard).collect(),
                branches: self.branches.clone(),
            };
            let before = [&here.open, &here.forked].into_iter().filter_map(|all| all.get(&task));
            let before = before.flatten().find(|known| clash(&self.body.sites[**known], &site));
            let index = self.body.sites.len();
            self.body.clashes.extend(before.map(|known| (index, *known)));
            self.body.sites.push(site);
            self.sites_of.entry(task).or_default().push(index);
            here.forked.entry(task).or_default().push(index);
            if !result_follows && fork.policy.keeps_failures() {
                self.unwatched.entry(task).or_default().push(self.body.joins.len());
            }
            self.body.joins.push(JoinPlace {
                task,
                span: branch.name_span,
                before: Change::START,
                node: self.join_count,
                is_unwatched: false,
                sites_before: self.body.sites.len(),
                earlier: self.joined_at.insert(task, branch.name_span),
                is_branch: true,
            });
            here.now.set(task, Change::START.then(Change::JOIN));
            seen.add(task, here.now.get(task));
        }
    }

    /// A branch begins with no tasks of its own, though it sees those that were joined, and what it starts is its own.
    fn fork_branch(&mut self, block: &'p Block, here: &Here) {
        let mut inside = Here { now: here.now.clone(), ..Here::default() };
        for task in self.mentioned(block) {
            inside.now.set(task, here.now.get(task).then(Change::FRESH));
        }
        let first = self.body.sites.len();
        let mut seen = inside.now.clone();
        self.branch(block, &mut inside, &mut seen, false);
        for site in &mut self.body.sites[first..] {
            site.is_lost |= !site.is_joined && !site.is_free;
        }
    }

    /// The tasks that a block has to do with.
    fn mentioned(&mut self, block: &Block) -> BTreeSet<TaskId> {
        let mut tasks: BTreeSet<TaskId> = BTreeSet::new();
        each_node(block, &mut |node| {
            let mut programs: Vec<(Arc<str>, bool)> = Vec::new();
            for cond in conditions(node) {
                each_guard(cond, &mut |script| programs.push((script.text.clone(), false)));
            }
            if let Some(call) = call_of(node) {
                programs.extend(call.args.iter().map(|arg| (arg.text.clone(), false)));
                if let (Some(text), Callee::Step(step)) = (&call.text, &call.callee)
                    && let Some(spec) = self.catalog.spec(step)
                    && spec.text.language == TextLanguage::Jq
                {
                    programs.push((text.value.clone(), true));
                }
                if let Callee::Pipeline(id) = call.callee {
                    tasks.extend(self.callees.touches(id));
                }
            }
            for (text, is_step) in programs {
                let facts = if is_step { self.jq.of_step(&text) } else { self.jq.inline(&text) };
                for read in facts.reads() {
                    if let [PathKey::Key(root), PathKey::Key(task), ..] = &read.keys[..]
                        && &**root == "async"
                    {
                        tasks.insert(self.names.id(&Arc::from(&**task)));
                    }
                }
            }
            if let NodeKind::Join(join) = &node.kind {
                tasks.extend(join.tasks.iter().map(|target| self.names.id(&target.task)));
            }
        });
        tasks
    }

    /// Whether something in a block may fail.
    fn may_fail(&self, block: &Block) -> bool {
        let mut may = false;
        each_node(block, &mut |node| {
            if let NodeKind::Call(call) = &node.kind {
                may |= !call.policy.catches()
                    && match &call.callee {
                        Callee::Step(name) => {
                            self.catalog.spec(name).is_none_or(StepSpec::may_fail)
                        }
                        Callee::Pipeline(_) | Callee::Loader(_) | Callee::Unknown => true,
                    };
            }
        });
        may
    }
}
