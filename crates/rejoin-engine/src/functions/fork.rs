//! `parallel` and `race`: branches as tasks of one join of the library, whose policy is the block's.

use std::ops::ControlFlow;
use std::sync::Arc;

use rejoin::{
    CancelReason, CancelSource, Ending, Instant, Joiner, Outcome, TaskError, join_with, timeout_at,
};
use rejoin_lang::plan::{Fork, ForkKind, ForkOnError, FunctionStep};

use super::Datum;
use super::datum::{Ended, Record};
use super::exec::{Exit, Frame, Run, panicked};

/// How a branch ended.
enum End {
    Done(Datum),
    Failed(Datum),
    TimedOut,
    Cancelled,
}

/// Runs the branches to the value of the block. Each has ended when this returns.
pub(super) async fn run(run: &Run, frame: &Frame, step: &FunctionStep, fork: &Fork) -> Datum {
    let deadline = fork.timeout.map(|timeout| Instant::now() + timeout);
    let mut branches = Vec::with_capacity(fork.branches.len());
    for branch in &fork.branches {
        branches.push(self::branch(run.clone(), frame.clone(), branch.steps.clone(), deadline));
    }
    let policy = Policy {
        kind: fork.kind,
        on_error: fork.on_error,
        decided: None,
        stopped: false,
        ends: fork.branches.iter().map(|_| End::Cancelled).collect(),
    };
    let policy = join_with(branches, policy).await;
    if policy.stopped {
        // Something further out was stopped, and with it this block, whose own rules do not apply then. Whoever stopped
        // it drops it here; no step must come after.
        return std::future::pending().await;
    }
    value(step, fork, policy)
}

async fn branch(
    run: Run,
    mut frame: Frame,
    steps: Arc<[FunctionStep]>,
    deadline: Option<Instant>,
) -> Result<Datum, End> {
    let work = async {
        match run.steps(&mut frame, &steps).await {
            Ok(value) | Err(Exit::Return(value)) if !value.is_failure() => Ok(value),
            Ok(failure) | Err(Exit::Return(failure) | Exit::Failed(failure)) => {
                Err(End::Failed(failure))
            }
        }
    };
    match deadline {
        Some(deadline) => timeout_at(deadline, work).await.unwrap_or(Err(End::TimedOut)),
        None => work.await,
    }
}

/// Stops the branches that are left as soon as the value is known.
struct Policy {
    kind: ForkKind,
    on_error: ForkOnError,
    decided: Option<Datum>,
    ends: Vec<End>,
    /// Whether it came to its end from outside.
    stopped: bool,
}

impl Joiner<Datum, End> for Policy {
    type Output = Policy;

    fn settle(&mut self, index: usize, outcome: Outcome<Datum, End>) -> ControlFlow<CancelReason> {
        let end = match outcome {
            Ok(value) => End::Done(value),
            Err(TaskError::Failed(end)) => match &*end {
                End::Failed(failure) => End::Failed(failure.clone()),
                End::TimedOut => End::TimedOut,
                End::Done(_) | End::Cancelled => End::Cancelled,
            },
            Err(TaskError::Panicked(panic)) => End::Failed(panicked(panic.message())),
            Err(TaskError::TimedOut | TaskError::Cancelled(_)) => End::Cancelled,
        };
        let flow = match (&end, self.kind, self.on_error) {
            _ if self.decided.is_some() => ControlFlow::Continue(()),
            (End::Done(value), ForkKind::Race, _) => {
                self.decided = Some(value.clone());
                ControlFlow::Break(CancelReason::new(
                    CancelSource::RaceLost,
                    "another branch was first",
                ))
            }
            (End::Failed(failure), _, ForkOnError::FailFast) => {
                self.decided = Some(failure.clone());
                ControlFlow::Break(CancelReason::new(
                    CancelSource::SiblingFailed,
                    "another branch failed",
                ))
            }
            _ => ControlFlow::Continue(()),
        };
        if let Some(place) = self.ends.get_mut(index) {
            *place = end;
        }
        flow
    }

    fn finish(self, ending: Ending) -> Policy {
        let stopped = matches!(ending, Ending::TimedOut | Ending::Cancelled(_));
        Policy { stopped, ..self }
    }
}

fn value(step: &FunctionStep, fork: &Fork, policy: Policy) -> Datum {
    if let Some(decided) = policy.decided {
        return decided;
    }
    let ends = policy.ends;
    let timed_out = ends.iter().any(|end| matches!(end, End::TimedOut));
    match (timed_out, fork.partial, fork.kind) {
        (true, false, _) => timeout_error(step, fork, &ends),
        (true, true, ForkKind::Race) => Datum::None,
        (false, _, ForkKind::Race) => {
            let failures = ends.into_iter().filter_map(|end| match end {
                End::Failed(failure) => Some(failure),
                _ => None,
            });
            let message = format!("every branch of `{}` failed", step.id);
            let failures = Datum::List(failures.collect());
            Datum::record("RaceError", [("message", Datum::text(message)), ("failures", failures)])
        }
        (_, _, ForkKind::Parallel) => record(step, fork, &ends),
    }
}

fn timeout_error(step: &FunctionStep, fork: &Fork, ends: &[End]) -> Datum {
    let time = fork.timeout.unwrap_or_default();
    let unfinished = fork
        .branches
        .iter()
        .zip(ends)
        .filter(|(_, end)| matches!(end, End::TimedOut))
        .map(|(branch, _)| Datum::Text(branch.id.clone()));
    Datum::record(
        "TimeoutError",
        [
            ("message", Datum::text(format!("`{}` took longer than {time:?}", step.id))),
            ("timeout_ms", Datum::Int(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))),
            ("unfinished", Datum::List(unfinished.collect())),
        ],
    )
}

/// One slot for each branch in the order written, and the views of it.
fn record(step: &FunctionStep, fork: &Fork, ends: &[End]) -> Datum {
    let collects = fork.on_error == ForkOnError::CollectAll;
    let (mut fields, mut successes, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for (branch, end) in fork.branches.iter().zip(ends) {
        let (slot, kind, error) = match end {
            End::Done(value) => {
                successes.push(value.clone());
                fields.push((branch.id.clone(), value.clone()));
                continue;
            }
            End::Failed(failure) => (failure.clone(), "error", failure.clone()),
            End::TimedOut => (timeout_error(step, fork, ends), "timeout", Datum::None),
            End::Cancelled => (Datum::None, "cancelled", Datum::None),
        };
        fields.push((branch.id.clone(), if collects { slot } else { Datum::None }));
        failures.push(Datum::map(vec![
            ("branch".into(), Datum::Text(branch.id.clone())),
            ("kind".into(), Datum::text(kind)),
            ("error".into(), error),
        ]));
    }
    let aliases =
        fork.branches.iter().map(|branch| branch.steps.last().and_then(|last| last.output.clone()));
    let ended = Ended {
        aliases: aliases.collect(),
        successes: Datum::List(successes.into()),
        failures: Datum::List(failures.into()),
    };
    Datum::Record(Arc::new(Record { kind: None, fields, ended: Some(ended) }))
}
