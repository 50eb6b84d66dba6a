//! [`Batch`]: many requests at once, and how they are joined.

mod attempt;
mod outcome;
mod spec;

use std::collections::HashMap;
use std::convert::Infallible;
use std::num::NonZeroU32;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rejoin::breaker::{CircuitBreaker, Trip};
use rejoin::limit::ConcurrencyLimit;
use rejoin::retry::{Backoff, Hedge, Retry as RetryPolicy, RetryBudget};
use rejoin::{Completed, Instant, ScopeError, TaskError, Won};

use self::attempt::{Host, Job};
pub use self::outcome::{Failed, Outcome};
pub use self::spec::{RequestSpec, StatusPolicy};
use crate::client::Client;

/// Many requests that are sent at once, within limits, and joined in one of several ways.
///
/// ```no_run
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use rejoin_http::Batch;
///
/// # async fn example() {
/// let outcomes = Batch::new()
///     .get("https://site-a.example/")
///     .post("https://site-b.example/", "body")
///     .limit(NonZeroU32::new(16).unwrap())
///     .timeout(Duration::from_secs(20))
///     .all()
///     .await;
/// for outcome in outcomes {
///     match &outcome.result {
///         Ok(response) => println!("{}: {}", outcome.url, response.status),
///         Err(why) => println!("{}: {why}", outcome.url),
///     }
/// }
/// # }
/// ```
///
/// * [`all`](Self::all) keeps every outcome, [`gather`](Self::gather) stops at the first that is not
///   good, [`race`](Self::race) takes the first to end, [`any`](Self::any) the first good one,
///   [`quorum`](Self::quorum) the first *k* good ones, and
///   [`as_completed`](Self::as_completed) gives each as soon as it is there.
/// * A request without a response, and a URL that cannot be read, is an outcome of its own and
///   disturbs no other. A response of any status is a response; the [`StatusPolicy`] says which of
///   them are *good*, 2xx if nothing else is said.
/// * Requests beyond the limits wait, in the order written, first for their host and then for the
///   batch, so that a busy host does not hold up the others. A pause between attempts holds no place.
///   What a redirect leads to counts for the host that was asked.
/// * Requests that were told to stop are awaited: when a method returns, nothing of the batch is
///   under way, and the connections of the losers are closed. What a server has received it may have
///   acted on all the same.
/// * Equal requests are sent as often as they are written.
#[derive(Clone, Debug)]
#[must_use = "a batch sends nothing until it is joined"]
pub struct Batch {
    client: Option<Client>,
    specs: Vec<RequestSpec>,
    limit: NonZeroU32,
    per_host: NonZeroU32,
    timeout: Option<Duration>,
    retries: u32,
    backoff: Backoff,
    budget: Option<RetryBudget>,
    hedge: Option<Hedge>,
    breaker: Option<Trip>,
    expect: StatusPolicy,
}

const LIMIT: NonZeroU32 = NonZeroU32::new(32).expect("it is not zero");
const PER_HOST: NonZeroU32 = NonZeroU32::new(6).expect("it is not zero");
const RETRIES: u32 = 2;

impl Batch {
    /// A batch of nothing: 32 requests at once, 6 for one host, two retries where they are safe.
    pub fn new() -> Batch {
        Batch {
            client: None,
            specs: Vec::new(),
            limit: LIMIT,
            per_host: PER_HOST,
            timeout: None,
            retries: RETRIES,
            backoff: Backoff::exponential(Duration::from_millis(500))
                .most(Duration::from_secs(20))
                .jitter(1.0),
            budget: None,
            hedge: None,
            breaker: None,
            expect: StatusPolicy::Success,
        }
    }

    /// Adds a GET request.
    pub fn get(self, url: &str) -> Batch {
        self.request(RequestSpec::get(url))
    }

    /// Adds a HEAD request.
    pub fn head(self, url: &str) -> Batch {
        self.request(RequestSpec::new(http::Method::HEAD, url))
    }

    /// Adds a DELETE request.
    pub fn delete(self, url: &str) -> Batch {
        self.request(RequestSpec::new(http::Method::DELETE, url))
    }

    /// Adds a POST request with `body`.
    pub fn post(self, url: &str, body: impl Into<bytes::Bytes>) -> Batch {
        self.request(RequestSpec::new(http::Method::POST, url).body(body))
    }

