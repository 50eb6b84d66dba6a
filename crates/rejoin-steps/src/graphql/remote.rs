//! A call of `graphql` on another service, over HTTP.

use std::time::Duration;

use http::Method;
use rejoin_engine::{Called, DomainError, Input, Prepared, StepError, StepResult};
use rejoin_http::{Client, Request, Response, Url};
use rejoin_lang::duration;
use rejoin_value::{Object, Value, json};

use super::error::{answer, typed};
use super::run;
use crate::fetch::{Defaults, failed, status_error};

pub(super) struct PreparedRemote {
    /// From the text; without one the state's `query` is asked.
    pub(super) document: Option<String>,
    pub(super) client: Client,
    pub(super) defaults: Defaults,
}

impl Prepared for PreparedRemote {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        Called::pending(self.run(input))
    }
}

impl PreparedRemote {
    async fn run(&self, input: Input<'_>) -> StepResult {
        let none = Object::new();
        let variables = run::variables(&input, &none)?;
        let document = match &self.document {
            Some(text) => text,
            None => run::dynamic(&input)?,
        };
        let options = Options::of(input.args.get(1))?;
        let mut body = Object::new();
        body.insert("query", document);
        body.insert("variables", variables.clone());
        if let Some(name) = options.operation {
            body.insert("operationName", name);
        }
        let request = options.request(self.defaults)?.body(json::to_vec(&body.into()));
        let method = request.method().clone();
        match self.client.send(request).await {
            Ok(response) => read(&response),
            Err(error) => Err(failed(&method, &error)),
        }
    }
}

/// The keys of the second argument.
pub(super) const KEYS: [&str; 4] = ["url", "headers", "operation", "timeout"];

/// What the second argument says.
struct Options<'a> {
    url: &'a str,
    headers: Option<&'a Object>,
    operation: Option<&'a str>,
    timeout: Option<Duration>,
}

impl<'a> Options<'a> {
    fn of(argument: Option<&'a Value>) -> Result<Self, StepError> {
        let wrong = |message: String| Err(StepError::Failed(message));
        let Some(Value::Object(object)) = argument else {
            return wrong(
                "argument 2 must be an object: { url, headers, operation, timeout }".into(),
            );
        };
        if let Some(key) = object.keys().find(|key| !KEYS.contains(&&***key)) {
            let known = KEYS.join(", ");
            return wrong(format!("argument 2 has no option `{key}`; there are {known}"));
        }
        let Some(url) = object.get("url").and_then(Value::as_str) else {
            return wrong("argument 2 lacks its `url`, a string".into());
        };
        let headers = match object.get("headers") {
            None | Some(Value::Null) => None,
            Some(Value::Object(headers)) => Some(headers),
            Some(_) => return wrong("the headers must be an object".into()),
        };
        let operation = match object.get("operation") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.as_str()),
            Some(_) => return wrong("the operation must be a string, its name".into()),
        };
        let timeout = match object.get("timeout") {
            None | Some(Value::Null) => None,
            Some(Value::Number(seconds)) => duration::seconds(seconds.as_f64()),
            Some(Value::String(text)) => duration::parse(text),
            Some(_) => Some(Duration::ZERO),
        };
        if timeout.is_some_and(|length| length.is_zero()) {
            return wrong("the timeout must be a length of time, such as \"2s\"".into());
        }
        Ok(Self { url: url.trim(), headers, operation, timeout })
    }

    fn request(&self, defaults: Defaults) -> Result<Request, StepError> {
        let wrong = |error: rejoin_http::Error| StepError::Failed(error.message().to_owned());
        let url: Url = self.url.parse().map_err(wrong)?;
        let mut request = Request::new(Method::POST, url)
            .timeout(self.timeout.unwrap_or(defaults.timeout))
            .max_response_bytes(defaults.max_response)
            .budget_header(true);
        let given = |name: &str| {
            let mut names = self.headers.into_iter().flat_map(Object::keys);
            names.any(|known| known.eq_ignore_ascii_case(name))
        };
        let media = "application/graphql-response+json, application/json;q=0.9";
        for (name, value) in [("content-type", "application/json"), ("accept", media)] {
            if !given(name) {
                request = request.header(name, value).map_err(wrong)?;
            }
        }
        for (name, value) in self.headers.into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_json(), str::to_owned);
            request = request.header(name, &text).map_err(wrong)?;
        }
        Ok(request)
    }
}

/// An answer of GraphQL whatever its status, else an error.
fn read(response: &Response) -> StepResult {
    let value = Value::parse(&response.body).ok();
    let object = value.as_ref().and_then(Value::as_object);
    let is_answer = |object: &&Object| object.contains_key("data") || object.contains_key("errors");
    let Some(object) = object.filter(is_answer) else {
        if !response.status.is_success() {
            return Err(status_error(&Method::POST, response));
        }
        return Err(DomainError::new("graphqlError", "the service's answer is none of GraphQL")
            .field("url", response.url.to_string())
            .into());
    };
    let errors = object.get("errors").and_then(Value::as_array);
    let errors = errors.into_iter().flatten().map(|error| match error {
        Value::Object(entry) => typed(entry),
        other => {
            let mut entry = Object::new();
            entry.insert("message", other.clone());
            typed(&entry)
        }
    });
    Ok(answer(object.get("data").cloned(), errors.collect()).into())
}
