//! [`RequestSpec`]: one request of a batch, with what is its own.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::error::Error;
use crate::request::Request;
use crate::save;
use crate::url::Url;

/// One request of a [`Batch`](crate::Batch): the request, a tag, and what differs from the batch.
///
/// A URL or a header that cannot be sent is kept, and becomes the outcome of this request alone.
///
/// ```
/// use rejoin_http::{Batch, RequestSpec};
///
/// let spec = RequestSpec::get("http://users.internal/7").header("accept", "text/plain").tag("user");
/// assert_eq!(Batch::new().request(spec).count(), Some(1));
/// ```
#[derive(Clone, Debug)]
pub struct RequestSpec {
    pub(super) request: Result<Request, Error>,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) tag: Option<String>,
    pub(super) retries: Option<u32>,
    pub(super) expect: Option<StatusPolicy>,
    pub(super) mirrors: Vec<Url>,
}

impl RequestSpec {
    /// A request without headers and body.
    pub fn new(method: Method, url: &str) -> RequestSpec {
        match url.parse() {
            Ok(url) => Request::new(method, url).into(),
            Err(error) => RequestSpec::unsound(error, method, crate::url::redact(url)),
        }
    }

    /// One that cannot be sent.
    pub(super) fn unsound(error: Error, method: Method, url: String) -> RequestSpec {
        RequestSpec {
            request: Err(error),
            method,
            url,
            tag: None,
            retries: None,
            expect: None,
            mirrors: Vec::new(),
        }
    }

    /// A GET request.
    pub fn get(url: &str) -> RequestSpec {
        RequestSpec::new(Method::GET, url)
    }

