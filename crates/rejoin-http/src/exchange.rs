//! [`Exchange`]: the life of one request, from the first check to the last byte of the body.
//!
//! Two loops, one inside the other. [`run`](Exchange::run) goes from hop to hop: check the host, get
//! a response, follow it if it is a redirect, else read its body. [`respond`](Exchange::respond)
//! repeats one hop when a pooled connection turns out to have been closed by the server meanwhile.
//! One timer bounds it all. Dropping the future ends the exchange wherever it is: a connection under
//! way is given up, an HTTP/1 connection in use is closed, an HTTP/2 stream is reset.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH,
    PROXY_AUTHORIZATION, RANGE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::body::{Progress, RequestBody};
use crate::classify;
use crate::client::Shared;
use crate::connect::ConnectionInfo;
use crate::decode::{self, Coding, Collector};
use crate::error::{Error, ErrorKind, Failure, Phase, Retry};
use crate::redirect;
use crate::request::{BUDGET_HEADER, Request};
use crate::response::{Response, Timings};
use crate::url::Url;

/// How often one hop is put on a connection at most.
const MAX_ATTEMPTS_PER_HOP: u32 = 3;
/// A redirect's own body is read so that its connection can be used again, if it is this small.
const DRAINED: usize = 16 * 1024;

/// What belongs to one connection, or is written by the client itself.
const NOT_SENT: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    CONTENT_LENGTH,
];

pub(crate) struct Exchange<'a> {
    client: &'a Shared,
    request: Request,
    began: Instant,
    deadline: Deadline,
    progress: Arc<Progress>,
    /// Whether the client itself asked for compression, and so undoes it.
    decompress: bool,
    attempts: u32,
    redirects: u32,
    /// What was asked for before, for telling a loop.
    visited: Vec<(Method, Url)>,
}

