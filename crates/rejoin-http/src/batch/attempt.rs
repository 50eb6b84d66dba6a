//! [`Job`]: one request of a batch on its way, with its places, its retries and its copies.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::header::RETRY_AFTER;
use rejoin::breaker::CircuitBreaker;
use rejoin::limit::ConcurrencyLimit;
use rejoin::retry::{Hedge, Retry as RetryPolicy, Verdict};
use rejoin::{Instant, TaskError};

use super::{Failed, Outcome, RequestSpec, StatusPolicy};
use crate::client::Client;
use crate::error::Retry;
use crate::request::Request;
use crate::response::Response;

/// What the requests of one host share.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) limit: ConcurrencyLimit,
    pub(super) breaker: Option<CircuitBreaker>,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) index: usize,
    pub(super) client: Client,
    pub(super) spec: RequestSpec,
    pub(super) expect: StatusPolicy,
    pub(super) limit: ConcurrencyLimit,
    /// None if there is no URL to ask.
    pub(super) host: Option<Host>,
    pub(super) retry: RetryPolicy,
    pub(super) hedge: Option<Hedge>,
    /// When the time of the batch is up.
    pub(super) ends: Option<Instant>,
}

/// An attempt after which there may be another. A response is kept: if there is no further attempt,
/// it is the result.
#[derive(Debug)]
enum Wanting {
    Response(Box<Response>),
    Failed(Failed),
}

impl Job {
    /// Boxed: an exchange is a large future, and a join moves what it starts.
    pub(super) fn run(self: Arc<Self>) -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
        Box::pin(self.run_in_place())
    }

    async fn run_in_place(self: Arc<Self>) -> Outcome {
        let began = Instant::now();
        let attempts = Arc::new(AtomicU32::new(0));
        let sending = Box::pin(Arc::clone(&self).send(Arc::clone(&attempts)));
        // Each ends by itself when the time of the batch is up, and so has an outcome of its own.
        let result = match self.ends {
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
            good: result.as_ref().is_ok_and(|response| self.expect.accepts(response.status)),
            result,
        }
    }

    async fn send(self: Arc<Self>, attempts: Arc<AtomicU32>) -> Result<Response, Failed> {
        let request = match &self.spec.request {
            Ok(request) => request.clone(),
            Err(error) => return Err(Failed::Request(error.clone())),
        };
        let repeatable = request.method().is_idempotent();
        let sent = self.retry.run_if(
            |_| Arc::clone(&self).attempt(request.clone(), Arc::clone(&attempts)),
            |result| result.as_ref().err().map_or(Verdict::Take, |w| w.verdict(repeatable)),
        );
        match sent.await {
            Ok(response) => Ok(*response),
            Err(error) => match error.into_last() {
                Some(Wanting::Response(response)) => Ok(*response),
                Some(Wanting::Failed(failed)) => Err(failed),
                None => Err(Failed::TimedOut),
            },
        }
    }

    /// One attempt: one exchange, or several copies of it of which one counts.
    async fn attempt(
        self: Arc<Self>,
        request: Request,
        attempts: Arc<AtomicU32>,
    ) -> Result<Box<Response>, Wanting> {
        let hedge = self.hedge.as_ref().filter(|_| request.method().is_idempotent());
        let Some(hedge) = hedge else { return Box::pin(self.exchange(request, attempts)).await };
        let copy = |_| Box::pin(Arc::clone(&self).exchange(request.clone(), Arc::clone(&attempts)));
        match hedge.run(copy).await {
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
        request: Request,
        attempts: Arc<AtomicU32>,
    ) -> Result<Box<Response>, Wanting> {
        let host = self.host.as_ref().expect("a request has a URL, and so a host");
        // First for the host: whoever waits for a busy one keeps no place from the others.
        let _host = host.limit.acquire().await;
        let _place = self.limit.acquire().await;
        let call = match host.breaker.as_ref().map(CircuitBreaker::begin) {
            None => None,
            Some(Ok(call)) => Some(call),
            Some(Err(retry_after)) => {
                return Err(Wanting::Failed(Failed::BreakerOpen { retry_after }));
            }
        };
        attempts.fetch_add(1, Ordering::Relaxed);
        let result = match self.client.send(request).await {
            Ok(response) if asks_again(&response) => Err(Wanting::Response(Box::new(response))),
            Ok(response) => Ok(Box::new(response)),
            Err(error) => Err(Wanting::Failed(Failed::Request(error))),
        };
        match (call, &result) {
            (Some(call), Ok(_)) => call.succeeded(),
            (Some(call), Err(_)) => call.failed(),
            (None, _) => {}
        }
        result
    }
}

impl Wanting {
    fn verdict(&self, repeatable: bool) -> Verdict {
        match self {
            Wanting::Response(_) if !repeatable => Verdict::Take,
            Wanting::Response(response) => match retry_after(response) {
                Some(pause) => Verdict::AgainAfter(pause),
                None => Verdict::Again,
            },
            Wanting::Failed(Failed::Request(error)) => match error.retry() {
                Retry::Safe => Verdict::Again,
                Retry::IfIdempotent if repeatable => Verdict::Again,
                Retry::IfIdempotent | Retry::Never => Verdict::Take,
            },
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

/// Whether the same request may fare better later.
fn asks_again(response: &Response) -> bool {
    matches!(response.status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// The pause that a server asks for, in seconds. One that is written as a date is left to the backoff.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