    /// Why it cannot be sent, if that is known already.
    pub fn problem(&self) -> Option<&Error> {
        self.request.as_ref().err()
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The URL, without credentials.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The tag, if it has one.
    pub fn tag_text(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The SHA-256 checksum of the body that is sent, in hexadecimal, if there is one: what tells apart requests that
    /// are the same but for their bodies.
    pub fn body_sha256(&self) -> Option<String> {
        let body = &self.request.as_ref().ok()?.parts.body;
        (!body.is_empty()).then(|| save::hex(&save::sha256(body)))
    }

    /// The file that the body of the answer goes to, if it goes to one.
    pub fn save_path(&self) -> Option<&Path> {
        self.request.as_ref().ok()?.parts.save_to.as_deref()
    }

    fn map(mut self, change: impl FnOnce(Request) -> Result<Request, Error>) -> RequestSpec {
        self.request = self.request.and_then(change);
        self
    }

    /// Sets a header, as [`Request::header`].
    pub fn header(self, name: &str, value: &str) -> RequestSpec {
        self.map(|request| request.header(name, value))
    }

    /// Sets a header, beside those of this name.
    pub(super) fn also_header(self, name: &str, value: &str) -> RequestSpec {
        self.map(|request| request.also_header(name, value))
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Bytes>) -> RequestSpec {
        self.map(|request| Ok(request.body(body)))
    }

    /// How long one attempt may take, as [`Request::timeout`].
    pub fn timeout(self, timeout: Duration) -> RequestSpec {
        self.map(|request| Ok(request.timeout(timeout)))
    }

    /// How many bytes the response may have, as [`Request::max_response_bytes`].
    pub fn max_response_bytes(self, limit: usize) -> RequestSpec {
        self.map(|request| Ok(request.max_response_bytes(limit)))
    }

    /// As [`Request::first_byte_timeout`].
    pub fn first_byte_timeout(self, timeout: Duration) -> RequestSpec {
        self.map(|request| Ok(request.first_byte_timeout(timeout)))
    }

    /// As [`Request::idle_timeout`], in place of the batch's setting.
    pub fn idle_timeout(self, timeout: Duration) -> RequestSpec {
        self.map(|request| Ok(request.idle_timeout(timeout)))
    }

    /// How many redirects are followed, as [`Request::max_redirects`].
    pub fn max_redirects(self, limit: u32) -> RequestSpec {
        self.map(|request| Ok(request.max_redirects(limit)))
    }

    /// Writes the body to a file, as [`Request::save_to`]. That of an attempt after which there is
    /// another is never seen there.
    pub fn save_to(self, path: impl Into<PathBuf>) -> RequestSpec {
        self.map(|request| Ok(request.save_to(path)))
    }

    /// The checksum that the body must have, as [`Request::sha256`]. A body with another one is
    /// fetched again, from the next [mirror](Self::mirror) if there is one.
    pub fn sha256(self, checksum: &str) -> RequestSpec {
        self.map(|request| request.sha256(checksum))
    }

    /// Another URL that has the same. The attempts go to the URL and its mirrors in turn, and each
    /// gets at least one if those before it failed, or had no good response and may happen twice. A
    /// [hedge](crate::Batch::hedge) sends its copies to the mirrors.
    pub fn mirror(mut self, url: &str) -> RequestSpec {
        match url.parse() {
            Ok(url) => self.mirrors.push(url),
            Err(error) => self.request = self.request.and(Err(error)),
        }
        self
    }

    /// The request of the `number`th try, from 0.
    pub(super) fn try_number(&self, number: usize) -> Result<Request, Error> {
        let mut request = self.request.clone()?;
        let which = number % (self.mirrors.len() + 1);
        if which > 0 {
            let mirror = &self.mirrors[which - 1];
            request.parts.move_to(mirror.clone());
        }
        Ok(request)
    }

    /// A text that comes back in the outcome.
    pub fn tag(mut self, tag: impl Into<String>) -> RequestSpec {
        self.tag = Some(tag.into());
        self
    }

    /// How often this request is tried again, in place of the batch's setting.
    pub fn retries(mut self, retries: u32) -> RequestSpec {
        self.retries = Some(retries);
        self
    }

    /// Which statuses are good for this request, in place of the batch's setting.
    pub fn expect(mut self, expect: StatusPolicy) -> RequestSpec {
        self.expect = Some(expect);
        self
    }
}

impl From<Request> for RequestSpec {
    fn from(request: Request) -> RequestSpec {
        RequestSpec {
            method: request.method().clone(),
            url: request.url().to_string(),
            request: Ok(request),
            tag: None,
            retries: None,
            expect: None,
            mirrors: Vec::new(),
        }
    }
}

/// Which responses count as good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StatusPolicy {
    /// Those with a status from 200 to 299.
    #[default]
    Success,
    /// All.
    Any,
    /// Those with one of these statuses.
    Only(Vec<StatusCode>),
}

impl FromStr for StatusPolicy {
    type Err = String;

    /// Reads `2xx`, `any` or a list such as `2xx,304,404`.
    fn from_str(text: &str) -> Result<StatusPolicy, String> {
        match text {
            "2xx" => Ok(StatusPolicy::Success),
            "any" => Ok(StatusPolicy::Any),
            list => {
                let mut statuses = Vec::new();
                for part in list.split(',') {
                    statuses.extend(statuses_of(part.trim()).ok_or_else(|| {
                        "it must be `2xx`, `any` or a list of statuses such as `2xx,304,404`"
                            .to_owned()
                    })?);
                }
                Ok(StatusPolicy::Only(statuses))
            }
        }
    }
}

/// `404`, or `4xx` for all from 400 to 499.
fn statuses_of(text: &str) -> Option<Vec<StatusCode>> {
    let Some(class) = text.strip_suffix("xx") else { return Some(vec![text.parse().ok()?]) };
    let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
    let all = class * 100..(class + 1) * 100;
    Some(all.filter_map(|status| StatusCode::from_u16(status).ok()).collect())
}

impl StatusPolicy {
    pub(super) fn accepts(&self, status: StatusCode) -> bool {
        match self {
            StatusPolicy::Success => status.is_success(),
            StatusPolicy::Any => true,
            StatusPolicy::Only(statuses) => statuses.contains(&status),
        }
    }
}