/// When it ends, and by which rule.
#[derive(Clone, Copy)]
struct Deadline {
    at: Instant,
    by_timeout: bool,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(client: &'a Shared, mut request: Request) -> Exchange<'a> {
        let began = Instant::now();
        if !request.headers.is_empty() {
            for name in NOT_SENT {
                request.headers.remove(name);
            }
        }
        let deadline = Deadline::new(began, &request);
        let decompress = client.decompress
            && !request.headers.contains_key(ACCEPT_ENCODING)
            && !request.headers.contains_key(RANGE);
        Exchange {
            client,
            request,
            began,
            deadline,
            progress: Arc::default(),
            decompress,
            attempts: 0,
            redirects: 0,
            visited: Vec::new(),
        }
    }

    pub(crate) async fn run(mut self) -> Result<Response, Error> {
        match self.hops().await {
            Ok(response) => Ok(response),
            Err(failure) => Err(failure.of(&self.request.method, &self.request.url, self.attempts)),
        }
    }

    async fn hops(&mut self) -> Result<Response, Failure> {
        if self.request.method == Method::CONNECT {
            return Err(Failure::new(
                ErrorKind::InvalidRequest,
                Phase::Prepare,
                Retry::Never,
                "CONNECT opens a tunnel and cannot be fetched",
            ));
        }
        let mut timer = pin!(sleep_until(self.deadline.at));
        let limit = self.request.max_redirects.unwrap_or(self.client.max_redirects);
        loop {
            self.client.connector.resolution.rules.check_host(&self.request.url)?;
            let response = self.respond(timer.as_mut()).await?;
            let head_after = self.began.elapsed();
            if limit > 0
                && let Some(reference) = redirect::location(response.status(), response.headers())
            {
                self.redirect(&response, &reference, limit)?;
                drain(response.into_body());
                continue;
            }
            return self.finish(response, head_after, timer).await;
        }
    }

    /// Sends the request of this hop until there is a response, or an error that stands.
    async fn respond(
        &mut self,
        mut timer: Pin<&mut Sleep>,
    ) -> Result<http::Response<Incoming>, Failure> {
        let last = self.attempts + MAX_ATTEMPTS_PER_HOP;
        loop {
            self.check_running(Phase::Prepare)?;
            let now = if self.attempts == 0 { self.began } else { Instant::now() };
            if now >= self.deadline.at {
                return Err(self.timed_out(Phase::Prepare));
            }
            self.progress.reset();
            self.attempts += 1;
            let sending = self.client.pool.request(self.outgoing());
            let error = match within(timer.as_mut(), sending).await {
                None => return Err(self.timed_out(self.progress.phase())),
                Some(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                    return Err(unasked_upgrade());
                }
                Some(Ok(response)) => return Ok(response),
                Some(Err(error)) => error,
            };
            self.check_running(self.progress.phase())?;
            let reused = was_reused(&error);
            let failure = classify::no_response(error, self.progress.phase());
            let repeat = match failure.retry {
                _ if failure.kind != ErrorKind::Closed || !reused => false,
                Retry::Safe => true,
                Retry::IfIdempotent => self.request.method.is_idempotent(),
                Retry::Never => false,
            };
            if !repeat || self.attempts >= last {
                return Err(failure);
            }
        }
    }

    /// The request of this hop as it goes out.
    fn outgoing(&self) -> http::Request<RequestBody> {
        let Request { method, url, body, .. } = &self.request;
        let mut out =
            http::Request::new(RequestBody::new(body.clone(), Arc::clone(&self.progress)));
        *out.method_mut() = method.clone();
        *out.uri_mut() = url.as_uri().clone();
        *out.headers_mut() = self.headers();
        out
    }

    fn headers(&self) -> HeaderMap {
        let Request { method, url, headers: own, body, .. } = &self.request;
        let mut headers = own.clone();
        headers.reserve(6);
        let mut default = |name: HeaderName, value: &dyn Fn() -> HeaderValue| {
            headers.entry(name).or_insert_with(value);
        };
        default(ACCEPT, &|| HeaderValue::from_static("*/*"));
        default(USER_AGENT, &|| self.client.user_agent.clone());
        if self.decompress {
            default(ACCEPT_ENCODING, &|| HeaderValue::from_static(decode::ACCEPTED));
        }
        if let Some(credentials) = url.basic_auth() {
            default(AUTHORIZATION, &|| credentials.clone());
        }
        if self.request.budget_header {
            let left = self.deadline.at.saturating_duration_since(Instant::now()).as_millis();
            default(BUDGET_HEADER, &|| HeaderValue::from(u64::try_from(left).unwrap_or(u64::MAX)));
        }
        if let Some(credentials) = self.client.connector.proxies.authorization(url.as_uri()) {
            default(PROXY_AUTHORIZATION, &|| credentials.clone());
        }
        // Some servers refuse a POST that does not say that it has nothing to say.
        let has_meaning = [Method::POST, Method::PUT, Method::PATCH].contains(method);
        if body.is_empty() && has_meaning {
            default(CONTENT_LENGTH, &|| HeaderValue::from_static("0"));
        }
        headers
    }

    fn redirect(
        &mut self,
        response: &http::Response<Incoming>,
        reference: &str,
        limit: u32,
    ) -> Result<(), Failure> {
        if self.redirects >= limit {
            return Err(Failure::new(
                ErrorKind::TooManyRedirects,
                Phase::Redirect,
                Retry::Never,
                format!("more than {limit} redirects"),
            ));
        }
        self.visited.push((self.request.method.clone(), self.request.url.clone()));
        redirect::follow(&mut self.request, response.status(), reference)?;
        self.redirects += 1;
        let next = (&self.request.method, &self.request.url);
        if self.visited.iter().any(|(method, url)| (method, url) == next) {
            return Err(Failure::new(
                ErrorKind::RedirectLoop,
                Phase::Redirect,
                Retry::Never,
                "the redirects lead in a circle, back to this URL",
            ));
        }
        Ok(())
    }

    async fn finish(
        &mut self,
        response: http::Response<Incoming>,
        head: std::time::Duration,
        mut timer: Pin<&mut Sleep>,
    ) -> Result<Response, Failure> {
        let (mut parts, mut body) = response.into_parts();
        let coding = if self.decompress { Coding::of(&parts.headers) } else { None };
        let mut collector = Collector::new(self.request.max_response_bytes, coding);
        collector.announced(body.size_hint().exact())?;
        // To the very end, not only to the last byte: only then is the connection ready for the next
        // request, which would open another one if it came a moment too early.
        loop {
            match within(timer.as_mut(), body.frame()).await {
                None => return Err(self.timed_out(Phase::Read)),
                Some(None) => break,
                Some(Some(Ok(frame))) => {
                    if let Ok(piece) = frame.into_data() {
                        collector.push(piece)?;
                    }
                }
                Some(Some(Err(error))) => {
                    self.check_running(Phase::Read)?;
                    return Err(classify::broken_body(error, collector.received()));
                }
            }
        }
        let body = collector.finish()?;
        if coding.is_some() {
            parts.headers.remove(CONTENT_ENCODING);
            parts.headers.remove(CONTENT_LENGTH);
        }
        let connection = parts.extensions.remove::<Arc<ConnectionInfo>>();
        let fresh = connection.as_ref().filter(|connection| connection.count_response());
        Ok(Response {
            status: parts.status,
            version: parts.version,
            headers: parts.headers,
            body,
            url: self.request.url.clone(),
            timings: Timings {
                connect: fresh.map(|connection| connection.timings),
                head,
                total: self.began.elapsed(),
            },
            remote_addr: connection.map(|connection| connection.remote),
            redirects: self.redirects,
            attempts: self.attempts,
        })
    }

    fn check_running(&self, phase: Phase) -> Result<(), Failure> {
        if self.client.tasks.is_stopped() {
            let message = "the client was shut down";
            return Err(Failure::new(ErrorKind::ShutDown, phase, Retry::Never, message));
        }
        Ok(())
    }

    fn timed_out(&self, phase: Phase) -> Failure {
        let retry = match phase {
            Phase::Prepare | Phase::Connect => Retry::Safe,
            _ => Retry::IfIdempotent,
        };
        let doing = phase.doing();
        let message = match (self.deadline.by_timeout, phase) {
            (true, _) => format!("timed out after {:?} while {doing}", self.request.timeout),
            (false, Phase::Prepare) => {
                "the deadline had passed before the request began".to_owned()
            }
            (false, _) => format!("the deadline passed while {doing}"),
        };
        Failure::new(ErrorKind::Timeout, phase, retry, message)
    }
}

impl Deadline {
    /// The earliest of the request's time-out, its deadline and that of the calling scope.
    fn new(now: Instant, request: &Request) -> Deadline {
        let outer = [request.deadline, rejoin::deadline()].into_iter().flatten().min();
        // A time-out too long for the clock is none; 30 years stand for never.
        let never = std::time::Duration::from_secs(30 * 365 * 24 * 3600);
        let own = now.checked_add(request.timeout).unwrap_or(now + never);
        match outer {
            Some(outer) if outer <= own => Deadline { at: outer, by_timeout: false },
            _ => Deadline { at: own, by_timeout: true },
        }
    }
}

/// Awaits `future`; `None` if the timer runs out first. What is ready wins over the timer.
async fn within<F: Future>(mut timer: Pin<&mut Sleep>, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await
}

fn unasked_upgrade() -> Failure {
    Failure::new(
        ErrorKind::Protocol,
        Phase::Wait,
        Retry::Never,
        "the server switched to another protocol without being asked (status 101)",
    )
}

/// Whether the connection that failed had served a request before, and so may have been closed for
/// being idle, which says nothing about this request.
fn was_reused(error: &hyper_util::client::legacy::Error) -> bool {
    let Some(connected) = error.connect_info() else { return false };
    let mut extensions = http::Extensions::new();
    connected.get_extras(&mut extensions);
    extensions.get::<Arc<ConnectionInfo>>().is_some_and(|connection| connection.was_used())
}

/// Reads what has already come of a small body, so that its connection can be used again.
fn drain(mut body: Incoming) {
    let mut taken = 0;
    while !body.is_end_stream() && taken <= DRAINED {
        match body.frame().now_or_never() {
            Some(Some(Ok(frame))) => taken += frame.data_ref().map_or(0, |piece| piece.len()),
            _ => return,
        }
    }
}
