mod conversions;
mod hostile;
mod sandbox;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rejoin_value::{Value, json};

use super::Script;
use crate::script::{Limits, ScriptError, SqlEnd, Surroundings};

/// What a script did to its surroundings.
#[derive(Clone, Default)]
struct Recorded {
    flags: Arc<Mutex<BTreeMap<String, bool>>>,
    conditions: Arc<Mutex<BTreeMap<String, bool>>>,
    printed: Arc<Mutex<Vec<String>>>,
}

impl Surroundings for Recorded {
    fn flag(&self, name: &str) -> bool {
        self.flags.lock().unwrap().get(name).copied().unwrap_or(false)
    }
    fn set_flag(&self, name: &str, on: bool) {
        self.flags.lock().unwrap().insert(name.to_owned(), on);
    }
    fn condition(&self, name: &str) -> bool {
        self.conditions.lock().unwrap().get(name).copied().unwrap_or(false)
    }
    fn set_condition(&self, name: &str, holds: bool) {
        self.conditions.lock().unwrap().insert(name.to_owned(), holds);
    }
    fn env(&self, name: &str) -> Option<String> {
        (name == "REGION").then(|| "north".to_owned())
    }
    fn print(&self, line: &str) {
        self.printed.lock().unwrap().push(line.to_owned());
    }
    fn sql(&self, sql: &str, params: Vec<Value>) -> Result<Value, SqlEnd> {
        match sql {
            "refused" => Err(SqlEnd::Refused("no such table".into())),
            _ => Ok(json!({"sql": sql, "params": params})),
        }
    }
}

/// Runs a script that may use no other.
fn run(
    script: &Script,
    request: &Value,
    context: &Value,
    surroundings: Box<dyn Surroundings>,
    limits: Limits,
) -> Result<Value, ScriptError> {
    super::run(script, &Arc::default(), request, context, surroundings, limits)
}

fn limits() -> Limits {
    // No clock decides what these tests see.
    Limits { time: Duration::MAX, memory: 32 << 20, stop: Arc::default() }
}

fn parsed(text: &str) -> Value {
    Value::parse(text.as_bytes()).expect("the test's JSON is right")
}

fn compile(text: &str) -> Script {
    Script::compile(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
}

fn try_js(text: &str, request: &Value) -> Result<Value, ScriptError> {
    let context = parsed(r#"{"flags": {}, "request": {"params": {"id": 7}, "tags": ["a", "b"]}}"#);
    run(&compile(text), request, &context, Box::new(Recorded::default()), limits())
}

/// Runs a script on a request and gives its result as JSON text.
#[track_caller]
fn js(text: &str, request: &str) -> String {
    match try_js(text, &parsed(request)) {
        Ok(value) => value.to_json(),
        Err(error) => panic!("{text}: {error}"),
    }
}
