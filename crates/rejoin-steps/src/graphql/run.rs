//! A call of `graphql` on the program's own schema.

use rejoin_engine::{Abort, Called, Input, Prepared, StepError, StepResult};
use rejoin_value::{Object, Value};

use super::document::Document;
use super::question::{Own, Question};

pub(super) struct PreparedGraphql {
    pub(super) own: Own,
    /// From the text; without one the state's `query` is asked.
    pub(super) document: Option<Document>,
}

impl Prepared for PreparedGraphql {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        Called::pending(self.run(input))
    }

    fn is_inside(&self) -> bool {
        true
    }
}

impl PreparedGraphql {
    async fn run(&self, input: Input<'_>) -> StepResult {
        let none = Object::new();
        let variables = variables(&input, &none)?;
        let document = match &self.document {
            Some(document) => document.clone(),
            None => {
                let text = dynamic(&input)?;
                match self.own.schema.documents.get(&self.own.schema, self.own.bounds, text) {
                    Ok(document) => document,
                    Err(problems) => {
                        return Ok(super::error::Response::refused(problems).into_state().into());
                    }
                }
            }
        };
        let question =
            Question { document, variables, operation: None, caller: input.state.clone() };
        Ok(self.own.ask(input.context, question).await.into_state().into())
    }
}

/// The variables: the first argument, or what the state has under a name for them.
pub(super) fn variables<'a>(input: &Input<'a>, none: &'a Object) -> Result<&'a Object, StepError> {
    let wrong = |value: &Value| {
        let what = value.type_name();
        StepError::Failed(format!("argument 1 must be an object, the variables, not {what}"))
    };
    match input.args.first() {
        Some(Value::Object(object)) => return Ok(object),
        Some(Value::Null) => return Ok(none),
        Some(other) => return Err(wrong(other)),
        None => {}
    }
    let of_state = |key: &str| input.state.get(key).and_then(Value::as_object);
    Ok(of_state("variables").or_else(|| of_state("graphqlParams")).unwrap_or(none))
}

/// The document of a call that has none of its own.
pub(super) fn dynamic<'a>(input: &Input<'a>) -> Result<&'a str, StepError> {
    input.state.get("query").and_then(Value::as_str).ok_or_else(|| {
        StepError::Abort(Abort {
            title: "graphql has nothing to ask".into(),
            detail:
                "write a document behind the colon, or put one into the state as `query`, a string"
                    .into(),
        })
    })
}
