//! [`Error`]: what went wrong with one request, in which phase, and whether trying again is safe.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::Method;

use crate::hop::Hop;
use crate::url::{Url, shortened};

/// Why a request has no response.
///
/// A response of any status is a response, not an error. The text names the request (without
/// credentials), what was attempted and, where there is one, the mend; [`kind`](Error::kind) and
/// [`phase`](Error::phase) are for programs.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    failure: Failure,
    request: Option<(Method, Url)>,
    hops: Vec<Hop>,
    attempts: u32,
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The URL cannot be read, or is neither `http` nor `https`.
    InvalidUrl,
    /// A header or the method cannot be sent.
    InvalidRequest,
    /// The host or its address is one that this client must not reach.
    Denied,
    /// The host name could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed, mostly because of the certificate.
    Tls,
    /// The proxy refused, or its setting cannot be used.
    Proxy,
    /// A time limit passed; the phase says where.
    Timeout,
    /// The connection was closed or reset before the response was complete.
    Closed,
    /// What came back is not HTTP, or breaks its rules.
    Protocol,
    /// The response, as sent or once decompressed, is larger than allowed.
    BodyTooLarge,
    /// The body does not decompress.
    Decode,
    /// The body does not have the checksum that it should.
    Checksum,
    /// The body could not be written to its file.
    Save,
    /// More redirects than allowed.
    TooManyRedirects,
    /// A redirect leads back to a request that was already made.
    RedirectLoop,
    /// A redirect leads somewhere it must not be followed to.
    RedirectRefused,
    /// The client was shut down.
    ShutDown,
}

impl ErrorKind {
    /// A stable name for programs, such as `invalid_url` or `connect`.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::InvalidUrl => "invalid_url",
            ErrorKind::InvalidRequest => "invalid_request",
            ErrorKind::Denied => "denied",
            ErrorKind::Dns => "dns",
            ErrorKind::Connect => "connect",
            ErrorKind::Tls => "tls",
            ErrorKind::Proxy => "proxy",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Closed => "closed",
            ErrorKind::Protocol => "protocol",
            ErrorKind::BodyTooLarge => "body_too_large",
            ErrorKind::Decode => "decode",
            ErrorKind::Checksum => "checksum",
            ErrorKind::Save => "save",
            ErrorKind::TooManyRedirects => "too_many_redirects",
            ErrorKind::RedirectLoop => "redirect_loop",
            ErrorKind::RedirectRefused => "redirect_refused",
            ErrorKind::ShutDown => "shut_down",
        }
    }
}

/// How far a request had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Nothing was sent yet.
    Prepare,
    /// The host name was being resolved.
    Resolve,
    /// A connection was being made, or waited for.
    Connect,
    /// The TLS handshake was under way.
    Tls,
    /// The request was being sent.
    Send,
    /// The request was sent, the head of the response had not come.
    Wait,
    /// The body of the response was being read.
    Read,
    /// The body was being decompressed.
    Decode,
    /// The body was being written to its file.
    Save,
    /// A redirect was being followed.
    Redirect,
}

impl Phase {
    /// What was going on, to follow "while".
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Phase::Prepare => "preparing the request",
            Phase::Resolve => "resolving the host name",
            Phase::Connect => "connecting",
            Phase::Tls => "shaking hands for TLS",
            Phase::Send => "sending the request",
            Phase::Wait => "waiting for the response",
            Phase::Read => "reading the response body",
            Phase::Decode => "decompressing the response body",
            Phase::Save => "saving the response body",
            Phase::Redirect => "following a redirect",
        }
    }
}

/// Whether sending the same request again can help, and is safe. Decided where the error is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same request will fail in the same way.
    Never,
    /// The server cannot have seen the request: any request can be sent again.
    Safe,
    /// The server may have acted on the request: only for requests that may be repeated.
    IfIdempotent,
}

/// Which time limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeLimit {
    /// That for making a connection.
    Connect,
    /// That for the begin of the answer.
    FirstByte,
    /// That for a pause in the middle of the answer.
    Idle,
    /// That of the request as a whole.
    Request,
    /// The deadline of the batch, or of the scope that the request was made in.
    Batch,
}

impl TimeLimit {
    /// A stable name for programs, such as `first_byte`.
    pub fn as_str(self) -> &'static str {
        match self {
            TimeLimit::Connect => "connect",
            TimeLimit::FirstByte => "first_byte",
            TimeLimit::Idle => "idle",
            TimeLimit::Request => "request",
            TimeLimit::Batch => "batch",
        }
    }
}

impl Error {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.failure.kind
    }

    /// How far the request had come.
    pub fn phase(&self) -> Phase {
        self.0.failure.phase
    }

    /// Whether sending the same request again can help, and is safe.
    pub fn retry(&self) -> Retry {
        self.0.failure.retry
    }

    /// The URL that failed, which after a redirect is not the one that was asked for. `None` if
    /// there was no URL yet.
    pub fn url(&self) -> Option<&Url> {
        self.0.request.as_ref().map(|(_, url)| url)
    }

    /// The redirects that were followed before it failed, first to last.
    pub fn hops(&self) -> &[Hop] {
        &self.0.hops
    }

    /// What went wrong, without method and URL.
    pub fn message(&self) -> &str {
        &self.0.failure.message
    }

    /// How many times a request was put on a connection: redirects and repeats count.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether a time limit passed.
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// The time limit that passed, if it [is a time-out](Error::is_timeout).
    pub fn time_limit(&self) -> Option<TimeLimit> {
        self.0.failure.limit
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((method, url)) = &self.0.request {
            write!(f, "{method} {}: ", shortened(&url.to_string()))?;
        }
        f.write_str(&self.0.failure.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("phase", &self.phase())
            .field("retry", &self.retry())
            .field("url", &self.url())
            .field("message", &self.message())
            .field("attempts", &self.attempts())
            .field("source", &self.0.failure.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.failure.source()
    }
}

/// An error that does not know its request yet.
///
/// Cloneable, as the pool hands errors of the connector out by reference only.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) phase: Phase,
    pub(crate) retry: Retry,
    pub(crate) limit: Option<TimeLimit>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(
        kind: ErrorKind,
        phase: Phase,
        retry: Retry,
        message: impl Into<Cow<'static, str>>,
    ) -> Failure {
        Failure { kind, phase, retry, limit: None, message: message.into(), source: None }
    }

    pub(crate) fn timeout(
        limit: TimeLimit,
        phase: Phase,
        retry: Retry,
        message: impl Into<Cow<'static, str>>,
    ) -> Failure {
        Failure { limit: Some(limit), ..Failure::new(ErrorKind::Timeout, phase, retry, message) }
    }

    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Failure {
        self.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn of(self, method: &Method, url: &Url, attempts: u32, hops: Vec<Hop>) -> Error {
        let request = Some((method.clone(), url.clone()));
        Error(Box::new(Inner { failure: self, request, hops, attempts }))
    }

    pub(crate) fn without_request(self) -> Error {
        Error(Box::new(Inner { failure: self, request: None, hops: Vec::new(), attempts: 0 }))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
