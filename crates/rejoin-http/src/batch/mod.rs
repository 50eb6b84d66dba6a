//! [`Batch`]: many requests at once, and how they are joined.

mod attempt;
mod jobs;
mod join;
mod outcome;
mod places;
mod prepare;
mod retry_after;
mod source;
mod spec;

use std::error::Error as StdError;
use std::fmt;
use std::io::BufRead;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::time::Duration;

use rejoin::breaker::Trip;
use rejoin::limit::RateLimit;
use rejoin::retry::{Backoff, Hedge, RetryBudget};

use self::attempt::Timeouts;
pub use self::join::{InOrder, Outcomes};
pub use self::outcome::{Failed, Outcome};
use self::prepare::Hooks;
pub use self::source::{Requests, SourceError};
pub use self::spec::{RequestSpec, StatusPolicy};
use crate::client::Client;
use crate::request::Request;

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
///   [`quorum`](Self::quorum) the first *k* good ones;
///   [`as_completed`](Self::as_completed) gives each as soon as it is there,
///   [`in_order`](Self::in_order) in the order written.
/// * A request without a response, and a URL that cannot be read, is an outcome of its own and
///   disturbs no other. A response of any status is a response; the [`StatusPolicy`] says which of
///   them are *good*, 2xx if nothing else is said.
/// * Requests beyond the limits wait, in the order written, first for their host and then for the
///   batch, so that a busy host does not hold up the others. A pause between attempts holds no place.
///   A redirect to another host gives the place back and waits for one there.
/// * Requests are [pulled](Self::requests) when there is room for them, [1,024](Self::look_ahead) ahead of
///   those that have ended: a list of millions costs no more memory than that, if its outcomes are taken
///   one by one.
/// * Requests that were told to stop are awaited: when a method returns, nothing of the batch is
///   under way, and the connections of the losers are closed. What a server has received it may have
///   acted on all the same.
/// * Equal requests are sent as often as they are written.
#[must_use = "a batch sends nothing until it is joined"]
pub struct Batch {
    client: Option<Client>,
    specs: Vec<RequestSpec>,
    lists: Vec<List>,
    limit: NonZeroU32,
    per_host: NonZeroU32,
    adaptive: Option<NonZeroU32>,
    rate: Option<RateLimit>,
    look_ahead: NonZeroUsize,
    timeouts: Timeouts,
    max_response_bytes: Option<usize>,
    drops_bodies: bool,
    timeout: Option<Duration>,
    retries: u32,
    backoff: Backoff,
    budget: Option<RetryBudget>,
    hedge: Option<Hedge>,
    breaker: Option<Trip>,
    expect: StatusPolicy,
    hooks: Hooks,
}

const LIMIT: NonZeroU32 = NonZeroU32::new(32).expect("it is not zero");
const PER_HOST: NonZeroU32 = NonZeroU32::new(6).expect("it is not zero");
const RETRIES: u32 = 2;
const LOOK_AHEAD: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not zero");
const TIMEOUTS: Timeouts =
    Timeouts { attempt: Request::DEFAULT_TIMEOUT, first_byte: None, idle: Duration::from_secs(15) };

/// Requests that are pulled when there is room for them.
type List = Box<dyn Iterator<Item = RequestSpec> + Send>;

impl Batch {
    /// A batch of nothing: 32 requests at once, 6 for one host, two retries where they are safe.
    pub fn new() -> Batch {
        Batch {
            client: None,
            specs: Vec::new(),
            lists: Vec::new(),
            limit: LIMIT,
            per_host: PER_HOST,
            adaptive: None,
            rate: None,
            look_ahead: LOOK_AHEAD,
            timeouts: TIMEOUTS,
            max_response_bytes: None,
            drops_bodies: false,
            timeout: None,
            retries: RETRIES,
            backoff: Backoff::exponential(Duration::from_millis(500))
                .most(Duration::from_secs(20))
                .jitter(1.0),
            budget: None,
            hedge: None,
            breaker: None,
            expect: StatusPolicy::Success,
            hooks: Hooks::default(),
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
        if self.lists.is_empty() {
            self.specs.push(spec.into());
            self
        } else {
            self.requests([spec.into()])
        }
    }

    /// Adds the requests of an iterator, which is asked for them when there is room. It must not
    /// block for long.
    ///
    /// ```
    /// use rejoin_http::{Batch, RequestSpec};
    ///
    /// let pages = (1..=1_000_000).map(|n| RequestSpec::get(&format!("http://127.0.0.1:9/{n}")));
    /// assert_eq!(Batch::new().requests(pages).count(), Some(1_000_000));
    /// ```
    pub fn requests<I>(mut self, specs: I) -> Batch
    where
        I: IntoIterator,
        I::Item: Into<RequestSpec> + 'static,
        I::IntoIter: Send + 'static,
    {
        self.lists.push(Box::new(specs.into_iter().map(Into::into)));
        self
    }

    /// Adds the requests of a file, as [`Requests`] reads them. A line that cannot be read is an
    /// outcome of its own.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub fn requests_from_file(self, path: impl AsRef<Path>) -> Result<Batch, SourceError> {
        Ok(self.requests(Requests::open(path.as_ref())?))
    }

