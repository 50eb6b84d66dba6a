//! One call: arguments, then the step under its [policy], then its output into the state.

use std::sync::Arc;

use rejoin::Instant;
use rejoin_lang::plan::Unnamed;
use rejoin_value::{Object, Value};

use crate::answer::{self, Placing};
use crate::context::Context;
use crate::envelope;
use crate::error::{Abort, StepError};
use crate::event::Event;
use crate::exec::{Frame, run_block};
use crate::policy::{self, Doer, Work};
use crate::program::{Call, Last, Output, Program, Target};
use crate::stand_in::StandIn;
use crate::state::State;
use crate::step::{ContentType, Prepared, StepOutput};

/// Pipelines may call each other this deep; beyond that the call fails.
pub(crate) const MAX_DEPTH: u16 = 64;

/// Makes a call on the frame's state.
pub(crate) async fn run(
    context: &Context,
    program: &Arc<Program>,
    call: &Call,
    frame: &mut Frame,
) -> Result<(), Abort> {
    let began = context.observes_calls().then(Instant::now);
    frame.look_at(|task| call.reads_tasks.contains(task));
    match &call.target {
        Target::Step(step) => run_step(context, step, call, frame).await?,
        Target::Pipeline(id) | Target::Loader(id) => {
            let work = Work::Pipeline(*id, call);
            policy::run(context, program, &call.policy, work, frame).await?;
        }
    }
    if let Some(began) = began {
        context.emit(Event::CallEnded {
            name: call.name.clone(),
            location: call.location.clone(),
            took: began.elapsed(),
            error: envelope::error_type(frame.state.value()).map(Arc::from),
        });
    }
    Ok(())
}

async fn run_step(
    context: &Context,
    step: &Arc<dyn Prepared>,
    call: &Call,
    frame: &mut Frame,
) -> Result<(), Abort> {
    let last = is_last(call, context, frame.state.value()).await;
    // A variable's name is visible to the step as `resultName`, and gone afterwards.
    let named_here = match (&call.auto_name, frame.state.value()) {
        (Some(name), Value::Object(state)) if !state.contains_key("resultName") => {
            frame.state.set("resultName", (&**name).into());
            true
        }
        _ => false,
    };
    let stand_in = stand_in(context, call, frame);
    let step = stand_in.as_ref().map_or(Doer::Step(step), Doer::StandIn);
    let result = policy::attempts(context, step, call, frame.state.value()).await;
    if let Err(StepError::Domain(error)) = &result {
        context.log_error(format_args!("{} at {}", call.name, call.location), error);
    }
    let target = match &call.output {
        Output::Data { name: Some(name), .. } => Some(name.clone()),
        Output::Data { name: None, .. } => {
            frame.state.value().get("resultName").and_then(Value::as_str).map(Arc::from)
        }
        _ => None,
    };
    if named_here {
        frame.state.remove("resultName");
    }
    let by_variable = named_here && matches!(call.output, Output::Data { name: None, .. });
    // What stands in for a task is the task's value, unless the program itself gives a part of it a name.
    let is_task_value = by_variable && stand_in.is_some() && frame.task.is_some();
    let target = target.filter(|_| !is_task_value).map(|name| Named { name, by_variable });
    let mut output = match result {
        Err(StepError::Abort(abort)) => return Err(abort),
        ended => ended,
    };
    if let (true, Some(name), Ok(StepOutput { value: Value::Object(made), .. })) =
        (named_here, &call.auto_name, &mut output)
        && made.get("resultName").and_then(Value::as_str) == Some(name)
    {
        // A script that returns the state that it was given does not name the results of later steps.
        made.remove("resultName");
    }
    let has_failed = match &output {
        Ok(output) => envelope::error_type(&output.value).is_some(),
        Err(_) => true,
    };
    if has_failed && call.policy.optional && call.policy.fallback.is_none() {
        return Ok(());
    }
    let before = call.policy.fallback.is_some().then(|| frame.clone());
    match output {
        Ok(output) => place(call, frame, output, target.as_ref(), last),
        Err(error) => failed(call, frame, error, last)?,
    }
    if let (true, Some(program), Some(mut before)) = (has_failed, &call.policy.fallback, before) {
        match policy::fallback(context, program, &before.state, &frame.state).await {
            Ok(value) => {
                place(call, &mut before, value.into(), target.as_ref(), last);
                *frame = before;
            }
            Err(_) if call.policy.optional => *frame = before,
            Err(message) => fail(call, frame, &message),
        }
    }
    Ok(())
}

