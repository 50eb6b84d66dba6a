//! [`Job`]: one request of a batch on its way, with its places, its retries and its copies.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rejoin::retry::{Backoff, Hedge, Retry as RetryPolicy, RetryBudget, Verdict};
use rejoin::{Instant, TaskError};

use super::places::{Places, Way, Went};
use super::prepare::Hooks;
use super::{Failed, Outcome, RequestSpec, StatusPolicy, retry_after};
use crate::client::Client;
use crate::error::{ErrorKind, Retry};
use crate::request::Request;
use crate::response::Response;

/// What all requests of a batch share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) places: Places,
    pub(super) backoff: Backoff,
    pub(super) budget: RetryBudget,
    pub(super) hedge: Option<Hedge>,
    pub(super) expect: StatusPolicy,
    pub(super) hooks: Hooks,
    pub(super) timeouts: Timeouts,
    pub(super) max_response_bytes: Option<usize>,
    pub(super) drops_bodies: bool,
    /// When the time of the batch is up.
    pub(super) ends: Option<Instant>,
}

/// The limits of an attempt where a request says nothing else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) attempt: Duration,
    pub(super) first_byte: Option<Duration>,
    pub(super) idle: Duration,
}

impl Timeouts {
    fn fill_in(&self, request: &mut Request) {
        request.parts.timeout.get_or_insert(self.attempt);
        request.parts.idle_timeout.get_or_insert(self.idle);
        request.parts.first_byte_timeout = request.parts.first_byte_timeout.or(self.first_byte);
    }
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) index: usize,
    pub(super) spec: RequestSpec,
    pub(super) attempts: u32,
    pub(super) shared: Arc<Shared>,
}

/// An attempt after which there may be another. A response is kept: if there is no further attempt,
/// it is the result.
#[derive(Debug)]
enum Wanting {
    Response(Box<Response>),
    Failed(Failed),
}

impl Job {
    /// Boxed, as a join moves what it starts.
    pub(super) fn run(self: Arc<Self>) -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
        Box::pin(self.run_in_place())
    }

    async fn run_in_place(self: Arc<Self>) -> Outcome {
        let began = Instant::now();
        let attempts = Arc::new(AtomicU32::new(0));
        let sending = pin!(Arc::clone(&self).send(Arc::clone(&attempts)));
        // Each ends by itself when the time of the batch is up, and so has an outcome of its own.
        let result = match self.shared.ends {
            None => sending.await,
            Some(ends) => match rejoin::timeout_at(ends, sending).await {
                Ok(result) => result,
                Err(_) => Err(Failed::TimedOut),
            },
        };
        let mut outcome = self.outcome(attempts.load(Ordering::Relaxed), result);
        outcome.elapsed = began.elapsed();
        outcome
    }

    pub(super) fn outcome(&self, attempts: u32, result: Result<Response, Failed>) -> Outcome {
        Outcome {
            index: self.index,
            tag: self.spec.tag.clone(),
            method: self.spec.method.clone(),
            url: self.spec.url.clone(),
            attempts,
            elapsed: Duration::ZERO,
            good: result.as_ref().is_ok_and(|response| self.is_good(response)),
            result,
        }
    }

    fn is_good(&self, response: &Response) -> bool {
        let expect = self.spec.expect.as_ref().unwrap_or(&self.shared.expect);
        expect.accepts(response.status)
    }

    async fn send(self: Arc<Self>, attempts: Arc<AtomicU32>) -> Result<Response, Failed> {
        let first = self.spec.request.as_ref();
        let repeatable =
            first.map_err(|error| Failed::Request(error.clone()))?.method().is_idempotent();
        let retry = RetryPolicy::new(self.attempts).backoff(self.shared.backoff);
        let retry = retry.budget(self.shared.budget.clone());
        let tried = AtomicUsize::new(0);
        let sent = pin!(retry.run_if(
            |number| {
                tried.store(number as usize, Ordering::Relaxed);
                Arc::clone(&self).attempt(number as usize - 1, repeatable, Arc::clone(&attempts))
            },
            |result| match result {
                Ok(_) => Verdict::Take,
                Err(wanting) => {
                    let mirrors_left = tried.load(Ordering::Relaxed) <= self.spec.mirrors.len();
                    wanting.verdict(repeatable, mirrors_left)
                }
            },
        ));
        let mut response = match sent.await {
            Ok(response) => *response,
            Err(error) => match error.into_last() {
                Some(Wanting::Response(response)) => *response,
                Some(Wanting::Failed(failed)) => return Err(failed),
                None => return Err(Failed::TimedOut),
            },
        };
        response.keep().map_err(Failed::Request)?;
        if self.shared.drops_bodies {
            response.body = Bytes::new();
        }
        Ok(response)
    }

    /// One attempt: one exchange, or several copies of it of which one counts.
    async fn attempt(
        self: Arc<Self>,
        number: usize,
        repeatable: bool,
        attempts: Arc<AtomicU32>,
    ) -> Result<Box<Response>, Wanting> {
        let hedge = self.shared.hedge.as_ref().filter(|_| repeatable);
        let Some(hedge) = hedge else { return self.exchange(number, attempts).await };
        let copy = |copy: u32| {
            let number = number + copy as usize - 1;
            Box::pin(Arc::clone(&self).exchange(number, Arc::clone(&attempts)))
        };
        match Box::pin(hedge.run(copy)).await {
            Ok(won) => Ok(won.value),
            Err(error) => Err(match error.into_task_error() {
                TaskError::Failed(wanting) => match Arc::try_unwrap(wanting) {
                    Ok(wanting) => wanting,
                    Err(shared) => shared.copied(),
                },
                TaskError::TimedOut => Wanting::Failed(Failed::TimedOut),
                TaskError::Cancelled(reason) => Wanting::Failed(Failed::Cancelled(reason)),
                TaskError::Panicked(panic) => Wanting::Failed(Failed::Panicked(panic)),
            }),
        }
    }

    async fn exchange(
        self: Arc<Self>,
        number: usize,
        attempts: Arc<AtomicU32>,
    ) -> Result<Box<Response>, Wanting> {
        let shared = &self.shared;
        let request = self.spec.try_number(number);
        let request = request.map_err(|error| Wanting::Failed(Failed::Request(error)))?;
        let refused = |retry_after| Wanting::Failed(Failed::BreakerOpen { retry_after });
        let way = Way::begin(&shared.places, request.url()).await.map_err(refused)?;
        let mut request = shared.hooks.prepare(request).await.map_err(Wanting::Failed)?;
        way.lead_to(request.url()).await.map_err(refused)?;
        shared.timeouts.fill_in(&mut request);
        request.parts.max_response_bytes =
            request.parts.max_response_bytes.or(shared.max_response_bytes);
        attempts.fetch_add(1, Ordering::Relaxed);
        // Boxed: those that wait for their place do without the room that an exchange takes.
        let sending = Box::pin(shared.client.send_through(Some(&way), request));
        let result = sending.await;
        if let Some(retry_after) = way.refused() {
            return Err(refused(retry_after));
        }
        way.ended(went(&result));
        match result {
            // What is good cannot end better. What is not, another place may have.
            Ok(response)
                if !self.is_good(&response)
                    && (asks_again(&response) || !self.spec.mirrors.is_empty()) =>
            {
                Err(Wanting::Response(Box::new(response)))
            }
            Ok(response) => Ok(Box::new(response)),
            Err(error) => Err(Wanting::Failed(Failed::Request(error))),
        }
    }
}

