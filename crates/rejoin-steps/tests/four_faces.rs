//! One table of cases, four faces: the same policy over the same branches comes to the same end at the same time in the
//! library, in `.wp`, in `.cov` and in a batch of HTTP requests. All on virtual time.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rejoin::{ScopeError, TaskError, Until};
use rejoin_engine::{CallPlace, Datum, FunctionHost, FunctionProgram, HostCall};
use rejoin_http::{Batch, Client};
use rejoin_lang::cov;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::source::Source;
use rejoin_value::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);

/// What a case asks for.
#[derive(Clone, Copy, Debug)]
enum Policy {
    All,
    FailFast,
    Race,
    Any,
    Quorum(usize),
    /// What is there after so many milliseconds.
    Partial(u32),
}

/// A branch: its name, after how many milliseconds it ends, and whether well.
type Branch = (char, u32, bool);

const MIXED: &[Branch] = &[('A', 30, true), ('B', 10, false), ('C', 20, true)];
const GOOD: &[Branch] = &[('A', 30, true), ('B', 10, true), ('C', 20, true)];
const BAD: &[Branch] = &[('A', 30, false), ('B', 10, false), ('C', 20, false)];

const CASES: &[(Policy, &[Branch], &str, u32)] = &[
    (Policy::All, GOOD, "A:ok B:ok C:ok", 30),
    (Policy::All, MIXED, "A:ok B:failed C:ok", 30),
    (Policy::All, BAD, "A:failed B:failed C:failed", 30),
    (Policy::FailFast, GOOD, "A:ok B:ok C:ok", 30),
    (Policy::FailFast, MIXED, "failed B", 10),
    (Policy::Race, GOOD, "won B", 10),
    (Policy::Race, MIXED, "failed B", 10),
    (Policy::Any, MIXED, "won C", 20),
    (Policy::Any, BAD, "all failed A B C", 30),
    (Policy::Quorum(2), GOOD, "won B C", 20),
    (Policy::Quorum(2), MIXED, "won A C", 30),
    (Policy::Quorum(2), BAD, "all failed B C", 20),
    (Policy::Partial(25), GOOD, "A:late B:ok C:ok", 25),
    (Policy::Partial(25), MIXED, "A:late B:failed C:ok", 25),
];

#[test]
fn the_same_policy_comes_to_the_same_end() {
    for &(policy, branches, expected, took) in CASES {
        let expected = (expected.to_owned(), took * MS);
        let case = format!("{policy:?} of {branches:?}");
        assert_eq!(virtually(library(policy, branches)), expected, "library: {case}");
        assert_eq!(wp(policy, branches), expected, ".wp: {case}");
        if !matches!(policy, Policy::Quorum(_)) {
            assert_eq!(virtually(covenant(policy, branches)), expected, ".cov: {case}");
        }
        assert_eq!(virtually(batch(policy, branches)), expected, "batch: {case}");
    }
}

/// What the test came to, and how long it took.
fn virtually(test: impl Future<Output = String>) -> (String, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let began = Instant::now();
        let came_to = test.await;
        (came_to, began.elapsed())
    })
}

fn slots(branches: &[Branch], ends: impl IntoIterator<Item = &'static str>) -> String {
    let slots = branches.iter().zip(ends).map(|((name, ..), end)| format!("{name}:{end}"));
    slots.collect::<Vec<_>>().join(" ")
}

fn names(branches: &[Branch], word: &str, places: impl IntoIterator<Item = usize>) -> String {
    let mut places: Vec<usize> = places.into_iter().collect();
    places.sort_unstable();
    let names = places.into_iter().map(|place| format!(" {}", branches[place].0));
    word.to_owned() + &names.collect::<String>()
}

/// The failure that decided, or those that were too many.
fn failed<E>(branches: &[Branch], error: &ScopeError<E>) -> String {
    match error.deciding().and_then(|failure| failure.index()) {
        Some(place) => names(branches, "failed", [place]),
        None => {
            let failures = error.failures().iter().filter_map(|failure| failure.index());
            names(branches, "all failed", failures)
        }
    }
}

