//! Tasks: calls that were started and are joined later.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rejoin::{Instant, OnError, Outcome, Scope, ScopeError, TaskError, TaskHandle};
use rejoin_value::Value;

use crate::alive;
use crate::call;
use crate::context::Context;
use crate::envelope;
use crate::event::Event;
use crate::exec::Frame;
use crate::join_policy;
use crate::program::{Join, Program, Spawn};
use crate::state::State;

/// The tasks of one line of execution that were started and not joined yet, by name: as few as a program names.
///
/// Blocks and pipelines that run one after the other share it; a task has its own.
#[derive(Debug, Default)]
pub(crate) struct TaskTable(Mutex<Vec<(Arc<str>, Running)>>);

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) handle: TaskHandle<TaskEnd, Infallible>,
    pub(crate) optional: bool,
}

/// How a task ended: what it made, or how it failed.
pub(crate) type TaskEnd = Result<Value, FailedTask>;

/// What is left of a task that failed.
#[derive(Clone, Debug)]
pub(crate) struct FailedTask {
    /// The list of errors, the first of which has a type.
    pub(crate) errors: Value,
    /// The data that did arrive, such as that of a GraphQL answer with errors.
    data: Option<Value>,
}

impl From<Value> for FailedTask {
    fn from(errors: Value) -> Self {
        Self { errors, data: None }
    }
}

impl FailedTask {
    /// What stands in its place at a join.
    pub(crate) fn place(&self) -> Value {
        let mut place = envelope::failed_task(&self.errors);
        if let (Some(data), Value::Object(place)) = (&self.data, &mut place) {
            place.insert("data", data.clone());
        }
        place
    }
}

/// A task that was joined, or a branch of a block, that failed and has not been looked at since.
#[derive(Clone, Debug)]
pub(crate) struct TaskFailure {
    /// Under which key errors say its name.
    pub(crate) label: &'static str,
    pub(crate) task: Arc<str>,
    /// The list of errors, the first of which has a type.
    pub(crate) errors: Value,
}

impl TaskFailure {
    pub(crate) fn kind(&self) -> &str {
        envelope::first_type(&self.errors)
    }
}

impl TaskTable {
    fn lock(&self) -> MutexGuard<'_, Vec<(Arc<str>, Running)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a running task. An older one of the same name runs on; nothing can join it any more.
    fn insert(&self, task: Arc<str>, running: Running) {
        drop(self.take(&task));
        self.lock().push((task, running));
    }

    fn has_any(&self, tasks: &[Arc<str>]) -> bool {
        self.lock().iter().any(|(name, _)| tasks.contains(name))
    }

    pub(crate) fn take(&self, task: &str) -> Option<Running> {
        let mut tasks = self.lock();
        let at = tasks.iter().position(|(name, _)| **name == *task)?;
        Some(tasks.swap_remove(at).1)
    }
}

/// Starts a call as a task on a fork of the state.
pub(crate) fn start(context: &Context, program: &Arc<Program>, spawn: &Spawn, state: &State) {
    let inner = context.for_task();
    let (program, call, state) = (program.clone(), spawn.call.clone(), state.fork());
    let task = spawn.task.clone();
    context.emit(Event::TaskStarted { task: task.clone() });
    let began = Instant::now();
    let held_back = held_back(context, &task);
    let depth = context.depth;
    let places = context.alive().take(1, depth);
    let work = async move |inner: Context| {
        let ended = match &places {
            Some(_) => run(&inner, &program, &call, &task, state).await,
            None => {
                let too_many = alive::too_many(depth);
                Err(envelope::failure("asyncError", &call.name, &too_many, &call.location).into())
            }
        };
        rest(held_back).await;
        let error = match &ended {
            Ok(_) => None,
            Err(failed) => Some(envelope::first_type(&failed.errors).into()),
        };
        inner.emit(Event::TaskEnded { task, took: began.elapsed(), error });
        ended
    };
    let handle = if spawn.detach {
        // It outlives the request, so it has a scope and a deadline of its own: as long as a request may take.
        let limit = context.detached_timeout();
        let own = Scope::builder()
            .name(spawn.task.clone())
            .timeout(limit)
            .on_error(OnError::IgnoreErrors);
        context.host().detached.task(spawn.task.clone()).spawn_outcome(async move {
            own.run(|scope| async move { Ok(work(inner.in_scope(scope)).await) })
                .await
                .map_err(ScopeError::into_task_error)
        })
    } else {
        // Boxed here, as it is large and is handed on from function to function until it is a task.
        context.scope().task(spawn.task.clone()).spawn_value(Box::pin(work(inner)))
    };
    context.tasks().insert(spawn.task.clone(), Running { handle, optional: spawn.optional });
}