/// The error of a call as the state.
pub(crate) fn failed(
    call: &Call,
    frame: &mut Frame,
    error: StepError,
    last: bool,
) -> Result<(), Abort> {
    match error {
        StepError::Abort(abort) => return Err(abort),
        StepError::Domain(error) => {
            let mut errors = envelope::with_errors(envelope::domain(error));
            rename(call, &mut errors);
            match call.output {
                // The error takes the place of the output, so what the output keeps is kept.
                Output::Replace
                | Output::Data { unnamed: Unnamed::Replace | Unnamed::Response, .. } => {
                    frame.state.replace(errors, !last);
                }
                _ => frame.state.merge(errors),
            }
            frame.has_raised();
        }
        StepError::Failed(message) => fail(call, frame, &message),
    }
    Ok(())
}

/// What a test put in front of the step.
fn stand_in(context: &Context, call: &Call, frame: &Frame) -> Option<StandIn> {
    let stand_ins = context.host().stand_ins.as_ref()?;
    let of_state = frame.state.value().get("resultName").and_then(Value::as_str);
    let of_output = match &call.output {
        Output::Data { name, .. } => name.as_deref(),
        _ => None,
    };
    // A state that is no object has no room for the variable's name.
    let of_variable = call.auto_name.as_deref();
    let labels = [of_state, of_output, frame.task.as_deref(), of_variable];
    let labels: Vec<&str> = labels.into_iter().flatten().collect();
    stand_ins.step(&call.name, &labels)
}

pub(crate) fn rename(call: &Call, value: &mut Value) {
    if let Some(kind) = &call.rename_error {
        envelope::rename(value, kind);
    }
}

/// A call that went wrong itself replaces the whole state.
pub(crate) fn fail(call: &Call, frame: &mut Frame, message: &str) {
    fail_as(&call.error_type, call, frame, message);
}

fn fail_as(kind: &Arc<str>, call: &Call, frame: &mut Frame, message: &str) {
    let kind = call.rename_error.as_ref().unwrap_or(kind);
    let errors = envelope::failure(kind, &call.name, message, &call.location);
    frame.raise_alone(errors);
}

/// Whether nothing runs after the call in its block, decided on the state before it.
async fn is_last(call: &Call, context: &Context, state: &Value) -> bool {
    match &call.last {
        Last::No => false,
        Last::Yes => true,
        Last::UnlessAny(guards) => {
            for guard in guards {
                if guard.holds(context, state).await {
                    return false;
                }
            }
            true
        }
    }
}

/// The name that an output has under `.data`.
pub(crate) struct Named {
    pub(crate) name: Arc<str>,
    /// Whether it is only the name of the variable with the step's text.
    pub(crate) by_variable: bool,
}

