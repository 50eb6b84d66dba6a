//! What holds when a call or a block is slow or fails: retry around time-out around hedging around what is done, and
//! then what stands for a failure.
//!
//! This is the only file that applies them, always in this order: a time-out is per attempt, a pause between attempts
//! holds nothing, and the request's deadline bounds the whole. A step that answers from a cache comes before all of it,
//! because its list of steps ends there.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rejoin::TaskError;
use rejoin::retry::{Hedge, Verdict};
use rejoin_value::{Value, jq};

use crate::call;
use crate::context::Context;
use crate::deep_stack::DeepStack;
use crate::envelope;
use crate::error::{Abort, DomainError, StepError};
use crate::event::Event;
use crate::exec::{self, Frame};
use crate::loader;
use crate::program::{Call, Op, Policy, Program, Target};
use crate::stand_in::StandIn;
use crate::state::State;
use crate::step::{Called, Input, Prepared, StepResult};

/// Who answers a call of a step.
#[derive(Clone, Copy)]
pub(crate) enum Doer<'a> {
    Step(&'a Arc<dyn Prepared>),
    StandIn(&'a StandIn),
}

/// What is done as a whole: it ends with a state, which may be an error.
#[derive(Clone, Copy)]
pub(crate) enum Work<'a> {
    Pipeline(usize, &'a Call),
    Block(&'a Op),
}

/// A call of a step, until it has settled or may not be tried again.
pub(crate) async fn attempts(
    context: &Context,
    step: Doer<'_>,
    call: &Call,
    state: &Value,
) -> StepResult {
    let args = call::arguments(context, call, state).await?;
    let Some(retry) = &call.policy.retry else {
        return attempt(context, step, call, state, &args).await;
    };
    let mut pause = retry.backoff;
    for n in 1.. {
        let error = match attempt(context, step, call, state, &args).await {
            Err(StepError::Domain(error)) if error.retry && n < retry.attempts => error,
            settled => return settled,
        };
        if !rest(context, &call.name, n, &error.kind, pause).await {
            return Err(error.into());
        }
        pause = pause.saturating_mul(2);
    }
    unreachable!("the last attempt returns")
}

async fn attempt(
    context: &Context,
    step: Doer<'_>,
    call: &Call,
    state: &Value,
    args: &[Value],
) -> StepResult {
    let stand_ins = context.host().stand_ins.as_ref();
    let is_real = matches!(step, Doer::Step(_)) && call.reaches_outside;
    let _outside = stand_ins.filter(|_| is_real).map(|all| all.outside());
    let called = match (step, call.policy.hedge) {
        (Doer::Step(step), None) => step.call(Input { state, args, context }),
        (Doer::StandIn(stand_in), None) => stand_in.call(),
        (step, Some(after)) => Called::pending(hedged(context, step, after, state, args)),
    };
    match call.policy.timeout {
        None => called.done().await,
        Some(limit) => match within(limit, called.done()).await {
            Some(result) => result,
            None => Err(timed_out(&call.name, limit).into()),
        },
    }
}

/// The call, and a copy of it when it is slow. A failure that is worth another try starts the copy at once.
async fn hedged(
    context: &Context,
    step: Doer<'_>,
    after: Duration,
    state: &Value,
    args: &[Value],
) -> StepResult {
    let copy = |_| {
        let (context, state, args) = (context.clone(), state.clone(), args.to_vec());
        let (step, stand_in) = match step {
            Doer::Step(step) => (Some(step.clone()), None),
            Doer::StandIn(stand_in) => (None, Some(stand_in.clone())),
        };
        async move {
            match (&step, &stand_in) {
                (Some(step), _) => {
                    let input = Input { state: &state, args: &args, context: &context };
                    step.call(input).done().await
                }
                (None, Some(stand_in)) => stand_in.call().done().await,
                (None, None) => unreachable!("one of the two answers"),
            }
        }
    };
    let judge = |error: &TaskError<StepError>| match error.failed() {
        Some(StepError::Domain(error)) if error.retry => Verdict::Again,
        _ => Verdict::Take,
    };
    let error = match Hedge::after(after).run_if(copy, judge).await {
        Ok(won) => return Ok(won.value),
        Err(error) => error,
    };
    let failure = error.deciding().or_else(|| error.failures().last());
    match failure.map(rejoin::Failure::error) {
        Some(TaskError::Failed(error)) => Err((**error).clone()),
        Some(TaskError::Panicked(panic)) => std::panic::panic_any(panic.message().to_owned()),
        // Something further out was stopped: it drops this.
        _ => std::future::pending().await,
    }
}

/// Runs a block or a pipeline on the state under its policy.
pub(crate) fn run<'a>(
    context: &'a Context,
    program: &'a Arc<Program>,
    policy: &'a Policy,
    work: Work<'a>,
    frame: &'a mut Frame,
) -> DeepStack<'a, Result<(), Abort>> {
    DeepStack::new(async move {
        let is_plain = policy.timeout.is_none()
            && policy.retry.is_none()
            && policy.fallback.is_none()
            && !policy.optional;
        if is_plain {
            return work.once(context, program, frame).await;
        }
        // What was raised before is no failure of what is done here.
        let raised = frame.raised.take();
        let before = frame.clone();
        work.attempts(context, program, policy, &before, frame).await?;
        if !frame.is_unhandled() {
            frame.raised = frame.raised.take().or(raised);
            return Ok(());
        }
        if let Some(fallback) = &policy.fallback {
            match self::fallback(context, fallback, &before.state, &frame.state).await {
                Ok(value) => {
                    *frame = Frame { raised, ..before };
                    work.stand_in(value, frame);
                    return Ok(());
                }
                Err(message) if !policy.optional => {
                    let kind = format!("{}Error", work.name());
                    let errors = envelope::failure(&kind, work.name(), &message, work.location());
                    frame.raise(errors);
                    return Ok(());
                }
                Err(_) => {}
            }
        }
        if policy.optional {
            *frame = Frame { raised, ..before };
        }
        Ok(())
    })
}

