//! `rateLimit` in programs, on virtual time.

mod support;

use std::time::Duration;

use rejoin_value::json;
use support::{Fixture, load, try_load};

const WAIT: &str = "\nGET /wait\n  |> sleep(.query.ms)\n  |> jq: `0`";

fn program(settings: &str) -> Fixture {
    load(&format!(
        "GET /x/:who
  |> rateLimit: `{settings}`
  |> jq: `$context.rate_limit.remaining`
  |> result
    ok(200):
      |> jq: `.`
    rateLimitError(429):
      |> jq: `{{ seconds: .errors[0].retryAfter, limit: .errors[0].limit, who: .params.who }}`
{WAIT}"
    ))
}

fn bodies(program: &Fixture, routes: &[&str]) -> Vec<String> {
    let calls = routes.iter().map(|route| (*route, json!({}))).collect();
    program.call_all(calls).iter().map(support::Run::body).collect()
}

#[test]
fn a_key_has_its_tokens_and_gets_them_back_with_time() {
    let program = program("keyTemplate: {params.who}, limit: 2, window: 10s, burst: 1");
    let got = bodies(
        &program,
        &[
            "GET /x/a",
            "GET /x/a",
            "GET /x/a",
            "GET /x/a",
            "GET /x/b",
            "GET /wait?ms=4000",
            "GET /x/a",
            "GET /wait?ms=1001",
            "GET /x/a",
            "GET /x/a",
        ],
    );
    let refused = |seconds| format!(r#"{{"seconds":{seconds},"limit":2,"who":"a"}}"#);
    let expected = ["2", "1", "0", &refused(5), "2", "0", &refused(1), "0", "0", &refused(5)];
    assert_eq!(got, expected);
}

#[test]
fn what_follows_sees_how_the_limit_stands() {
    let program = load(
        "GET /x/:who
  |> rateLimit: `keyTemplate: {params.who}:{query.q}, limit: 1, window: 10s, scope: s`
  |> jq: `$context.rate_limit`
  |> result
    default(200):
      |> jq: `$context.rate_limit`
",
    );
    let note = |allowed: bool, left: u32, wait: u32| {
        format!(
            r#"{{"allowed":{allowed},"limit":1,"remaining":{left},"retryAfter":{wait},"retry_after":{wait},"key":"a:7","scope":"s"}}"#
        )
    };
    let got = bodies(&program, &["GET /x/a?q=7", "GET /x/a?q=7"]);
    assert_eq!(got, [note(true, 0, 0), note(false, 0, 10)]);
    let program = load(
        "GET /x
  |> rateLimit: `keyTemplate: k, limit: 1, window: 10s`
  |> jq: `$context.rate_limit | [has(\"scope\"), .scope]`
  |> result
    default(200):
      |> jq: `.`
",
    );
    assert_eq!(bodies(&program, &["GET /x"]), ["[true,null]"]);
}

#[test]
fn the_answer_says_when_to_come_back_whatever_the_program_makes_of_the_error() {
    let routes = "config rateLimit { window: 30s }
pipeline limited =
  |> rateLimit: `keyTemplate: k, limit: 1`
GET /bare
  |> limited
GET /jq
  |> limited
  |> result
    default(429):
      |> jq: `{ no: \"more\" }`
GET /page
  |> limited
  |> result
    default(429):
      |> jq: `{ no: \"more\" }`
      |> handlebars: `<p>{{no}}</p>`";
    let program = load(routes);
    let runs = program.call_all(
        ["GET /bare", "GET /bare", "GET /jq", "GET /page"].map(|route| (route, json!({}))).into(),
    );
    assert_eq!(runs[0].answer().retry_after, None);
    assert_eq!(runs[1].error_text("type"), "rateLimitError");
    for run in &runs[1..] {
        assert_eq!(run.answer().retry_after, Some(Duration::from_secs(30)), "{}", run.body());
    }
}

#[test]
fn scopes_and_policies_count_apart() {
    let program = load(
        "GET /a
  |> rateLimit: `keyTemplate: k, limit: 1, window: 1h, scope: a`
  |> jq: `1`
GET /b
  |> rateLimit: `keyTemplate: k, limit: 1, window: 1h, scope: b`
  |> jq: `1`
GET /c
  |> rateLimit: `keyTemplate: k, limit: 9, window: 1s, scope: a`
  |> jq: `1`
GET /a2
  |> rateLimit: `keyTemplate: k, limit: 1, window: 1h, scope: a`
  |> jq: `1`
GET /off
  |> rateLimit: `keyTemplate: k, limit: 1, window: 1h, scope: a, enabled: false`
  |> jq: `1`",
    );
    let routes = ["GET /a", "GET /b", "GET /c", "GET /off", "GET /a2"];
    let runs = program.call_all(routes.map(|route| (route, json!({}))).into());
    let errors: Vec<_> = runs.iter().map(|run| run.answer().error.is_some()).collect();
    assert_eq!(errors, [false, false, false, false, true]);
}

#[test]
fn an_argument_goes_before_the_text() {
    let program = load(
        "GET /x/:n
  |> rateLimit({ limit: .params.n, window: \"1h\" }): `keyTemplate: k`
  |> jq: `$context.rate_limit.remaining`",
    );
    let got = bodies(&program, &["GET /x/5", "GET /x/7"]);
    assert_eq!(got, ["4", "6"]);
    for n in ["0", "many", "1.5"] {
        let run = program.call(&format!("GET /x/{n}"));
        assert!(run.result.is_err(), "{n}: a limit that is none lets nothing through");
    }
}

#[test]
fn hostile_keys_are_only_keys() {
    let program = load(
        "POST /x
  |> rateLimit: `keyTemplate: {body.a}:{body.b}, limit: 1, window: 1h`
  |> jq: `1`",
    );
    let long = "x".repeat(1 << 20);
    let mut deep = json!(0);
    for _ in 0..400 {
        deep = json!([deep]);
    }
    let calls = vec![
        ("POST /x", json!({"a": "x:y", "b": "z"})),
        ("POST /x", json!({"a": "x", "b": "y:z"})),
        ("POST /x", json!({"a": (long.as_str()), "b": ""})),
        ("POST /x", json!({"a": "", "b": (long.as_str())})),
        ("POST /x", json!({"a": deep, "b": "{body.a}"})),
        ("POST /x", json!({"a": (long.as_str()), "b": ""})),
    ];
    let runs = program.call_all(calls);
    let errors: Vec<_> = runs.iter().map(|run| run.answer().error.is_some()).collect();
    assert_eq!(errors, [false, false, false, false, false, true]);
}

#[test]
fn wrong_settings_are_drawn_at_their_place() {
    for (text, words) in [
        ("keyTemplate: {ip}, limit: 5", "`window` is missing"),
        ("limit: 5, window: 1s", "`keyTemplate` is missing"),
        ("keyTemplate: {ip}, limit: 0, window: 1s", "at least 1"),
        ("keyTemplate: {ip}, limit: 1, window: soon", "`soon` is not a length of time"),
        ("keyTemplate: {ip, limit: 1, window: 1s", "has no `}`"),
        ("keyTemplate: {ip}, limits: 1, window: 1s", "no setting `limits`"),
        ("five a minute", "is no setting"),
    ] {
        let text = format!("GET /x\n  |> rateLimit: `{text}`");
        let drawn = try_load(&text, &rejoin_steps::registry()).expect_err(&text);
        assert!(drawn.contains("test.wp:2") && drawn.contains(words), "{drawn}");
    }
}
