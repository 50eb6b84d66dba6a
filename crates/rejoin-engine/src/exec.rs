//! The one `match` over nodes: runs a block on a state.

use std::sync::Arc;

use rejoin_value::Value;

use crate::call;
use crate::cond::Cond;
use crate::context::Context;
use crate::deep_stack::DeepStack;
use crate::envelope;
use crate::error::Abort;
use crate::foreach;
use crate::fork;
use crate::kept::Kept;
use crate::memo;
use crate::policy::{self, Work};
use crate::program::{Block, Branch, Node, Op, Program};
use crate::state::State;
use crate::step::ContentType;
use crate::task::{self, TaskFailure};

/// Where a run stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) state: State,
    /// Set by a `result` branch, here or in a block or pipeline that ran as part of this run. It counts for what that
    /// `result` has seen: an error that is raised later has none.
    pub(crate) status: Option<u16>,
    pub(crate) content_type: ContentType,
    /// Tasks that were joined, failed, and have not been looked at since.
    pub(crate) failures: Vec<TaskFailure>,
    /// The names of those that failed before the pipeline was called that this is part of. No `result` here counts them, but
    /// who looks at one here has looked at it there.
    pub(crate) failed_outside: Vec<Arc<str>>,
    /// The type of the error that is being handled: calls run although the state is this error.
    pub(crate) handling: Option<Arc<str>>,
    /// The errors that were raised last. While the state has them, nothing has handled them, even if they are of the type that
    /// is being handled.
    pub(crate) raised: Option<Value>,
    /// The task that this run is, if it is one.
    pub(crate) task: Option<Arc<str>>,
    /// Cookies and headers of states that became pages.
    pub(crate) kept: Kept,
}

impl Frame {
    pub(crate) fn new(state: State) -> Self {
        Self { state, ..Self::default() }
    }

    /// A run inside this one, on the same or another state: a branch, a condition, a called pipeline.
    pub(crate) fn inner(&self, state: State) -> Self {
        Self {
            state,
            status: None,
            content_type: ContentType::Json,
            failures: Vec::new(),
            failed_outside: self.failed_outside.clone(),
            handling: self.handling.clone(),
            raised: self.raised.clone(),
            task: None,
            kept: Kept::default(),
        }
    }

    /// Whether the state is an error of a type that nobody handles here, so that everything but `result` is skipped.
    pub(crate) fn is_failed(&mut self) -> bool {
        let Some(kind) = envelope::error_type(self.state.value()) else {
            self.handling = None;
            return false;
        };
        if self.handling.as_deref() == Some(kind) {
            return false;
        }
        self.handling = None;
        true
    }

    /// Whether the run would end in an error here: it is of a type that nobody handles, or was raised while another of its
    /// type was being handled, and no step has made anything of it since.
    pub(crate) fn is_unhandled(&mut self) -> bool {
        self.is_failed()
            || envelope::error_type(self.state.value()).is_some()
                && self.raised.is_some()
                && self.raised.as_ref() == self.state.value().get("errors")
    }

    /// An error was raised: it is not the one that is being handled. Steps that handle errors of its type go on with it.
    pub(crate) fn has_raised(&mut self) {
        self.raised = self.state.value().get("errors").cloned();
    }

    /// Raises an error beside what was there before, so that whoever handles it can look at both.
    pub(crate) fn raise(&mut self, errors: Value) {
        self.state.merge(envelope::with_errors(errors));
        self.has_raised();
    }

    /// Raises an error in the place of all that was there before.
    pub(crate) fn raise_alone(&mut self, errors: Value) {
        self.state.assign(envelope::with_errors(errors));
        self.has_raised();
    }

    /// After a node, of the status from before it and of a page: an error that was raised since is neither what an earlier
    /// `result` has chosen a status for nor that page.
    fn keep(&mut self, status: Option<u16>) {
        if status.is_none() && self.content_type == ContentType::Json {
            return;
        }
        match self.is_unhandled() {
            true => self.content_type = ContentType::Json,
            false => self.status = self.status.or(status),
        }
    }