    /// Adds a PUT request with `body`.
    pub fn put(self, url: &str, body: impl Into<bytes::Bytes>) -> Batch {
        self.request(RequestSpec::new(http::Method::PUT, url).body(body))
    }

    /// Adds a PATCH request with `body`.
    pub fn patch(self, url: &str, body: impl Into<bytes::Bytes>) -> Batch {
        self.request(RequestSpec::new(http::Method::PATCH, url).body(body))
    }

    /// Adds any request.
    pub fn request(mut self, spec: impl Into<RequestSpec>) -> Batch {
        self.specs.push(spec.into());
        self
    }

    /// How many requests it has.
    pub fn len(&self) -> usize {
        self.specs.len()
    }

    /// Whether it has no requests.
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// The client that sends them; one of its own if not set. One client for many batches shares
    /// its connections.
    pub fn client(mut self, client: &Client) -> Batch {
        self.client = Some(client.clone());
        self
    }

    /// How many requests may be under way at once; 32 if not set.
    pub fn limit(mut self, limit: NonZeroU32) -> Batch {
        self.limit = limit;
        self
    }

    /// How many requests to one host and port may be under way at once; 6 if not set.
    pub fn per_host(mut self, limit: NonZeroU32) -> Batch {
        self.per_host = limit;
        self
    }

    /// How long all of it may take. What has not ended then ends as [`Failed::TimedOut`], or with
    /// the client's error that says what it was doing.
    pub fn timeout(mut self, timeout: Duration) -> Batch {
        self.timeout = Some(timeout);
        self
    }

    /// How often a request is tried again, 2 if not set: after an error that is
    /// [safe to repeat](crate::Retry), and, if the method is idempotent, after status 408, 425, 429,
    /// 500, 502, 503 and 504. The pause grows from half a second to 20 at most and is left to chance
    /// as a whole; a longer one that `retry-after` asks for is kept. No pause goes beyond a deadline.
    pub fn retries(mut self, retries: u32) -> Batch {
        self.retries = retries;
        self
    }

    /// Another backoff for the retries.
    pub fn backoff(mut self, backoff: Backoff) -> Batch {
        self.backoff = backoff;
        self
    }

    /// Another budget for the retries, which other batches may share; a fifth of the requests if not
    /// set, and ten in any case.
    pub fn retry_budget(mut self, budget: RetryBudget) -> Batch {
        self.budget = Some(budget);
        self
    }

    /// Sends another copy of a request that is slow, if its method is idempotent.
    pub fn hedge(mut self, hedge: Hedge) -> Batch {
        self.hedge = Some(hedge);
        self
    }

    /// Gives each host a circuit breaker of its own, for the time of the batch.
    pub fn breaker(mut self, trip: Trip) -> Batch {
        self.breaker = Some(trip);
        self
    }

    /// Which statuses are good; 2xx if not set.
    pub fn expect(mut self, expect: StatusPolicy) -> Batch {
        self.expect = expect;
        self
    }

    /// Every outcome, in the order written. Nothing stops the rest. Also known as `settle_all`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests; outcomes are lost.
    pub async fn all(self) -> Vec<Outcome> {
        let jobs = self.jobs();
        let outcomes = rejoin::wait(jobs.iter().map(|job| never_failing(job.clone()))).await;
        jobs.iter().zip(outcomes).map(|(job, outcome)| settled(job, outcome)).collect()
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
        rejoin::gather(self.jobs().into_iter().map(judged)).await
    }

