//! Blocks and the nodes in them.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::{Call, Cond, ForkBlock, ForkPolicy, Policy};
use crate::source::Span;

/// A list of nodes that run one after the other on one state.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The nodes in order.
    pub nodes: Vec<Node>,
}

/// One element of a block.
#[derive(Clone, Debug)]
pub struct Node {
    /// When it runs; `None` is always.
    pub guard: Option<Cond>,
    /// What holds when a block is slow or fails; a call has its own.
    pub policy: Option<Box<Policy>>,
    /// What runs.
    pub kind: NodeKind,
    /// Where it stands.
    pub span: Span,
}

/// What a node does.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Calls a step or a pipeline and waits for it.
    Call(Box<Call>),
    /// Starts a call as a task and goes on.
    Spawn(Box<Spawn>),
    /// Waits for tasks and puts their values at `.async.<task>`.
    Join(Join),
    /// One of two blocks, decided by a third.
    If(Box<If>),
    /// The first case whose condition holds.
    Dispatch(Dispatch),
    /// One block for each element of an array.
    ForEach(ForEach),
    /// Routes by success or error type, sets the status and ends the block.
    Result(ResultBlock),
    /// Branches that run at the same time.
    Fork(Box<ForkBlock>),
}

/// Starts a call as a task.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// The task's name, unique among the tasks that are under way.
    pub task: Arc<str>,
    /// Where that name stands.
    pub task_span: Span,
    /// What the task does; its state is a copy of the block's.
    pub call: Call,
    /// Whether its failure is of no interest.
    pub optional: bool,
    /// Whether it outlives the request.
    pub detach: bool,
}

/// Waits for tasks.
#[derive(Clone, Debug)]
pub struct Join {
    /// The tasks in the order written.
    pub tasks: Vec<JoinTarget>,
    /// What their failures and the end of the time mean, if the join says so; otherwise each failure stands in its place.
    pub policy: Option<ForkPolicy>,
}

/// A task named by a join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinTarget {
    /// The task.
    pub task: Arc<str>,
    /// Where it is named.
    pub span: Span,
}

/// One of two blocks.
#[derive(Clone, Debug)]
pub struct If {
    /// Runs on a copy of the state; `false` and `null` as its final state mean no.
    pub condition: Block,
    /// Runs on yes; its final state replaces the state.
    pub then: Block,
    /// Runs on no.
    pub otherwise: Option<Block>,
}

/// The first case whose condition holds.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The cases in order.
    pub cases: Vec<Case>,
    /// What runs when none holds.
    pub default: Option<Block>,
}

/// A case of a dispatch.
#[derive(Clone, Debug)]
pub struct Case {
    /// When it runs.
    pub condition: Cond,
    /// What runs.
    pub block: Block,
    /// Where it stands.
    pub span: Span,
}

/// One block for each element of an array.
#[derive(Clone, Debug)]
pub struct ForEach {
    /// Where the array is in the state: keys of objects; digits also index an array.
    pub path: Vec<Arc<str>>,
    /// Where that path stands.
    pub path_span: Span,
    /// How many elements are run at once; one after the other without a limit.
    pub limit: Option<NonZeroU32>,
    /// Runs with an element as its state; its final state takes the element's place.
    pub body: Block,
}

/// Routes by success or error type.
#[derive(Clone, Debug)]
pub struct ResultBlock {
    /// The branches in order; of several with one name the first stands.
    pub branches: Vec<ResultBranch>,
}

/// A branch of a result block.
#[derive(Clone, Debug)]
pub struct ResultBranch {
    /// `ok`, `default` or an error's type.
    pub name: Arc<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// The status of the response.
    pub status: u16,
    /// What runs.
    pub block: Block,
}
