//! What came back, as a value or an error.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use rejoin_engine::{DomainError, Host, StepError};
use rejoin_http::{Error, ErrorKind, Response, Retry};
use rejoin_value::{Object, Str, Value, object};

use super::request::NotAsked;

/// Bodies up to this size are parsed in a millisecond or so.
const READ_IN_PLACE: usize = 256 * 1024;
/// So much of an error's body becomes its message.
const LONGEST_MESSAGE: usize = 8 * 1024;

/// The payload of a 2xx response, or an `httpError`.
pub(super) async fn payload(
    host: &Host,
    method: &Method,
    response: &Response,
) -> Result<Value, StepError> {
    if response.status.is_success() {
        let payload = object! {
            "response": read(host, &response.body).await?,
            "status": response.status.as_u16(),
            "headers": headers(response)
        };
        return Ok(payload.into());
    }
    Err(status_error(method, response))
}

/// The error of a response that is no success.
pub(crate) fn status_error(method: &Method, response: &Response) -> StepError {
    let text = String::from_utf8_lossy(&response.body);
    let message = match text.trim() {
        // A status that nobody has heard of has no words.
        "" if response.status.canonical_reason().is_none() => {
            format!("status {}", response.status.as_str())
        }
        "" => response.status.to_string(),
        _ if text.len() > LONGEST_MESSAGE => {
            format!("{}…", &text[..text.floor_char_boundary(LONGEST_MESSAGE)])
        }
        _ => text.into_owned(),
    };
    let error = DomainError::new("httpError", message)
        .field("status", response.status.as_u16())
        .field("url", response.url.to_string());
    // The service has seen the request, so it may have acted on it.
    let passing = response.status.is_server_error() || response.status.as_u16() == 429;
    match passing && method.is_idempotent() {
        true => error.retryable().into(),
        false => error.into(),
    }
}

/// A big body is read where it holds up nobody else.
async fn read(host: &Host, bytes: &Bytes) -> Result<Value, StepError> {
    if bytes.len() <= READ_IN_PLACE {
        return Ok(body(bytes));
    }
    let bytes = bytes.clone();
    let value = host.scripts.run(move |_| body(&bytes)).await;
    value.map_err(|panicked| StepError::Failed(panicked.to_string()))
}

/// JSON whatever the headers call it, else text.
fn body(bytes: &[u8]) -> Value {
    match Value::parse(bytes) {
        Ok(value) => value,
        Err(_) => text(bytes),
    }
}

fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => Value::from(&*String::from_utf8_lossy(bytes)),
    }
}

/// By name in lower case. Values of a repeated header are put together with a comma; cookies, which have
/// commas in them, a line each.
fn headers(response: &Response) -> Object {
    let received = &response.headers;
    let entry = |(name, value): (&HeaderName, &HeaderValue)| {
        (Str::from(name.as_str()), text(value.as_bytes()))
    };
    // Most answers repeat no header, and are an object as they are.
    if received.len() == received.keys_len() {
        return Object::from_entries(received.iter().map(entry).collect());
    }
    let mut headers = Object::with_capacity(received.keys_len());
    for (name, value) in received.iter().map(entry) {
        match headers.get_mut(&name) {
            Some(known) => {
                let separator = if name == "set-cookie" { "\n" } else { ", " };
                let parts = [&*known, &value].map(|part| part.as_str().unwrap_or_default());
                *known = parts.join(separator).into();
            }
            None => {
                headers.insert(name, value);
            }
        }
    }
    headers
}

/// The error of a request that got no complete response. It says itself what was asked last.
pub(crate) fn failed(method: &Method, error: &Error) -> StepError {
    if error.kind() == ErrorKind::InvalidRequest {
        return StepError::Failed(error.message().to_owned());
    }
    let kind = if error.is_timeout() { "timeoutError" } else { "networkError" };
    let url = error.url().map(ToString::to_string).unwrap_or_default();
    let failure = DomainError::new(kind, error.message()).field("url", url);
    let again = match error.retry() {
        Retry::Never => false,
        Retry::Safe => true,
        Retry::IfIdempotent => method.is_idempotent(),
    };
    if again { failure.retryable().into() } else { failure.into() }
}

/// The error of a call for which nothing was sent.
pub(super) fn not_asked(problem: NotAsked) -> StepError {
    match problem {
        NotAsked::Wrong(message) => StepError::Failed(message),
        NotAsked::Url { url, message } => {
            DomainError::new("networkError", message).field("url", url).into()
        }
    }
}
