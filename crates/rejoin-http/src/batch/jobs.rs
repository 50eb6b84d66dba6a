//! [`Jobs`]: the requests of a batch, made ready one by one.

use std::collections::HashMap;
use std::convert::Infallible;
use std::iter::{Chain, Flatten};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::IntoIter;

use rejoin::limit::ConcurrencyLimit;
use rejoin::retry::RetryBudget;
use rejoin::{Instant, Outcome as TaskOutcome, TaskError};

use super::attempt::{Job, Shared};
use super::places::Places;
use super::{Batch, Failed, List, Outcome, RequestSpec};

/// A request under way, whose end is its outcome.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<Outcome, Infallible>> + Send>>;

/// Numbers requests as they are pulled.
pub(super) struct Jobs {
    specs: Chain<IntoIter<RequestSpec>, Flatten<IntoIter<List>>>,
    /// How many they are, if all of them say so.
    count: Option<usize>,
    retries: u32,
    pulled: usize,
    shared: Arc<Shared>,
}

impl Jobs {
    /// How many may be pulled ahead, and the jobs.
    pub(super) fn of(batch: Batch) -> (NonZeroUsize, Jobs) {
        let count = batch.count();
        let places = Places {
            limit: ConcurrencyLimit::new(batch.limit),
            rate: batch.rate,
            per_host: batch.per_host,
            adaptive: batch.adaptive,
            breaker: batch.breaker,
            hosts: Mutex::default(),
        };
        let shared = Shared {
            client: batch.client.unwrap_or_default(),
            places,
            backoff: batch.backoff,
            // A fifth of the requests, and a few for those batches of which that is nothing.
            budget: batch.budget.unwrap_or_else(|| RetryBudget::new(0.2, 10)),
            hedge: batch.hedge,
            expect: batch.expect,
            hooks: batch.hooks,
            timeouts: batch.timeouts,
            max_response_bytes: batch.max_response_bytes,
            drops_bodies: batch.drops_bodies,
            ends: batch.timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        };
        let limit = usize::try_from(batch.limit.get()).unwrap_or(usize::MAX);
        let ahead = batch.look_ahead.max(NonZeroUsize::new(limit).unwrap_or(NonZeroUsize::MIN));
        let jobs = Jobs {
            specs: batch.specs.into_iter().chain(batch.lists.into_iter().flatten()),
            count,
            retries: batch.retries,
            pulled: 0,
            shared: Arc::new(shared),
        };
        (ahead, jobs)
    }
}

impl Iterator for Jobs {
    type Item = Arc<Job>;

    fn next(&mut self) -> Option<Arc<Job>> {
        let spec = self.specs.next()?;
        Some(self.job(spec))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.count {
            Some(count) => {
                let left = count.saturating_sub(self.pulled);
                (left, Some(left))
            }
            None => self.specs.size_hint(),
        }
    }
}

impl Jobs {
    fn job(&mut self, spec: RequestSpec) -> Arc<Job> {
        let index = self.pulled;
        self.pulled += 1;
        let attempts = spec.retries.unwrap_or(self.retries).saturating_add(1);
        // Every mirror gets a try.
        let places = u32::try_from(spec.mirrors.len() + 1).unwrap_or(u32::MAX);
        let attempts = attempts.max(places);
        Arc::new(Job { index, spec, attempts, shared: Arc::clone(&self.shared) })
    }
}

/// Jobs that remember which of them have no outcome yet, so that each gets one, whatever happens to
/// its task.
#[derive(Clone)]
pub(super) struct Kept(Arc<Mutex<Keeping>>);

struct Keeping {
    jobs: Jobs,
    under_way: HashMap<usize, Arc<Job>>,
}

impl Kept {
    pub(super) fn new(jobs: Jobs) -> Kept {
        Kept(Arc::new(Mutex::new(Keeping { jobs, under_way: HashMap::new() })))
    }

    /// When the time of the batch is up.
    pub(super) fn ends(&self) -> Option<Instant> {
        self.lock().jobs.shared.ends
    }

    /// One more, after those that were pulled.
    pub(super) fn add(&self, spec: RequestSpec) -> Running {
        let mut keeping = self.lock();
        let job = keeping.jobs.job(spec);
        keeping.start(job)
    }

    /// The outcome of the request whose task ended so.
    pub(super) fn settle(&self, index: usize, ended: TaskOutcome<Outcome, Infallible>) -> Outcome {
        let job = self.lock().under_way.remove(&index);
        ended.unwrap_or_else(|error| {
            let job = job.expect("what has started and was not settled is kept");
            job.outcome(0, Err(why(error)))
        })
    }

    /// Outcomes for all that have none: none of them will be run any more.
    pub(super) fn rest(&self, error: &TaskError<Infallible>) -> Vec<Outcome> {
        let mut keeping = self.lock();
        let under_way: Vec<_> = keeping.under_way.drain().map(|(_, job)| job).collect();
        let never_run = keeping.jobs.by_ref();
        under_way
            .into_iter()
            .chain(never_run)
            .map(|job| job.outcome(0, Err(why(error.clone()))))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Keeping> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Iterator for Kept {
    type Item = Running;

    fn next(&mut self) -> Option<Running> {
        let mut keeping = self.lock();
        let job = keeping.jobs.next()?;
        Some(keeping.start(job))
    }
}

impl Keeping {
    fn start(&mut self, job: Arc<Job>) -> Running {
        self.under_way.insert(job.index, Arc::clone(&job));
        Box::pin(async move { Ok(job.run().await) })
    }
}

fn why(error: TaskError<Infallible>) -> Failed {
    match error {
        TaskError::TimedOut => Failed::TimedOut,
        TaskError::Cancelled(reason) => Failed::Cancelled(reason),
        TaskError::Panicked(panic) => Failed::Panicked(panic),
        TaskError::Failed(never) => match *never {},
    }
}
