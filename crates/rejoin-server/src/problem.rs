//! Which status means what, and the documents for answers that no program made. The only place that decides
//! about status codes.
//!
//! A problem is `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, and as `instance` the
//! request's id, by which the log has the rest. It says nothing about the inside of the server.

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use rejoin_engine::{Abort, Answer};
use rejoin_lang::plan::Method;
use rejoin_value::{ParseError, object};

/// The status of an answer that is an error of this type (as `.wp` or as `.cov` programs spell it) which nothing in the program handled.
pub fn status_of_error(kind: &str) -> StatusCode {
    match kind {
        "validationError" | "ValidationError" => StatusCode::BAD_REQUEST,
        "authError" | "AuthError" => StatusCode::UNAUTHORIZED,
        "notFound" | "notFoundError" | "NotFoundError" => StatusCode::NOT_FOUND,
        "networkError" | "httpError" | "HttpError" => StatusCode::BAD_GATEWAY,
        "timeoutError" | "TimeoutError" => StatusCode::GATEWAY_TIMEOUT,
        kind if kind.starts_with("rateLimit") => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The status that a program wrote; what is no status for a final answer is an internal error.
fn status_of_program(number: u16) -> StatusCode {
    match StatusCode::from_u16(number) {
        Ok(status) if !status.is_informational() && number < 600 => status,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The status of an answer: what the program gave, else that of the error which nothing handled, else 200.
pub fn status_of(answer: &Answer) -> u16 {
    answer_status(answer).as_u16()
}

pub(crate) fn answer_status(answer: &Answer) -> StatusCode {
    match (answer.status, &answer.error) {
        (Some(number), _) => status_of_program(number),
        (None, Some(kind)) => status_of_error(kind),
        (None, None) => StatusCode::OK,
    }
}

/// After how many seconds it is worth to ask again, if the answer is one that says so.
pub(crate) fn retry_after(answer: &Answer) -> Option<u64> {
    let says_so = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
    let wait = answer.retry_after.filter(|_| says_so.contains(&answer_status(answer)))?;
    Some((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
}

/// Why a request has an answer that no program made.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// No route has the path.
    NotFound,
    /// The path has other methods.
    MethodNotAllowed(HeaderValue),
    /// Nobody can tell what the head asks for; this is why.
    HeadUnclear(&'static str),
    /// The head is larger than this many bytes.
    HeadTooLarge(usize),
    /// The body is larger than this many bytes.
    BodyTooLarge(usize),
    /// The body did not arrive in time.
    BodyTimedOut,
    /// The body broke off or is no HTTP.
    BodyUnreadable,
    /// The body says that it is JSON, and is not.
    BodyNotJson(ParseError),
    /// The program went wrong in a way that it cannot catch.
    Aborted(Abort),
    /// The request's deadline passed.
    TimedOut,
    /// A bug.
    Panicked,
    /// The server is stopping.
    Unavailable,
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::HeadTooLarge(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::HeadUnclear(_) | Self::BodyUnreadable | Self::BodyNotJson(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Aborted(_) | Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The kind, for machines: the last part of `type`, and what the log says.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::MethodNotAllowed(_) => "method-not-allowed",
            Self::HeadUnclear(_) => "head-unclear",
            Self::HeadTooLarge(_) => "head-too-large",
            Self::BodyTooLarge(_) => "body-too-large",
            Self::BodyTimedOut => "body-timed-out",
            Self::BodyUnreadable => "body-unreadable",
            Self::BodyNotJson(_) => "body-not-json",
            Self::Aborted(_) => "aborted",
            Self::TimedOut => "timed-out",
            Self::Panicked => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    fn title(&self) -> &str {
        match self {
            Self::NotFound => "no route has this path",
            Self::MethodNotAllowed(_) => "the path does not answer this method",
            Self::HeadUnclear(_) => "the request's head is unclear",
            Self::HeadTooLarge(_) => "the request's head is too large",
            Self::BodyTooLarge(_) => "the request body is too large",
            Self::BodyTimedOut => "the request body did not arrive in time",
            Self::BodyUnreadable => "the request body cannot be read",
            Self::BodyNotJson(_) => "the request body is not JSON",
            Self::Aborted(abort) => &abort.title,
            Self::TimedOut => "the request took too long",
            Self::Panicked => "internal error",
            Self::Unavailable => "the server is shutting down",
        }
    }

    fn detail(&self, path: &str) -> String {
        match self {
            Self::NotFound => format!("there is nothing at `{path}`"),
            Self::MethodNotAllowed(allow) => {
                format!("`{path}` answers {}", allow.to_str().unwrap_or_default())
            }
            Self::HeadUnclear(why) => (*why).to_owned(),
            Self::HeadTooLarge(limit) | Self::BodyTooLarge(limit) => {
                format!("the limit is {limit} bytes")
            }
            Self::BodyTimedOut => "send the whole body sooner".to_owned(),
            Self::BodyUnreadable => "it broke off, or its framing is wrong".to_owned(),
            Self::BodyNotJson(error) => error.to_string(),
            Self::Aborted(abort) => abort.detail.clone(),
            Self::TimedOut => "its deadline passed before there was an answer".to_owned(),
            Self::Panicked => "the log has the details under the id of this request".to_owned(),
            Self::Unavailable => "send the request again in a moment".to_owned(),
        }
    }

    /// The document.
    pub(crate) fn response(&self, path: &str, request_id: &str) -> Response<Bytes> {
        let status = self.status();
        let mut document = object! {
            "type": format!("urn:rejoin:problem:{}", self.kind()),
            "title": self.title(),
            "status": i64::from(status.as_u16()),
            "detail": self.detail(path),
            "instance": request_id,
        };
        if let Self::BodyNotJson(error) = self {
            document.insert("line", error.line() as i64);
            document.insert("column", error.column() as i64);
        }
        let body = rejoin_value::json::to_vec(&document.into());
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self {
            Self::MethodNotAllowed(allow) => {
                headers.insert(ALLOW, allow.clone());
            }
            Self::Unavailable => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // What is left of the request is not worth reading for the sake of the connection.
            Self::HeadUnclear(_)
            | Self::HeadTooLarge(_)
            | Self::BodyTooLarge(_)
            | Self::BodyTimedOut
            | Self::BodyUnreadable => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

/// The value of `Allow`: the methods of a path, and `OPTIONS`, which the server answers itself.
pub(crate) fn allow(methods: &[Method]) -> HeaderValue {
    let mut text = String::new();
    for method in methods.iter().filter(|method| **method != Method::Options) {
        text.push_str(method.as_str());
        text.push_str(", ");
    }
    text.push_str("OPTIONS");
    HeaderValue::from_str(&text).expect("names of methods are plain text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_errors() {
        for (kind, status) in [
            ("validationError", 400),
            ("authError", 401),
            ("notFound", 404),
            ("rateLimitExceeded", 429),
            ("networkError", 502),
            ("httpError", 502),
            ("timeoutError", 504),
            ("jqError", 500),
            ("anything else", 500),
        ] {
            assert_eq!(status_of_error(kind).as_u16(), status, "{kind}");
        }
    }

    #[test]
    fn statuses_of_programs() {
        for (number, status) in
            [(200, 200), (599, 599), (404, 404), (0, 500), (101, 500), (700, 500)]
        {
            assert_eq!(status_of_program(number).as_u16(), status, "{number}");
        }
    }

    #[test]
    fn a_problem_names_the_place_in_the_body() {
        let error = rejoin_value::Value::parse(b"{\n \"a\": }").unwrap_err();
        let response = Problem::BodyNotJson(error).response("/x", "r-1");
        assert_eq!(response.status(), 400);
        let document = rejoin_value::Value::parse(response.body()).unwrap();
        assert_eq!(document.get("line").and_then(|v| v.as_i64()), Some(2));
        assert_eq!(document.get("column").and_then(|v| v.as_i64()), Some(7));
        assert_eq!(document.get("instance").and_then(|v| v.as_str()), Some("r-1"));
    }
}
