//! A call of `stdin`.

use std::io::Read;
use std::sync::{Arc, PoisonError};

use rejoin_engine::{Called, Input, Prepared, StepError};
use rejoin_lang::diagnostic::nearest;
use rejoin_lang::step_spec::TextProblem;
use rejoin_value::{Array, Value};

use super::Source;

/// The most that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// As what the input is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Lines,
}

pub(super) fn form_of(text: &str) -> Result<Form, TextProblem> {
    match text.trim() {
        "" | "text" => Ok(Form::Text),
        "json" => Ok(Form::Json),
        "lines" => Ok(Form::Lines),
        other => Err(TextProblem {
            start: 0,
            end: text.len(),
            message: format!("`{other}` is no way to read an input"),
            help: Some(match nearest(other, ["text", "json", "lines"]) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write `text`, `json` or `lines`".into(),
            }),
        }),
    }
}

pub(super) struct PreparedStdin(pub(super) Form);

impl Prepared for PreparedStdin {
    /// A test has an input that is known already, or none.
    fn is_inside(&self) -> bool {
        true
    }

    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let source = input.context.host().shared.get::<Source>();
        Called::pending(async move {
            let text = source.1.get_or_init(|| read(&source)).await;
            let text = text.as_ref().map_err(|why| StepError::Failed(why.clone()))?;
            let value = match self.0 {
                Form::Text => Value::from(&**text),
                Form::Json => Value::parse(text.as_bytes()).map_err(|error| {
                    StepError::Failed(format!("the input is not JSON: {error}"))
                })?,
                Form::Lines => text.lines().map(Value::from).collect::<Array>().into(),
            };
            Ok(value.into())
        })
    }
}

/// Reads all of it. Whoever gives up meanwhile has begun it for the next who asks: a process has its input once.
async fn read(source: &Arc<Source>) -> Result<Arc<str>, String> {
    let reader = source.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(reader) = reader else {
        return Err("there is no input: only a pipeline that `rejoin run` runs has one".into());
    };
    let read = rejoin::to_thread(move || {
        let mut text = String::new();
        let read = reader.take(LARGEST + 1).read_to_string(&mut text);
        read.map(|_| text)
    });
    match read.await {
        Ok(Ok(text)) if text.len() as u64 > LARGEST => {
            Err(format!("the input is larger than {LARGEST} bytes"))
        }
        Ok(Ok(text)) => Ok(text.into()),
        Ok(Err(error)) => Err(format!("the input cannot be read: {error}")),
        Err(error) => Err(error.to_string()),
    }
}
