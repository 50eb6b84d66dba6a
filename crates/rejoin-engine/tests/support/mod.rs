//! Runs programs in memory, with a few steps that make every situation easy to cause.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its own part")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rejoin::{Instant, OnError, Scope};
use rejoin_engine::{
    Answer, App, CallSite, Called, DomainError, Event, Found, Host, Input, Observer, Prepared,
    Program, Registry, RunError, RunOptions, Step, StepError, StepOutput, StepResult, Target,
};
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::plan::Method;
use rejoin_lang::source::Source;
use rejoin_lang::step_spec::{
    Effect, OutputClass, Param, Required, StepSpec, TextLanguage, TextProblem, TextRule,
};
use rejoin_value::{Value, jq};

/// A step made of a function on its input and arguments.
struct Probe {
    spec: StepSpec,
    run: fn(Value, Vec<Value>) -> StepResult,
}

const PARAMS: &[Param] = &[
    Param { name: "value", summary: "any", required: false, keys: &[] },
    Param { name: "delay", summary: "milliseconds", required: false, keys: &[] },
];

fn probe(
    name: &'static str,
    class: OutputClass,
    run: fn(Value, Vec<Value>) -> StepResult,
) -> Probe {
    let text = TextRule { language: TextLanguage::Plain, required: Required::Never };
    Probe {
        spec: StepSpec {
            name,
            summary: "a step for tests",
            class,
            text,
            params: PARAMS,
            effect: Effect::Read,
            errors: &["networkError", "timeoutError", "httpError"],
            fallible: true,
            files: &[],
            examples: &[],
        },
        run,
    }
}

impl Step for Probe {
    fn spec(&self) -> &StepSpec {
        &self.spec
    }

    fn prepare(&self, _: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        Ok(Arc::new(PreparedProbe(self.run)))
    }
}

struct PreparedProbe(fn(Value, Vec<Value>) -> StepResult);

impl Prepared for PreparedProbe {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let (state, args) = (input.state.clone(), input.args.to_vec());
        Called::pending(async move {
            if let Some(delay) = args.get(1).and_then(Value::as_i64) {
                tokio::time::sleep(Duration::from_millis(delay as u64)).await;
            }
            (self.0)(state, args)
        })
    }
}

fn first(args: Vec<Value>) -> Value {
    args.into_iter().next().unwrap_or_default()
}

/// All built-in steps, and: `data(v, ms)` yields `v` as `fetch` would, `rows(v, ms)` as a database would,
/// `add(v, ms)` merges, `raise(type, ms)` is a domain error, `broken(message, ms)` fails, `panics`, `seen` yields the state.
pub fn registry() -> Registry {
    rejoin_steps::registry()
        .with(probe("data", OutputClass::DataMerge, |_, args| Ok(first(args).into())))
        .with(probe("rows", OutputClass::DataReplace, |_, args| Ok(first(args).into())))
        .with(probe("add", OutputClass::Merge, |_, args| Ok(first(args).into())))
        .with(probe("seen", OutputClass::DataMerge, |state, _| Ok(state.into())))
        .with(probe("html", OutputClass::Render, |_, args| {
            let content_type = rejoin_engine::ContentType::Html;
            Ok(StepOutput { value: first(args), content_type, bare: false })
        }))
        .with(probe("raise", OutputClass::DataMerge, |_, args| {
            let kind = first(args).as_str().unwrap_or("networkError").to_owned();
            Err(DomainError::new(kind, "as asked").retryable().into())
        }))
        .with(probe("raise_rows", OutputClass::DataReplace, |_, args| {
            let kind = first(args).as_str().unwrap_or("sqlError").to_owned();
            Err(DomainError::new(kind, "as asked").into())
        }))
        .with(probe("broken", OutputClass::DataMerge, |_, _| {
            Err(StepError::Failed("as asked".into()))
        }))
        .with(probe("panics", OutputClass::DataMerge, |_, _| panic!("as asked")))
}

/// Records every event as text.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<String>>);

impl Observer for Recorder {
    fn observe(&self, _: &str, event: &Event) {
        self.0.lock().expect("nobody panics while recording").push(format!("{event:?}"));
    }
}

impl Recorder {
    pub fn events(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics while recording").clone()
    }
}

