//! One test: what it starts runs in a runtime of its own, on a clock that jumps to the next thing that is due.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use rejoin::{OnError, Scope};
use rejoin_engine::{
    App, ContentType, Host, Program, RunError, RunOptions, ScriptArgs, StandIn, Target,
};
use rejoin_lang::diagnostic::Diagnostic;
use rejoin_lang::plan::{Check, CheckKind, GivenKind, Method, MockAnswer, Script, Test, Trigger};
use rejoin_lang::source::Span;
use rejoin_server::{AsWritten, FinalState, Log, new_request_id, service, status_of};
use rejoin_steps::migrate::InMemory;
use rejoin_value::{Object, Value, jq};
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tower_service::Service as _;

use crate::environment::Environment;

use super::judge::judge;
use super::ordered::{Begun, Order};
use super::page;
use super::stand_ins::Watch;
use super::watchdog::{Reins, watched};

/// What a test's trigger led to.
pub(super) struct Seen {
    pub(super) output: Value,
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) took: Duration,
}

/// What is wrong, and where that is written.
pub(super) type Failures = Vec<(Span, String)>;

/// How a test went.
pub(super) struct Ran {
    /// The time until its answer, virtual unless it was outside.
    pub(super) took: Duration,
    /// Whether it reached a real service, so that its time was real.
    pub(super) outside: bool,
    /// Everything that does not hold.
    pub(super) failures: Failures,
    /// What came of it, if anything did.
    pub(super) answer: Option<Answered>,
    /// The tasks and branches that began, if there was an order.
    pub(super) begun: Vec<Begun>,
}

/// What must be the same in all orders.
pub(super) struct Answered {
    /// The status and the type of the content, if there are such things.
    pub(super) head: String,
    pub(super) output: Value,
}

impl Ran {
    pub(super) fn failed(at: Span, what: String) -> Self {
        Self {
            took: Duration::ZERO,
            outside: false,
            failures: vec![(at, what)],
            answer: None,
            begun: Vec::new(),
        }
    }

    /// Of a test in which something cannot be read.
    pub(super) fn faulty(problems: &[Diagnostic]) -> Self {
        let told = problems.iter().map(|problem| {
            let mut what = format!("error[{}]: {}", problem.code.id(), problem.message);
            for (word, text) in [("", Some(&problem.label)), ("help: ", problem.help.as_ref())] {
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    let _ = write!(what, "\n{word}{text}");
                }
            }
            (problem.span, what)
        });
        Self { failures: told.collect(), ..Self::failed(problems[0].span, String::new()) }
    }

    pub(super) fn hung(at: Span, limit: Duration) -> Self {
        Self::failed(at, format!("it hung: {limit:?} of real time passed without an end"))
    }
}

/// How much longer a test may take than any request of its program.
pub(super) const SPARE: Duration = Duration::from_secs(30);

/// How long the clean-up of a test that was stopped may take.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// What the tests of a file have in common.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) program: &'a Arc<Program>,
    pub(super) schema: &'a InMemory,
    pub(super) environment: &'a Environment,
    pub(super) log: &'a Log,
}

impl Bench<'_> {
    /// Runs the test with this index, under a watchdog; with an order, what runs together ends in that order.
    pub(super) fn run(&self, index: usize, order: Option<Order>) -> Ran {
        let limit = self.program.request_timeout().saturating_add(SPARE);
        let span = self.program.tests()[index].span;
        let (program, schema) = (self.program.clone(), self.schema.clone());
        let (environment, log) = (self.environment.clone(), self.log.clone());
        let ran = watched(limit, GRACE, move |reins| {
            let test = &program.tests()[index];
            attempt(&program, test, order, &schema, &environment, &log, &reins)
        });
        ran.unwrap_or_else(|| Ran::hung(span, limit))
    }
}

fn attempt(
    program: &Arc<Program>,
    test: &Test,
    order: Option<Order>,
    schema: &InMemory,
    environment: &Environment,
    log: &Log,
    reins: &Reins,
) -> Ran {
    let failed = |what: String| Ran::failed(test.span, what);
    let runtime = match virtual_runtime() {
        Ok(runtime) => runtime,
        Err(why) => return failed(why),
    };
    let is_ordered = order.is_some();
    let watch = match watch(test) {
        Ok(mut watch) => {
            watch.order = order.map(Into::into);
            Arc::new(watch)
        }
        Err((span, what)) => return Ran::failed(span, what),
    };
    let ran = runtime.block_on(async {
        let scope = Scope::builder().name("test").on_error(OnError::IgnoreErrors);
        let (program, watch) = (program.clone(), watch.clone());
        let ran = scope.run(|scope: Scope| async move {
            reins.hold(scope.clone());
            let mut host = Host::new(scope.clone());
            schema.give(&host);
            host.observer = watch.clone();
            host.stand_ins = Some(watch);
            let variables = environment.clone();
            host.variables = Arc::new(move |name| variables.get(name));
            Ok(start(App::new(program, Arc::new(host)), test, log, &scope).await)
        });
        ran.await.unwrap_or_else(|error| Err((test.span, error.to_string())))
    });
    match ran {
        Ok(seen) => {
            // In another order other tasks are cancelled, and times mean nothing.
            let counts = |check: &&Check| {
                !is_ordered || !matches!(check.kind, CheckKind::Took(..) | CheckKind::Cancelled(_))
            };
            let wrong = test.checks.iter().filter(counts).filter_map(|check| {
                judge(check, &seen, &watch, test).err().map(|what| (check.span, what))
            });
            let mut failures = wrong.collect();
            page::shown_once(&mut failures, &seen);
            let begun = watch.order.as_ref().map(|ordered| ordered.begun().clone());
            Ran {
                took: seen.took,
                outside: watch.outside.was(),
                failures,
                begun: begun.unwrap_or_default(),
                answer: Some(Answered {
                    head: format!("{} {}", seen.status, seen.content_type),
                    output: seen.output,
                }),
            }
        }
        Err((at, what)) => Ran { outside: watch.outside.was(), ..Ran::failed(at, what) },
    }
}

