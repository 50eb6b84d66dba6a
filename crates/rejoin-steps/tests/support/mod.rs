//! Runs programs in memory with the built-in steps, against services on this machine.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its own part")]

pub mod functions;
pub mod postgres;
pub mod redis;
pub mod upstream;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rejoin::{Instant, OnError, Scope};
use rejoin_engine::{
    Answer, App, Event, Found, Host, Observer, Program, Registry, RunError, RunOptions,
    ScriptLimits, Shared, Target,
};
use rejoin_http::Client;
use rejoin_lang::Loaded;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::plan::Method;
use rejoin_lang::source::Source;
use rejoin_steps::fetch::Fetch;
use rejoin_steps::graphql::GraphqlStep;
use rejoin_value::{Object, Value, json};

use upstream::Upstream;

/// The built-in steps. Hosts under `.example` are the upstream, and no proxy is used.
pub fn registry(upstream: &Upstream) -> Registry {
    let address = upstream.address();
    let fetch = Fetch::from_builder(move || {
        ["users.example", "orders.example", "films.example", "up.example"]
            .into_iter()
            .fold(Client::builder().no_proxy(), |builder, host| builder.resolve_to(host, address))
    });
    rejoin_steps::registry().with(GraphqlStep::new(&fetch)).with(fetch)
}

/// Keeps every event.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<Event>>);

impl Observer for Recorder {
    fn observe(&self, _: &str, event: &Event) {
        self.0.lock().expect("no test panics inside").push(event.clone());
    }
}

/// A program that was loaded without errors.
pub struct Fixture {
    pub program: Arc<Program>,
    pub recorder: Arc<Recorder>,
    pub limits: ScriptLimits,
    /// What steps keep from one call to the next.
    pub shared: Arc<Shared>,
    /// On a clock that runs only when nothing else does.
    pub virtual_time: bool,
    pub deadline: Duration,
}

pub struct Run {
    pub result: Result<Answer, RunError>,
    /// Until the answer.
    pub took: Duration,
    pub events: Vec<Event>,
}

/// Loads a program with the built-in steps, on virtual time.
#[track_caller]
pub fn load(text: &str) -> Fixture {
    load_with(text, &rejoin_steps::registry())
}

#[track_caller]
pub fn load_with(text: &str, registry: &Registry) -> Fixture {
    fixture(try_load(text, registry))
}

/// Loads a program that imports these files, with the built-in steps, on virtual time.
#[track_caller]
pub fn load_among(text: &str, files: &[(&str, &str)]) -> Fixture {
    let registry = rejoin_steps::registry();
    fixture(build(read_among(text, &registry, files), &registry))
}

#[track_caller]
fn fixture(program: Result<Program, String>) -> Fixture {
    match program {
        Ok(program) => Fixture {
            program: Arc::new(program),
            recorder: Arc::default(),
            limits: ScriptLimits::default(),
            shared: Arc::default(),
            virtual_time: true,
            deadline: Duration::from_secs(30),
        },
        Err(problems) => panic!("{problems}"),
    }
}

/// A checked program, which may import the functions of `till.cov`.
pub fn read(text: &str, registry: &Registry) -> Loaded {
    read_among(text, registry, &[("till.cov", include_str!("../../src/cov/till.cov"))])
}

/// A checked program, which may import these files.
pub fn read_among(text: &str, registry: &Registry, files: &[(&str, &str)]) -> Loaded {
    let import = |_: &str, path: &str| match files.iter().find(|(name, _)| *name == path) {
        Some((name, text)) => Ok(Source::new(*name, *text)),
        None => Err("there is no such file".to_owned()),
    };
    rejoin_lang::load_with(Source::new("test.wp", text), registry, &import)
}

/// The program, or its problems drawn.
pub fn try_load(text: &str, registry: &Registry) -> Result<Program, String> {
    build(read(text, registry), registry)
}

/// A program that was checked, or its problems drawn.
pub fn build(loaded: Loaded, registry: &Registry) -> Result<Program, String> {
    let draw = |problems: &[_]| render_text(&loaded.plan.sources, problems, false);
    if has_errors(&loaded.diagnostics) {
        return Err(draw(&loaded.diagnostics));
    }
    Program::build(&loaded.plan, registry, &variable).map_err(|problems| draw(&problems))
}

/// The variables of the environment that programs see.
fn variable(name: &str) -> Option<String> {
    match name {
        "WEBPIPE_SCRIPTS_DIR" => Some("tests/scripts".to_owned()),
        "WORDS" => Some("words".to_owned()),
        "REGION" => Some("north".to_owned()),
        "DATABASE_URL" => Some(postgres::url()),
        _ => None,
    }
}

impl Fixture {
    /// On the real clock, for programs that reach real sockets.
    pub fn on_real_time(mut self) -> Self {
        self.virtual_time = false;
        self
    }