impl Work<'_> {
    async fn once(
        self,
        context: &Context,
        program: &Arc<Program>,
        frame: &mut Frame,
    ) -> Result<(), Abort> {
        match self {
            Work::Pipeline(id, call) if matches!(call.target, Target::Loader(_)) => {
                loader::run(context, id, call, frame).await;
                Ok(())
            }
            Work::Pipeline(id, call) => call::run_pipeline(context, program, id, call, frame).await,
            Work::Block(op) => exec::run_op(context, program, op, frame).await,
        }
    }

    /// Whatever it fails with is worth another try: nobody knows which step inside failed, and why.
    async fn attempts(
        self,
        context: &Context,
        program: &Arc<Program>,
        policy: &Policy,
        before: &Frame,
        frame: &mut Frame,
    ) -> Result<(), Abort> {
        let (most, mut pause) = policy
            .retry
            .as_ref()
            .map_or((1, Duration::ZERO), |retry| (retry.attempts, retry.backoff));
        for n in 1.. {
            match policy.timeout {
                None => self.once(context, program, frame).await?,
                Some(limit) => match within(limit, self.once(context, program, frame)).await {
                    Some(ended) => ended?,
                    None => {
                        frame.clone_from(before);
                        let error = envelope::domain(timed_out(self.name(), limit));
                        let mut errors = envelope::with_errors(error);
                        if let Work::Pipeline(_, call) = self {
                            call::rename(call, &mut errors);
                        }
                        frame.state.merge(errors);
                        frame.has_raised();
                    }
                },
            }
            if n >= most || !frame.is_unhandled() {
                return Ok(());
            }
            let kind = envelope::error_type(frame.state.value()).unwrap_or_default().into();
            if !rest(context, &self.name().into(), n, &kind, pause).await {
                return Ok(());
            }
            pause = pause.saturating_mul(2);
            frame.clone_from(before);
        }
        unreachable!("the last attempt returns")
    }

    /// A fallback's value goes where what was done would have put its own.
    fn stand_in(self, value: Value, frame: &mut Frame) {
        match self {
            Work::Pipeline(_, call) if matches!(call.target, Target::Loader(_)) => {
                frame.state.assign(value);
            }
            Work::Pipeline(..) => frame.state.merge(value),
            Work::Block(Op::Fork(fork)) => match &fork.result {
                Some(name) => frame.state.set_data(name, value),
                None => match value.as_object() {
                    Some(values) => {
                        let values =
                            values.iter().map(|(name, value)| (name.as_str(), value.clone()));
                        frame.state.set_tasks(values);
                    }
                    None => frame.state.set("async", value),
                },
            },
            Work::Block(_) => frame.state.replace(value, true),
        }
    }

    fn name(&self) -> &str {
        match self {
            Work::Pipeline(_, call) => &call.name,
            Work::Block(op) => op.word(),
        }
    }

    fn location(&self) -> &str {
        match self {
            Work::Pipeline(_, call) => &call.location,
            Work::Block(op) => op.location(),
        }
    }
}

/// What stands for a failure: a program on the state from before, with the errors in it.
pub(crate) async fn fallback(
    context: &Context,
    program: &Arc<jq::Program>,
    before: &State,
    failed: &State,
) -> Result<Value, String> {
    let mut state = before.clone();
    let errors = failed.value().get("errors").cloned().unwrap_or_default();
    state.merge(envelope::with_errors(errors));
    match context.jq(program, state.value(), &[]).await {
        Ok(value) => Ok(value.unwrap_or_default()),
        Err(error) => Err(format!("the fallback failed: {error}")),
    }
}

/// Pauses before the next attempt. Waiting past the deadline would only turn a useful error into a time-out, so then
/// there is none.
async fn rest(
    context: &Context,
    name: &Arc<str>,
    attempt: u32,
    error: &Arc<str>,
    pause: Duration,
) -> bool {
    if rejoin::remaining().is_some_and(|left| left <= pause) {
        return false;
    }
    context.emit(Event::Retried { name: name.clone(), attempt, error: error.clone(), pause });
    tokio::time::sleep(pause).await;
    true
}

fn timed_out(name: &str, limit: Duration) -> DomainError {
    let message = format!("`{name}` took longer than its time-out of {}", show(limit));
    DomainError::new("timeoutError", message).retryable()
}

pub(crate) fn show(length: Duration) -> String {
    match length.as_millis() {
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}

/// `None` when the time is up; the future has been dropped then.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, future).await.ok()
}