    /// The failed tasks that a program looks at are handled.
    pub(crate) fn look_at(&mut self, is_looked_at: impl Fn(&str) -> bool) {
        self.failures.retain(|failure| !is_looked_at(&failure.task));
        self.failed_outside.retain(|task| !is_looked_at(task));
    }

    /// A called pipeline's run as it begins, on its own state.
    pub(crate) fn called(&self, state: State) -> Self {
        let mut called = self.inner(state);
        called.failed_outside.extend(self.failures.iter().map(|failure| failure.task.clone()));
        called
    }

    /// What a called pipeline has looked at is handled here as well.
    pub(crate) fn has_called(&mut self, called: &Frame) {
        let left = &called.failed_outside;
        self.look_at(|task| !left.iter().any(|name| **name == *task));
    }

    /// Whether a condition holds. A failed task that it looks at is handled.
    async fn decide(&mut self, context: &Context, condition: &Cond) -> bool {
        self.look_at(|task| condition.looks_at(task));
        condition.holds(context, self.state.value()).await
    }

    /// The run goes on where a branch ended.
    fn adopt(&mut self, mut branch: Frame) {
        if branch.is_unhandled() {
            branch.has_raised();
        }
        self.state = branch.state;
        self.failures = branch.failures;
        self.failed_outside = branch.failed_outside;
        self.raised = branch.raised;
        self.kept.add(branch.kept);
        self.status = branch.status.or(self.status);
        if branch.content_type != ContentType::Json {
            self.content_type = branch.content_type;
        }
    }
}

/// Runs a block. Boxed, because blocks nest.
pub(crate) fn run_block<'a>(
    context: &'a Context,
    program: &'a Arc<Program>,
    block: &'a Block,
    frame: Frame,
) -> DeepStack<'a, Result<Frame, Abort>> {
    DeepStack::new(exec(context, program, block, frame))
}

/// The same, unboxed, for who has a place for it.
pub(crate) async fn exec(
    context: &Context,
    program: &Arc<Program>,
    block: &Block,
    mut frame: Frame,
) -> Result<Frame, Abort> {
    let mut waiting = Vec::new();
    walk(context, program, block, &mut frame, &mut waiting).await?;
    for keep in waiting {
        keep.settle(&frame);
    }
    Ok(frame)
}

/// Goes from node to node. Who wants to know how it ends is added to `waiting`.
async fn walk(
    context: &Context,
    program: &Arc<Program>,
    block: &Block,
    frame: &mut Frame,
    waiting: &mut Vec<memo::Waiting>,
) -> Result<(), Abort> {
    for Node { guard, policy, op } in &block.nodes {
        if let Op::Result(branches) = op {
            let before = std::mem::take(frame);
            *frame = Box::pin(result(context, program, branches, before)).await?;
            return Ok(());
        }
        if frame.is_failed() {
            continue;
        }
        if let Some(guard) = guard
            && !frame.decide(context, guard).await
        {
            continue;
        }
        let status = frame.status.take();
        if let Op::Call(call) = op
            && let Some(memo) = call.memo()
        {
            let is_end = memo::recall(context, memo, call, frame, waiting).await?;
            frame.keep(status);
            if is_end {
                return Ok(());
            }
            continue;
        }
        match policy {
            None => run_op(context, program, op, frame).await?,
            Some(policy) => {
                let work = Work::Block(op);
                policy::run(context, program, policy, work, frame).await?;
            }
        }
        frame.keep(status);
    }
    Ok(())
}

