//! One question to the program's own schema, from the document to the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable;
use apollo_compiler::introspection;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use rejoin_engine::{Context, Operation};
use rejoin_value::{Object, Value};

use super::document::{Bounds, Document};
use super::error::{Problem, Response};
use super::execute::Execution;
use super::input;
use super::schema::Schema;

/// The program's own schema, ready to be asked.
#[derive(Clone)]
pub(super) struct Own {
    pub(super) schema: Arc<Schema>,
    pub(super) bounds: Bounds,
}

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) document: Document,
    pub(super) variables: &'a Object,
    /// Which operation, if the document has several.
    pub(super) operation: Option<&'a str>,
    /// What resolvers see as their `context`.
    pub(super) caller: Value,
}

impl Own {
    pub(super) async fn ask(&self, context: &Context, question: Question<'_>) -> Response {
        let refused = |message: String| Response::refused(vec![Problem::new(message)]);
        let document = &question.document;
        let operation = match document.operations.get(question.operation) {
            Ok(operation) => operation,
            Err(error) => return refused(error.message().to_string()),
        };
        if operation.is_subscription() {
            return refused("subscriptions are not available".to_owned());
        }
        let types = &self.schema.types;
        let variables = match input::variables(types, operation, question.variables) {
            Ok(variables) => variables,
            Err(message) => return refused(message),
        };
        let introspected = match self.introspect(document, operation, &variables) {
            Ok(introspected) => introspected,
            Err(message) => return refused(message),
        };
        let engine = Operation::new(context);
        let execution = Execution {
            schema: &self.schema,
            document,
            variables: &variables,
            engine: &engine,
            caller: question.caller,
            introspected,
            left: AtomicUsize::new(self.bounds.nodes),
            is_full: AtomicBool::new(false),
        };
        let done = engine.drive(execution.run(operation)).await;
        if execution.is_full() {
            let most = self.bounds.nodes;
            return refused(format!(
                "the answer has more than {most} values; `maxNodes` in `config graphql` sets how many"
            ));
        }
        Response { data: Some(done.value.unwrap_or_default()), problems: done.problems }
    }

    /// What the schema says of itself, if that is asked.
    fn introspect(
        &self,
        document: &Valid<ExecutableDocument>,
        operation: &executable::Operation,
        variables: &Object,
    ) -> Result<Object, String> {
        let is_asked = operation
            .root_fields(document)
            .any(|field| matches!(field.name.as_str(), "__schema" | "__type"));
        if !is_asked {
            return Ok(Object::new());
        }
        if !self.bounds.introspection {
            return Err("this schema does not tell about itself".to_owned());
        }
        let said = |error: apollo_compiler::request::RequestError| error.message().to_string();
        introspection::check_max_depth(document, operation).map_err(said)?;
        let variables: JsonMap = serde_json::from_str(&Value::from(variables.clone()).to_json())
            .map_err(|error| error.to_string())?;
        let types = &self.schema.types;
        let variables = coerce_variable_values(types, operation, &variables).map_err(said)?;
        let implementers = &self.schema.implementers;
        let response =
            introspection::partial_execute(types, implementers, document, operation, &variables)
                .map_err(said)?;
        let text = serde_json::to_vec(&response.data).map_err(|error| error.to_string())?;
        match Value::parse(&text) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Ok(Object::new()),
        }
    }
}
