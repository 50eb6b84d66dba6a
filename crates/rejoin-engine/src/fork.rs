//! Blocks of branches: each runs on a fork of the state with tasks of its own, and the policy says what becomes of them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use rejoin::{Instant, OnError, Scope, TaskError};
use rejoin_lang::plan::{ForkKind, ForkOnError};
use rejoin_value::{Object, Value};

use crate::alive;
use crate::context::Context;
use crate::deep_stack::DeepStack;
use crate::envelope;
use crate::error::Abort;
use crate::event::Event;
use crate::exec::{self, Frame};
use crate::fork_policy::{self, Decision, Forked};
use crate::policy;
use crate::program::{Fork, ForkBranch, Program};
use crate::task::{self, TaskFailure};

/// What a branch made, or its list of errors.
type End = fork_policy::End<Value, Value>;

/// Runs the branches and puts what came of them where the block says. All of them have ended when this returns.
pub(crate) async fn run(
    context: &Context,
    program: &Arc<Program>,
    fork: &Arc<Fork>,
    frame: &mut Frame,
) {
    let word = fork.policy.kind.word();
    if fork.result.is_none() && !matches!(frame.state.value(), Value::Object(_)) {
        let what = frame.state.value().type_name();
        let message =
            format!("`{word}` needs an object as the state to put `.async` into, not {what}");
        let kind = format!("{word}Error");
        let errors = envelope::failure(&kind, word, &message, &fork.location);
        frame.raise_alone(errors);
        return;
    }
    let count = fork.branches.len();
    let at_once = fork.policy.limit.map_or(count, |limit| count.min(limit.get() as usize));
    let Some(_places) = context.alive().take(at_once, context.depth) else {
        let errors = envelope::failure(
            &format!("{word}Error"),
            word,
            &alive::too_many(context.depth),
            &fork.location,
        );
        frame.raise_alone(errors);
        return;
    };
    let start = |index: usize| {
        let mut frame = frame.inner(frame.state.fork());
        frame.task = Some(fork.branches[index].name.clone());
        frame.raised = None;
        branch(context.for_task(), program.clone(), fork.clone(), index, frame)
    };
    let forked = fork_policy::run(&fork.policy, count, start, |why| panicked(fork, why)).await;
    settle(fork, forked, frame);
}

/// One branch, with all that it needs in one place in memory: it is moved several times before it runs.
fn branch(
    context: Context,
    program: Arc<Program>,
    fork: Arc<Fork>,
    index: usize,
    frame: Frame,
) -> DeepStack<'static, Result<Value, Value>> {
    let held_back = task::held_back(&context, &fork.branches[index].name);
    DeepStack::new(async move {
        let branch = &fork.branches[index];
        context.emit(Event::TaskStarted { task: branch.name.clone() });
        let began = Instant::now();
        let ended = if branch.block.nodes.is_empty() {
            Ok(Value::Null)
        } else if branch.starts_tasks {
            in_own_scope(&context, &program, &fork, branch, frame).await
        } else {
            came_to(&fork, exec::exec(&context, &program, &branch.block, frame).await)
        };
        task::rest(held_back).await;
        let error = ended.as_ref().err().map(|errors| envelope::first_type(errors).into());
        context.emit(Event::TaskEnded { task: branch.name.clone(), took: began.elapsed(), error });
        ended
    })
}

/// What the branch starts belongs to it: it ends when all of it has. Boxed, so that the branches that start nothing need
/// not carry room for it.
fn in_own_scope<'a>(
    context: &'a Context,
    program: &'a Arc<Program>,
    fork: &'a Fork,
    branch: &'a ForkBranch,
    frame: Frame,
) -> DeepStack<'a, Result<Value, Value>> {
    DeepStack::new(async move {
        let own = Scope::builder().name(branch.name.clone()).on_error(OnError::IgnoreErrors);
        let inside = own.run(|scope| async {
            let context = context.clone().in_scope(scope);
            let ended = exec::exec(&context, program, &branch.block, frame).await;
            Ok::<_, TaskError<Infallible>>(came_to(fork, ended))
        });
        inside.await.unwrap_or_else(|error| match error.into_task_error() {
            // Nobody asks what became of a branch that was stopped.
            TaskError::Cancelled(_) | TaskError::TimedOut => Err(Value::Null),
            error => Err(panicked(fork, &error.to_string())),
        })
    })
}

/// What a branch makes of how its steps ended.
fn came_to(fork: &Fork, ended: Result<Frame, Abort>) -> Result<Value, Value> {
    match ended {
        Ok(mut ended) => match ended.is_unhandled() {
            true => Err(ended.state.value().get("errors").cloned().unwrap_or_default()),
            false => Ok(ended.state.into_product()),
        },
        Err(abort) => {
            let word = fork.policy.kind.word();
            Err(envelope::failure("abortError", word, &abort.detail, &fork.location))
        }
    }
}

fn panicked(fork: &Fork, why: &str) -> Value {
    let word = fork.policy.kind.word();
    let message = format!("a branch of `{word}` panicked: {why}");
    envelope::failure("panicError", word, &message, &fork.location)
}

