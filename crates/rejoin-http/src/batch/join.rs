//! The ways to join a batch.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use rejoin::{Completed, Map, ScopeError, Won};

use super::attempt::Job;
use super::jobs::{Jobs, Kept};
use super::{Batch, Outcome};

impl Batch {
    /// Every outcome, in the order written. Nothing stops the rest. Also known as `settle_all`.
    ///
    /// If the calling code is told to stop, or its time is up, what had not ended has
    /// [`Failed::Cancelled`](super::Failed::Cancelled) or [`Failed::TimedOut`](super::Failed::TimedOut).
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests; outcomes are lost.
    pub async fn all(self) -> Vec<Outcome> {
        let (ahead, jobs) = Jobs::of(self);
        let kept = Kept::new(jobs);
        let mut all = Vec::new();
        let joined = rejoin::as_completed(kept.clone(), ahead, async |completed| {
            let mut outcomes = Outcomes { completed, kept: kept.clone() };
            while let Some(outcome) = outcomes.next().await {
                all.push(outcome);
            }
            Ok(())
        });
        let stopped = joined.await.err();
        if let Some(error) = stopped {
            all.extend(kept.rest(&error.into_task_error()));
        }
        all.sort_unstable_by_key(|outcome| outcome.index);
        all
    }

    /// Every outcome, in the order written, if all are good. The first that is not stops the rest.
    /// Also known as `try_all`.
    ///
    /// # Errors
    ///
    /// The outcomes that are not good, the deciding one marked.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests; outcomes are lost.
    pub async fn gather(self) -> Result<Vec<Outcome>, ScopeError<Outcome>> {
        let (ahead, jobs) = Jobs::of(self);
        Map::new(jobs, judged).limit(ahead).gather().await
    }

    /// The first to end, well or not; the others are stopped. Also known as `first_settled`. All
    /// requests are pulled at once.
    ///
    /// # Errors
    ///
    /// The outcome that won, if it is not good, as the deciding failure. Of an empty batch,
    /// [`Cause::Empty`](rejoin::Cause::Empty).
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests.
    pub async fn race(self) -> Result<Outcome, ScopeError<Outcome>> {
        let (_, jobs) = Jobs::of(self);
        Ok(rejoin::race(jobs.map(judged)).await?.value)
    }

    /// The first good one; the others are stopped. Also known as `first_ok`. All requests are pulled
    /// at once.
    ///
    /// # Errors
    ///
    /// Every outcome in the order written, if none is good. Of an empty batch,
    /// [`Cause::Empty`](rejoin::Cause::Empty).
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests.
    pub async fn any(self) -> Result<Outcome, ScopeError<Outcome>> {
        let (_, jobs) = Jobs::of(self);
        Ok(rejoin::any(jobs.map(judged)).await?.value)
    }

    /// The first `k` good ones, in the order written; the others are stopped. All requests are pulled
    /// at once.
    ///
    /// # Errors
    ///
    /// The outcomes that are not good, if they are too many, or there were fewer than `k` requests.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests.
    pub async fn quorum(self, k: usize) -> Result<Vec<Outcome>, ScopeError<Outcome>> {
        let (_, jobs) = Jobs::of(self);
        let won: Vec<Won<Outcome>> = rejoin::quorum(k, jobs.map(judged)).await?;
        Ok(won.into_iter().map(|won| won.value).collect())
    }

    /// Gives `body` each outcome as soon as it is there. When the body has returned, what is still
    /// under way is stopped and awaited. Nothing is kept of an outcome that was taken, so a list
    /// may be as long as it likes; a body that is slow slows the requests down.
    ///
    /// # Errors
    ///
    /// If the calling code was told to stop, and that interrupted the body.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests. Outcomes that the body has not taken are lost.
    pub async fn as_completed<F, Fut, R>(self, body: F) -> Result<R, ScopeError<Infallible>>
    where
        F: FnOnce(Outcomes) -> Fut,
        Fut: Future<Output = R>,
    {
        let (ahead, jobs) = Jobs::of(self);
        let kept = Kept::new(jobs);
        rejoin::as_completed(kept.clone(), ahead, |completed| {
            let body = body(Outcomes { completed, kept });
            async move { Ok(body.await) }
        })
        .await
    }

    /// As [`as_completed`](Self::as_completed), but in the order written. What has ended before its
    /// turn is kept, [so many](Self::look_ahead) at most; nothing new is begun then until the one that
    /// is waited for has ended.
    ///
    /// # Errors
    ///
    /// If the calling code was told to stop, and that interrupted the body.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests. Outcomes that the body has not taken are lost.
    pub async fn in_order<F, Fut, R>(self, body: F) -> Result<R, ScopeError<Infallible>>
    where
        F: FnOnce(InOrder) -> Fut,
        Fut: Future<Output = R>,
    {
        let ahead = self.look_ahead;
        self.as_completed(|outcomes| {
            body(InOrder { outcomes, early: BTreeMap::new(), ahead, at: 0 })
        })
        .await
    }
}

async fn judged(job: Arc<Job>) -> Result<Outcome, Outcome> {
    let outcome = job.run().await;
    if outcome.good { Ok(outcome) } else { Err(outcome) }
}

/// Outcomes in the order of completion; [`Batch::as_completed`] gives it to its body.
pub struct Outcomes {
    completed: Completed<Kept, Outcome, Infallible>,
    kept: Kept,
}

impl Outcomes {
    /// The next to have ended; `None` when all were handed out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped: the outcome comes with the next call.
    pub async fn next(&mut self) -> Option<Outcome> {
        let (index, ended) = self.completed.next().await?;
        Some(self.kept.settle(index, ended))
    }

    /// As [`next`](Self::next), and pulls no request.
    async fn next_started(&mut self) -> Option<Outcome> {
        let (index, ended) = self.completed.next_started().await?;
        Some(self.kept.settle(index, ended))
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcomes").field("completed", &self.completed).finish_non_exhaustive()
    }
}

/// Outcomes in the order written; [`Batch::in_order`] gives it to its body.
#[derive(Debug)]
pub struct InOrder {
    outcomes: Outcomes,
    /// What has ended before its turn.
    early: BTreeMap<usize, Outcome>,
    ahead: NonZeroUsize,
    at: usize,
}

impl InOrder {
    /// The next in the order written; `None` when all were handed out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped: the outcome comes with the next call.
    pub async fn next(&mut self) -> Option<Outcome> {
        loop {
            if let Some(outcome) = self.early.remove(&self.at) {
                self.at += 1;
                return Some(outcome);
            }
            let outcome = match self.early.len() < self.ahead.get() {
                true => self.outcomes.next().await?,
                false => self.outcomes.next_started().await?,
            };
            self.early.insert(outcome.index, outcome);
        }
    }
}
