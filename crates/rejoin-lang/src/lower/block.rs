//! Lists of steps, and the blocks among them.

use std::mem;
use std::num::NonZeroU32;

use crate::plan::{
    Block, Call, Callee, Case, Dispatch, ForEach, If, Last, Node, NodeKind, Output, Policy,
    ResultBlock, ResultBranch, Spawn, TaskReads,
};
use crate::wp::ast::{self, Step, Tag, TagExpr, TagValue};

use super::Lowering;
use super::flags::BodyFacts;
use super::tags::BlockMarks;

/// The task that a block was meant to be, so that what joins it or reads it is not wrong as well; that the block cannot be
/// one is reported where its tags are read.
fn meant_as_task(step: &Step) -> Option<Node> {
    let tags = match step {
        Step::Plain(_) | Step::Result(_) => return None,
        Step::Fork(step) => step.tags.as_ref(),
        Step::If(step) => step.tags.as_ref(),
        Step::Dispatch(step) => step.tags.as_ref(),
        Step::ForEach(step) => step.tags.as_ref(),
    };
    let tag = first_tag(&tags?.condition, "async")?;
    let TagValue::Name(task) = &tag.args.first()?.value else { return None };
    let call = Call {
        name: task.clone(),
        name_span: tag.span,
        callee: Callee::Unknown,
        args: Vec::new(),
        has_args: false,
        text: None,
        output: Output::Merge,
        last: Last::Yes,
        auto_name: None,
        is_alone: false,
        rename_error: None,
        policy: Policy::default(),
        reads_tasks: TaskReads::None,
    };
    let (task, task_span) = (task.clone(), tag.args[0].span);
    let spawn = Spawn { task, task_span, call, optional: true, detach: false };
    let kind = NodeKind::Spawn(Box::new(spawn));
    Some(Node { guard: None, policy: None, kind, span: tag.span })
}

fn first_tag<'t>(tags: &'t TagExpr, name: &str) -> Option<&'t Tag> {
    match tags {
        TagExpr::Tag(tag) => (&*tag.name.text == name).then_some(tag),
        TagExpr::And(all) | TagExpr::Or(all) => all.iter().find_map(|tags| first_tag(tags, name)),
    }
}

impl Lowering<'_> {
    /// The body of a route or pipeline, with what was noted about it.
    pub(super) fn body(&mut self, steps: &[Step]) -> (Block, BodyFacts) {
        self.body = BodyFacts::default();
        let block = self.block(steps);
        (block, mem::take(&mut self.body))
    }

    /// The body of a resolver, which may load in batches.
    pub(super) fn resolver_body(&mut self, steps: &[Step]) -> (Block, BodyFacts) {
        self.body = BodyFacts { is_resolver: true, ..BodyFacts::default() };
        let block = self.block(steps);
        (block, mem::take(&mut self.body))
    }

    pub(super) fn block(&mut self, steps: &[Step]) -> Block {
        let mut nodes = Vec::with_capacity(steps.len());
        for step in steps {
            nodes.push(self.node(step));
            nodes.extend(meant_as_task(step));
        }
        mark_last(&mut nodes);
        Block { nodes }
    }

    fn node(&mut self, step: &Step) -> Node {
        let (tags, word) = match step {
            Step::Plain(step) => return self.plain(step),
            Step::Fork(step) => return self.fork(step),
            Step::If(step) => (step.tags.as_ref(), "if"),
            Step::Dispatch(step) => (step.tags.as_ref(), "dispatch"),
            Step::ForEach(step) => (step.tags.as_ref(), "foreach"),
            Step::Result(_) => (None, "result"),
        };
        let BlockMarks { guard, policy, limit, .. } = self.block_tags(tags, word);
        let kind = match step {
            Step::Plain(_) | Step::Fork(_) => unreachable!("handled above"),
            Step::If(step) => NodeKind::If(Box::new(If {
                condition: self.block(&step.condition),
                then: self.block(&step.then),
                otherwise: step.otherwise.as_ref().map(|steps| self.block(steps)),
            })),
            Step::Dispatch(step) => NodeKind::Dispatch(Dispatch {
                cases: step.cases.iter().map(|case| self.case(case)).collect(),
                default: step.default.as_ref().map(|steps| self.block(steps)),
            }),
            Step::ForEach(step) => NodeKind::ForEach(self.for_each(step, limit)),
            Step::Result(step) => NodeKind::Result(ResultBlock {
                branches: step.branches.iter().map(|branch| self.branch(branch)).collect(),
            }),
        };
        Node { guard, policy, kind, span: step.span() }
    }

    fn case(&mut self, case: &ast::Case) -> Case {
        Case {
            condition: self.case_condition(&case.condition),
            block: self.block(&case.steps),
            span: case.span,
        }
    }

    fn for_each(&mut self, step: &ast::ForEach, limit: Option<NonZeroU32>) -> ForEach {
        let path = step.selector.value.split('.').filter(|key| !key.is_empty());
        ForEach {
            path: path.map(|key| key.trim().into()).collect(),
            path_span: step.selector.span,
            limit,
            body: self.block(&step.body),
        }
    }

    fn branch(&mut self, branch: &ast::Branch) -> ResultBranch {
        ResultBranch {
            name: branch.name.text.clone(),
            name_span: branch.name.span,
            status: branch.status,
            block: self.block(&branch.steps),
        }
    }
}

/// Says of each call whether something runs after it in its list: a block or an unguarded step always does, a guarded
/// step does when its guard holds. A step that starts a task counts as one.
fn mark_last(nodes: &mut [Node]) {
    let mut last = Last::Yes;
    for node in nodes.iter_mut().rev() {
        if let NodeKind::Call(call) = &mut node.kind {
            call.last = last.clone();
        }
        let is_block =
            !matches!(node.kind, NodeKind::Call(_) | NodeKind::Spawn(_) | NodeKind::Join(_));
        last = match (last, &node.guard) {
            (Last::No, _) => Last::No,
            (_, None) => Last::No,
            _ if is_block => Last::No,
            (Last::Yes, Some(guard)) => Last::UnlessAny(vec![guard.clone()]),
            (Last::UnlessAny(mut guards), Some(guard)) => {
                if !guards.contains(guard) {
                    guards.insert(0, guard.clone());
                }
                Last::UnlessAny(guards)
            }
        };
    }
}