async fn library(policy: Policy, branches: &[Branch]) -> String {
    let futures = branches.iter().map(|&(_, ms, good)| async move {
        sleep(ms * MS).await;
        if good { Ok(()) } else { Err(()) }
    });
    let end = |outcome: &Result<(), TaskError<()>>| if outcome.is_ok() { "ok" } else { "failed" };
    match policy {
        Policy::All => slots(branches, rejoin::wait(futures).await.iter().map(end)),
        Policy::FailFast => match rejoin::gather(futures).await {
            Ok(all) => slots(branches, all.iter().map(|()| "ok")),
            Err(error) => failed(branches, &error),
        },
        Policy::Race => match rejoin::race(futures).await {
            Ok(won) => names(branches, "won", [won.index]),
            Err(error) => failed(branches, &error),
        },
        Policy::Any => match rejoin::any(futures).await {
            Ok(won) => names(branches, "won", [won.index]),
            Err(error) => failed(branches, &error),
        },
        Policy::Quorum(k) => match rejoin::quorum(k, futures).await {
            Ok(won) => names(branches, "won", won.iter().map(|won| won.index)),
            Err(error) => failed(branches, &error),
        },
        Policy::Partial(ms) => {
            let until = Until::all().timeout(ms * MS);
            let waited = rejoin::wait_until(futures, until).await;
            let mut ends = vec!["late"; branches.len()];
            for (place, outcome) in &waited.done {
                ends[*place] = end(outcome);
            }
            slots(branches, ends)
        }
    }
}

fn wp(policy: Policy, branches: &[Branch]) -> (String, Duration) {
    let head = match policy {
        Policy::All => "parallel(on_error: collect_all)".to_owned(),
        Policy::FailFast => "parallel".to_owned(),
        Policy::Race => "race".to_owned(),
        Policy::Any => "any".to_owned(),
        Policy::Quorum(k) => format!("quorum({k})"),
        Policy::Partial(ms) => {
            format!("parallel(timeout: {ms}ms, on_timeout: return_partial, on_error: collect_all)")
        }
    };
    let branches: String = branches
        .iter()
        .map(|(name, ms, good)| {
            let made = if *good { "\"ok\"" } else { "error(\"no\")" };
            format!("    {name}:\n      |> sleep: `{ms}ms`\n      |> jq: `{made}`\n")
        })
        .collect();
    let run = support::load(&format!("GET /x\n  |> {head}\n{branches}  end\n")).call("GET /x");
    let body = &run.answer().body;
    let won = matches!(policy, Policy::Race | Policy::Any | Policy::Quorum(_));
    (told_by(body, won), run.took)
}

/// What a state says: slots, winners, or errors.
fn told_by(body: &Value, won: bool) -> String {
    if let Some(error) = body.get("errors").and_then(|list| list.at(0)) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if error.get("type").is_some_and(|kind| kind.as_str() == Some("allFailed")) {
            let failures = error.get("failures").and_then(Value::as_array).unwrap();
            let names = failures.iter().map(|one| text(one.get("branch").unwrap()));
            return format!("all failed {}", names.collect::<Vec<_>>().join(" "));
        }
        return format!("failed {}", text(error.get("branch").unwrap()));
    }
    let places = body.get("async").and_then(Value::as_object).unwrap();
    let slots = places.iter().map(|(name, value)| {
        let kind = value.get("errors").and_then(|list| list.at(0)?.get("type"));
        match (kind.and_then(Value::as_str), won) {
            (_, true) => name.to_string(),
            (Some("timeoutError"), _) => format!("{name}:late"),
            (Some(_), _) => format!("{name}:failed"),
            (None, _) => format!("{name}:ok"),
        }
    });
    let slots = slots.collect::<Vec<_>>().join(" ");
    if won { format!("won {slots}") } else { slots }
}

/// `test.after(ms, value, fails)`
struct Later;

impl FunctionHost for Later {
    fn knows(&self, function: &str) -> bool {
        function == "test.after"
    }

    fn call(&self, _: &str, arguments: Vec<Datum>, _: &CallPlace<'_>) -> HostCall {
        Box::pin(async move {
            let Datum::Int(ms) = arguments[0] else { return Datum::None };
            sleep(ms as u32 * MS).await;
            match &arguments[2] {
                Datum::Bool(true) => Datum::record("SadError", [("name", arguments[1].clone())]),
                _ => arguments[1].clone(),
            }
        })
    }
}

