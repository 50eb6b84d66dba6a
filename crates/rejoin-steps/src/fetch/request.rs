//! What to ask for: from the arguments, or from keys of the state.

use std::time::Duration;

use http::Method;
use rejoin_engine::Input;
use rejoin_http::{Request, Url};
use rejoin_lang::duration;
use rejoin_value::{Object, Value, json};

use super::settings::Defaults;

/// Why there is no request to send.
#[derive(Debug)]
pub(super) enum NotAsked {
    /// The call is wrong.
    Wrong(String),
    /// The URL cannot be asked.
    Url { url: String, message: String },
}

/// What the text of the step says.
pub(super) struct TextUrl {
    /// May be empty.
    text: String,
    /// Read once, if it can be.
    url: Option<Url>,
}

impl TextUrl {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), url: text.trim().parse().ok() }
    }

    fn read(&self) -> Result<Url, NotAsked> {
        self.url.clone().map_or_else(|| read(&self.text), Ok)
    }
}

/// Reads the call.
pub(super) fn build(
    text: &TextUrl,
    input: &Input<'_>,
    defaults: Defaults,
) -> Result<Request, NotAsked> {
    let (url, options) = match input.args {
        [] => {
            // Most states have none of the keys.
            let has_any = |state: &&Value| match state {
                Value::Object(state) => state.keys().any(|key| key.starts_with("fetch")),
                _ => false,
            };
            let state = Some(input.state).filter(has_any);
            let key = |name: &str| state?.get(name);
            let options = Options {
                method: key("fetchMethod"),
                headers: key("fetchHeaders"),
                body: key("fetchBody"),
                timeout: key("fetchTimeout"),
            };
            (key("fetchUrl").and_then(Value::as_str), options)
        }
        [url, rest @ ..] => {
            let url = url.as_str().ok_or_else(|| {
                wrong(format!("argument 1 must be a string, the URL, not {}", kind(url)))
            })?;
            (Some(url), Options::of(rest.first())?)
        }
    };
    options.apply(url.map_or_else(|| text.read(), read)?, defaults)
}

fn read(url: &str) -> Result<Url, NotAsked> {
    let url = url.trim();
    if url.is_empty() {
        return Err(NotAsked::Url { url: String::new(), message: "there is no URL".into() });
    }
    url.parse().map_err(|error: rejoin_http::Error| NotAsked::Url {
        url: without_credentials(url),
        message: error.message().to_owned(),
    })
}

/// A URL that cannot be read, for an error that may be shown to anybody.
fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(s, r)| (&url[..s.len() + 3], r));
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// The keys of the second argument.
pub(super) const KEYS: [&str; 4] = ["method", "headers", "body", "timeout"];

/// All but the URL.
#[derive(Default)]
struct Options<'a> {
    method: Option<&'a Value>,
    headers: Option<&'a Value>,
    body: Option<&'a Value>,
    timeout: Option<&'a Value>,
}

impl<'a> Options<'a> {
    fn of(argument: Option<&'a Value>) -> Result<Self, NotAsked> {
        let object = match argument {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Object(object)) => object,
            Some(other) => {
                return Err(wrong(format!("argument 2 must be an object, not {}", kind(other))));
            }
        };
        if let Some(key) = object.keys().find(|key| !KEYS.contains(&&***key)) {
            return Err(wrong(format!(
                "argument 2 has no option `{key}`; there are method, headers, body and timeout"
            )));
        }
        Ok(Self {
            method: object.get("method"),
            headers: object.get("headers"),
            body: object.get("body"),
            timeout: object.get("timeout"),
        })
    }

    fn apply(&self, url: Url, defaults: Defaults) -> Result<Request, NotAsked> {
        let mut request = Request::new(self.method()?, url)
            .timeout(self.timeout()?.unwrap_or(defaults.timeout))
            .max_response_bytes(defaults.max_response)
            .budget_header(true);
        for (name, value) in self.headers()?.into_iter().flatten() {
            let text = match value {
                Value::String(text) => text.to_string(),
                Value::Number(_) | Value::Bool(_) => value.to_json(),
                _ => continue,
            };
            request =
                request.header(name, &text).map_err(|error| wrong(error.message().to_owned()))?;
        }
        let Some(body) = self.body else { return Ok(request) };
        let typed = request.headers_mut().contains_key("content-type");
        match body {
            // Whoever says what a text is wants it sent as it is.
            Value::String(text) if typed => Ok(request.body(text.to_string())),
            _ => {
                if !typed {
                    request = request
                        .header("content-type", "application/json")
                        .expect("it is a valid header");
                }
                Ok(request.body(json::to_vec(body)))
            }
        }
    }

    fn method(&self) -> Result<Method, NotAsked> {
        match self.method {
            None | Some(Value::Null) => Ok(Method::GET),
            Some(Value::String(text)) => {
                Method::from_bytes(text.trim().to_ascii_uppercase().as_bytes())
                    .map_err(|_| wrong(format!("`{text}` cannot be the method of a request")))
            }
            Some(other) => Err(wrong(format!("the method must be a string, not {}", kind(other)))),
        }
    }

    fn headers(&self) -> Result<Option<&'a Object>, NotAsked> {
        match self.headers {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(headers)) => Ok(Some(headers)),
            Some(other) => {
                Err(wrong(format!("the headers must be an object, not {}", kind(other))))
            }
        }
    }

    fn timeout(&self) -> Result<Option<Duration>, NotAsked> {
        let length = match self.timeout {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(seconds)) => duration::seconds(seconds.as_f64()),
            Some(Value::String(text)) => duration::parse(text),
            Some(_) => None,
        };
        match length.filter(|length| !length.is_zero()) {
            Some(length) => Ok(Some(length)),
            None => Err(wrong(
                "the timeout must be a number of seconds, or a string such as \"250ms\", and more than 0"
                    .into(),
            )),
        }
    }
}

fn wrong(message: String) -> NotAsked {
    NotAsked::Wrong(message)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
    }
}
