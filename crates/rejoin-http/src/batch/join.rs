//! The ways to join a batch.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt};
use rejoin::{Completed, Map, ScopeError, Won};

use super::attempt::Job;
use super::jobs::{Jobs, Kept};
use super::{Batch, Outcome, RequestSpec};

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
            let mut outcomes = Outcomes::new(completed, kept.clone(), ahead);
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

    /// The first to end, well or not; the others are stopped. Also known as `first_settled`. Of a long
    /// list so many take part as are [pulled ahead](Self::look_ahead).
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
        let (ahead, jobs) = Jobs::of(self);
        Ok(Map::new(jobs, judged).limit(ahead).race().await?.value)
    }

    /// The first good one; the others are stopped. Also known as `first_ok`. A list may be of any
    /// length: it is pulled no further than to the winner. Those that were not good are kept until
    /// there is one.
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
        let (ahead, jobs) = Jobs::of(self);
        Ok(Map::new(jobs, judged).limit(ahead).any().await?.value)
    }

    /// The first `k` good ones, in the order written; the others are stopped. A list is pulled as by
    /// [`any`](Self::any).
    ///
    /// # Errors
    ///
    /// The outcomes that are not good, if they are too many, or there were fewer than `k` requests.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests.
    pub async fn quorum(self, k: usize) -> Result<Vec<Outcome>, ScopeError<Outcome>> {
        let (ahead, jobs) = Jobs::of(self);
        let won: Vec<Won<Outcome>> = Map::new(jobs, judged).limit(ahead).quorum(k).await?;
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
            let body = body(Outcomes::new(completed, kept, ahead));
            async move { Ok(body.await) }
        })
        .await
    }

    /// As [`as_completed`](Self::as_completed), and `more` requests follow those of the batch, whenever
    /// they come: from a pipe, a queue, another batch. It ends when the stream has ended, or with the
    /// [time of the batch](Self::timeout). What has come is under way while the next is waited for. For [`in_order`](Self::in_order) there is
    /// [`Outcomes::in_order`].
    ///
    /// ```
    /// use futures_util::stream;
    /// use rejoin_http::{Batch, RequestSpec};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let arriving = stream::iter(["no URL", "nor this"]).map(RequestSpec::get);
    /// # use futures_util::StreamExt;
    /// let bad = Batch::new().as_completed_with(arriving, async |mut outcomes| {
    ///     let mut bad = 0;
    ///     while let Some(outcome) = outcomes.next().await {
    ///         bad += u32::from(!outcome.good);
    ///     }
    ///     bad
    /// });
    /// assert_eq!(bad.await.unwrap(), 2);
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// If the calling code was told to stop, and that interrupted the body.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests and drops the stream. Outcomes that the body has not taken are
    /// lost.
    pub async fn as_completed_with<S, F, Fut, R>(
        self,
        more: S,
        body: F,
    ) -> Result<R, ScopeError<Infallible>>
    where
        S: Stream<Item = RequestSpec> + Send + 'static,
        F: FnOnce(Outcomes) -> Fut,
        Fut: Future<Output = R>,
    {
        self.as_completed(|outcomes| body(outcomes.with(more))).await
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
        self.as_completed(|outcomes| body(outcomes.in_order())).await
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
    ahead: NonZeroUsize,
    /// Requests that follow those of the batch; none if it has ended.
    more: Option<More>,
}

type More = Pin<Box<dyn Stream<Item = RequestSpec> + Send>>;

impl Outcomes {
    fn new(
        completed: Completed<Kept, Outcome, Infallible>,
        kept: Kept,
        ahead: NonZeroUsize,
    ) -> Outcomes {
        Outcomes { completed, kept, ahead, more: None }
    }

    fn with(mut self, more: impl Stream<Item = RequestSpec> + Send + 'static) -> Outcomes {
        // What has come when the time is up has an outcome, and what comes later none.
        self.more = Some(match self.kept.ends() {
            Some(ends) => Box::pin(more.take_until(tokio::time::sleep_until(ends))),
            None => Box::pin(more),
        });
        self
    }

    /// The next to have ended; `None` when all were handed out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped: the outcome comes with the next call.
    pub async fn next(&mut self) -> Option<Outcome> {
        loop {
            self.completed.fill();
            // If there is room, all of the batch's own are under way or done.
            let has_room = self.completed.under_way() < self.ahead.get();
            let Some(more) = self.more.as_mut().filter(|_| has_room) else {
                return self.next_started().await;
            };
            let came = if self.completed.under_way() == 0 {
                more.next().await
            } else {
                match select(pin!(self.completed.next_started()), more.next()).await {
                    Either::Left((ended, _)) => {
                        let (index, ended) = ended?;
                        return Some(self.kept.settle(index, ended));
                    }
                    Either::Right((came, _)) => came,
                }
            };
            match came {
                Some(spec) => self.completed.start(self.kept.add(spec)),
                None => self.more = None,
            }
        }
    }

    /// As [`next`](Self::next), and pulls no request.
    async fn next_started(&mut self) -> Option<Outcome> {
        let (index, ended) = self.completed.next_started().await?;
        Some(self.kept.settle(index, ended))
    }

    /// From now on in the order written, as [`Batch::in_order`] gives them. Before the first was taken.
    pub fn in_order(self) -> InOrder {
        InOrder { ahead: self.ahead, outcomes: self, early: BTreeMap::new(), at: 0 }
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

    /// What has ended before its turn, in the order written, for who does not wait for the rest.
    pub fn into_early(self) -> impl Iterator<Item = Outcome> {
        self.early.into_values()
    }
}
