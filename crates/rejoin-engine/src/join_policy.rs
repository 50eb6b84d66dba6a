//! Joins with a policy: what the first failure and the end of the time mean for tasks that run already.

use std::sync::Arc;

use rejoin::{CancelReason, CancelSource, Instant, Until, wait_handles};
use rejoin_lang::plan::{ForkOnError, ForkPolicy};
use rejoin_value::{Object, Value};

use crate::context::Context;
use crate::envelope;
use crate::exec::Frame;
use crate::policy;
use crate::program::Join;
use crate::task::{self, FailedTask, Running, TaskEnd, TaskFailure};

/// A task and what is known of it.
struct Joined {
    task: Arc<str>,
    running: Option<Running>,
    optional: bool,
    /// `None` while it runs, and when it was stopped.
    end: Option<TaskEnd>,
}

/// Waits for tasks until the policy has decided, stops those that are left, and waits for them too.
pub(crate) async fn join(context: &Context, join: &Join, policy: &ForkPolicy, frame: &mut Frame) {
    let deadline = policy.timeout.map(|timeout| Instant::now() + timeout);
    let mut tasks: Vec<Joined> = join
        .tasks
        .iter()
        .filter_map(|task| {
            let running = context.tasks().take(task)?;
            let optional = running.optional;
            Some(Joined { task: task.clone(), running: Some(running), optional, end: None })
        })
        .collect();
    let fails_fast = policy.on_error == ForkOnError::FailFast;
    let mut failed = None;
    let mut is_late = false;
    while failed.is_none() && tasks.iter().any(|task| task.running.is_some()) {
        if !settle(&mut tasks, deadline, &join.location).await {
            is_late = true;
            break;
        }
        failed = tasks
            .iter()
            .position(|task| fails_fast && !task.optional && matches!(task.end, Some(Err(_))));
    }
    let unfinished: Value = tasks
        .iter()
        .filter(|task| task.running.is_some())
        .map(|task| Value::from(&*task.task))
        .collect();
    let reason = match failed {
        Some(_) => CancelReason::new(CancelSource::SiblingFailed, "another task failed"),
        None => CancelReason::new(CancelSource::Deadline, "the join's time was up"),
    };
    stop(&mut tasks, reason).await;
    if let Some(index) = failed {
        let Some(Err(failed)) = &tasks[index].end else { unreachable!("it has failed") };
        let failed = [("task", &tasks[index].task, &failed.errors)];
        let errors = envelope::of_tasks(failed.into_iter());
        return frame.raise(with_unfinished(&errors, unfinished));
    }
    if is_late && !policy.partial {
        return frame.raise(Value::from_iter([late(policy, unfinished)]));
    }
    put(tasks, policy, &unfinished, frame);
}

/// Waits until one more task has ended, and takes it out; says whether there was time.
async fn settle(tasks: &mut [Joined], deadline: Option<Instant>, location: &str) -> bool {
    let (mut places, mut handles) = (Vec::new(), Vec::new());
    let mut flags = Vec::new();
    for (place, task) in tasks.iter_mut().enumerate() {
        if let Some(Running { handle, optional }) = task.running.take() {
            places.push(place);
            handles.push(handle);
            flags.push(optional);
        }
    }
    let until = match deadline {
        Some(deadline) => {
            Until::first_completed().timeout(deadline.saturating_duration_since(Instant::now()))
        }
        None => Until::first_completed(),
    };
    let split = wait_handles(&mut handles, until).await;
    for (n, (handle, place)) in handles.into_iter().zip(places).enumerate() {
        let joined = &mut tasks[place];
        if split.done.contains(&n) {
            joined.end = Some(task::ended(handle.await, &joined.task, location));
        } else {
            joined.running = Some(Running { handle, optional: flags[n] });
        }
    }
    !split.done.is_empty()
}

/// Stops what still runs, and waits for it.
async fn stop(tasks: &mut [Joined], reason: CancelReason) {
    let running: Vec<Running> = tasks.iter_mut().filter_map(|task| task.running.take()).collect();
    for task in &running {
        task.handle.cancel(reason.clone());
    }
    for task in running {
        let _stopped = task.handle.await;
    }
}

fn with_unfinished(errors: &Value, unfinished: Value) -> Value {
    let mut unfinished = Some(unfinished);
    let entries = errors.as_array().into_iter().flatten().map(|entry| {
        let Value::Object(entry) = entry else { return entry.clone() };
        let mut entry = entry.clone();
        if let Some(unfinished) = unfinished.take() {
            entry.insert("unfinished", unfinished);
        }
        entry.into()
    });
    entries.collect()
}

fn late(policy: &ForkPolicy, unfinished: Value) -> Value {
    let limit = policy::show(policy.timeout.unwrap_or_default());
    let mut error = Object::new();
    error.insert("type", "timeoutError");
    error.insert("message", format!("`join` took longer than its time-out of {limit}"));
    if let Some(first) = unfinished.as_array().and_then(|list| list.first()) {
        error.insert("task", first.clone());
    }
    error.insert("unfinished", unfinished);
    error.into()
}

fn put(tasks: Vec<Joined>, policy: &ForkPolicy, unfinished: &Value, frame: &mut Frame) {
    let mut places: Vec<(Arc<str>, Value)> = Vec::with_capacity(tasks.len());
    let collects = policy.on_error == ForkOnError::CollectAll;
    for Joined { task, optional, end, .. } in tasks {
        let failed: FailedTask = match end {
            Some(Ok(value)) => {
                places.push((task, value));
                continue;
            }
            Some(Err(failed)) if collects || optional => failed,
            None if collects => Value::from_iter([late(policy, unfinished.clone())]).into(),
            Some(Err(_)) | None => {
                places.push((task, Value::Null));
                continue;
            }
        };
        places.push((task.clone(), failed.place()));
        if !optional {
            let errors = failed.errors;
            frame.failures.push(TaskFailure { label: "task", task, errors });
        }
    }
    frame.state.set_tasks(places.iter().map(|(task, value)| (&**task, value.clone())));
}
