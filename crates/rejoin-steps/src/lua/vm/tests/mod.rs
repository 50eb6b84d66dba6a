mod conversions;
mod elsewhere;
mod hostile;
mod sandbox;
mod tables;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rejoin_value::{Value, json};

use super::{Chunk, Limits, ScriptError, Surroundings};
use crate::script::SqlEnd;

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

/// Runs a chunk that may use no other.
fn run(
    chunk: &Chunk,
    request: &Value,
    context: &Value,
    surroundings: Box<dyn Surroundings>,
    limits: Limits,
) -> Result<Value, ScriptError> {
    super::run(chunk, &Arc::default(), request, context, surroundings, limits)
}

fn limits() -> Limits {
    Limits {
        // No clock decides what these tests see.
        time: Duration::MAX,
        memory: 32 << 20,
        stop: Arc::new(AtomicBool::new(false)),
    }
}

fn parsed(text: &str) -> Value {
    Value::parse(text.as_bytes()).expect("the test's JSON is right")
}

fn try_lua(text: &str, request: &Value) -> Result<Value, ScriptError> {
    let chunk = Chunk::compile(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
    let context = parsed(r#"{"flags": {}, "request": {"params": {"id": 7}, "tags": ["a", "b"]}}"#);
    run(&chunk, request, &context, Box::new(Recorded::default()), limits())
}

/// Runs a script on a request and gives its result as JSON text.
#[track_caller]
fn lua(text: &str, request: &str) -> String {
    match try_lua(text, &parsed(request)) {
        Ok(value) => value.to_json(),
        Err(error) => panic!("{text}: {error}"),
    }
}

#[track_caller]
fn error(text: &str) -> String {
    try_lua(text, &Value::Null).expect_err(text).to_string()
}