    /// The first to end, well or not; the others are stopped. Also known as `first_settled`.
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
        Ok(rejoin::race(self.jobs().into_iter().map(judged)).await?.value)
    }

    /// The first good one; the others are stopped. Also known as `first_ok`.
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
        Ok(rejoin::any(self.jobs().into_iter().map(judged)).await?.value)
    }

    /// The first `k` good ones, in the order written; the others are stopped.
    ///
    /// # Errors
    ///
    /// The outcomes that are not good, if they are too many, or there were fewer than `k` requests.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops all requests.
    pub async fn quorum(self, k: usize) -> Result<Vec<Outcome>, ScopeError<Outcome>> {
        let won: Vec<Won<Outcome>> = rejoin::quorum(k, self.jobs().into_iter().map(judged)).await?;
        Ok(won.into_iter().map(|won| won.value).collect())
    }

    /// Gives `body` each outcome as soon as it is there. When the body has returned, what is still
    /// under way is stopped and awaited.
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
        let jobs = self.jobs();
        let started: Vec<Running> =
            jobs.iter().map(|job| Box::pin(never_failing(job.clone())) as Running).collect();
        // Requests wait for places of their own, so that those to a busy host hold up no others.
        let all = NonZeroUsize::new(jobs.len()).unwrap_or(NonZeroUsize::MIN);
        rejoin::as_completed(started, all, |completed| {
            let body = body(Outcomes { completed, jobs });
            async move { Ok(body.await) }
        })
        .await
    }

    /// What is needed to run each request.
    fn jobs(self) -> Vec<Arc<Job>> {
        let client = self.client.unwrap_or_default();
        let limit = ConcurrencyLimit::new(self.limit);
        // A fifth of the requests, and a few for those batches of which that is nothing.
        let budget = self.budget.unwrap_or_else(|| RetryBudget::new(0.2, 10));
        let ends = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut hosts: HashMap<(bool, String, u16), Host> = HashMap::new();
        let specs = self.specs.into_iter().enumerate();
        specs
            .map(|(index, spec)| {
                let host = spec.request.as_ref().ok().map(|request| {
                    let url = request.url();
                    let key = (url.is_https(), url.host().to_ascii_lowercase(), url.port());
                    let host = hosts.entry(key).or_insert_with(|| Host {
                        limit: ConcurrencyLimit::new(self.per_host),
                        breaker: self.breaker.map(CircuitBreaker::new),
                    });
                    host.clone()
                });
                let attempts = spec.retries.unwrap_or(self.retries).saturating_add(1);
                let retry = RetryPolicy::new(attempts).backoff(self.backoff);
                Arc::new(Job {
                    index,
                    client: client.clone(),
                    expect: spec.expect.clone().unwrap_or_else(|| self.expect.clone()),
                    spec,
                    limit: limit.clone(),
                    host,
                    retry: retry.budget(budget.clone()),
                    hedge: self.hedge.clone(),
                    ends,
                })
            })
            .collect()
    }
}

type Running = std::pin::Pin<Box<dyn Future<Output = Result<Outcome, Infallible>> + Send>>;

async fn never_failing(job: Arc<Job>) -> Result<Outcome, Infallible> {
    Ok(job.run().await)
}

async fn judged(job: Arc<Job>) -> Result<Outcome, Outcome> {
    let outcome = job.run().await;
    if outcome.good { Ok(outcome) } else { Err(outcome) }
}

fn settled(job: &Job, outcome: Result<Outcome, TaskError<Infallible>>) -> Outcome {
    outcome.unwrap_or_else(|error| {
        job.outcome(
            0,
            match error {
                TaskError::TimedOut => Err(Failed::TimedOut),
                TaskError::Cancelled(reason) => Err(Failed::Cancelled(reason)),
                TaskError::Panicked(panic) => Err(Failed::Panicked(panic)),
                TaskError::Failed(never) => match *never {},
            },
        )
    })
}

/// Outcomes in the order of completion; [`Batch::as_completed`] gives it to its body.
#[derive(Debug)]
pub struct Outcomes {
    completed: Completed<std::vec::IntoIter<Running>, Outcome, Infallible>,
    jobs: Vec<Arc<Job>>,
}

impl Outcomes {
    /// The next to have ended; `None` when all were handed out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped: the outcome comes with the next call.
    pub async fn next(&mut self) -> Option<Outcome> {
        let (index, outcome) = self.completed.next().await?;
        Some(settled(&self.jobs[index], outcome))
    }
}

impl Default for Batch {
    fn default() -> Batch {
        Batch::new()
    }
}

impl<S: Into<RequestSpec>> FromIterator<S> for Batch {
    fn from_iter<I: IntoIterator<Item = S>>(specs: I) -> Batch {
        let mut batch = Batch::new();
        batch.extend(specs);
        batch
    }
}

impl<S: Into<RequestSpec>> Extend<S> for Batch {
    fn extend<I: IntoIterator<Item = S>>(&mut self, specs: I) {
        self.specs.extend(specs.into_iter().map(Into::into));
    }
}