pub(crate) async fn run_op(
    context: &Context,
    program: &Arc<Program>,
    op: &Op,
    frame: &mut Frame,
) -> Result<(), Abort> {
    match op {
        Op::Call(call) => call::run(context, program, call, frame).await?,
        Op::Spawn(spawn) => task::start(context, program, spawn, &frame.state),
        Op::Join(join) => task::join(context, join, frame).await,
        Op::If { condition, then, otherwise } => {
            let mut question = frame.inner(frame.state.clone());
            question.failures = std::mem::take(&mut frame.failures);
            let decided = run_block(context, program, condition, question).await?;
            // What the condition's programs have looked at is handled; all else of its run is dropped.
            frame.failures = decided.failures;
            frame.failed_outside = decided.failed_outside;
            let branch =
                if decided.state.value().is_truthy() { Some(then) } else { otherwise.as_ref() };
            if let Some(branch) = branch {
                run_branch(context, program, branch, frame).await?;
            }
        }
        Op::Dispatch { cases, default } => {
            let mut chosen = default.as_ref();
            for (condition, block) in cases {
                if frame.decide(context, condition).await {
                    chosen = Some(block);
                    break;
                }
            }
            if let Some(branch) = chosen {
                run_branch(context, program, branch, frame).await?;
            }
        }
        Op::ForEach(each) => foreach::run(context, program, each, frame).await?,
        Op::Fork(fork) => fork::run(context, program, fork, frame).await,
        Op::Result(_) => unreachable!("a result ends its block"),
    }
    Ok(())
}

async fn run_branch(
    context: &Context,
    program: &Arc<Program>,
    block: &Block,
    frame: &mut Frame,
) -> Result<(), Abort> {
    let state = std::mem::take(&mut frame.state);
    let mut branch = frame.inner(state);
    branch.failures = std::mem::take(&mut frame.failures);
    let branch = run_block(context, program, block, branch).await?;
    frame.adopt(branch);
    Ok(())
}

/// Routes by the state's error, else by the first joined task that failed, else to `ok`.
async fn result(
    context: &Context,
    program: &Arc<Program>,
    branches: &[Branch],
    mut frame: Frame,
) -> Result<Frame, Abort> {
    let named = |name: &str| branches.iter().find(|branch| *branch.name == *name);
    // `ok` is for what is no error, whatever an error calls itself.
    let of_error = |kind: &str| named(kind).filter(|_| kind != "ok").or_else(|| named("default"));
    let failures = std::mem::take(&mut frame.failures);
    let chosen = if let Some(kind) = envelope::error_type(frame.state.value()) {
        let branch = of_error(kind);
        // Without a branch nobody handles it.
        frame.handling = branch.map(|_| kind.into());
        branch
    } else {
        frame.handling = None;
        let failed = failures.first().and_then(|first| {
            let branch = of_error(first.kind())?;
            Some((branch, Arc::from(first.kind())))
        });
        match failed {
            Some((branch, kind)) => {
                let errors =
                    envelope::of_tasks(failures.iter().map(|f| (f.label, &f.task, &f.errors)));
                frame.state.set("errors", errors);
                // As behind an error in the state: this is not the page that may have been made meanwhile.
                frame.content_type = ContentType::Json;
                frame.handling = Some(kind);
                Some(branch)
            }
            None => named("ok").or_else(|| named("default")),
        }
    };
    let Some(branch) = chosen else { return Ok(frame) };
    let cookies = frame.state.value().get("setCookies").cloned();
    let state = std::mem::take(&mut frame.state);
    let inner = frame.inner(state);
    let mut done = run_block(context, program, &branch.block, inner).await?;
    // Cookies that were set before the block are not lost by reshaping the state inside it.
    if let (Some(cookies), Value::Object(object)) = (cookies, done.state.value())
        && !object.contains_key("setCookies")
    {
        done.state.set("setCookies", cookies);
    }
    done.status = Some(branch.status);
    let later = std::mem::replace(&mut done.kept, frame.kept);
    done.kept.add(later);
    if done.content_type == ContentType::Json && !done.is_unhandled() {
        done.content_type = frame.content_type;
    }
    Ok(done)
}