/// A program that was loaded without errors.
pub struct Fixture {
    pub program: Arc<Program>,
    pub recorder: Arc<Recorder>,
    pub environment: Option<&'static str>,
}

/// What came back, and how much virtual time it took.
pub struct Run {
    pub result: Result<Answer, RunError>,
    /// Until the answer.
    pub answered: Duration,
    /// Until everything had ended.
    pub ended: Duration,
}

impl Run {
    #[track_caller]
    pub fn answer(&self) -> &Answer {
        self.result.as_ref().expect("an answer")
    }

    /// The body after a jq program.
    #[track_caller]
    pub fn body(&self, filter: &str) -> Value {
        let program = jq::Program::compile(filter, &[]).expect("a filter that compiles");
        program
            .run_first(&self.answer().body, &[], &jq::Limits::default())
            .expect("a filter that runs")
            .unwrap_or_default()
    }
}

#[track_caller]
pub fn load(text: &str) -> Fixture {
    let registry = registry();
    let loaded = rejoin_lang::load(Source::new("test.wp", text), &registry);
    let drawn = render_text(&loaded.plan.sources, &loaded.diagnostics, false);
    assert!(!has_errors(&loaded.diagnostics), "{drawn}");
    match Program::build(&loaded.plan, &registry, &|_| None) {
        Ok(program) => {
            Fixture { program: Arc::new(program), recorder: Arc::default(), environment: None }
        }
        Err(problems) => panic!("{}", render_text(&loaded.plan.sources, &problems, false)),
    }
}

impl Fixture {
    pub fn in_environment(mut self, name: &'static str) -> Self {
        self.environment = Some(name);
        self
    }

    /// Calls a route such as `GET /x?n=1`, with 30 s until the deadline.
    #[track_caller]
    pub fn call(&self, route: &str) -> Run {
        self.call_with(route, Value::parse(b"{}").expect("json"), Duration::from_secs(30))
    }

    #[track_caller]
    pub fn call_with(&self, route: &str, body: Value, timeout: Duration) -> Run {
        let (method, path) = route.split_once(' ').expect("METHOD /path");
        let method = Method::parse(method).expect("a method");
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let Found::Route { route, params } = self.program.find(method, path) else {
            panic!("no route for {route}");
        };
        let mut request = rejoin_value::Object::new();
        request.insert("method", method.as_str());
        request.insert("path", path);
        let pairs = |list: Vec<(String, String)>| {
            let mut object = rejoin_value::Object::new();
            for (key, value) in list {
                match value.parse::<i64>() {
                    Ok(n) => object.insert(key.as_str(), n),
                    Err(_) => object.insert(key.as_str(), value),
                };
            }
            Value::from(object)
        };
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        request.insert("query", pairs(query.map(|(k, v)| (k.into(), v.into())).collect()));
        request
            .insert("params", pairs(params.into_iter().map(|(k, v)| (k.to_string(), v)).collect()));
        request.insert("headers", rejoin_value::Object::new());
        request.insert("cookies", rejoin_value::Object::new());
        request.insert("body", body);
        let request = Value::from(request);
        let (program, recorder, environment) =
            (self.program.clone(), self.recorder.clone(), self.environment);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let run = runtime.block_on(async move {
            let began = Instant::now();
            let server = Scope::builder().name("server").on_error(OnError::IgnoreErrors);
            server
                .run(|server: Scope| async move {
                    let mut host = Host::new(server.clone());
                    host.observer = recorder;
                    host.environment = environment.map(Arc::from);
                    let app = App::new(program, Arc::new(host));
                    let options = RunOptions {
                        id: "test".into(),
                        deadline: began + timeout,
                        script: Default::default(),
                    };
                    let mut got = None;
                    app.run(Target::Route(route), request, options, |result| {
                        got = Some((result, began.elapsed()));
                    })
                    .await;
                    let (result, answered) = got.expect("respond is called exactly once");
                    Ok(Run { result, answered, ended: began.elapsed() })
                })
                .await
                .expect("the server's scope ends well")
        });
        assert_eq!(runtime.metrics().num_alive_tasks(), 0, "tasks are left");
        run
    }
}

/// JSON text to a value.
#[track_caller]
pub fn json(text: &str) -> Value {
    Value::parse(text.as_bytes()).expect("json")
}
