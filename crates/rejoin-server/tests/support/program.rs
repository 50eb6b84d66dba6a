//! Programs of steps that only tests have.

use std::sync::Arc;
use std::time::Duration;

use rejoin_engine::{
    Abort, CallSite, Called, DomainError, Event, Input, Level, Prepared, Program, Registry, Step,
    StepError,
};
use rejoin_lang::config_value::ConfigValue;
use rejoin_lang::plan::{
    Block, Call, CallText, Callee, ConfigBlock, ConfigSetting, Last, Method, Node, NodeKind,
    Output, PathPattern, Plan, Policy, Route, Segment, Spawn, TaskReads,
};
use rejoin_lang::source::{Source, Sources, Span};
use rejoin_lang::step_spec::{
    Effect, OutputClass, Required, StepSpec, TextLanguage, TextProblem, TextRule,
};
use rejoin_value::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a step of these programs does.
#[derive(Clone, Copy)]
enum Does {
    /// Answers the request object.
    Echo,
    /// Answers its text, which is JSON.
    Json,
    /// Waits as many milliseconds as its text says.
    Wait,
    /// Sends a request to the address in its text and waits for an answer.
    Upstream,
    /// Answers a text of as many bytes as its text says.
    Big,
    /// Answers an error of the type in its text.
    Fail,
    Abort,
    Panic,
    /// Logs its text.
    Log,
}

/// A program of routes `METHOD /path` with steps `name text`; `&` before the name makes a step a task that
/// nobody joins. `config` is `config server`.
pub(crate) fn program(routes: &[(&str, &[&str])], config: &[(&str, ConfigValue)]) -> Program {
    let settings = config.iter().map(|(key, value)| ConfigSetting {
        key: (*key).into(),
        key_span: Span::default(),
        value: value.clone(),
        value_span: Span::default(),
    });
    let server =
        ConfigBlock { name: "server".into(), span: Span::default(), settings: settings.collect() };
    let plan = Plan {
        sources: Sources::single(Source::new("test.wp", " ")),
        routes: routes.iter().map(|(line, steps)| route(line, steps)).collect(),
        config: vec![server],
        ..Plan::default()
    };
    let registry = Registry::new()
        .with(TestStep::new("echo", Does::Echo))
        .with(TestStep::new("json", Does::Json))
        .with(TestStep::new("wait", Does::Wait))
        .with(TestStep::new("upstream", Does::Upstream))
        .with(TestStep::new("big", Does::Big))
        .with(TestStep::new("fail", Does::Fail))
        .with(TestStep::new("abort", Does::Abort))
        .with(TestStep::new("panic", Does::Panic))
        .with(TestStep::new("log", Does::Log));
    Program::build(&plan, &registry, &|_| None).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn route(line: &str, steps: &[&str]) -> Route {
    let (method, path) = line.split_once(' ').unwrap();
    let segments = path[1..].split('/').map(|text| match text.as_bytes().first() {
        Some(b':') => Segment::Param(text[1..].into()),
        Some(b'*') => Segment::Rest(text[1..].into()),
        _ => Segment::Literal(text.into()),
    });
    let nodes = steps.iter().map(|step| node(step)).collect();
    Route {
        method: Method::parse(method).unwrap(),
        path: PathPattern { text: path.into(), segments: segments.collect() },
        span: Span::default(),
        block: Block { nodes },
        observes_flags: false,
    }
}

fn node(step: &str) -> Node {
    let (name, text) = step.split_once(' ').unwrap_or((step, ""));
    let (name, task) = match name.strip_prefix('&') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let call = Call {
        name: name.into(),
        name_span: Span::default(),
        callee: Callee::Step(name.into()),
        args: Vec::new(),
        has_args: false,
        text: Some(CallText { value: text.into(), span: Span::default() }),
        output: Output::Replace,
        last: Last::Yes,
        auto_name: None,
        is_alone: false,
        rename_error: None,
        policy: Policy::default(),
        reads_tasks: TaskReads::None,
    };
    let kind = match task {
        false => NodeKind::Call(Box::new(call)),
        true => NodeKind::Spawn(Box::new(Spawn {
            task: "task".into(),
            task_span: Span::default(),
            call,
            optional: false,
            detach: false,
        })),
    };
    Node { guard: None, policy: None, kind, span: Span::default() }
}

struct TestStep {
    spec: StepSpec,
    does: Does,
}

impl TestStep {
    fn new(name: &'static str, does: Does) -> Self {
        let spec = StepSpec {
            name,
            summary: "does what a test needs",
            class: OutputClass::Replace,
            text: TextRule { language: TextLanguage::Plain, required: Required::Never },
            params: &[],
            effect: Effect::None,
            errors: &[],
            fallible: true,
            files: &[],
            examples: &[],
        };
        Self { spec, does }
    }
}

impl Step for TestStep {
    fn spec(&self) -> &StepSpec {
        &self.spec
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default().to_owned();
        Ok(Arc::new(PreparedStep { does: self.does, text }))
    }
}

struct PreparedStep {
    does: Does,
    text: String,
}

impl Prepared for PreparedStep {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let text = self.text.as_str();
        Called::Ready(match self.does {
            Does::Echo => Ok(input.state.clone().into()),
            Does::Json => Ok(Value::parse(text.as_bytes()).unwrap().into()),
            Does::Big => Ok(Value::from("x".repeat(text.parse().unwrap())).into()),
            Does::Fail => Err(DomainError::new(text, "it failed").into()),
            Does::Abort => {
                let abort = Abort { title: "cannot go on".into(), detail: "a reason".into() };
                Err(StepError::Abort(abort))
            }
            Does::Panic => panic!("a secret of the inside"),
            Does::Log => {
                let event =
                    Event::Log { level: Level::Info, message: text.into(), fields: Value::Null };
                input.context.emit(event);
                Ok(input.state.clone().into())
            }
            Does::Wait => {
                return Called::pending(async {
                    tokio::time::sleep(Duration::from_millis(text.parse().unwrap())).await;
                    Ok(input.state.clone().into())
                });
            }
            Does::Upstream => {
                return Called::pending(async move {
                    let mut stream = tokio::net::TcpStream::connect(text).await.unwrap();
                    stream.write_all(b"request").await.unwrap();
                    let n = stream.read(&mut [0; 16]).await.unwrap();
                    Ok(Value::from(n as i64).into())
                });
            }
        })
    }
}
