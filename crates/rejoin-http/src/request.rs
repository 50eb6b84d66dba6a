//! [`Request`]: what to ask for, and within which limits.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rejoin::Instant;

use crate::error::{Error, ErrorKind, Failure, Phase, Retry};
use crate::url::Url;

/// The header that tells the upstream service how many milliseconds are left for its answer.
///
/// This is the name that Envoy and the meshes built on it send and that services behind them
/// already read.
pub const BUDGET_HEADER: HeaderName = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");

/// A request: method, URL, headers, body and limits.
///
/// ```
/// use std::time::Duration;
/// use rejoin_http::Request;
///
/// let request = Request::get("http://users.internal/7")?
///     .header("accept", "application/json")?
///     .timeout(Duration::from_secs(2));
/// assert_eq!(request.method(), "GET");
/// # Ok::<(), rejoin_http::Error>(())
/// ```
#[derive(Clone)]
pub struct Request {
    pub(crate) parts: Box<Parts>,
}

/// What a request is made of. It is boxed because a request is handed from future to future.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) timeout: Option<Duration>,
    pub(crate) first_byte_timeout: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) max_response_bytes: Option<usize>,
    pub(crate) save_to: Option<PathBuf>,
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) max_redirects: Option<u32>,
    pub(crate) budget_header: bool,
}

impl Request {
    /// How long a request may take as a whole when nothing else is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
    /// How many bytes a response body may have when nothing else is said.
    pub const DEFAULT_MAX_RESPONSE_BYTES: usize = 8 * 1024 * 1024;
    /// The same for one that is [saved](Request::save_to) to a file: 16 GiB.
    pub const DEFAULT_MAX_SAVED_BYTES: u64 = 16 * 1024 * 1024 * 1024;

    /// A request without headers and body.
    pub fn new(method: Method, url: Url) -> Request {
        let parts = Parts {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: None,
            first_byte_timeout: None,
            idle_timeout: None,
            deadline: None,
            max_response_bytes: None,
            save_to: None,
            sha256: None,
            max_redirects: None,
            budget_header: false,
        };
        Request { parts: Box::new(parts) }
    }

    /// A GET request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidUrl`].
    pub fn get(url: &str) -> Result<Request, Error> {
        Ok(Request::new(Method::GET, url.parse()?))
    }

    /// A POST request with `body`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidUrl`].
    pub fn post(url: &str, body: impl Into<Bytes>) -> Result<Request, Error> {
        Ok(Request::new(Method::POST, url.parse()?).body(body))
    }

    /// Sets a header, replacing one of that name.
    ///
    /// The client writes what belongs to the connection itself: `connection`, `keep-alive`,
    /// `proxy-connection`, `te`, `trailer`, `transfer-encoding`, `upgrade` and `content-length` are
    /// accepted, so that the headers of another request can be passed on, and not sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if name or value cannot be sent. The value is not in the text.
    pub fn header(mut self, name: &str, value: &str) -> Result<Request, Error> {
        let (name, value) = header(name, value)?;
        self.parts.headers.insert(name, value);
        Ok(self)
    }

    /// Adds a header to those of this name.
    pub(crate) fn also_header(mut self, name: &str, value: &str) -> Result<Request, Error> {
        let (name, value) = header(name, value)?;
        self.parts.headers.append(name, value);
        Ok(self)
    }

