//! The module `http`: every answer is a `Response`, whatever its status; what brings no answer is an `HttpError`.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use rejoin_engine::{Datum, HostCall};
use rejoin_http::{Client, Error, Request, Response, Url};

pub(super) fn call(client: Client, name: &str, arguments: Vec<Datum>) -> HostCall {
    let request = request(name, &arguments);
    Box::pin(async move {
        let request = match request {
            Ok(request) => request,
            Err(message) => return failure("NetworkError", &message),
        };
        match client.send(request).await {
            Ok(response) => value(&response),
            Err(error) => failed(&error),
        }
    })
}

/// The request that the arguments stand for, in the order of the function's parameters.
fn request(name: &str, arguments: &[Datum]) -> Result<Request, String> {
    let at = |position: usize| arguments.get(position).unwrap_or(&Datum::None);
    let (method, body, content_type, rest) = match name {
        "get" => (Method::GET, &Datum::None, &Datum::None, 1),
        "delete" => (Method::DELETE, &Datum::None, &Datum::None, 1),
        "post" => (Method::POST, at(1), at(2), 3),
        "put" => (Method::PUT, at(1), at(2), 3),
        _ => {
            let name = at(1).as_text().unwrap_or("GET").to_ascii_uppercase();
            let method = Method::from_bytes(name.as_bytes())
                .map_err(|_| format!("`{name}` is no method of HTTP"))?;
            (method, at(2), at(3), 4)
        }
    };
    let url = at(0).as_text().ok_or("the URL must be a text")?;
    let url = url.parse::<Url>().map_err(|error| error.to_string())?;
    let mut request = Request::new(method, url);
    let header = |request: Request, name: &str, value: &str| {
        request.header(name, value).map_err(|error| error.to_string())
    };
    match body {
        Datum::None => {}
        Datum::Text(text) => request = request.body(text.to_string()),
        value => {
            request = header(request, "content-type", "application/json")?;
            request = request.body(value.to_json().to_json());
        }
    }
    if let Some(kind) = content_type.as_text() {
        request.headers_mut().remove("content-type");
        request = header(request, "content-type", kind)?;
    }
    if let Datum::Record(headers) = at(rest) {
        for (name, value) in &headers.fields {
            let value =
                value.as_text().ok_or_else(|| format!("the header `{name}` must be a text"))?;
            request = header(request, name, value)?;
        }
    }
    if let Datum::Int(ms) = at(rest + 1) {
        let time = u64::try_from(*ms).ok().filter(|ms| *ms > 0);
        let time = time.ok_or_else(|| {
            format!("`timeout` is {ms}: it must be a number of milliseconds from 1 up")
        })?;
        request = request.timeout(Duration::from_millis(time));
    }
    Ok(request)
}

fn value(response: &Response) -> Datum {
    let headers = response.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (Arc::from(name.as_str()), Datum::text(value))
    });
    let body = String::from_utf8_lossy(&response.body).into_owned();
    Datum::record(
        "Response",
        [
            ("status", Datum::Int(i64::from(response.status.as_u16()))),
            ("body", Datum::text(body)),
            ("headers", Datum::map(headers.collect())),
        ],
    )
}

fn failed(error: &Error) -> Datum {
    failure(if error.is_timeout() { "TimeoutError" } else { "NetworkError" }, &error.to_string())
}

fn failure(kind: &str, message: &str) -> Datum {
    Datum::record(&format!("HttpError::{kind}"), [("message", Datum::text(message))])
}
