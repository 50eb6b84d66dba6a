//! The endpoint that clients ask: `config graphql { endpoint }`.

use rejoin_engine::{Called, Input, Prepared, StepResult};
use rejoin_value::{Object, Value};

use super::document::Document;
use super::error::{Problem, Response};
use super::question::{Own, Question};

pub(super) struct Endpoint {
    pub(super) own: Own,
}

/// What a client asks, as it stands in the request.
struct Asked<'a> {
    query: &'a str,
    variables: Object,
    operation: Option<&'a str>,
}

impl Prepared for Endpoint {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        Called::pending(self.run(input))
    }

    fn is_inside(&self) -> bool {
        true
    }
}

impl Endpoint {
    async fn run(&self, input: Input<'_>) -> StepResult {
        let is_get = input.state.get("method").and_then(Value::as_str) == Some("GET");
        let asked = match asked(input.state, is_get) {
            Ok(asked) => asked,
            Err(message) => return Ok(bad(400, vec![Problem::new(message)]).into()),
        };
        let documents = &self.own.schema.documents;
        let document = match documents.get(&self.own.schema, self.own.bounds, asked.query) {
            Ok(document) => document,
            Err(problems) => return Ok(Response::refused(problems).into_answer().into()),
        };
        // A page elsewhere can make a browser follow a link; that must not change anything.
        if is_get && !is_query(&document, asked.operation) {
            let message = "a mutation is asked with POST";
            return Ok(bad(405, vec![Problem::new(message)]).into());
        }
        let question = Question {
            document,
            variables: &asked.variables,
            operation: asked.operation,
            caller: input.state.clone(),
        };
        Ok(self.own.ask(input.context, question).await.into_answer().into())
    }
}

fn is_query(document: &Document, operation: Option<&str>) -> bool {
    document.operations.get(operation).map_or(true, |operation| operation.is_query())
}

/// An answer for a request that is none.
fn bad(status: u16, problems: Vec<Problem>) -> Value {
    let mut answer = Object::new();
    answer.insert("status", status);
    answer.insert("body", Response::refused(problems).into_answer());
    answer.into()
}

fn asked(request: &Value, is_get: bool) -> Result<Asked<'_>, String> {
    let from = if is_get { request.get("query") } else { request.get("body") };
    let Some(Value::Object(from)) = from else {
        return Err("the body must be a JSON object: {\"query\": \"…\", \"variables\": {…}}".into());
    };
    let Some(query) = from.get("query").and_then(Value::as_str) else {
        return Err("there is no `query`, a string".into());
    };
    let variables = match from.get("variables") {
        None | Some(Value::Null) => Object::new(),
        Some(Value::Object(variables)) => variables.clone(),
        Some(Value::String(text)) if is_get => match Value::parse(text.as_bytes()) {
            Ok(Value::Object(variables)) => variables,
            _ => return Err("`variables` must be a JSON object".into()),
        },
        Some(_) => return Err("`variables` must be an object".into()),
    };
    let operation = match from.get("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.as_str()).filter(|name| !name.is_empty()),
        Some(_) => return Err("`operationName` must be a string".into()),
    };
    Ok(Asked { query, variables, operation })
}