fn place(call: &Call, frame: &mut Frame, output: StepOutput, target: Option<&Named>, last: bool) {
    let StepOutput { mut value, content_type, bare } = output;
    rename(call, &mut value);
    let is_error = envelope::error_type(&value).is_some();
    let is_task = frame.task.is_some();
    let is_own = is_task || call.is_alone;
    let state = &mut frame.state;
    match (&call.output, target) {
        (Output::Data { unnamed: Unnamed::Response, .. }, target) => {
            answer::place(state, value, target, Placing { is_task, is_own, last });
        }
        // Only what stands in for such a step has something to say.
        (Output::Unchanged, _) if bare && matches!(value, Value::Object(_)) => state.merge(value),
        // The state is what such a step yields, with its errors.
        (Output::Unchanged, _) if is_error && call.rename_error.is_some() => {
            let errors = value.get("errors").cloned().unwrap_or_default();
            state.set("errors", errors);
            return;
        }
        (Output::Unchanged, _) => return,
        // A mock that is written as the state with its `.data` is all that there is.
        (Output::Data { .. }, Some(_)) if is_own && bare && value.get("data").is_some() => {
            state.merge(value);
        }
        (Output::Data { .. }, Some(target)) if !is_error && is_own => {
            let around = value.as_object().cloned();
            state.set_own_data(target, value, around);
        }
        (Output::Data { .. }, Some(target)) if !is_error => state.set_data(&target.name, value),
        (Output::Data { unnamed: Unnamed::Merge, .. }, _) if !is_error && !bare => {
            // A state that is no object has no room for it. A task's value is what it made, whatever it began with.
            if is_task && matches!(call.last, Last::Yes) {
                state.set_last("data", value);
            } else if is_task || matches!(state.value(), Value::Object(_)) {
                state.set("data", value);
            }
        }
        (Output::Data { unnamed: Unnamed::Replace, .. }, _) if !is_error && !bare => {
            let mut object = Object::new();
            object.insert("data", value);
            state.replace(object.into(), !last);
        }
        (Output::Merge | Output::Data { unnamed: Unnamed::Merge, .. }, _) => state.merge(value),
        (Output::Replace | Output::Data { .. }, _) => state.replace(value, !last),
        (Output::Render, _) => {
            let mut before = state.value().clone();
            frame.kept.take_from(&mut before);
            state.assign(value);
        }
    }
    if content_type != ContentType::Json || last {
        frame.content_type = content_type;
    }
    if is_error && matches!(call.output, Output::Data { .. }) {
        frame.has_raised();
    }
}

pub(crate) async fn arguments(
    context: &Context,
    call: &Call,
    state: &Value,
) -> Result<Vec<Value>, StepError> {
    let mut values = Vec::with_capacity(call.args.len());
    for (n, arg) in call.args.iter().enumerate() {
        match context.jq(arg, state, &[]).await {
            Ok(value) => values.push(value.unwrap_or_default()),
            Err(error) => {
                return Err(StepError::Failed(format!("argument {}: {error}", n + 1)));
            }
        }
    }
    Ok(values)
}

pub(crate) async fn run_pipeline(
    context: &Context,
    program: &Arc<Program>,
    id: usize,
    call: &Call,
    frame: &mut Frame,
) -> Result<(), Abort> {
    if context.depth >= MAX_DEPTH {
        let message = format!("pipelines call each other more than {MAX_DEPTH} deep");
        fail(call, frame, &message);
        return Ok(());
    }
    let last = is_last(call, context, frame.state.value()).await;
    let mut input = frame.state.clone();
    match arguments(context, call, frame.state.value()).await.map(|args| args.into_iter().next()) {
        Ok(Some(argument)) => input.merge(argument),
        Ok(None) => {}
        Err(StepError::Failed(message)) => {
            // The pipeline has not begun, whatever its name is.
            fail_as(&"pipelineError".into(), call, frame, &message);
            return Ok(());
        }
        Err(_) => unreachable!("an argument can only fail"),
    }
    let inner = context.deeper();
    let pipeline = &program.pipelines[id];
    let stand_ins = context.host().stand_ins.as_ref();
    let stand_in = stand_ins.and_then(|all| all.pipeline(&pipeline.name, frame.state.value()));
    let mut started = frame.called(input);
    let run = async {
        match &stand_in {
            None => run_block(&inner, program, &pipeline.block, started).await,
            Some(stand_in) => {
                started.state = State::new(stand_in.state().await);
                Ok(started)
            }
        }
    };
    match run.await {
        Ok(mut done) => {
            let is_unhandled = done.is_unhandled();
            if call.rename_error.is_some() {
                let mut value = done.state.value().clone();
                rename(call, &mut value);
                done.state.set_value(value);
            }
            frame.has_called(&done);
            frame.state.merge_run(done.state);
            frame.kept.add(done.kept);
            frame.status = done.status.or(frame.status);
            if is_unhandled {
                frame.has_raised();
            }
            if done.content_type != ContentType::Json || last {
                frame.content_type = done.content_type;
            }
        }
        Err(abort) => {
            let message = format!("{}: {}", abort.title, abort.detail);
            fail(call, frame, &message);
        }
    }
    Ok(())
}
