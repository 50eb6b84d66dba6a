//! Tasks and joins: what a task sees, what it yields, how failures travel.

mod support;

use std::time::Duration;

use support::{json, load};

const MS: Duration = Duration::from_millis(1);

#[test]
fn tasks_run_at_the_same_time() {
    let program = load(
        "GET /x
           |> data(1, 300) @async(a)
           |> data(2, 200) @async(b)
           |> data(3, 250) @async(c)
           |> join: `a, b, c`
           |> jq: `[.async.a.data, .async.b.data, .async.c.data]`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().body, json("[1,2,3]"));
    assert_eq!(run.answered, 300 * MS);
}

#[test]
fn steps_without_async_run_one_after_the_other() {
    let program = load(
        "GET /x
           |> data(1, 300) @result(a)
           |> data(2, 200) @result(b)
           |> jq: `.data`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().body, json(r#"{"a":1,"b":2}"#));
    assert_eq!(run.answered, 500 * MS);
}

#[test]
fn a_task_sees_the_state_as_it_was_when_it_started_and_changes_nothing_outside() {
    let program = load(
        "GET /x
           |> jq: `{ n: 1 }`
           |> jq: `{ inside: .n, mine: true }` @async(t)
           |> jq: `{ n: 2 }`
           |> join: t
           |> jq: `{ n, task: .async.t, mine }`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.body(".n"), json("2"));
    assert_eq!(run.body(".task"), json(r#"{"inside":1,"mine":true}"#));
    assert_eq!(run.body(".mine"), json("null"));
}

#[test]
fn a_tasks_value_is_what_it_made() {
    let program = load(
        r#"
pipeline load =
  |> data(7) @result(seven)
pipeline shape =
  |> data(7)
  |> jq: `{ n: .data }`
GET /x
  |> jq: `{ mine: 1 }`
  |> data(1) @async(plain)
  |> data(1) @async(named) @result(r)
  |> rows(1) @async(rows)
  |> rows(1) @async(named_rows) @result(r)
  |> jq: `{ a: 1 }` @async(jq)
  |> add({ added: 1 }) @async(add)
  |> log: "x" @async(log)
  |> load @async(load)
  |> shape @async(shape)
  |> shape({ query: 1, x: 2 }) @async(argued)
  |> html("<p>") @async(html)
  |> join: `plain, named, rows, named_rows, jq, add, log, load, shape, argued, html`
  |> jq: `.async`"#,
    );
    let run = program.call("GET /x");
    assert_eq!(run.body(".plain"), json(r#"{"data":1}"#));
    assert_eq!(run.body(".named"), json(r#"{"data":{"r":1}}"#));
    assert_eq!(run.body(".rows"), json(r#"{"data":1}"#));
    assert_eq!(run.body(".named_rows"), json(r#"{"data":{"r":1}}"#));
    assert_eq!(run.body(".jq"), json(r#"{"a":1}"#));
    assert_eq!(run.body(".add"), json(r#"{"added":1}"#));
    assert_eq!(run.body(".log"), json("{}"));
    assert_eq!(run.body(".load"), json(r#"{"data":{"seven":7}}"#));
    assert_eq!(run.body(".shape"), json(r#"{"n":7}"#));
    // The argument wrote over the request's `query` for the pipeline alone, and the pipeline dropped it.
    assert_eq!(run.body(".argued"), json(r#"{"n":7}"#));
    assert_eq!(run.body(".html"), json(r#""<p>""#));
}

#[test]
fn a_second_join_keeps_what_the_first_one_got() {
    let program = load(
        "GET /x
           |> data(1) @async(a)
           |> data(2) @async(b)
           |> join: a
           |> join: b
           |> jq: `[.async.a.data, .async.b.data]`",
    );
    assert_eq!(program.call("GET /x").answer().body, json("[1,2]"));
}

#[test]
fn a_skipped_task_is_absent() {
    let program = load(
        r#"GET /x
           |> lua: `setWhen("vip", request.query.vip == 1) return request`
           |> data(1) @async(always)
           |> data(2) @async(sometimes) @when(vip)
           |> join: `always, sometimes`
           |> jq: `{ keys: (.async | keys), vip: (.async.sometimes.data // null) }`"#,
    );
    assert_eq!(program.call("GET /x").answer().body, json(r#"{"keys":["always"],"vip":null}"#));
    let run = program.call("GET /x?vip=1");
    assert_eq!(run.answer().body, json(r#"{"keys":["always","sometimes"],"vip":2}"#));
}

#[test]
fn a_failed_task_leaves_the_others_and_the_steps_after_the_join_alone() {
    let program = load(
        "GET /x
           |> data(1) @async(good)
           |> raise(`networkError`) @async(bad)
           |> join: `good, bad`
           |> jq: `{ good: .async.good.data, bad: .async.bad.errors[0].type, text: .async.bad.error }`"
            .replace("`networkError`", "\"networkError\"")
            .as_str(),
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().body, json(r#"{"good":1,"bad":"networkError","text":"as asked"}"#));
    assert_eq!(run.answer().error, None);
}

const ROUTED: &str = r#"GET /x
  |> data(1) @async(good)
  |> raise("httpError", 50) @async(late)
  |> raise("networkError", 10) @async(early) TAG
  |> join: `good, late, early`
  |> BETWEEN
  |> result
    ok(200):
      |> jq: `{ ok: true }`
    networkError(502):
      |> jq: `{ net: [.errors[] | [.task, .type]] }`
    httpError(503):
      |> jq: `{ http: [.errors[] | [.task, .type]] }`
"#;

fn routed(tag: &str, between: &str) -> support::Run {
    let text = ROUTED.replace("TAG", tag).replace("BETWEEN", between);
    load(&text).call("GET /x")
}

#[test]
fn result_routes_by_the_first_failed_task_in_join_order() {
    let run = routed("", "log: `x`");
    assert_eq!(run.answer().status, Some(503));
    assert_eq!(
        run.answer().body,
        json(r#"{"http":[["late","httpError"],["early","networkError"]]}"#)
    );
}

#[test]
fn an_optional_task_counts_for_nothing() {
    let run = routed("@optional", "log: `x`");
    assert_eq!(run.answer().body, json(r#"{"http":[["late","httpError"]]}"#));
}

#[test]
fn a_failure_that_jq_has_looked_at_is_handled() {
    let run = routed("", "jq: `{ late: .async.late.error }`");
    assert_eq!(run.answer().body, json(r#"{"net":[["early","networkError"]]}"#));
    let run = routed("", "jq: `{ n: (.async | length) }`");
    assert_eq!(run.answer().body, json(r#"{"ok":true}"#));
}

#[test]
fn a_guard_looks_at_a_failure_as_a_jq_step_does() {
    for between in [
        "log: `x` @guard(`.async.late.error and .async.early.error`)",
        "dispatch case @guard(`.async | map_values(.error) | any`): |> log: `x` end",
    ] {
        assert_eq!(routed("", between).answer().body, json(r#"{"ok":true}"#), "{between}");
    }
}

#[test]
fn what_a_called_pipeline_looks_at_is_handled_by_its_caller() {
    let with = |between: &str| {
        let program = load(&format!(
            "pipeline looks = |> jq: `. + {{ seen: (.async.a.error != null) }}`
             pipeline by_way = |> looks
             pipeline takes = |> jq: `{{ taken: true }}`
             pipeline inside
               = |> if
                 |> jq: `.never`
                 then:
                   |> looks
               end
             pipeline routes = |> result ok(201): |> jq: `{{ ok: 1 }}` default(501): |> jq: `{{ no: 1 }}`
             GET /x
               |> broken @async(a)
               |> join: a
               {between}
               |> result
                 ok(200):
                   |> jq: `{{}}`
                 default(500):
                   |> jq: `{{}}`"
        ));
        program.call("GET /x").answer().status
    };
    for handled in [
        "|> looks",
        "|> by_way",
        "|> pipeline: looks",
        "|> takes({ e: .async.a.error })",
        "|> pipeline({ all: .async }): takes",
        "|> data({ e: .async.a.error })",
        "|> rows([.async | length])",
    ] {
        assert_eq!(with(handled), Some(200), "{handled}");
    }
    // The last one brings the task's errors into the state.
    for left in [
        "",
        "|> takes",
        "|> takes({ e: .other })",
        "|> inside",
        "|> routes",
        "|> data({ e: .other })",
        "|> data(.async.a)",
    ] {
        assert_eq!(with(left), Some(500), "{left}");
    }
}

#[test]
fn a_joined_failure_that_no_branch_takes_falls_to_ok() {
    let program = load(
        r#"GET /x
           |> raise("httpError") @async(a)
           |> join: a
           |> result
             ok(201):
               |> jq: `{ ok: true }`
             networkError(502):
               |> jq: `{ net: true }`"#,
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().status, Some(201));
}

#[test]
fn a_panic_in_a_task_is_its_failure_alone() {
    let program = load(
        "GET /x
           |> data(1) @async(a)
           |> panics @async(b)
           |> join: `a, b`
           |> jq: `[.async.a.data, .async.b.errors[0].type, .async.b.error]`",
    );
    let body = program.call("GET /x").answer().body.clone();
    assert_eq!(body, json(r#"[1,"panicError","task `b` panicked: as asked"]"#));
}

#[test]
fn the_answer_does_not_wait_for_a_task_that_nobody_joins_but_the_request_does() {
    let program = load(
        "GET /x
           |> data(1, 5000) @async(slow) @optional
           |> jq: `{ done: true }`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answered, Duration::ZERO);
    assert_eq!(run.ended, 5000 * MS);
    assert!(program.recorder.events().iter().any(|e| e.starts_with("TaskEnded")));
}

#[test]
fn a_task_that_nobody_joins_ends_with_the_deadline() {
    let program = load(
        "GET /x
           |> data(1, 5000) @async(slow) @optional
           |> jq: `{ done: true }`",
    );
    let run = program.call_with("GET /x", json("{}"), 1000 * MS);
    assert!(run.result.is_ok());
    assert_eq!(run.ended, 1000 * MS);
}

#[test]
fn a_detached_task_outlives_the_request() {
    let program = load(
        "GET /x
           |> data(1, 5000) @async(slow) @detach
           |> jq: `{ done: true }`",
    );
    let run = program.call_with("GET /x", json("{}"), 1000 * MS);
    assert_eq!(run.ended, Duration::ZERO);
    assert!(
        program
            .recorder
            .events()
            .iter()
            .any(|e| e.contains("TaskEnded") && e.contains("error: None"))
    );
}

#[test]
fn tasks_of_a_called_pipeline_can_be_joined_by_the_caller_and_the_other_way_round() {
    let program = load(
        "pipeline start =
           |> data(1) @async(a)
         pipeline finish =
           |> join: b
         GET /x
           |> start
           |> data(2) @async(b)
           |> finish
           |> join: a
           |> jq: `[.async.a.data, .async.b.data]`",
    );
    assert_eq!(program.call("GET /x").answer().body, json("[1,2]"));
}

#[test]
fn a_task_sees_conditions_as_of_its_start() {
    let program = load(
        r#"pipeline look =
           |> jq: `{ early: $context.conditions.early, late: $context.conditions.late, path: $context.request.path }`
         GET /x
           |> lua: `setWhen("early", true) return request`
           |> look @async(a)
           |> lua: `setWhen("late", true) return request`
           |> join: a
           |> jq: `.async.a`"#,
    );
    let body = program.call("GET /x").answer().body.clone();
    assert_eq!(body, json(r#"{"early":true,"late":null,"path":"/x"}"#));
}

#[test]
fn the_deadline_ends_everything() {
    let program = load(
        "GET /x
           |> data(1, 5000) @async(a)
           |> data(1, 9000)
           |> join: a",
    );
    let run = program.call_with("GET /x", json("{}"), 1000 * MS);
    assert!(matches!(run.result, Err(rejoin_engine::RunError::TimedOut)), "{:?}", run.result);
    assert_eq!(run.ended, 1000 * MS);
}

#[test]
fn join_needs_an_object() {
    let program = load(
        "GET /x
           |> data(1) @async(a)
           |> jq: `5`
           |> join: a
           |> jq: `.async.a`
           |> result
             joinError(500):
               |> jq: `{ problem: .errors[0].message }`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().status, Some(500));
    // If none of its tasks was started, there is nothing to put anywhere.
    let program = load(
        "GET /x
           |> jq: `[1]`
           |> data(1) @async(a) @when(never)
           |> join: a
           |> jq: `{ n: length }`
         GET /late
           |> jq: `[1]`
           |> data(1) @async(b) @when(never)
           |> join(timeout: 1s): b
           |> jq: `{ n: length }`",
    );
    assert_eq!(program.call("GET /x").body("."), json(r#"{"n":1}"#));
    assert_eq!(program.call("GET /late").body("."), json(r#"{"n":1}"#));
}

#[test]
fn a_task_that_begins_with_an_error_that_is_handled_has_not_failed_for_that() {
    let program = load(
        r#"GET /x
           |> raise("authError")
           |> result
             authError(401):
               |> data(5) @async(a)
               |> raise("httpError") @async(b)
               |> join: `a, b`
               |> jq: `{ a: .async.a.data, b: .async.b.errors[0].type }`"#,
    );
    assert_eq!(program.call("GET /x").body("."), json(r#"{"a":5,"b":"httpError"}"#));
}

#[test]
fn a_pipeline_that_calls_itself_from_several_branches_or_tasks_ends() {
    let program = load(
        "GET /branches
           |> jq: `{ n: 0 }`
           |> wide
           |> result
             default(508):
               |> jq: `[.errors[0] | .type, (.message | contains(\"at most 4096 branches\"))]`
         GET /tasks
           |> jq: `{ n: 0 }`
           |> spread
           |> jq: `{ ended: true }`
         pipeline wide =
           |> if
             |> jq: `.n < 100000`
             then:
               |> parallel
                 a:
                   |> wide
                 b:
                   |> wide
               end
           end
         pipeline spread =
           |> if
             |> jq: `.n < 100000`
             then:
               |> spread @async(a)
               |> spread @async(b)
               |> join: `a, b`
           end",
    );
    assert_eq!(program.call("GET /branches").answer().body, json(r#"["parallelError",true]"#));
    assert_eq!(program.call("GET /tasks").body(".ended"), json("true"));
}
