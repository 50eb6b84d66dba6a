//! The policies of forks, on one join of the library: what stops the branches that are left, and what has been decided.
//!
//! Blocks of `.wp` programs and steps of `.cov` functions make their own values of it.

use std::future::Future;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use rejoin::{
    CancelReason, CancelSource, Ending, Instant, Joiner, Map, Outcome, TaskError, join_with,
    timeout_at,
};
use rejoin_lang::plan::{ForkKind, ForkOnError, ForkPolicy};

/// How a branch ended.
#[derive(Debug)]
pub(crate) enum End<V, F> {
    Done(V),
    Failed(F),
    TimedOut,
    /// Stopped because another branch decided, or done too late to count.
    Cancelled,
}

/// What the branches have come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The result is made of the branches as they ended.
    Ended,
    /// The value of this branch is that of the fork.
    Won(usize),
    /// The failure of this branch is that of the fork.
    Failed(usize),
    /// Too many failed.
    AllFailed,
    /// The time was up, and that is an error.
    TimedOut,
}

/// A fork all of whose branches have ended.
pub(crate) struct Forked<V, F> {
    pub(crate) decision: Decision,
    /// One for each branch, in the order written.
    pub(crate) ends: Vec<End<V, F>>,
}

/// Runs the branches under a policy. Each has ended when this returns; it does not return if something further out was
/// stopped, whose rules apply then: whoever stopped it drops it here, and no step must come after.
pub(crate) async fn run<V, F, B>(
    policy: &ForkPolicy,
    count: usize,
    mut branch: impl FnMut(usize) -> B,
    panicked: impl Fn(&str) -> F,
) -> Forked<V, F>
where
    V: Send + 'static,
    F: Clone + Send + Sync + 'static,
    B: Future<Output = Result<V, F>> + Send + 'static,
{
    let deadline = policy.timeout.map(|timeout| Instant::now() + timeout);
    let joiner = Policy {
        policy: policy.clone(),
        panicked,
        decision: None,
        done: 0,
        failed: 0,
        was_stopped: false,
        ends: (0..count).map(|_| End::Cancelled).collect(),
    };
    let joined = match policy.limit {
        None => join_with((0..count).map(|index| bounded(branch(index), deadline)), joiner).await,
        // What has to wait for its turn is not there before.
        Some(limit) => {
            let limit = NonZeroUsize::try_from(limit).unwrap_or(NonZeroUsize::MAX);
            let in_turn = Map::new(0..count, |index| bounded(branch(index), deadline)).limit(limit);
            in_turn.join_with(joiner).await
        }
    };
    if joined.was_stopped {
        return std::future::pending().await;
    }
    joined.settled()
}

/// A branch within the time of all. One whose turn comes too late does nothing; one that fails when the time is up has only noticed
/// that first, as calls do that know the deadline around them.
async fn bounded<V, F>(
    branch: impl Future<Output = Result<V, F>>,
    deadline: Option<Instant>,
) -> Result<V, Option<F>> {
    let Some(deadline) = deadline else { return branch.await.map_err(Some) };
    if Instant::now() >= deadline {
        return Err(None);
    }
    // Boxed, so that branches without a time-out need not carry room for it.
    let in_time = Box::pin(timeout_at(deadline, async {
        branch.await.map_err(|failure| (Instant::now() < deadline).then_some(failure))
    }));
    in_time.await.unwrap_or(Err(None))
}

struct Policy<V, F, P> {
    policy: ForkPolicy,
    panicked: P,
    decision: Option<Decision>,
    done: usize,
    failed: usize,
    /// Whether it came to its end from outside.
    was_stopped: bool,
    ends: Vec<End<V, F>>,
}

impl<V, F, P> Policy<V, F, P> {
    /// What the branch at `index`, which ended so, decides.
    fn decides(&mut self, index: usize, end: &End<V, F>) -> Option<Decision> {
        match end {
            End::Done(_) => self.done += 1,
            End::Failed(_) => self.failed += 1,
            End::TimedOut | End::Cancelled => return None,
        }
        let is_done = matches!(end, End::Done(_));
        match self.policy.kind {
            ForkKind::Parallel if is_done => None,
            ForkKind::Parallel => {
                let fails_fast = self.policy.on_error == ForkOnError::FailFast;
                fails_fast.then_some(Decision::Failed(index))
            }
            ForkKind::Race | ForkKind::Any if is_done => Some(Decision::Won(index)),
            ForkKind::Race => Some(Decision::Failed(index)),
            ForkKind::Any => None,
            ForkKind::Quorum(wanted) => {
                let wanted = wanted as usize;
                let enough = self.done >= wanted;
                let hopeless = self.ends.len() - self.failed < wanted;
                enough.then_some(Decision::Ended).or(hopeless.then_some(Decision::AllFailed))
            }
        }
    }

    fn settled(self) -> Forked<V, F> {
        let is_late = self.ends.iter().any(|end| matches!(end, End::TimedOut));
        let decision = self.decision.unwrap_or(match (self.policy.kind, is_late) {
            (ForkKind::Parallel, false) => Decision::Ended,
            (_, false) => Decision::AllFailed,
            (_, true) if self.policy.partial => Decision::Ended,
            (_, true) => Decision::TimedOut,
        });
        Forked { decision, ends: self.ends }
    }
}

impl<V, F: Clone, P: Fn(&str) -> F> Joiner<V, Option<F>> for Policy<V, F, P> {
    type Output = Self;

    fn settle(
        &mut self,
        index: usize,
        outcome: Outcome<V, Option<F>>,
    ) -> ControlFlow<CancelReason> {
        let end = match outcome {
            // Who came too late has not won.
            Ok(_) if self.decision.is_some() => End::Cancelled,
            Ok(value) => End::Done(value),
            Err(TaskError::Failed(failure)) => match &*failure {
                Some(failure) => End::Failed(failure.clone()),
                None => End::TimedOut,
            },
            Err(TaskError::Panicked(panic)) => End::Failed((self.panicked)(panic.message())),
            Err(TaskError::TimedOut | TaskError::Cancelled(_)) => End::Cancelled,
        };
        let mut flow = ControlFlow::Continue(());
        if self.decision.is_none() {
            self.decision = self.decides(index, &end);
            if let Some(decision) = self.decision {
                flow = ControlFlow::Break(reason(decision));
            }
        }
        if let Some(place) = self.ends.get_mut(index) {
            *place = end;
        }
        flow
    }

    fn finish(self, ending: Ending) -> Self {
        let was_stopped = matches!(ending, Ending::TimedOut | Ending::Cancelled(_));
        Self { was_stopped, ..self }
    }
}

/// Why the branches that are left are stopped.
fn reason(decision: Decision) -> CancelReason {
    match decision {
        Decision::Failed(_) => {
            CancelReason::new(CancelSource::SiblingFailed, "another branch failed")
        }
        Decision::AllFailed => {
            CancelReason::new(CancelSource::SiblingFailed, "too many branches failed")
        }
        Decision::Won(_) | Decision::Ended | Decision::TimedOut => {
            CancelReason::new(CancelSource::RaceLost, "another branch was first")
        }
    }
}