    /// The headers, to be read and changed.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.parts.headers
    }

    /// Sets the body. Its length is sent; its type is not guessed.
    pub fn body(mut self, body: impl Into<Bytes>) -> Request {
        self.parts.body = body.into();
        self
    }

    /// How long the request may take as a whole, from [`send`](crate::Client::send) to the last byte
    /// of the body, redirects included; 30 seconds if not set.
    pub fn timeout(mut self, timeout: Duration) -> Request {
        self.parts.timeout = Some(timeout);
        self
    }

    /// How long the server may take to begin its answer, counted for every hop from the moment at
    /// which the request was sent; as long as the [time-out](Request::timeout) if not set.
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Request {
        self.parts.first_byte_timeout = Some(timeout);
        self
    }

    /// How long nothing may come in the middle of a response body; as long as the
    /// [time-out](Request::timeout) if not set.
    pub fn idle_timeout(mut self, timeout: Duration) -> Request {
        self.parts.idle_timeout = Some(timeout);
        self
    }

    /// When the request must have ended. It holds beside the time-out, and beside the
    /// [deadline](rejoin::deadline) of the calling scope: the earliest wins.
    pub fn deadline(mut self, deadline: Instant) -> Request {
        self.parts.deadline = Some(deadline);
        self
    }

    /// How many bytes the response body may have, as sent and again once decompressed; 8 MiB if not
    /// set, or 16 GiB if it is [saved](Request::save_to) to a file.
    pub fn max_response_bytes(mut self, limit: usize) -> Request {
        self.parts.max_response_bytes = Some(limit);
        self
    }

    /// Writes the body to the file `path`, as it comes, and leaves [`Response::body`] empty. Whatever
    /// the status is, except that the answer to HEAD and one of status 304 have no body and leave the
    /// file alone.
    ///
    /// The file appears whole, or not at all: until then it is beside its place under a name that ends
    /// in `.part`, which is removed when the request fails or is dropped. A file of that name is
    /// replaced; what is there and no file, such as a directory or a device, stays and is an error. The
    /// directory must be there.
    ///
    /// [`Response::body`]: crate::Response::body
    pub fn save_to(mut self, path: impl Into<PathBuf>) -> Request {
        self.parts.save_to = Some(path.into());
        self
    }

    /// The SHA-256 checksum, in hexadecimal, that the body of a 2xx response must have once
    /// decompressed. Another one is [`ErrorKind::Checksum`], and nothing is saved.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if it is not 64 hexadecimal digits.
    pub fn sha256(mut self, checksum: &str) -> Result<Request, Error> {
        let digits = checksum.trim().as_bytes();
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
        let mut sum = [0; 32];
        let mut readable = digits.len() == 2 * sum.len();
        for (byte, pair) in sum.iter_mut().zip(digits.chunks(2)) {
            match (value(pair[0]), pair.get(1).copied().and_then(value)) {
                (Some(high), Some(low)) => *byte = high * 16 + low,
                _ => readable = false,
            }
        }
        if !readable {
            let message =
                format!("{checksum:?} is no SHA-256 checksum: that has 64 hexadecimal digits");
            return Err(invalid(message));
        }
        self.parts.sha256 = Some(sum);
        Ok(self)
    }

    /// How many redirects are followed; with 0 a redirect is handed back as the response. The
    /// client's setting if not set.
    pub fn max_redirects(mut self, limit: u32) -> Request {
        self.parts.max_redirects = Some(limit);
        self
    }

    /// Whether the time that is left is sent upstream, as [`BUDGET_HEADER`]; off if not set. A
    /// header of that name among the request's own is left alone.
    pub fn budget_header(mut self, on: bool) -> Request {
        self.parts.budget_header = on;
        self
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The URL.
    pub fn url(&self) -> &Url {
        &self.parts.url
    }
}

impl Parts {
    /// Asks another place for the same. What was meant for the first alone stays behind, as after a
    /// redirect.
    pub(crate) fn move_to(&mut self, url: Url) {
        crate::credentials::leave(&mut self.headers, &self.url, &url);
        self.url = url;
    }

    pub(crate) fn time_limit(&self) -> Duration {
        self.timeout.unwrap_or(Request::DEFAULT_TIMEOUT)
    }

    pub(crate) fn body_limit(&self) -> usize {
        let saved = || usize::try_from(Request::DEFAULT_MAX_SAVED_BYTES).unwrap_or(usize::MAX);
        self.max_response_bytes.unwrap_or_else(|| match self.save_to {
            None => Request::DEFAULT_MAX_RESPONSE_BYTES,
            Some(_) => saved(),
        })
    }
}

fn invalid(message: String) -> Error {
    Failure::new(ErrorKind::InvalidRequest, Phase::Prepare, Retry::Never, message).without_request()
}

/// Header values and the body are left out: they may hold secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parts.headers.keys().collect();
        f.debug_struct("Request")
            .field("method", &self.parts.method)
            .field("url", &self.parts.url)
            .field("headers", &names)
            .field("body_bytes", &self.parts.body.len())
            .field("timeout", &self.parts.timeout)
            .finish_non_exhaustive()
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let name = HeaderName::try_from(name)
        .map_err(|_| invalid(format!("{name:?} cannot be the name of a header")))?;
    let value = HeaderValue::try_from(value).map_err(|_| {
        invalid(format!(
            "the value of header {name:?} has a line break or another control character"
        ))
    })?;
    Ok((name, value))
}
