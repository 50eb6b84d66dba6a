//! [`RequestSpec`]: one request of a batch, with what is its own.

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::error::Error;
use crate::request::Request;

/// One request of a [`Batch`](crate::Batch): the request, a tag, and what differs from the batch.
///
/// A URL or a header that cannot be sent is kept, and becomes the outcome of this request alone.
///
/// ```
/// use rejoin_http::{Batch, RequestSpec};
///
/// let spec = RequestSpec::get("http://users.internal/7").header("accept", "text/plain").tag("user");
/// assert_eq!(Batch::new().request(spec).len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct RequestSpec {
    pub(super) request: Result<Request, Error>,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) tag: Option<String>,
    pub(super) retries: Option<u32>,
    pub(super) expect: Option<StatusPolicy>,
}

impl RequestSpec {
    /// A request without headers and body.
    pub fn new(method: Method, url: &str) -> RequestSpec {
        match url.parse() {
            Ok(url) => Request::new(method, url).into(),
            Err(error) => RequestSpec {
                request: Err(error),
                method,
                url: crate::url::redact(url),
                tag: None,
                retries: None,
                expect: None,
            },
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

    fn map(mut self, change: impl FnOnce(Request) -> Result<Request, Error>) -> RequestSpec {
        self.request = self.request.and_then(change);
        self
    }

    /// Sets a header, as [`Request::header`].
    pub fn header(self, name: &str, value: &str) -> RequestSpec {
        self.map(|request| request.header(name, value))
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

    /// Reads `2xx`, `any` or a list such as `200,404`.
    fn from_str(text: &str) -> Result<StatusPolicy, String> {
        match text {
            "2xx" => Ok(StatusPolicy::Success),
            "any" => Ok(StatusPolicy::Any),
            list => {
                let statuses = list.split(',').map(|status| status.trim().parse());
                let statuses: Result<_, _> = statuses.collect();
                statuses.map(StatusPolicy::Only).map_err(|_| {
                    "it must be `2xx`, `any` or a list of statuses such as `200,404`".to_owned()
                })
            }
        }
    }
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
