//! `rejoin run`: one route or pipeline, without opening a port.

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use rejoin::{OnError, Scope};
use rejoin_engine::{Answer, App, ContentType, Level, RunError, RunOptions, ScriptArgs, Target};
use rejoin_lang::diagnostic::Code;
use rejoin_server::{Loaded, Log, new_request_id, service, status_of};
use rejoin_value::{Object, Value};
use tower_service::Service as _;

use crate::args::Run;
use crate::command::signals::Signals;
use crate::command::{app, load_or_report, open_log, schema_in_memory};
use crate::environment::Environment;
use crate::exit::{Failure, USAGE};
use crate::output;

/// The most that is read from stdin.
const LARGEST_INPUT: u64 = 256 * 1024 * 1024;

pub(crate) async fn run(args: Run) -> Result<(), Failure> {
    if !args.allow.is_empty() {
        return Err(Failure::new("`--allow` limits functions of `.cov` files only").code(USAGE));
    }
    if request_line(&args.target).is_some() && !(args.args.is_empty() && args.words.is_empty()) {
        let text = "a request has no `--arg` and no words: they are for pipelines; \
                    put values into its query, or its body into `--input`";
        return Err(Failure::new(text).code(USAGE));
    }
    let environment = Environment::beside(&args.file)?;
    let input = args.input.as_deref().map(read_input).transpose()?;
    // Warnings are for `check` and for whoever serves; here they would stand between a script and its answer.
    let Loaded { program, mut report, .. } = load_or_report(&args.file, &environment)?;
    // What `check` tells is not repeated at each run; what this machine lacks is news.
    report.retain(|problem| problem.code == Code::MISSING_VARIABLE);
    if !report.is_empty() {
        output::error(&report.to_text(output::colour_on_stderr()));
    }
    let schema = schema_in_memory(&args.file, &program)?;
    let log = open_log()?;
    let mut signals = Signals::listen().map_err(|error| Failure::new(error.to_string()))?;
    let ran = Scope::builder().name("run").on_error(OnError::IgnoreErrors);
    let events = log.clone();
    let ran = ran.run(|scope: Scope| async move {
        let done = async {
            let app = app(program, &schema, &environment, &events, scope.clone());
            match request_line(&args.target) {
                Some((method, path)) => run_route(app, &events, method, path, input).await,
                None => {
                    // Unless `--input -` has read it, it is the program's.
                    rejoin_steps::stdin::allow(app.host(), std::io::stdin());
                    run_pipeline(app, &args, input, &scope).await
                }
            }
        };
        tokio::select! {
            done = done => Ok(done),
            // What is under way is in the scope, which ends it.
            signal = signals.next() => {
                scope.cancel_children(signal.to_string());
                Ok(Err(Failure::new(signal.to_string()).code(signal.exit_code())))
            }
        }
    });
    let done = ran.await.map_err(|error| Failure::new(error.to_string()))?;
    log.flush();
    done
}

pub(super) fn read_input(text: &str) -> Result<Value, Failure> {
    let mut stdin = Vec::new();
    let text = match text {
        "-" => {
            let read = std::io::stdin().take(LARGEST_INPUT).read_to_end(&mut stdin);
            read.map_err(|error| Failure::new(format!("cannot read stdin: {error}")))?;
            &stdin
        }
        text => text.as_bytes(),
    };
    let wrong = |error| Failure::new(format!("--input is not JSON: {error}")).code(USAGE);
    Value::parse(text).map_err(wrong)
}

/// `GET /path` is a request; a name of a pipeline has neither blank nor slash.
fn request_line(target: &str) -> Option<(&str, &str)> {
    let (method, path) = target.trim().split_once(char::is_whitespace)?;
    Some((method, path.trim()))
}

async fn run_route(
    app: App,
    log: &Log,
    method: &str,
    path: &str,
    input: Option<Value>,
) -> Result<(), Failure> {
    if !path.starts_with('/') {
        let text = format!("`{method} {path}` is no request: a path begins with `/`");
        return Err(Failure::new(text).code(USAGE));
    }
    let mut request = Request::builder().method(method.to_ascii_uppercase().as_str()).uri(path);
    if input.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = input.map_or_else(Bytes::new, |input| input.to_json().into());
    let request = request
        .body(Full::new(body))
        .map_err(|error| Failure::new(format!("`{method} {path}` is no request: {error}")))?;
    // The answer is the result; a line about it would only repeat it.
    let mut service =
        service(app, log.at_least(Level::Warn)).map_err(|error| Failure::new(error.to_string()))?;
    let Ok(response) = service.call(request).await;
    let (head, body) = response.into_parts();
    let Ok(body) = body.collect().await;
    let body = body.to_bytes();
    match Value::parse(&body) {
        Ok(value) => output::json(&value),
        Err(_) if body.is_empty() => {}
        Err(_) => output::result(&format!("{}\n", String::from_utf8_lossy(&body).trim_end())),
    }
    judge(head.status.as_u16())
}