    /// Adds the requests that `reader` has, as [`Requests`] reads them; `name` is what its errors
    /// call it.
    pub fn requests_from(self, reader: impl BufRead + Send + 'static, name: &str) -> Batch {
        self.requests(Requests::new(reader, name))
    }

    /// How many requests it has; `None` if a list does not say how long it is.
    pub fn count(&self) -> Option<usize> {
        self.lists.iter().try_fold(self.specs.len(), |sum, list| match list.size_hint() {
            (least, Some(most)) if least == most => sum.checked_add(least),
            _ => None,
        })
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

    /// Finds out how much each host can take: at most `most` requests to it at once, beginning with
    /// [`per_host`](Self::per_host). One more is allowed as requests go well, half as many when the host
    /// answers 429, 503 or 504 or is too late.
    pub fn adaptive(mut self, most: NonZeroU32) -> Batch {
        self.adaptive = Some(most);
        self
    }

    /// How many requests may start in so much time. Retries, copies and redirects count. Other
    /// batches may share the limit.
    pub fn rate(mut self, rate: RateLimit) -> Batch {
        self.rate = Some(rate);
        self
    }

    /// How many requests are pulled ahead of those that have ended, 1,024 if not set; at least as many
    /// as [may be under way](Self::limit). So many may wait for a busy host before they keep the
    /// next from others.
    pub fn look_ahead(mut self, requests: NonZeroUsize) -> Batch {
        self.look_ahead = requests;
        self
    }

    /// How long nothing may come in the middle of a response body, where a request says nothing
    /// else; 15 seconds if not set.
    pub fn idle_timeout(mut self, timeout: Duration) -> Batch {
        self.timeouts.idle = timeout;
        self
    }

    /// How long one attempt may take as a whole, where a request says nothing else; 30 seconds if not
    /// set. Waiting for a place does not count.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Batch {
        self.timeouts.attempt = timeout;
        self
    }

    /// How long a server may take to begin its answer, where a request says nothing else; as long as
    /// the attempt if not set.
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Batch {
        self.timeouts.first_byte = Some(timeout);
        self
    }

    /// How many bytes a response may have, where a request says nothing else; as
    /// [`Request::max_response_bytes`] says if not set. So much for each that is under way may be in memory.
    pub fn max_response_bytes(mut self, limit: usize) -> Batch {
        self.max_response_bytes = Some(limit);
        self
    }

    /// Lets go of each body when it has been read: for who wants to know how a request ended, and how many
    /// bytes came, of very many. Files are kept.
    pub fn drop_bodies(mut self) -> Batch {
        self.drops_bodies = true;
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
    /// as a whole; a longer one that `retry-after` asks for, in seconds or as a date, is kept. No pause
    /// goes beyond a deadline.
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

    /// Gives `hook` each request before it is sent, to be changed: for what must be fresh, such as a
    /// token or a signature. Also known as an interceptor. Several are called in the order in which
    /// they were added.
    ///
    /// It is called for every attempt and every copy, while the request has its place, and for all at
    /// once. Redirects are followed with what it has made of the request, by the rules that hold for
    /// credentials. Its time is that of the batch, not that of the attempt.
    ///
    /// An error is the end of that request alone, [`Failed::Prepare`]; so is a panic,
    /// [`Failed::Panicked`].
    ///
    /// ```
    /// use rejoin_http::{Batch, Error, Request};
    ///
    /// # async fn token() -> Result<String, Error> { Ok("fresh".to_owned()) }
    /// let batch = Batch::new().prepare(|request: Request| async move {
    ///     request.header("authorization", &format!("Bearer {}", token().await?))
    /// });
    /// # drop(batch);
    /// ```
    pub fn prepare<F, Fut, E>(mut self, hook: F) -> Batch
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Request, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.hooks.add(hook);
        self
    }

    /// Which statuses are good; 2xx if not set.
    pub fn expect(mut self, expect: StatusPolicy) -> Batch {
        self.expect = expect;
        self
    }
}

impl Default for Batch {
    fn default() -> Batch {
        Batch::new()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("count", &self.count())
            .field("limit", &self.limit)
            .field("per_host", &self.per_host)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// The requests of the iterator are all taken at once; [`Batch::requests`] takes them one by one.
impl<S: Into<RequestSpec>> FromIterator<S> for Batch {
    fn from_iter<I: IntoIterator<Item = S>>(specs: I) -> Batch {
        let mut batch = Batch::new();
        batch.extend(specs);
        batch
    }
}

impl<S: Into<RequestSpec>> Extend<S> for Batch {
    fn extend<I: IntoIterator<Item = S>>(&mut self, specs: I) {
        let specs = specs.into_iter().map(Into::into);
        if self.lists.is_empty() {
            self.specs.extend(specs);
        } else {
            self.lists.push(Box::new(specs.collect::<Vec<_>>().into_iter()));
        }
    }
}
