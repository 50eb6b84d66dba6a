//! A call of `cov`.

use std::sync::Arc;

use rejoin_engine::{
    Called, Context, Datum, DomainError, Event, FunctionProgram, Input, Level, Prepared, StepError,
    StepOutput, StepResult,
};
use rejoin_value::{Object, Value};

use crate::functions::{Console, Host, Services};

pub(super) struct PreparedCov {
    pub(super) program: FunctionProgram,
    pub(super) index: usize,
    pub(super) services: Arc<Services>,
    pub(super) is_inside: bool,
}

impl Prepared for PreparedCov {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let (given, strict) = match input.args.first() {
            Some(given) => (given, true),
            None => (input.state, false),
        };
        let arguments = match self.program.arguments(self.index, given, strict) {
            Ok(arguments) => arguments,
            Err(error) => {
                let field = error.param.as_str();
                let error =
                    DomainError::new("validationError", error.message).field("field", field);
                return Called::Ready(Err(error.into()));
            }
        };
        let program = self.program.with_host(run_host(&self.services, input.context.clone()));
        Called::pending(async move {
            match program.call(self.index, arguments).await {
                Ok(value) => outcome(value),
                Err(missing) => Err(StepError::Failed(missing)),
            }
        })
    }

    fn is_inside(&self) -> bool {
        self.is_inside
    }
}

/// What a function reaches; the console is the log of the request.
fn run_host(services: &Arc<Services>, context: Context) -> Arc<Host> {
    let variables = context.host().variables.clone();
    let host = Host::with_services(services.clone(), move |console, text| {
        let level = match console {
            Console::Out => Level::Info,
            Console::Error => Level::Warn,
        };
        let message = text.trim_end_matches('\n').into();
        context.emit(Event::Log { level, message, fields: Value::Null });
    });
    Arc::new(host.environment(move |name| variables(name)))
}

fn outcome(value: Datum) -> StepResult {
    if !value.is_failure() {
        let output = StepOutput::from(value.to_json());
        return Ok(StepOutput { bare: true, ..output });
    }
    let kind = value.kind().unwrap_or_default();
    let text = |name| value.get(name).and_then(Datum::as_text);
    let message = text("message");
    if kind == "RuntimeError" {
        let code = text("code").unwrap_or_default();
        let step = text("step").map(|step| format!(" (step `{step}`)")).unwrap_or_default();
        return Err(StepError::Failed(format!("{code}: {}{step}", message.unwrap_or_default())));
    }
    let (name, variant) = match kind.split_once("::") {
        Some((name, variant)) => (name, Some(variant)),
        None => (kind, None),
    };
    let message = message.map_or_else(|| format!("the function failed with {kind}"), str::to_owned);
    let mut fields = Object::new();
    if let Some(variant) = variant {
        fields.insert("variant", variant);
    }
    if let Value::Object(all) = value.to_json() {
        for (name, value) in all.iter() {
            if !matches!(name.as_str(), "type" | "message") {
                fields.insert(name.as_str(), value.clone());
            }
        }
    }
    Err(DomainError { kind: name.into(), message, fields, retry: true, for_log: None }.into())
}