    pub fn with_limits(mut self, time: Duration, memory: usize) -> Self {
        self.limits = ScriptLimits { time, memory };
        self
    }

    /// Calls a route such as `GET /x?n=1`.
    #[track_caller]
    pub fn call(&self, route: &str) -> Run {
        self.call_with(route, json!({}))
    }

    #[track_caller]
    pub fn call_with(&self, route: &str, body: Value) -> Run {
        self.call_all(vec![(route, body)]).pop().expect("one call, one run")
    }

    /// Calls routes one after the other, on one runtime.
    ///
    /// Time goes on from one call to the next.
    #[track_caller]
    pub fn call_all(&self, calls: Vec<(&str, Value)>) -> Vec<Run> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(self.virtual_time)
            .build()
            .expect("a runtime");
        let requests: Vec<_> =
            calls.into_iter().map(|(route, body)| self.request(route, body)).collect();
        runtime.block_on(async {
            let mut runs = Vec::new();
            for (target, request) in requests {
                runs.push(self.run(target, request).await);
            }
            runs
        })
    }

    /// Calls routes at the same time.
    #[track_caller]
    pub fn call_together(&self, routes: &[&str]) -> Vec<Run> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(self.virtual_time)
            .build()
            .expect("a runtime");
        let requests = routes.iter().map(|route| self.request(route, json!({})));
        let requests: Vec<_> = requests.collect();
        runtime.block_on(futures_util::future::join_all(
            requests.into_iter().map(|(target, request)| self.run(target, request)),
        ))
    }

    #[track_caller]
    fn request(&self, route: &str, body: Value) -> (Target, Value) {
        let (method, target) = route.split_once(' ').expect("METHOD /path");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let method = Method::parse(method).expect("a method");
        let Found::Route { route, params } = self.program.find(method, path) else {
            panic!("no route for {target}");
        };
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        let params = pairs(params.iter().map(|(key, value)| (&**key, value.as_str())));
        let request = json!({
            "method": (method.as_str()),
            "path": path,
            "query": (pairs(query)),
            "params": (params.clone()),
            "headers": {"authorization": "Bearer secret", "x-api-key": "secret", "accept": "*/*"},
            "cookies": {"session": "secret"},
            "body": body,
            "originalRequest": {"method": (method.as_str()), "params": params, "query": {}}
        });
        (Target::Route(route), request)
    }

    async fn run(&self, target: Target, request: Value) -> Run {
        let began = Instant::now();
        let server = Scope::builder().name("server").on_error(OnError::IgnoreErrors);
        let (result, took) = server
            .run(|server: Scope| async move {
                let mut host = Host::new(server.clone());
                host.observer = self.recorder.clone();
                host.script_limits = self.limits;
                host.shared = self.shared.clone();
                host.variables = Arc::new(variable);
                let app = App::new(self.program.clone(), Arc::new(host));
                let options = RunOptions {
                    id: "test".into(),
                    deadline: began + self.deadline,
                    script: Default::default(),
                };
                let mut got = None;
                app.run(target, request, options, |result| got = Some((result, began.elapsed())))
                    .await;
                Ok(got.expect("respond is called exactly once"))
            })
            .await
            .expect("the server's scope ends well");
        Run {
            result,
            took,
            events: std::mem::take(&mut *self.recorder.0.lock().expect("no test panics inside")),
        }
    }
}

impl Run {
    #[track_caller]
    pub fn answer(&self) -> &Answer {
        self.result.as_ref().expect("an answer")
    }

    #[track_caller]
    pub fn body(&self) -> String {
        self.answer().body.to_json()
    }

    /// The first error of the body.
    #[track_caller]
    pub fn error(&self) -> &Value {
        let body = &self.answer().body;
        body.get("errors").and_then(|list| list.at(0)).unwrap_or_else(|| panic!("no error: {body}"))
    }

    /// A text field of the first error.
    #[track_caller]
    pub fn error_text(&self, field: &str) -> &str {
        let error = self.error();
        error.get(field).and_then(Value::as_str).unwrap_or_else(|| panic!("no {field}: {error}"))
    }

    /// What was logged: `level message fields`.
    pub fn log(&self) -> Vec<String> {
        let line = |event: &Event| match event {
            Event::Log { level, message, fields: Value::Null } => {
                Some(format!("{level} {message}"))
            }
            Event::Log { level, message, fields } => Some(format!("{level} {message} {fields}")),
            Event::Debug { title, state } => Some(format!("<{title}> {state}")),
            _ => None,
        };
        self.events.iter().filter_map(line).collect()
    }
}

fn pairs<'a>(list: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let mut object = Object::new();
    for (key, value) in list {
        match value.parse::<i64>() {
            Ok(n) => object.insert(key, n),
            Err(_) => object.insert(key, value),
        };
    }
    object.into()
}