async fn run_pipeline(
    app: App,
    args: &Run,
    input: Option<Value>,
    scope: &Scope,
) -> Result<(), Failure> {
    let name = args.target.trim();
    let Some(pipeline) = app.program().find_pipeline(name) else {
        return Err(Failure::new(format!(
            "`{}` has no pipeline `{name}`: name one, or a request such as \"GET /path\"",
            args.file.display()
        )));
    };
    let options = RunOptions {
        id: new_request_id(),
        deadline: rejoin::Instant::now() + app.program().request_timeout(),
        script: script_args(args),
    };
    let target = Target::Pipeline(pipeline);
    let input = input.unwrap_or_else(|| Object::new().into());
    let (reply, answer) = tokio::sync::oneshot::channel();
    let task = scope.spawn_value(async move {
        let respond = |result| {
            // The other end is dropped only together with this task.
            let _ = reply.send(result);
        };
        app.run(target, input, options, respond).await;
    });
    let answer = answer.await;
    // Tasks that nobody joined go on until they end or the deadline passes.
    let ended = task.await;
    match answer {
        Ok(Ok(answer)) => {
            let status = status_of(&answer);
            print_answer(&answer);
            judge(status)
        }
        Ok(Err(error)) => Err(Failure::new(match error {
            RunError::Aborted(abort) => format!("{}: {}", abort.title, abort.detail),
            RunError::TimedOut => "it took too long: its deadline passed".to_owned(),
            RunError::Cancelled(reason) => reason,
            RunError::Panicked(text) => format!("a step panicked: {text}"),
        })),
        Err(_) => Err(Failure::new(match ended {
            Ok(()) => "it ended without an answer".to_owned(),
            Err(error) => error.to_string(),
        })),
    }
}

/// Named values come from `--arg`, and from `--name=value`, `--name value` and `--flag` among the words.
fn script_args(args: &Run) -> ScriptArgs {
    let named = args.args.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
    let mut options: BTreeMap<String, Value> = named.collect();
    let mut words = Vec::new();
    let mut rest = args.words.iter().peekable();
    while let Some(word) = rest.next() {
        match word.strip_prefix("--").filter(|name| !name.is_empty()) {
            None => words.push(Value::from(word.as_str())),
            Some(named) => match named.split_once('=') {
                Some((name, value)) => {
                    options.insert(name.to_owned(), value.into());
                }
                None => {
                    let value = rest.next_if(|next| !next.starts_with("--"));
                    let value = value.map_or(Value::Bool(true), |text| text.as_str().into());
                    options.insert(named.to_owned(), value);
                }
            },
        }
    }
    ScriptArgs { args: words, options }
}

fn print_answer(answer: &Answer) {
    match (answer.content_type, &answer.body) {
        (ContentType::Html | ContentType::Text, Value::String(text)) => {
            output::result(&format!("{}\n", text.trim_end()))
        }
        (_, value) => output::json(value),
    }
}

/// An answer that a client would take for a failure is one for the shell, too.
fn judge(status: u16) -> Result<(), Failure> {
    match status {
        400.. => Err(Failure::new(format!("the answer has status {status}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_named_values() {
        let words = ["a", "--x=1", "--y", "2", "--flag", "--z", "--", "b"];
        let run = Run {
            file: "f".into(),
            target: "main".into(),
            input: None,
            allow: Vec::new(),
            args: vec![("x".into(), "0".into()), ("w".into(), "=".into())],
            words: words.map(str::to_owned).to_vec(),
        };
        let script = script_args(&run);
        assert_eq!(script.args, ["a", "--", "b"].map(Value::from));
        let options: Vec<_> =
            script.options.iter().map(|(name, value)| (name.as_str(), value.to_json())).collect();
        let expected =
            [("flag", "true"), ("w", "\"=\""), ("x", "\"1\""), ("y", "\"2\""), ("z", "true")];
        assert_eq!(options, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn targets() {
        assert_eq!(request_line("GET /a?b=1"), Some(("GET", "/a?b=1")));
        assert_eq!(request_line(" post   /a "), Some(("post", "/a")));
        assert_eq!(request_line("main"), None);
    }
}
