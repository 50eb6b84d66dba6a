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
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH,
    PROXY_AUTHORIZATION, RANGE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::body::{Progress, RequestBody};
use crate::classify;
use crate::client::Shared;
use crate::deadline::{Deadline, later};
use crate::decode::{Coding, Collector};
use crate::error::{Error, ErrorKind, Failure, Phase, Retry, TimeLimit};
use crate::gate::Gate;
use crate::hop::Hop;
use crate::patience::Patience;
use crate::pool::Answer;
use crate::redirect;
use crate::request::{BUDGET_HEADER, Parts, Request};
use crate::response::{Response, Timings};
use crate::save::{self, Saving};
use crate::url::Url;

/// How often one hop is put on a connection at most.
const MAX_ATTEMPTS_PER_HOP: u32 = 3;
/// A redirect's own body is read so that its connection can be used again, if it is this small.
const DRAINED: usize = 16 * 1024;

/// What belongs to one connection, or is written by the client itself.
pub(crate) const NOT_SENT: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    CONTENT_LENGTH,
];

/// A compressed body that goes to a file is decompressed in pieces of this size, so that the little
/// that grows much does not fill the memory on its way.
const SLICE: usize = 16 * 1024;

pub(crate) struct Exchange<'a> {
    client: &'a Shared,
    gate: Option<&'a dyn Gate>,
    request: Box<Parts>,
    began: Instant,
    deadline: Deadline,
    progress: Arc<Progress>,
    /// Whether the client itself asked for compression, and so undoes it.
    decompress: bool,
    attempts: u32,
    /// What was asked for before, also for telling a loop.
    hops: Vec<Hop>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(
        client: &'a Shared,
        gate: Option<&'a dyn Gate>,
        request: Request,
    ) -> Exchange<'a> {
        let mut request = request.parts;
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
        let progress = match request.first_byte_timeout {
            None => Progress::default(),
            Some(_) => Progress::timed(),
        };
        Exchange {
            client,
            gate,
            request,
            began,
            deadline,
            progress: Arc::new(progress),
            decompress,
            attempts: 0,
            hops: Vec::new(),
        }
    }

    pub(crate) async fn run(mut self) -> Result<Response, Error> {
        match self.hops().await {
            Ok(response) => Ok(response),
            Err(failure) => {
                let Parts { method, url, .. } = &*self.request;
                Err(failure.of(method, url, self.attempts, self.hops))
            }
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
            if let Some(gate) = self.gate.filter(|_| !self.hops.is_empty()) {
                self.pass(gate, timer.as_mut()).await?;
            }
            self.client.pool.setup.resolution.rules.check_host(&self.request.url)?;
            let answer = self.respond(timer.as_mut()).await?;
            let head_after = self.began.elapsed();
            if limit > 0
                && let Some(reference) =
                    redirect::location(answer.head.status, &answer.head.headers)
            {
                let url = self.request.url.clone();
                self.redirect(answer.head.status, &reference, limit)?;
                self.drain(&url, answer);
                continue;
            }
            return self.finish(answer, head_after, timer).await;
        }
    }

    /// Waits until the next hop may be made. What is asked for is not to blame for that, so its
    /// time-out does not go on meanwhile; a deadline does.
    async fn pass(&mut self, gate: &dyn Gate, mut timer: Pin<&mut Sleep>) -> Result<(), Failure> {
        let began = Instant::now();
        let mut passed = gate.hop(&self.request.url);
        if !self.deadline.by_timeout {
            return match within(timer, passed.as_mut()).await {
                Some(passed) => passed,
                None => Err(self.timed_out(Phase::Redirect)),
            };
        }
        passed.await?;
        self.deadline = self.deadline.later(began.elapsed(), &self.request);
        timer.as_mut().reset(self.deadline.at);
        Ok(())
    }

    /// Sends the request of this hop until there is a response, or an error that stands.
    async fn respond(&mut self, mut timer: Pin<&mut Sleep>) -> Result<Answer, Failure> {
        let last = self.attempts + MAX_ATTEMPTS_PER_HOP;
        let mut repeated = false;
        loop {
            self.check_running(Phase::Prepare)?;
            let now = if self.attempts == 0 { self.began } else { Instant::now() };
            if now >= self.deadline.at {
                return Err(self.timed_out(Phase::Prepare));
            }
            self.progress.reset();
            self.attempts += 1;
            let Shared { pool, .. } = self.client;
            let url = self.request.url.as_uri();
            let sending = pin!(pool.send(url, repeated, || self.outgoing(), &self.progress));
            let answered = pin!(self.answered(sending));
            let error = match within(timer.as_mut(), answered).await {
                None => return Err(self.timed_out(self.progress.phase())),
                Some(None) => return Err(self.no_answer()),
                Some(Some(answered)) => answered,
            };
            let error = match error {
                Ok(answer) if answer.head.status == StatusCode::SWITCHING_PROTOCOLS => {
                    return Err(unasked_upgrade());
                }
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            self.check_running(self.progress.phase())?;
            let reused = error.was_reused();
            let failure = classify::no_answer(error, self.progress.phase());
            let repeat = match failure.retry {
                _ if failure.kind != ErrorKind::Closed || !reused => false,
                Retry::Safe => true,
                Retry::IfIdempotent => self.request.method.is_idempotent(),
                Retry::Never => false,
            };
            if !repeat || self.attempts >= last {
                return Err(failure);
            }
            repeated = true;
        }
    }

    /// Awaits `sending`; `None` if the answer did not begin in time. Until the request is sent the
    /// clock for that does not run, and nobody says when it is: so it is asked when time is up.
    async fn answered<F: Future>(&self, mut sending: Pin<&mut F>) -> Option<F::Output> {
        let Some(limit) = self.request.first_byte_timeout else { return Some(sending.await) };
        let mut timer = pin!(sleep_until(later(Instant::now(), limit)));
        loop {
            if let Some(output) = within(timer.as_mut(), sending.as_mut()).await {
                return Some(output);
            }
            let ends = later(self.progress.sent_at().unwrap_or_else(Instant::now), limit);
            if ends <= Instant::now() {
                return None;
            }
            timer.as_mut().reset(ends);
        }
    }

    /// The request of this hop as it goes out.
    fn outgoing(&self) -> http::Request<RequestBody> {
        let Parts { method, url, body, .. } = &*self.request;
        let mut out =
            http::Request::new(RequestBody::new(body.clone(), Arc::clone(&self.progress)));
        *out.method_mut() = method.clone();
        *out.uri_mut() = url.as_uri().clone();
        *out.headers_mut() = self.headers();
        out
    }

    fn headers(&self) -> HeaderMap {
        let Parts { method, url, headers: own, body, .. } = &*self.request;
        let mut headers = if own.is_empty() { self.client.headers.clone() } else { own.clone() };
        headers.reserve(3);
        let mut default = |name: HeaderName, value: &dyn Fn() -> HeaderValue| {
            headers.entry(name).or_insert_with(value);
        };
        if !own.is_empty() {
            for (name, value) in &self.client.headers {
                // What is sent compressed is undone, or else not asked for.
                if self.decompress || name != ACCEPT_ENCODING {
                    default(name.clone(), &|| value.clone());
                }
            }
        }
        if let Some(credentials) = url.basic_auth() {
            default(AUTHORIZATION, &|| credentials.clone());
        }
        if self.request.budget_header {
            // Rounded up, so that who keeps to it does not give up before this side does.
            let left = self.deadline.at.saturating_duration_since(Instant::now());
            let left = left.as_micros().div_ceil(1000);
            default(BUDGET_HEADER, &|| HeaderValue::from(u64::try_from(left).unwrap_or(u64::MAX)));
        }
        if let Some(credentials) = self.client.pool.setup.proxies.authorization(url.as_uri()) {
            default(PROXY_AUTHORIZATION, &|| credentials.clone());
        }
        // Some servers refuse a POST that does not say that it has nothing to say.
        let has_meaning = [Method::POST, Method::PUT, Method::PATCH].contains(method);
        if body.is_empty() && has_meaning {
            default(CONTENT_LENGTH, &|| HeaderValue::from_static("0"));
        }
        headers
    }

    fn redirect(&mut self, status: StatusCode, reference: &str, limit: u32) -> Result<(), Failure> {
        if self.hops.len() >= limit as usize {
            return Err(Failure::new(
                ErrorKind::TooManyRedirects,
                Phase::Redirect,
                Retry::Never,
                format!("more than {limit} redirects"),
            ));
        }
        let (method, url) = (self.request.method.clone(), self.request.url.clone());
        redirect::follow(&mut self.request, status, reference)?;
        self.hops.push(Hop { method, url, status });
        let Parts { method, url, .. } = &*self.request;
        if self.hops.iter().any(|hop| (&hop.method, &hop.url) == (method, url)) {
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
        answer: Answer,
        head_after: Duration,
        mut timer: Pin<&mut Sleep>,
    ) -> Result<Response, Failure> {
        let Answer { mut head, body: mut incoming, remote, connect } = answer;
        // The other side was told how long it has. That it says so when that time is over is no answer of its own.
        let has_given_up = self.request.budget_header && head.status == StatusCode::GATEWAY_TIMEOUT;
        if has_given_up && self.deadline.at <= Instant::now() {
            return Err(self.timed_out(Phase::Wait));
        }
        let coding = if self.decompress { Coding::of(&head.headers) } else { None };
        let mut collector = Collector::new(self.request.body_limit(), coding);
        collector.announced(incoming.announced())?;
        let sum = self.request.sha256.filter(|_| head.status.is_success());
        let mut saving = match &self.request.save_to {
            Some(path) if has_body(&self.request.method, head.status) => {
                Some(Saving::begin(path, sum.is_some())?)
            }
            _ => None,
        };
        let mut patience = Patience::new(self.request.idle_timeout);
        // To the very end, not only to the last byte: only then is the connection ready for the next
        // request, which would open another one if it came a moment too early.
        loop {
            let frame = pin!(patience.hold(incoming.frame()));
            let frame = match within(timer.as_mut(), frame).await {
                None => return Err(self.timed_out(Phase::Read)),
                Some(None) => return Err(self.stalled(collector.received())),
                Some(Some(frame)) => frame,
            };
            match frame {
                None => break,
                Some(Ok(frame)) => {
                    let Ok(piece) = frame.into_data() else { continue };
                    match &mut saving {
                        None => collector.push(piece)?,
                        Some(saving) => save_piece(saving, &mut collector, piece).await?,
                    }
                }
                Some(Err(error)) => {
                    self.check_running(Phase::Read)?;
                    return Err(classify::broken_body(error, collector.received()));
                }
            }
        }
        self.client.pool.put_back(self.request.url.as_uri(), incoming);
        let received_bytes = collector.received() as u64;
        let mut body = collector.finish()?;
        let mut body_bytes = body.len() as u64;
        let mut part = None;
        let found = match saving {
            None => sum.map(|_| save::sha256(&body)),
            Some(mut saving) => {
                saving.write(std::mem::take(&mut body)).await?;
                let (whole, written, found) = saving.finish().await?;
                (part, body_bytes) = (Some(whole), written);
                found
            }
        };
        if let (Some(wanted), Some(found)) = (sum, found) {
            save::check(&wanted, &found)?;
        }
        if coding.is_some() {
            head.headers.remove(CONTENT_ENCODING);
            head.headers.remove(CONTENT_LENGTH);
        }
        Ok(Response {
            method: self.request.method.clone(),
            status: head.status,
            version: head.version,
            headers: head.headers,
            body,
            body_bytes,
            received_bytes,
            saved: None,
            url: self.request.url.clone(),
            timings: Timings { connect, head: head_after, total: self.began.elapsed() },
            remote_addr: Some(remote),
            hops: std::mem::take(&mut self.hops),
            attempts: self.attempts,
            part,
        })
    }

    /// Reads what has already come of a small body, so that its connection can be used again.
    fn drain(&self, url: &Url, answer: Answer) {
        let mut body = answer.body;
        let mut length = 0;
        loop {
            // With a budget that is spent it would look as if nothing had come.
            match unconstrained(body.frame()).now_or_never() {
                Some(None) => return self.client.pool.put_back(url.as_uri(), body),
                Some(Some(Ok(frame))) => length += frame.data_ref().map_or(0, Bytes::len),
                Some(Some(Err(_))) | None => return,
            }
            if length > DRAINED {
                return;
            }
        }
    }

    fn check_running(&self, phase: Phase) -> Result<(), Failure> {
        if self.client.pool.live.is_stopped() {
            let message = "the client was shut down";
            return Err(Failure::new(ErrorKind::ShutDown, phase, Retry::Never, message));
        }
        Ok(())
    }

    fn no_answer(&self) -> Failure {
        let limit = self.request.first_byte_timeout.unwrap_or_default();
        Failure::timeout(
            TimeLimit::FirstByte,
            Phase::Wait,
            Retry::IfIdempotent,
            format!("the server did not begin its answer within {limit:?}"),
        )
    }

    fn stalled(&self, received: usize) -> Failure {
        let limit = self.request.idle_timeout.unwrap_or_default();
        Failure::timeout(
            TimeLimit::Idle,
            Phase::Read,
            Retry::IfIdempotent,
            format!("nothing came for {limit:?} in the middle of the body, after {received} bytes"),
        )
    }

    fn timed_out(&self, phase: Phase) -> Failure {
        let retry = match phase {
            Phase::Prepare | Phase::Connect => Retry::Safe,
            _ => Retry::IfIdempotent,
        };
        let doing = phase.doing();
        let message = match (self.deadline.by_timeout, phase) {
            (true, _) => format!("timed out after {:?} while {doing}", self.request.time_limit()),
            (false, Phase::Prepare) => {
                "the deadline had passed before the request began".to_owned()
            }
            (false, _) => format!("the deadline passed while {doing}"),
        };
        let limit = match self.deadline.by_timeout {
            true => TimeLimit::Request,
            false => TimeLimit::Batch,
        };
        Failure::timeout(limit, phase, retry, message)
    }
}

/// What a response is that has a body of its own, which a file can be replaced by.
fn has_body(method: &Method, status: StatusCode) -> bool {
    method != Method::HEAD && status != StatusCode::NOT_MODIFIED
}

async fn save_piece(
    saving: &mut Saving,
    collector: &mut Collector,
    mut piece: Bytes,
) -> Result<(), Failure> {
    while !piece.is_empty() {
        collector.push(piece.split_to(piece.len().min(SLICE)))?;
        let ready = collector.take();
        if !ready.is_empty() {
            saving.write(ready).await?;
        }
    }
    Ok(())
}

/// Awaits `future`; `None` if the timer runs out first. What is ready wins over the timer.
///
/// It is pinned by the caller: a future that were moved in here would be in the one around it twice.
async fn within<F: Future + ?Sized>(
    mut timer: Pin<&mut Sleep>,
    mut future: Pin<&mut F>,
) -> Option<F::Output> {
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