async fn covenant(policy: Policy, branches: &[Branch]) -> String {
    let (kind, attributes) = match policy {
        Policy::All => ("parallel", "on_error=\"collect_all\"".to_owned()),
        Policy::FailFast => ("parallel", String::new()),
        Policy::Race => ("race", String::new()),
        Policy::Any => ("race", "on_error=\"ignore_errors\"".to_owned()),
        Policy::Partial(ms) => (
            "parallel",
            format!("on_error=\"collect_all\" timeout={ms}ms on_timeout=\"return_partial\""),
        ),
        Policy::Quorum(_) => unreachable!("the language has none"),
    };
    let written: String = branches
        .iter()
        .map(|(name, ms, good)| {
            let fails = !good;
            format!(
                "branch id=\"{name}\"\nstep id=\"{name}.1\" kind=\"call\" fn=\"test.after\"\narg name=\"ms\" lit={ms}\narg name=\"value\" lit=\"{name}\"\narg name=\"fails\" lit={fails}\nas=\"out\"\nend\nend\n"
            )
        })
        .collect();
    let program = format!(
        "{EXTERN}step id=\"s\" kind=\"{kind}\"\n{attributes}\n{written}as=\"x\"\nend\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end"
    );
    let (functions, problems) = cov::load(Source::new("t.cov", program));
    assert!(!has_errors(&problems), "{}", render_text(&functions.sources, &problems, false));
    let value = FunctionProgram::new(functions, Arc::new(Later)).run("main", &[]).await.unwrap();
    let value = value.to_json();
    let kind = |value: &Value| {
        value.get("type").and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
    };
    let name = |value: &Value| value.get("name").and_then(Value::as_str).unwrap_or("?").to_owned();
    match (&value, &*kind(&value)) {
        (Value::String(name), _) => format!("won {}", &**name),
        (_, "SadError") => format!("failed {}", name(&value)),
        (_, "RaceError") => {
            let failures = value.get("failures").and_then(Value::as_array).unwrap();
            format!("all failed {}", failures.iter().map(name).collect::<Vec<_>>().join(" "))
        }
        _ => slots(
            branches,
            branches.iter().map(|(name, ..)| match &*kind(value.get(&name.to_string()).unwrap()) {
                "SadError" => "failed",
                "TimeoutError" => "late",
                _ => "ok",
            }),
        ),
    }
}

const EXTERN: &str = r#"
snippet id="test.after" kind="extern"
effects effect timers end
signature
  fn name="after"
    param name="ms" type="Int"
    param name="value" type="Any"
    param name="fails" type="Bool" optional
    returns type="Any"
  end
end
end
"#;

/// A service that answers `/<ms>/<status>` after so many milliseconds, until the runtime ends.
async fn service() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match socket.read_buf(&mut head).await {
                        Ok(read) if read > 0 => {}
                        _ => return,
                    }
                }
                let head = String::from_utf8(head).unwrap();
                let mut words = head.split(' ').nth(1).unwrap().split('/').skip(1);
                sleep(words.next().unwrap().parse::<u32>().unwrap() * MS).await;
                let status = words.next().unwrap();
                let answer = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

async fn batch(policy: Policy, branches: &[Branch]) -> String {
    let address = service().await;
    let client = Client::builder().no_proxy().build();
    let batch = branches.iter().fold(Batch::new().client(&client), |batch, (_, ms, good)| {
        batch.get(&format!("http://{address}/{ms}/{}", if *good { 200 } else { 404 }))
    });
    let end = |outcome: &rejoin_http::Outcome| match &outcome.result {
        Err(why) if why.is_timeout() => "late",
        _ if outcome.good => "ok",
        _ => "failed",
    };
    match policy {
        Policy::All => slots(branches, batch.all().await.iter().map(end)),
        Policy::Partial(ms) => slots(branches, batch.timeout(ms * MS).all().await.iter().map(end)),
        Policy::FailFast => match batch.gather().await {
            Ok(all) => slots(branches, all.iter().map(end)),
            Err(error) => failed(branches, &error),
        },
        Policy::Race => match batch.race().await {
            Ok(won) => names(branches, "won", [won.index]),
            Err(error) => failed(branches, &error),
        },
        Policy::Any => match batch.any().await {
            Ok(won) => names(branches, "won", [won.index]),
            Err(error) => failed(branches, &error),
        },
        Policy::Quorum(k) => match batch.quorum(k).await {
            Ok(won) => names(branches, "won", won.iter().map(|won| won.index)),
            Err(error) => failed(branches, &error),
        },
    }
}