/// Puts the result of the block into the state.
fn settle(fork: &Fork, forked: Forked<Value, Value>, frame: &mut Frame) {
    let Forked { decision, mut ends } = forked;
    match decision {
        Decision::Won(index) => {
            let End::Done(value) = ends.swap_remove(index) else {
                unreachable!("a branch has won with its value")
            };
            match &fork.result {
                Some(name) => frame.state.set_data(name, value),
                None => put(fork, [(index, value)].into_iter(), frame),
            }
        }
        Decision::Ended => ended(fork, ends, frame),
        Decision::Failed(index) => {
            let unfinished = names(fork, &ends, |end| matches!(end, End::Cancelled));
            let End::Failed(errors) = ends.swap_remove(index) else {
                unreachable!("a branch has decided with its failure")
            };
            let errors = of_branch(&fork.branches[index].name, &errors, Some(unfinished));
            frame.raise(Value::from_iter(errors));
        }
        Decision::TimedOut => {
            frame.raise(Value::from_iter([Value::from(timeout_error(fork, &ends))]));
        }
        Decision::AllFailed => {
            frame.raise(Value::from_iter([Value::from(all_failed(fork, &ends))]))
        }
    }
}

/// The values of branches by their names; only those that count are there for a race or a quorum.
fn ended(fork: &Fork, ends: Vec<End>, frame: &mut Frame) {
    let late = timeout_error(fork, &ends);
    let is_whole = fork.policy.kind == ForkKind::Parallel;
    let collects = fork.policy.on_error == ForkOnError::CollectAll;
    if matches!(fork.policy.kind, ForkKind::Race | ForkKind::Any) {
        // The time was up and nobody had won.
        if let Some(name) = &fork.result {
            frame.state.set_data(name, Value::Null);
        }
        return;
    }
    let mut values = Vec::with_capacity(ends.len());
    for (index, end) in ends.into_iter().enumerate() {
        let errors = match end {
            End::Done(value) => {
                values.push((index, value));
                continue;
            }
            _ if !is_whole => continue,
            End::Failed(errors) if collects => errors,
            End::TimedOut if collects => Value::from_iter([Value::from(late.clone())]),
            End::Failed(_) | End::TimedOut | End::Cancelled => {
                values.push((index, Value::Null));
                continue;
            }
        };
        values.push((index, envelope::failed_task(&errors)));
        let task = fork.branches[index].name.clone();
        frame.failures.push(TaskFailure { label: "branch", task, errors });
    }
    put(fork, values.into_iter(), frame);
}

fn put(fork: &Fork, values: impl Iterator<Item = (usize, Value)>, frame: &mut Frame) {
    let named = values.map(|(index, value)| (&*fork.branches[index].name, value));
    match &fork.result {
        Some(result) => {
            let values: Object = named.collect();
            frame.state.set_data(result, values.into());
        }
        None => frame.state.set_tasks(named),
    }
}

fn names(fork: &Fork, ends: &[End], wanted: fn(&End) -> bool) -> Value {
    let found = fork.branches.iter().zip(ends).filter(|(_, end)| wanted(end));
    found.map(|(branch, _)| Value::from(&*branch.name)).collect()
}

fn timeout_error(fork: &Fork, ends: &[End]) -> Object {
    let limit = fork.policy.timeout.unwrap_or(Duration::ZERO);
    let unfinished = names(fork, ends, |end| matches!(end, End::TimedOut));
    let word = fork.policy.kind.word();
    let mut error = Object::new();
    error.insert("type", "timeoutError");
    error.insert(
        "message",
        format!("`{word}` took longer than its time-out of {}", policy::show(limit)),
    );
    if let Some(first) = unfinished.as_array().and_then(|list| list.first()) {
        error.insert("branch", first.clone());
    }
    error.insert("unfinished", unfinished);
    error
}

fn all_failed(fork: &Fork, ends: &[End]) -> Object {
    let mut failures = Vec::new();
    for (branch, end) in fork.branches.iter().zip(ends) {
        if let End::Failed(errors) = end {
            failures.extend(of_branch(&branch.name, errors, None));
        }
    }
    let message = match fork.policy.kind {
        ForkKind::Quorum(wanted) => format!("fewer than {wanted} branches succeeded"),
        _ => "every branch failed".to_owned(),
    };
    let mut error = Object::new();
    error.insert("type", "allFailed");
    error.insert("message", message);
    error.insert("unfinished", names(fork, ends, |end| matches!(end, End::Cancelled)));
    error.insert("failures", Value::from_iter(failures));
    error
}

/// The errors of a branch, each with its name; the first says what was cut off because of it.
fn of_branch(branch: &Arc<str>, errors: &Value, unfinished: Option<Value>) -> Vec<Value> {
    let mut unfinished = unfinished;
    let entries = errors.as_array().into_iter().flatten().map(|entry| {
        let mut entry = match entry {
            Value::Object(entry) => entry.clone(),
            other => {
                let mut object = Object::new();
                object.insert("message", other.clone());
                object
            }
        };
        entry.insert("branch", &**branch);
        if let Some(unfinished) = unfinished.take() {
            entry.insert("unfinished", unfinished);
        }
        entry.into()
    });
    entries.collect()
}
