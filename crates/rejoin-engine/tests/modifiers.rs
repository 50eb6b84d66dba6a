//! Modifiers of calls and blocks on virtual time, and the order in which they apply.

mod support;

use std::time::Duration;

use support::{json, load};

const MS: Duration = Duration::from_millis(1);

#[track_caller]
fn run(body: &str) -> support::Run {
    load(&format!("GET /x\n{body}")).call("GET /x")
}

#[test]
fn a_fallback_stands_where_the_output_would() {
    let run = run(r#"  |> jq: `{ n: 1 }`
  |> raise("networkError", 10) @result(r) @fallback(`{ none: .n, why: .errors[0].type }`)
  |> jq: `{ n, r: .data.r, errors }`"#);
    assert_eq!(
        run.answer().body,
        json(r#"{"n":1,"r":{"none":1,"why":"networkError"},"errors":null}"#)
    );
}

#[test]
fn a_fallback_of_a_task_is_its_value() {
    let run = run("  |> raise(\"networkError\", 10) @async(a) @fallback(`7`)
  |> join: a
  |> jq: `.async.a`");
    assert_eq!(run.answer().body, json(r#"{"data":7}"#));
}

#[test]
fn a_fallback_that_fails_is_the_failure() {
    let run = run("  |> raise(\"networkError\") @fallback(`error(\"worse\")`)");
    assert_eq!(run.body(".errors[0].type"), json("\"raiseError\""));
}

#[test]
fn what_is_optional_leaves_the_state_as_it_was() {
    let run = run("  |> jq: `{ n: 1 }`
  |> raise(\"networkError\", 10) @optional
  |> broken(1) @optional
  |> jq: `{ n, errors, data }`");
    assert_eq!(run.answer().body, json(r#"{"n":1,"errors":null,"data":null}"#));
}

#[test]
fn an_optional_task_that_fails_still_says_so_in_its_place() {
    let run = run("  |> raise(\"networkError\", 10) @async(a) @optional
  |> join: a
  |> jq: `.async.a.errors[0].type`");
    assert_eq!(run.answer().body, json("\"networkError\""));
}

#[test]
fn time_out_is_per_attempt_inside_of_retry_and_the_fallback_comes_last() {
    let run = run(
        "  |> data(1, 1000) @fallback(`.errors[0].type`) @retry(3, backoff: 10ms) @timeout(50ms)
  |> jq: `.data`",
    );
    assert_eq!(run.answer().body, json("\"timeoutError\""));
    // Three attempts of 50 ms, and pauses of 10 ms and 20 ms.
    assert_eq!((run.answered, run.ended), (180 * MS, 180 * MS));
}

#[test]
fn a_hedge_makes_a_copy_of_a_slow_call_and_keeps_one_answer() {
    // The copy is as slow as the first, so the first wins.
    let slow = run("  |> data(1, 100) @hedge(after: 30ms)\n  |> jq: `.data`");
    assert_eq!(slow.answer().body, json("1"));
    assert_eq!((slow.answered, slow.ended), (100 * MS, 100 * MS));
    // A failure that is worth another try starts the copy at once, and the last failure is that of the call.
    let failed = run("  |> raise(\"networkError\", 10) @hedge(30ms)");
    assert_eq!(failed.body(".errors[0].type"), json("\"networkError\""));
    assert_eq!(failed.answered, 20 * MS);
    let last = run("  |> broken(1, 10) @hedge(30ms)");
    assert_eq!(last.body(".errors[0].type"), json("\"brokenError\""));
}

#[test]
fn a_block_has_a_time_as_a_whole() {
    let run = run("  |> jq: `{ n: 1 }`
  |> if @timeout(50ms)
    |> jq: `true`
    then:
      |> data(1, 40)
      |> data(2, 40)
  end
  |> result
    timeoutError(504):
      |> jq: `{ n, message: .errors[0].message }`
    default(500):
      |> jq: `{}`");
    let expected = r#"{"n":1,"message":"`if` took longer than its time-out of 50ms"}"#;
    assert_eq!(run.answer().body, json(expected));
    assert_eq!((run.answer().status, run.answered), (Some(504), 50 * MS));
}

#[test]
fn blocks_and_pipelines_are_tried_again_from_the_state_before() {
    let block = run("  |> jq: `{ n: 1 }`
  |> parallel @retry(3, backoff: 10ms) @fallback(`{ none: .n }`)
    a:
      |> raise(\"networkError\", 20)
    b:
      |> data(1, 100)
  end
  |> jq: `{ n, errors, async: .async }`");
    assert_eq!(block.answer().body, json(r#"{"n":1,"errors":null,"async":{"none":1}}"#));
    assert_eq!((block.answered, block.ended), (90 * MS, 90 * MS));
    let pipeline = load(
        "pipeline twice =
  |> jq: `{ n: (.n + 1) }`
  |> raise(\"networkError\", 20)
GET /x
  |> jq: `{ n: 1 }`
  |> twice @retry(2, backoff: 10ms) @timeout(100ms) @optional
  |> jq: `{ n, errors }`",
    )
    .call("GET /x");
    assert_eq!(pipeline.answer().body, json(r#"{"n":1,"errors":null}"#));
    assert_eq!(pipeline.answered, 50 * MS);
}

#[test]
fn a_guard_decides_on_a_block() {
    let program = load(
        "GET /x
  |> parallel @guard(`.query.all == 1`)
    a:
      |> data(1, 10)
  end
  |> jq: `.async // \"skipped\"`",
    );
    assert_eq!(program.call("GET /x").answer().body, json("\"skipped\""));
    assert_eq!(program.call("GET /x?all=1").answer().body, json(r#"{"a":{"data":1}}"#));
}

#[test]
fn a_loop_with_a_limit_runs_so_many_at_once_and_keeps_the_order() {
    let run = run("  |> jq: `{ items: [range(10)] }`
  |> foreach .items @limit(4)
    |> data(., 10 * (10 - .)) @result(n)
    |> jq: `.data.n * 2`
  end");
    assert_eq!(run.body(".items"), json("[0,2,4,6,8,10,12,14,16,18]"));
    // 100, 90, 80, 70 begin at once; each that ends makes room for the next.
    assert_eq!((run.answered, run.ended), (150 * MS, 150 * MS));
}

#[test]
fn an_element_of_such_a_loop_keeps_its_error_and_its_tasks() {
    let run = run("  |> jq: `{ items: [{ n: 1 }, { n: 2 }] }`
  |> foreach .items @limit(2)
    |> data(.n, 10) @async(a)
    |> join: a
    |> raise(\"networkError\") @guard(`.async.a.data == 2`)
    |> jq: `.async.a.data`
  end
  |> jq: `[.items[0], .items[1].errors[0].type]`");
    assert_eq!(run.answer().body, json(r#"[1,"networkError"]"#));
}

#[test]
fn a_detached_step_holds_nobody_up() {
    let run = run("  |> data(1, 500) @detach\n  |> jq: `{ ok: true }`");
    assert_eq!(run.answered, Duration::ZERO);
    assert_eq!(run.answer().body, json(r#"{"ok":true}"#));
}
