//! `parallel` and `race`: what the branches of a function come to.

use std::sync::Arc;
use std::time::Duration;

use rejoin_lang::plan::{Fork, ForkBranch, ForkKind, ForkOnError, FunctionStep};

use super::Datum;
use super::exec::{Exit, Frame, Run, fault, panicked};
use super::record::{Ended, Record};
use crate::alive;
use crate::fork_policy::{self, Decision, Forked};
use crate::task;

type End = fork_policy::End<Datum, Datum>;

/// Runs the branches to the value of the block. Each has ended when this returns.
pub(super) async fn run(run: &Run, frame: &Frame, step: &FunctionStep, fork: &Fork) -> Datum {
    let count = fork.branches.len();
    let at_once = fork.policy.limit.map_or(count, |limit| count.min(limit.get() as usize));
    let Some(_places) = run.alive.take(at_once, run.depth) else {
        return fault("E-RT-BRANCHES", step, alive::too_many(run.depth));
    };
    let start = |index: usize| {
        let branch = &fork.branches[index];
        let held_back =
            run.bench.as_ref().map_or(Duration::ZERO, |bench| bench.held_back(&branch.id));
        self::branch(run.branch(), frame.clone(), branch.clone(), held_back)
    };
    value(step, fork, fork_policy::run(&fork.policy, count, start, panicked).await)
}

async fn branch(
    run: Run,
    mut frame: Frame,
    branch: ForkBranch,
    held_back: Duration,
) -> Result<Datum, Datum> {
    let ended = run.guests.beside(run.steps(&mut frame, &branch.steps)).await;
    run.guests.end().await;
    if let Some(bench) = &run.bench {
        task::rest(held_back).await;
        bench.ended(&branch.id);
    }
    match ended {
        Ok(value) | Err(Exit::Return(value)) if !value.is_failure() => Ok(value),
        Ok(failure) | Err(Exit::Return(failure) | Exit::Failed(failure)) => Err(failure),
    }
}

fn value(step: &FunctionStep, fork: &Fork, forked: Forked<Datum, Datum>) -> Datum {
    let Forked { decision, mut ends } = forked;
    match decision {
        Decision::Won(index) | Decision::Failed(index) => match ends.swap_remove(index) {
            End::Done(value) | End::Failed(value) => value,
            End::TimedOut | End::Cancelled => Datum::None,
        },
        Decision::TimedOut => timeout_error(step, fork, &ends),
        Decision::AllFailed => {
            let failures = ends.into_iter().filter_map(|end| match end {
                End::Failed(failure) => Some(failure),
                _ => None,
            });
            let message = format!("every branch of `{}` failed", step.id);
            let failures = Datum::List(failures.collect());
            Datum::record("RaceError", [("message", Datum::text(message)), ("failures", failures)])
        }
        Decision::Ended if fork.policy.kind == ForkKind::Parallel => record(step, fork, &ends),
        Decision::Ended => Datum::None,
    }
}

fn timeout_error(step: &FunctionStep, fork: &Fork, ends: &[End]) -> Datum {
    let time = fork.policy.timeout.unwrap_or_default();
    let unfinished = fork
        .branches
        .iter()
        .zip(ends)
        .filter(|(_, end)| matches!(end, End::TimedOut))
        .map(|(branch, _)| Datum::text(branch.id.clone()));
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
    let collects = fork.policy.on_error == ForkOnError::CollectAll;
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
            ("branch".into(), Datum::text(branch.id.clone())),
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
    Datum::Record(Arc::new(Record { ended: Some(ended), ..Record::new(None, fields) }))
}