/// How much later than it would a task or branch that begins now is to end: nothing but in tests.
pub(crate) fn held_back(context: &Context, task: &str) -> Duration {
    context.host().stand_ins.as_ref().map_or(Duration::ZERO, |all| all.held_back(task))
}

pub(crate) async fn rest(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

async fn run(
    context: &Context,
    program: &Arc<Program>,
    call: &crate::program::Call,
    task: &Arc<str>,
    state: State,
) -> TaskEnd {
    let mut frame = Frame { task: Some(task.clone()), ..Frame::new(state) };
    if let Err(abort) = call::run(context, program, call, &mut frame).await {
        return Err(
            envelope::failure("abortError", &call.name, &abort.detail, &call.location).into()
        );
    }
    // An error that it was given, and only passes on, is not its own.
    let product = frame.state.into_product();
    if envelope::error_type(&product).is_none() {
        return Ok(product);
    }
    let part = |key| product.get(key).cloned();
    Err(FailedTask { errors: part("errors").unwrap_or_default(), data: part("data") })
}

/// Waits for each task in the order written and puts its value, or its errors, at `.async.<task>`.
/// A task that was never started, was skipped, or was joined before is left out.
pub(crate) async fn join(context: &Context, join: &Join, frame: &mut Frame) {
    let is_object = matches!(frame.state.value(), Value::Object(_));
    if !is_object && context.tasks().has_any(&join.tasks) {
        let what = frame.state.value().type_name();
        let message = format!("join needs an object as the state to put `.async` into, not {what}");
        let errors = envelope::failure("joinError", "join", &message, &join.location);
        return frame.raise_alone(errors);
    }
    if !is_object {
        // Nothing was started: there is nothing to put anywhere.
        return;
    }
    if let Some(policy) = &join.policy {
        return join_policy::join(context, join, policy, frame).await;
    }
    let mut places = Vec::with_capacity(join.tasks.len());
    for task in &join.tasks {
        let Some(running) = context.tasks().take(task) else { continue };
        let ended = ended(running.handle.await, task, &join.location);
        match ended {
            Ok(value) => places.push((&**task, value)),
            Err(failed) => {
                places.push((&**task, failed.place()));
                if !running.optional {
                    let (task, errors) = (task.clone(), failed.errors);
                    frame.failures.push(TaskFailure { label: "task", task, errors });
                }
            }
        }
    }
    frame.state.set_tasks(places.into_iter());
}

/// How a task ended, whether by itself or not.
pub(crate) fn ended(outcome: Outcome<TaskEnd, Infallible>, task: &str, location: &str) -> TaskEnd {
    outcome.unwrap_or_else(|error| Err(cut_off(task, &error, location).into()))
}

/// The errors of a task that did not come to an end of its own.
fn cut_off(task: &str, error: &TaskError<Infallible>, location: &str) -> Value {
    let (kind, message) = match error {
        TaskError::Panicked(panic) => {
            ("panicError", format!("task `{task}` panicked: {}", panic.message()))
        }
        TaskError::TimedOut => ("timeoutError", format!("task `{task}` took too long")),
        TaskError::Cancelled(reason) => {
            ("cancelledError", format!("task `{task}` was cancelled: {reason}"))
        }
        TaskError::Failed(never) => match **never {},
    };
    envelope::failure(kind, task, &message, location)
}
