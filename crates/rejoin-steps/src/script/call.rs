//! A call of a script: on the script pool, or where it is called if it is quick, with the request as its surroundings.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rejoin_engine::{
    Called, Input, ScriptPanicked, ScriptPool, ScriptSettings, StepError, StepResult,
};
use rejoin_value::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::quick::{QUICK, Record, Rehearsal};
use super::sql::Room;
use super::surroundings::{Before, OfRequest};
use super::{Limits, ScriptError, Surroundings};
use crate::database::Statements;

/// A script that is not stopped so long after its limit has failed all the same: an interpreter may be inside one long
/// operation. It keeps its thread until it ends; other scripts run meanwhile.
const GRACE: Duration = Duration::from_millis(25);
/// Longer than any script waits for its turn.
const LONG: Duration = Duration::from_hours(24 * 365);

/// Runs a script of the step of that name on the state, with that database for its statements. `script` gets the state, what
/// the script sees as `context` (null unless it looks at that), its surroundings and its limits.
///
/// # Cancel safety
/// Dropping the call stops the script, and the statement that it waits for.
pub(crate) fn call<'a>(
    step: &'static str,
    configured: ScriptSettings,
    record: &'a Record,
    database: Option<&'a Statements>,
    input: Input<'a>,
    sees_context: bool,
    script: impl Script,
) -> Called<'a> {
    let limits = configured.limits(input.context.host().script_limits);
    if record.is_quick() {
        let limits =
            Limits { time: QUICK.min(limits.time), memory: limits.memory, stop: Arc::default() };
        match in_place(limits, input, sees_context, &script) {
            Some(ended) => return Called::Ready(result(step, ended)),
            None => record.failed(),
        }
    }
    let state = input.state.clone();
    let context = input.context.clone();
    Called::pending(async move {
        let (begins, begun) = oneshot::channel();
        let (asks, mut asked) = mpsc::channel(1);
        let mut ended = pin!(input.context.run_script(move |turn| {
            // Nobody hears it if the call was given up.
            let _ = begins.send(());
            let snapshot = if sees_context { context.snapshot() } else { Value::Null };
            let stop = turn.stop().shared();
            let limits = Limits { time: limits.time, memory: limits.memory, stop };
            let began = std::time::Instant::now();
            let around = OfRequest { context, turn, asks, before: Before::default() };
            let ended = script(&state, &snapshot, Box::new(around), limits);
            (ended, began.elapsed())
        }));
        // It has its time from its beginning on; what it waits for a database is not its own.
        let mut begun = pin!(begun);
        let mut has_begun = false;
        let mut overdue = pin!(tokio::time::sleep(LONG));
        let mut room = Room(limits.memory);
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut ended => break ended.map(|(ended, time)| {
                    record.took(time);
                    ended
                }),
                begin = &mut begun, if !has_begun => {
                    has_begun = true;
                    if begin.is_ok() {
                        overdue.as_mut().reset(after(limits.time.saturating_add(GRACE)));
                    }
                }
                Some(ask) = asked.recv() => {
                    let asked_at = Instant::now();
                    ask.run(database, input.context, &mut room).await;
                    let ends = overdue.deadline();
                    overdue.as_mut().reset(ends.checked_add(asked_at.elapsed()).unwrap_or(ends));
                }
                () = &mut overdue => break Ok(Err(ScriptError::TooLong(limits.time))),
            }
        };
        result(step, ended)
    })
}

/// A script that can be run: once in place, and then on a thread if it must.
pub(crate) trait Script:
    Fn(&Value, &Value, Box<dyn Surroundings>, Limits) -> Result<Value, ScriptError> + Send + 'static
{
}

impl<F> Script for F where
    F: Fn(&Value, &Value, Box<dyn Surroundings>, Limits) -> Result<Value, ScriptError>
        + Send
        + 'static
{
}

/// Runs a quick script without a thread; nothing if it was not quick, and then it is as if it had not run.
fn in_place(
    limits: Limits,
    input: Input<'_>,
    sees_context: bool,
    script: &impl Script,
) -> Option<Result<Result<Value, ScriptError>, ScriptPanicked>> {
    let (rehearsal, done) = Rehearsal::new(input.context.clone());
    let snapshot = if sees_context { input.context.snapshot() } else { Value::Null };
    let ended =
        ScriptPool::in_place(|| script(input.state, &snapshot, Box::new(rehearsal), limits));
    if done.wants_thread() || matches!(ended, Ok(Err(ScriptError::TooLong(_)))) {
        return None;
    }
    done.apply(input.context);
    Some(ended)
}

fn result(step: &str, ended: Result<Result<Value, ScriptError>, ScriptPanicked>) -> StepResult {
    match ended {
        Ok(Ok(value)) => Ok(value.into()),
        Ok(Err(error)) => Err(StepError::Failed(match error.mend(step) {
            Some(mend) => format!("{error}; {mend}"),
            None => error.to_string(),
        })),
        Err(panicked) => Err(StepError::Failed(panicked.to_string())),
    }
}

/// So long from now; a length that no clock can add is nearly for ever.
fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time.min(LONG)).unwrap_or(now)
}
