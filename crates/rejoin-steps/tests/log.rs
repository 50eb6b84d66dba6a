//! `log` and `debug` in programs.

mod support;

use rejoin_value::json;
use support::{load, try_load};

#[test]
fn free_text_is_logged_at_once() {
    let run = load(
        "GET /x
           |> log: \"starting\"
           |> debug: \"before\"
           |> jq: `1`
           |> log: `almost: done`",
    )
    .call("GET /x");
    let log = run.log();
    assert_eq!(log.len(), 3, "{log:?}");
    assert_eq!(log[0], "info starting");
    assert!(log[1].starts_with("<before> {\"method\":\"GET\""), "{log:?}");
    assert_eq!(log[2], "info almost: done");
    assert_eq!(run.body(), "1");
}

#[test]
fn settings_ask_for_a_line_at_the_end() {
    let run = load(
        "GET /x/:id
           |> log: `level: info, includeBody: true`
           |> sleep: \"250ms\"
           |> log: \"first\"
           |> jq: `{ id: .params.id, setCookies: [\"token=secret\"], originalRequest }`",
    )
    .call("GET /x/7");
    let log = run.log();
    assert_eq!(log.len(), 2, "{log:?}");
    assert_eq!(log[0], "info first");
    let fields = log[1].strip_prefix("info request ").expect("the line about the request");
    let fields = rejoin_value::Value::parse(fields.as_bytes()).expect("its fields");
    assert!(fields.get("duration_ms").unwrap().as_f64().unwrap() >= 250.0);
    assert_eq!(
        *fields.get("request").unwrap(),
        json!({
            "method": "GET",
            "params": {"id": 7},
            "query": {},
            "headers": {"authorization": "[redacted]", "x-api-key": "[redacted]", "accept": "*/*"}
        })
    );
    assert_eq!(fields.get("response").unwrap().to_json(), r#"{"body":{"id":7}}"#);
}

#[test]
fn secrets_do_not_show_when_the_request_is_the_answer() {
    let run = load("GET /x\n  |> log: `includeBody: true`").call("GET /x");
    assert_eq!(run.log().len(), 1);
    assert!(!run.log()[0].contains("secret"), "{:?}", run.log());
    // The answer itself is not touched.
    assert!(run.body().contains("Bearer secret"));
}

#[test]
fn config_log_sets_what_the_step_does_not() {
    let config = "config log {\n  level: \"warn\"\n  includeHeaders: false\n  includeBody: true\n  maxBodySize: 10\n}\n";
    let run = load(&format!("{config}GET /x\n  |> log\n  |> jq: `\"äääääääääää\"`")).call("GET /x");
    let log = run.log();
    assert!(log[0].starts_with("warn request"), "{log:?}");
    assert!(!log[0].contains("headers"), "{log:?}");
    assert!(log[0].contains("ääää… (24 bytes)"), "{log:?}");

    let off = "config log {\n  enabled: false\n}\n";
    let run =
        load(&format!("{off}GET /x\n  |> log\n  |> log: \"words\"\n  |> log: `enabled: true`"))
            .call("GET /x");
    assert_eq!(run.log().len(), 1, "{:?}", run.log());
}

#[test]
fn later_steps_see_what_was_asked_for() {
    let run = load("GET /x\n  |> log: `level: error`\n  |> jq: `$context.log`").call("GET /x");
    assert_eq!(run.body(), r#"{"level":"error","include_body":false,"include_headers":true}"#);
}

#[test]
fn a_wrong_setting_is_found_when_the_program_is_loaded() {
    let registry = rejoin_steps::registry();
    let drawn = try_load("GET /x\n  |> log: `level: loud`", &registry).expect_err("no such level");
    assert!(drawn.contains("`loud` is not a level"), "{drawn}");
    let drawn = try_load("config log {\n  level: \"loud\"\n}\nGET /x\n  |> log", &registry)
        .expect_err("no such level");
    assert!(drawn.contains("`level` in `config log`"), "{drawn}");
}

#[test]
fn neither_resets_the_type_of_an_answer_nor_changes_a_task() {
    let run = load(
        "GET /x
           |> log: \"in a task\" @async(a)
           |> debug @async(b)
           |> join: `a, b`
           |> jq: `.async`",
    )
    .call("GET /x");
    assert_eq!(run.body(), r#"{"a":{},"b":{}}"#);
    assert_eq!(run.log().len(), 2);
}