impl Wanting {
    /// `mirrors_left`: whether the next attempt goes to a place that was not asked yet.
    fn verdict(&self, repeatable: bool, mirrors_left: bool) -> Verdict {
        match self {
            Wanting::Response(_) if !repeatable => Verdict::Take,
            // What one server asks for is no reason to wait for another.
            Wanting::Response(_) if mirrors_left => Verdict::Again,
            Wanting::Response(response) if !asks_again(response) => Verdict::Take,
            Wanting::Response(response) => match retry_after::pause(&response.headers) {
                Some(pause) => Verdict::AgainAfter(pause),
                None => Verdict::Again,
            },
            Wanting::Failed(Failed::Request(error)) => match error.retry() {
                Retry::Safe => Verdict::Again,
                Retry::IfIdempotent if repeatable => Verdict::Again,
                Retry::Never if repeatable && mirrors_left && is_of_the_place(error.kind()) => {
                    Verdict::Again
                }
                Retry::IfIdempotent | Retry::Never => Verdict::Take,
            },
            Wanting::Failed(Failed::BreakerOpen { .. }) if mirrors_left => Verdict::Again,
            Wanting::Failed(Failed::BreakerOpen { retry_after }) => {
                Verdict::AgainAfter(*retry_after)
            }
            Wanting::Failed(_) => Verdict::Take,
        }
    }

    fn copied(&self) -> Wanting {
        match self {
            Wanting::Response(response) => Wanting::Response(response.clone()),
            Wanting::Failed(failed) => Wanting::Failed(failed.clone()),
        }
    }
}

/// Whether another place may do better, although this one will not.
fn is_of_the_place(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::InvalidUrl | ErrorKind::InvalidRequest | ErrorKind::Save | ErrorKind::ShutDown
    )
}

/// Whether the same request may fare better later.
fn asks_again(response: &Response) -> bool {
    matches!(response.status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

fn went(result: &Result<Response, crate::error::Error>) -> Went {
    match result {
        Ok(response) if matches!(response.status.as_u16(), 429 | 503 | 504) => Went::Overloaded,
        Ok(response) if asks_again(response) => Went::Badly,
        Ok(_) => Went::Well,
        Err(error) if error.is_timeout() => Went::Overloaded,
        Err(_) => Went::Badly,
    }
}