/// A runtime whose time jumps to what is due next.
pub(super) fn virtual_runtime() -> Result<Runtime, String> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build();
    runtime.map_err(|error| format!("cannot start a runtime: {error}"))
}

fn watch(test: &Test) -> Result<Watch, (Span, String)> {
    let mut watch = Watch::default();
    for mock in &test.mocks {
        let result = match &mock.answer {
            MockAnswer::Returning(script) => Ok(evaluate(script, test)?),
            MockAnswer::Failing(kind) => Err(kind.clone()),
        };
        watch.mocks.push((mock.target.clone(), StandIn { after: mock.after, result }));
    }
    for given in test.given.iter().filter(|given| given.kind == GivenKind::Flags) {
        let Value::Object(flags) = evaluate(&given.script, test)? else {
            let what = "flags are an object such as `{ beta: true }`".to_owned();
            return Err((given.script.span, what));
        };
        let is_on = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
        let on = flags.iter().filter(|(_, value)| is_on(value));
        watch.flags.extend(on.map(|(flag, _)| Arc::from(&**flag)));
    }
    Ok(watch)
}

/// What a program makes of the test's variables.
pub(super) fn evaluate(script: &Script, test: &Test) -> Result<Value, (Span, String)> {
    let names: Vec<&str> = test.variables.iter().map(|(name, _)| &**name).collect();
    let values: Vec<Value> = test.variables.iter().map(|(_, value)| value.clone()).collect();
    let mut input = Object::new();
    for (name, value) in &test.variables {
        input.insert(&**name, value.clone());
    }
    let program = jq::Program::compile(&script.text, &names)
        .map_err(|error| (script.span, error.to_string()))?;
    let made = program.run_first(Value::from(input), &values, &jq::Limits::default());
    made.map(Option::unwrap_or_default).map_err(|error| (script.span, error.to_string()))
}

