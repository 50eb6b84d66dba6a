//! What a task's value is for each built-in step, and where errors go.

mod support;

use support::upstream::Upstream;
use support::{load_with, registry};

/// Runs a step as the task `t` and gives what the join puts at `.async.t`.
#[track_caller]
fn task(step: &str) -> String {
    let up = Upstream::start();
    let text = format!(
        "jq shape = `{{ shaped: true }}`
        fetch ada = `http://up.example/users/7`
        pipeline both =
          |> fetch(\"http://up.example/users/7\") @result(user)
          |> fetch(\"http://up.example/orders\") @result(orders)
        pipeline shaped =
          |> fetch(\"http://up.example/users/7\")
          |> jq: `{{ name: .data.response.name }}`
        GET /x/:id
          |> jq: `. + {{ mine: 1 }}`
          |> {step}
          |> join: `t`
          |> jq: `.async.t`"
    );
    load_with(&text, &registry(&up)).on_real_time().call("GET /x/7").body()
}

const ADA: &str = r#"{"response":{"id":7,"name":"Ada"},"status":200,"headers":{"content-type":"application/json","content-length":"24"}}"#;

#[test]
fn the_value_of_a_task_is_what_its_step_made() {
    for (step, expected) in [
        ("jq: `{ a: .params.id }` @async(t)", r#"{"a":7}"#.to_owned()),
        ("jq: `[1]` @async(t)", "[1]".to_owned()),
        ("jq: shape @async(t)", r#"{"shaped":true}"#.to_owned()),
        ("lua: `return { a = request.mine }` @async(t)", r#"{"a":1}"#.to_owned()),
        ("lua: `return 5` @async(t)", "5".to_owned()),
        ("log: \"hello\" @async(t)", "{}".to_owned()),
        ("debug @async(t)", "{}".to_owned()),
        ("sleep: \"1ms\" @async(t)", "{}".to_owned()),
        ("fetch(\"http://up.example/users/7\") @async(t)", format!(r#"{{"data":{ADA}}}"#)),
        (
            "fetch(\"http://up.example/users/7\") @async(t) @result(u)",
            format!(r#"{{"data":{{"u":{ADA}}}}}"#),
        ),
        (
            "fetch(\"http://up.example/users/7\") @result(u) @async(t)",
            format!(r#"{{"data":{{"u":{ADA}}}}}"#),
        ),
        (
            "fetch: ada @async(t)",
            format!(r#"{{"data":{{{},"ada":{ADA}}}}}"#, &ADA[1..ADA.len() - 1]),
        ),
        ("shaped @async(t)", r#"{"name":"Ada"}"#.to_owned()),
        ("pipeline: shaped @async(t)", r#"{"name":"Ada"}"#.to_owned()),
    ] {
        assert_eq!(task(step), expected, "{step}");
    }
    let both = task("both @async(t)");
    assert!(both.starts_with(r#"{"data":{"user":{"response":{"id":7"#), "{both}");
    assert!(both.contains(r#""orders":{"response":[{"id":1},{"id":2}]"#), "{both}");
    assert!(!both.contains("mine") && !both.contains("params"), "{both}");
}

#[test]
fn a_failed_task_has_its_errors_and_the_first_message() {
    let failed = task("fetch(\"http://up.example/status/500\") @async(t)");
    assert_eq!(
        failed,
        r#"{"errors":[{"type":"httpError","message":"boom","status":500,"url":"http://up.example/status/500"}],"error":"boom"}"#
    );
    let failed = task("jq: `error(\"no\")` @async(t)");
    assert!(failed.contains(r#""type":"jqError","message":"no","step":"jq""#), "{failed}");
    assert!(failed.ends_with(r#""error":"no"}"#), "{failed}");
    let failed = task("lua: `error(\"no\")` @async(t)");
    assert!(failed.ends_with(r#""error":"line 1: no"}"#), "{failed}");
}

/// Runs steps of which the first fails, and gives the state that an error branch sees.
#[track_caller]
fn in_error_branch(step: &str) -> String {
    let up = Upstream::start();
    let text = format!(
        "GET /x/:id
          |> jq: `. + {{ mine: 1 }}`
          |> {step}
          |> jq: `{{ never: true }}`
          |> result
            ok(200):
              |> jq: `\"ok\"`
            default(500):
              |> jq: `{{ type: .errors[0].type, id: .params.id, mine, path: $context.request.path }}`"
    );
    let run = load_with(&text, &registry(&up)).on_real_time().call("GET /x/7");
    assert_eq!(run.answer().status, Some(500));
    run.body()
}

#[test]
fn a_domain_error_keeps_the_state_and_a_failed_call_replaces_it() {
    assert_eq!(
        in_error_branch("fetch(\"http://up.example/status/404\")"),
        r#"{"type":"httpError","id":7,"mine":1,"path":"/x/7"}"#
    );
    assert_eq!(
        in_error_branch("fetch(\"http://up.example/status/404\") @result(u)"),
        r#"{"type":"httpError","id":7,"mine":1,"path":"/x/7"}"#
    );
    for (step, kind) in [
        ("fetch(7)", "fetchError"),
        ("jq: `error(\"no\")`", "jqError"),
        ("lua: `error('no')`", "luaError"),
        ("sleep(\"soon\")", "sleepError"),
    ] {
        let expected = format!(r#"{{"type":"{kind}","id":null,"mine":null,"path":"/x/7"}}"#);
        assert_eq!(in_error_branch(step), expected, "{step}");
    }
}

#[test]
fn a_named_result_keeps_the_rest_and_an_unnamed_one_replaces_data() {
    let up = Upstream::start();
    let text = "GET /x
          |> fetch(\"http://up.example/users/7\") @result(user)
          |> fetch(\"http://up.example/orders\") @result(orders)
          |> jq: `. + { before: (.data | keys), mine: 1 }`
          |> fetch(\"http://up.example/users/8\")
          |> jq: `{ before, mine, after: .data.response.id }`";
    let run = load_with(text, &registry(&up)).on_real_time().call("GET /x");
    assert_eq!(run.body(), r#"{"before":["orders","user"],"mine":1,"after":8}"#);
}

#[test]
fn an_error_that_a_script_builds_is_an_error() {
    let up = Upstream::start();
    for step in [
        "lua: `return { errors = { { type = 'stockError', message = 'sold out' } } }`",
        "jq: `{ errors: [{ type: \"stockError\", message: \"sold out\" }] }`",
    ] {
        let text = format!(
            "GET /x
              |> {step}
              |> jq: `\"never\"`
              |> result
                ok(200):
                  |> jq: `\"ok\"`
                stockError(409):
                  |> jq: `.errors[0].message`"
        );
        let run = load_with(&text, &registry(&up)).on_real_time().call("GET /x");
        assert_eq!((run.answer().status, run.body().as_str()), (Some(409), "\"sold out\""));
    }
}