async fn start(app: App, test: &Test, log: &Log, scope: &Scope) -> Result<Seen, (Span, String)> {
    let mut given = BTreeMap::new();
    for one in &test.given {
        given.insert(one.kind as u8, evaluate(&one.script, test)?);
    }
    let mut take = |kind: GivenKind| given.remove(&(kind as u8));
    let failed = |what: String| (test.span, what);
    match &test.trigger {
        Trigger::Calling { method, path } => {
            let mut request = Request::builder().method(method.as_str()).uri(encoded(path));
            let mut written = AsWritten {
                query: path.split_once('?').map_or("", |(_, query)| query).to_owned(),
                headers: Object::new(),
                cookies: take(GivenKind::Cookies),
            };
            let headers = take(GivenKind::Headers);
            let mut content_type = None;
            for (name, value) in headers.iter().filter_map(Value::as_object).flat_map(Object::iter)
            {
                let text = value.as_str().unwrap_or_default();
                if name.eq_ignore_ascii_case("content-type") {
                    content_type = Some(text.to_owned());
                }
                written.headers.insert(&**name, text);
                request = request.header(&**name, text);
            }
            let content_type = content_type.unwrap_or_else(|| "application/json".to_owned());
            let body = take(GivenKind::Body);
            let body = body.map_or_else(Bytes::new, |value| body_of(&value, &content_type));
            let request = request
                .extension(written)
                .body(Full::new(body))
                .map_err(|error| failed(format!("`{method} {path}` is no request: {error}")))?;
            let mut service = service(app, log.at_least(rejoin_engine::Level::Error))
                .map_err(|error| failed(error.to_string()))?;
            let began = Instant::now();
            let Ok(response) = service.call(request).await;
            let took = began.elapsed();
            let (head, body) = response.into_parts();
            let Ok(body) = body.collect().await;
            let body = body.to_bytes();
            let headers: Vec<_> = head
                .headers
                .iter()
                .map(|(name, value)| {
                    (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect();
            let content_type = head.headers.get("content-type").and_then(|v| v.to_str().ok());
            let content_type = content_type.unwrap_or_default();
            let content_type = content_type.split(';').next().unwrap_or_default().to_owned();
            let text = || Value::from(&*String::from_utf8_lossy(&body));
            let state = head.extensions.get::<FinalState>().filter(|_| *method != Method::Head);
            let output = match state {
                Some(FinalState(state)) => state.clone(),
                None if content_type.ends_with("json") => {
                    Value::parse(&body).unwrap_or_else(|_| text())
                }
                None => text(),
            };
            Ok(Seen { output, status: head.status.as_u16(), content_type, headers, took })
        }
        Trigger::Unknown => Err(failed("what it starts is not there".to_owned())),
        Trigger::Pipeline(id) | Trigger::Resolver(id) => {
            let options = RunOptions {
                id: new_request_id(),
                deadline: rejoin::Instant::now() + app.program().request_timeout(),
                script: script_args(take(GivenKind::Args), take(GivenKind::Options)),
            };
            let target = Target::Pipeline(*id);
            if let Some(Value::String(text)) = take(GivenKind::Stdin) {
                rejoin_steps::stdin::provide(app.host(), &text);
            }
            let mut input = take(GivenKind::Input).unwrap_or_else(|| Object::new().into());
            if matches!(test.trigger, Trigger::Resolver(_)) {
                input = resolver_state(input);
            }
            let (reply, answer) = tokio::sync::oneshot::channel();
            let began = Instant::now();
            let task = scope.spawn_value(async move {
                // The other end waits until this task ends.
                let respond = |result| drop(reply.send((result, began.elapsed())));
                app.run(target, input, options, respond).await;
            });
            let Ok((answer, took)) = answer.await else {
                let why = task.await.err().map(|error| error.to_string());
                return Err(failed(why.unwrap_or_else(|| "it ended without an answer".to_owned())));
            };
            let _ = task.await;
            let answer = answer.map_err(|error| {
                failed(match error {
                    RunError::Aborted(abort) => format!("{}: {}", abort.title, abort.detail),
                    RunError::TimedOut => "it took too long: its deadline passed".to_owned(),
                    RunError::Cancelled(reason) => reason,
                    RunError::Panicked(text) => format!("a step panicked: {text}"),
                })
            })?;
            let status = status_of(&answer);
            let output = answer.final_state();
            let mut headers = answer.set_headers;
            let named = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            let named =
                named.map(|(_, media)| media.split(';').next().unwrap_or_default().to_owned());
            headers.extend(answer.set_cookies.into_iter().map(|c| ("set-cookie".to_owned(), c)));
            let content_type = match answer.content_type {
                ContentType::Html => "text/html",
                ContentType::Json => "application/json",
                ContentType::Text => "text/plain",
            };
            let content_type = named.as_deref().unwrap_or(content_type).to_owned();
            Ok(Seen { output, status, content_type, headers, took })
        }
    }
}

/// A value as a body of that type: a text as it is, unless it is JSON; an object as a form, if that is the type.
fn body_of(value: &Value, content_type: &str) -> Bytes {
    let is_form = content_type.starts_with("application/x-www-form-urlencoded");
    match value {
        Value::String(text) if !content_type.contains("json") => text.as_bytes().to_vec().into(),
        Value::Object(fields) if is_form => {
            let part = |text: &str| percent(text, |byte| byte.is_ascii_alphanumeric());
            let pairs = fields.iter().map(|(name, value)| {
                let text = match value {
                    Value::Null => String::new(),
                    Value::String(text) => text.to_string(),
                    other => other.to_json(),
                };
                format!("{}={}", part(name), part(&text))
            });
            pairs.collect::<Vec<_>>().join("&").into()
        }
        value => value.to_json().into(),
    }
}

/// What a resolver starts with: `{parent, args, context}`, of which a test gives what it needs, or its arguments alone.
fn resolver_state(given: Value) -> Value {
    const PARTS: [&str; 3] = ["parent", "args", "context"];
    let parts = match given {
        Value::Object(object) if object.keys().any(|key| PARTS.contains(&&**key)) => object,
        args => Object::from_iter([("args", args)]),
    };
    let args = parts.get("args").cloned().unwrap_or_else(|| Object::new().into());
    let mut state = args.as_object().cloned().unwrap_or_default();
    state.insert("parent", parts.get("parent").cloned().unwrap_or_default());
    state.insert("context", parts.get("context").cloned().unwrap_or_else(|| Object::new().into()));
    state.insert("args", args);
    state.into()
}

fn script_args(args: Option<Value>, options: Option<Value>) -> ScriptArgs {
    let words = args.iter().filter_map(Value::as_array).flat_map(|list| list.iter());
    let named = options.iter().filter_map(Value::as_object).flat_map(Object::iter);
    ScriptArgs {
        args: words.cloned().collect(),
        options: named.map(|(name, value)| (name.to_string(), value.clone())).collect(),
    }
}

/// A path and query as a client sends it: what cannot stand in a request line is percent-encoded.
fn encoded(path: &str) -> String {
    percent(path, |byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte))
}

fn percent(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
