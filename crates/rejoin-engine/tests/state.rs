//! What happens to the state: classes of steps, `.data`, errors, blocks and calls.

mod support;

use std::time::Duration;

use support::{json, load};

#[test]
fn a_final_jq_answers_with_exactly_its_keys_and_an_earlier_one_keeps_the_request() {
    let program = load(
        "GET /x/:id
           |> jq: `{ wanted: .params.id }`
           |> jq: `{ wanted, again: .params.id }`",
    );
    assert_eq!(program.call("GET /x/7").answer().body, json(r#"{"wanted":7,"again":7}"#));
}

#[test]
fn a_jq_followed_only_by_guarded_steps_that_do_not_run_is_last() {
    let program = load(
        "GET /x
           |> jq: `{ a: 1 }`
           |> jq: `{ b: 2 }` @guard(`.a == 2`)",
    );
    assert_eq!(program.call("GET /x").answer().body, json(r#"{"a":1}"#));
}

#[test]
fn a_guard_that_a_step_makes_true_is_decided_on_the_state_before_it() {
    // The first jq is last by the old state, so the request keys are gone when the second one runs.
    let program = load(
        "GET /x
           |> jq: `{ a: 1 }`
           |> jq: `{ a, path }` @guard(`.a == 1`)",
    );
    assert_eq!(program.call("GET /x").answer().body, json(r#"{"a":1,"path":null}"#));
}

#[test]
fn named_results_add_up_and_an_unnamed_one_replaces_them() {
    let program = load(
        "GET /x
           |> data(1) @result(a)
           |> data(2) @result(b)
           |> jq: `{ kept: .data }`
           |> data(3)
           |> jq: `{ kept, data }`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().body, json(r#"{"kept":{"a":1,"b":2},"data":3}"#));
}

#[test]
fn rows_without_a_name_become_the_state_and_with_one_do_not() {
    let program = load(
        "GET /x
           |> jq: `{ mine: 1 }`
           |> rows(1) @result(r)
           |> jq: `{ mine, data }`
           |> rows(2)
           |> jq: `{ mine, data }`",
    );
    assert_eq!(program.call("GET /x").answer().body, json(r#"{"mine":null,"data":2}"#));
}

#[test]
fn result_name_in_the_state_names_results_until_it_is_gone() {
    let program = load(
        r#"GET /x
           |> jq: `{ resultName: "here" }`
           |> data(1)
           |> jq: `.data`"#,
    );
    assert_eq!(program.call("GET /x").answer().body, json(r#"{"here":1}"#));
}

#[test]
fn a_variable_names_its_result_and_the_name_does_not_leak() {
    let program = load(
        "data first = `x`
         GET /x
           |> data(1): first
           |> data(2): first @result(second)
           |> data(3)
           |> jq: `.data`",
    );
    // The unnamed third one replaces `.data`: no stale name is left over.
    assert_eq!(program.call("GET /x").answer().body, json("3"));
}

#[test]
fn a_variable_that_returns_the_state_returns_no_name() {
    let program = load(
        "jq marked = `. + { marked: (.resultName // \"none\") }`
         jq named = `. + { resultName: \"mine\" }`
         GET /x
           |> jq: marked
           |> data(1)
           |> jq: named
           |> data(2)
           |> jq: `{ marked, resultName, data }`",
    );
    // What the variable itself says stays.
    let expected = r#"{"marked":"marked","resultName":"mine","data":{"mine":2}}"#;
    assert_eq!(program.call("GET /x").answer().body, json(expected));
}

#[test]
fn an_error_skips_to_result_and_ok_is_not_chosen() {
    let program = load(
        r#"GET /x
           |> raise("networkError")
           |> jq: `{ never: true }`
           |> if
             |> jq: `true`
             then:
               |> jq: `{ never: true }`
           end
           |> result
             ok(200):
               |> jq: `{ ok: true }`
             networkError(502):
               |> jq: `{ kind: .errors[0].type, path: .path }`"#,
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().status, Some(502));
    assert_eq!(run.answer().body, json(r#"{"kind":"networkError","path":"/x"}"#));
}

#[test]
fn an_error_that_is_called_ok_is_an_error() {
    let program = load(
        r#"GET /x |> raise("ok") |> result ok(200): |> jq: `1` default(500): |> jq: `2`
           GET /y |> raise("ok") @async(t) |> join: t |> result ok(200): |> jq: `1` default(500): |> jq: `2`"#,
    );
    for target in ["GET /x", "GET /y"] {
        assert_eq!(program.call(target).answer().status, Some(500), "{target}");
    }
}

#[test]
fn default_takes_what_no_branch_names() {
    let program = load(
        "GET /x
           |> broken
           |> result
             default(599):
               |> jq: `{ kind: .errors[0].type, step: .errors[0].step, at: .errors[0].location, path }`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().status, Some(599));
    // A call that went wrong itself takes the whole state with it.
    let expected = r#"{"kind":"brokenError","step":"broken","at":"test.wp:2","path":null}"#;
    assert_eq!(run.answer().body, json(expected));
}

#[test]
fn an_unhandled_error_is_the_body_and_its_type_is_told() {
    let program = load(r#"GET /x |> raise_rows("sqlError")"#);
    let run = program.call("GET /x");
    assert_eq!(run.answer().status, None);
    assert_eq!(run.answer().error.as_deref(), Some("sqlError"));
    assert_eq!(run.body(".errors[0].message"), json(r#""as asked""#));
}

#[test]
fn an_unhandled_error_does_not_show_what_the_request_brought() {
    let program = load(
        r#"GET /x |> raise("networkError")
           GET /made |> jq: `{ headers: { x: "mine" }, seen: 1 }` |> raise("networkError")
           GET /built |> jq: `{ path, errors: [{ type: "x" }] }`
           GET /branch |> raise("networkError") |> result default(500): |> jq: `{ path, errors }`"#,
    );
    let keys = |route: &str| program.call(route).body("keys");
    assert_eq!(keys("GET /x"), json(r#"["errors"]"#));
    assert_eq!(keys("GET /made"), json(r#"["errors","headers","seen"]"#));
    // What the program itself puts beside the error stays.
    assert_eq!(keys("GET /built"), json(r#"["errors","path"]"#));
    assert_eq!(keys("GET /branch"), json(r#"["errors","path"]"#));
}

#[test]
fn error_renames() {
    let program = load(
        r#"GET /x
           |> raise("networkError") @error(upstream)
           |> result
             upstream(502):
               |> jq: `{ kind: .errors[0].type }`"#,
    );
    assert_eq!(program.call("GET /x").answer().body, json(r#"{"kind":"upstream"}"#));
}

#[test]
fn a_failing_step_in_an_error_branch_is_the_body_under_the_branchs_status() {
    let program = load(
        "GET /x
           |> result
             ok(200):
               |> broken
               |> jq: `{ never: true }`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().status, Some(200));
    assert_eq!(run.body(".errors[0].type"), json(r#""brokenError""#));
}

#[test]
fn blocks_and_calls_work_inside_an_error_branch() {
    let program = load(
        r#"pipeline tell =
           |> jq: `. + { told: true }`
         GET /x
           |> raise("networkError")
           |> result
             networkError(502):
               |> tell
               |> if
                 |> jq: `.errors | length > 0`
                 then:
                   |> jq: `{ told, branch: true }`
               end"#,
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().body, json(r#"{"told":true,"branch":true}"#));
}

#[test]
fn if_takes_zero_empty_text_and_empty_lists_for_true() {
    for (value, expected) in
        [("0", true), ("\"\"", true), ("[]", true), ("{}", true), ("null", false), ("false", false)]
    {
        let program = load(&format!(
            "GET /x
               |> if
                 |> jq: `{value}`
                 then:
                   |> jq: `{{ yes: true }}`
                 else:
                   |> jq: `{{ yes: false }}`"
        ));
        let body = program.call("GET /x").answer().body.clone();
        assert_eq!(body, json(&format!(r#"{{"yes":{expected}}}"#)), "{value}");
    }
}

#[test]
fn a_call_merges_and_its_argument_wins_over_the_state() {
    let program = load(
        "pipeline double =
           |> jq: `{ twice: (.n * 2) }`
         GET /x
           |> jq: `{ n: 1, mine: true }`
           |> double({ n: 21 })
           |> jq: `{ n, mine, twice }`",
    );
    assert_eq!(program.call("GET /x").answer().body, json(r#"{"n":1,"mine":true,"twice":42}"#));
}

#[test]
fn a_result_in_a_pipeline_ends_only_the_pipeline_and_its_status_is_remembered() {
    let program = load(
        "pipeline made =
           |> result
             ok(201):
               |> jq: `{ made: true }`
         GET /x
           |> made
           |> jq: `{ made, after: true }`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().status, Some(201));
    assert_eq!(run.answer().body, json(r#"{"made":true,"after":true}"#));
}

#[test]
fn foreach_keeps_order_and_place_and_errors_stay_in_their_slot() {
    let program = load(
        "GET /x
           |> jq: `{ a: { items: [{ n: 1 }, { n: 0 }, { n: 2 }] }, rest: 1 }`
           |> foreach .a.items
             |> jq: `if .n == 0 then error(\"zero\") else { half: (.n / 2) } end`
           end
           |> jq: `{ items: [.a.items[] | .half // .errors[0].type], rest }`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().body, json(r#"{"items":[0.5,"jqError",1],"rest":1}"#));
}

#[test]
fn foreach_over_something_else_aborts_and_names_the_place() {
    let program = load("GET /x |> foreach items\n |> jq: `.`\n end");
    let run = program.call("GET /x");
    let Err(rejoin_engine::RunError::Aborted(abort)) = run.result else {
        panic!("{:?}", run.result)
    };
    assert_eq!(abort.title, "foreach needs an array");
    assert_eq!(abort.detail, "there is no `items` in the state at test.wp:1");
}

#[test]
fn dispatch_takes_the_first_case_that_holds() {
    let text = "GET /x
           |> dispatch
             case @env(dev):
               |> jq: `\"dev\"`
             case @env(prod) or @env(stage):
               |> jq: `\"live\"`
             default:
               |> jq: `\"other\"`
           end";
    assert_eq!(load(text).in_environment("stage").call("GET /x").answer().body, json("\"live\""));
    assert_eq!(load(text).in_environment("x").call("GET /x").answer().body, json("\"other\""));
    // Without an environment a plain @env holds.
    assert_eq!(load(text).call("GET /x").answer().body, json("\"dev\""));
}

#[test]
fn recursion_without_end_is_an_error_not_a_crash() {
    let program = load(
        "pipeline down =
           |> if
             |> jq: `.n < 100000`
             then:
               |> down({ n: (.n + 1) })
           end
         GET /x
           |> jq: `{ n: 0 }`
           |> down
           |> result
             default(508):
               |> jq: `.errors[0].message`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().status, Some(508));
    assert_eq!(run.answer().body, json("\"pipelines call each other more than 64 deep\""));
}

#[test]
fn a_time_out_is_an_error_like_any_other() {
    let program = load(
        "GET /x
           |> data(1, 5000) @timeout(2s)
           |> result
             timeoutError(504):
               |> jq: `.errors[0].message`",
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().body, json("\"`data` took longer than its time-out of 2s\""));
    assert_eq!(run.answered, Duration::from_secs(2));
}

#[test]
fn retry_pauses_twice_as_long_each_time_and_gives_the_last_error() {
    let program = load(
        r#"GET /x
           |> raise("networkError", 10) @retry(4, backoff: 100ms)"#,
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().error.as_deref(), Some("networkError"));
    assert_eq!(run.answered, Duration::from_millis(4 * 10 + 100 + 200 + 400));
}

#[test]
fn cookies_and_headers_leave_the_body() {
    let program = load(
        r#"GET /x
           |> jq: `{ setCookies: ["a=1"], setHeaders: { "x-a": "b" }, n: 1 }`
           |> result
             ok(200):
               |> jq: `{ n }`"#,
    );
    let run = program.call("GET /x");
    assert_eq!(run.answer().body, json(r#"{"n":1}"#));
    assert_eq!(run.answer().set_cookies, ["a=1"]);
}

#[test]
fn headers_may_be_numbers_and_booleans() {
    let program =
        load(r#"GET /x |> jq: `{ setHeaders: { a: 5, b: true, c: null, d: ["x"], e: "y" } }`"#);
    let headers = program.call("GET /x").answer().set_headers.clone();
    let expected = [("a", "5"), ("b", "true"), ("e", "y")];
    assert_eq!(headers, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
}

#[test]
fn feature_flags_are_set_before_a_route_that_looks_at_them() {
    let program = load(
        r#"featureFlags =
           |> lua: `setFlag("beta", request.query.beta == 1) return { user = "kim" }`
         GET /x
           |> jq: `{ user, beta: false }`
           |> jq: `{ user, beta: true }` @flag(beta)"#,
    );
    assert_eq!(program.call("GET /x").answer().body, json(r#"{"user":"kim","beta":false}"#));
    assert_eq!(program.call("GET /x?beta=1").answer().body, json(r#"{"user":"kim","beta":true}"#));
}

#[test]
fn feature_flags_that_fail_set_none_and_conditions_are_none_of_them() {
    let seen = |steps: &str| {
        let program = load(&format!(
            "featureFlags =
               |> lua: `setFlag(\"a\", true) setWhen(\"w\", true) return request`
               {steps}
             GET /x
               |> jq: `$context | [.flags, .conditions]`
               |> jq: `. + [\"a\"]` @flag(a)
               |> jq: `. + [\"w\"]` @when(w)"
        ));
        program.call("GET /x").answer().body.clone()
    };
    assert_eq!(seen(""), json(r#"[{"a":true},{},"a"]"#));
    assert_eq!(seen("|> broken"), json("[{},{}]"));
    assert_eq!(seen("|> sleep: `60ms`"), json("[{},{}]"));
    assert_eq!(seen("|> foreach nothing\n |> jq: `.`\n end"), json("[{},{}]"));
}

#[test]
fn a_result_without_a_name_needs_a_state_with_room_for_it() {
    let program = load(
        "GET /x
           |> jq: `[1]`
           |> data(3)
           |> jq: `.`
         GET /named
           |> jq: `[1]`
           |> data(3) @result(three)
           |> jq: `.data`
         GET /task
           |> jq: `[1]`
           |> data(3) @async(t)
           |> jq: `{}`
           |> join: t
           |> jq: `.async.t`",
    );
    assert_eq!(program.call("GET /x").answer().body, json("[1]"));
    assert_eq!(program.call("GET /named").answer().body, json(r#"{"three":3}"#));
    assert_eq!(program.call("GET /task").answer().body, json(r#"{"data":3}"#));
}

#[test]
fn an_argument_that_fails_is_an_error_of_calling_pipelines() {
    let program = load(
        "pipeline inner = |> jq: `{ i: 1 }`
         GET /short |> inner(.path + 1) |> result pipelineError(500): |> jq: `.errors[0].step`
         GET /long |> pipeline(.path + 1): inner |> result pipelineError(500): |> jq: `.errors[0].step`
         GET /renamed |> inner(.path + 1) @error(mine) |> result mine(500): |> jq: `.errors[0].step`",
    );
    assert_eq!(program.call("GET /short").answer().body, json(r#""inner""#));
    assert_eq!(program.call("GET /long").answer().body, json(r#""pipeline""#));
    assert_eq!(program.call("GET /renamed").answer().body, json(r#""inner""#));
}

#[test]
fn a_step_of_several_lines_is_found_from_its_first_to_its_last() {
    let program = load(
        "jq lost = `
           .path + 1
         `
         GET /one |> jq: `.path + 1`   # a comment

         GET /several
           |> jq: `
             .path + 1
           ` @error(mine)

         GET /variable
           |> jq: lost",
    );
    let at = |target: &str| {
        let run = program.call(target);
        run.answer().body.get("errors").unwrap().at(0).unwrap().get("location").unwrap().to_json()
    };
    assert_eq!(at("GET /one"), r#""test.wp:4""#);
    assert_eq!(at("GET /several"), r#""test.wp:7-9""#);
    assert_eq!(at("GET /variable"), r#""test.wp:12""#);
}

#[test]
fn an_error_after_a_result_has_its_own_status_and_shows_nothing_of_the_request() {
    let program = load(
        r#"pipeline made = |> jq: `{ n: 1 }` |> result ok(201): |> jq: `.`
           GET /call |> made |> raise("authError")
           GET /built |> made |> jq: `{ errors: [{ type: "notFound" }] }`
           GET /branch
             |> if
               |> jq: `true`
               then:
                 |> made
             end
             |> broken
           GET /block |> made |> parallel
               b:
                 |> raise("networkError")
             end
           GET /unfit |> made |> raise("authError") |> result ok(200): |> jq: `1`
           GET /inside |> result ok(200): |> raise("authError")
           GET /well |> made |> jq: `{ after: 1 }`
           GET /saved |> made |> raise("authError") @optional |> jq: `{ after: 1 }`
           GET /again |> raise("authError") |> result authError(418): |> jq: `. + {n: 1}`
             |> raise("authError")
           GET /blocks |> raise("authError") |> result authError(418): |> jq: `. + {n: 1}` |> parallel(on_error: fail_fast)
               b:
                 |> raise("authError")
             end
           GET /handled |> made |> raise("authError") |> result authError(418): |> jq: `{ told: 1 }`"#,
    );
    let expected = [
        ("call", None, r#"["errors","n"]"#),
        ("built", None, r#"["errors"]"#),
        ("branch", None, r#"["errors"]"#),
        ("block", None, r#"["errors","n"]"#),
        ("unfit", None, r#"["errors","n"]"#),
        // What fails inside of a branch has its status.
        ("inside", Some(200), r#"["errors"]"#),
        // Also where it is of the type that the branch handles.
        ("again", Some(418), r#"["errors","n"]"#),
        ("blocks", Some(418), r#"["errors","n"]"#),
        ("well", Some(201), r#"["after"]"#),
        ("saved", Some(201), r#"["after"]"#),
        ("handled", Some(418), r#"["told"]"#),
    ];
    for (route, status, keys) in expected {
        let run = program.call(&format!("GET /{route}"));
        assert_eq!(run.answer().status, status, "{route}");
        assert_eq!(run.body("keys"), json(keys), "{route}");
    }
}

#[test]
fn a_branch_goes_on_while_the_type_of_the_error_stays_however_the_next_one_was_raised() {
    let program = load(
        r#"pipeline lost = |> jq: `{ errors: [{ type: "authError", message: "first" }] }`
           pipeline again = |> raise("authError")
           GET /direct |> lost |> result authError(418): |> raise("authError")
             |> jq: `{ problem: .errors[0].message }`
           GET /call |> lost |> result authError(418): |> again |> jq: `{ problem: .errors[0].message }`
           GET /within |> lost
             |> result
               authError(418):
                 |> if
                   |> jq: `true`
                   then:
                     |> raise("authError")
                 end
                 |> jq: `{ problem: .errors[0].message }`
           GET /other |> lost |> result authError(418): |> raise("httpError")
             |> jq: `{ problem: .errors[0].message }`
           GET /left |> lost |> result authError(418): |> again |> log: "m"
           GET /tried |> lost |> result authError(418): |> again @retry(2) @fallback(`{ instead: 1 }`)
             |> jq: `{ instead: .instead }`
           GET /quiet |> lost |> result authError(418): |> again |> jq: `. + { kept: 1 }`
             |> jq: `{ kept: .kept }`"#,
    );
    let expected = [
        ("direct", r#"{"problem":"as asked"}"#),
        ("call", r#"{"problem":"as asked"}"#),
        ("within", r#"{"problem":"as asked"}"#),
        ("other", r#"{"errors":[{"type":"httpError","message":"as asked"}]}"#),
        ("left", r#"{"errors":[{"type":"authError","message":"as asked"}]}"#),
        ("tried", r#"{"instead":1}"#),
        ("quiet", r#"{"kept":1}"#),
    ];
    for (route, body) in expected {
        let run = program.call(&format!("GET /{route}"));
        assert_eq!(run.answer().status, Some(418), "{route}");
        assert_eq!(run.body("."), json(body), "{route}");
    }
}

#[test]
fn error_gives_another_type_to_the_errors_that_a_step_leaves_as_they_are() {
    let program = load(
        r#"GET /x |> raise("authError") |> result authError(401): |> log: "m" @error(other) |> jq: `{ lost: 1 }`
           GET /plain |> log: "m" @error(other) |> jq: `{ kept: 1 }`"#,
    );
    assert_eq!(program.call("GET /x").body(".errors[0].type"), json(r#""other""#));
    assert_eq!(program.call("GET /plain").body("."), json(r#"{"kept":1}"#));
}

#[test]
fn a_loop_over_an_element_of_a_list_leaves_the_list_whole() {
    let program = load(
        "GET /first |> jq: `[[1], [2]]` |> foreach 0 |> jq: `. + 1` end |> jq: `{ is: . }`
         GET /inner |> jq: `[{ items: [1, 2], n: 0 }, 3]` |> foreach 0.items |> jq: `. + 1` end |> jq: `{ is: . }`",
    );
    assert_eq!(program.call("GET /first").body(".is"), json("[[2],[2]]"));
    assert_eq!(program.call("GET /inner").body(".is"), json(r#"[{"items":[2,3],"n":0},3]"#));
}

#[test]
fn an_error_after_a_page_is_no_page() {
    use rejoin_engine::ContentType::{Html, Json};
    let program = load(
        r#"pipeline page = |> html("<p>")
           GET /broken |> html("<p>") |> broken
           GET /raised |> page |> raise("networkError")
           GET /built |> html("<p>") |> jq: `{ errors: [{ type: "x" }] }` |> log: "m"
           GET /inside |> html("<p>") |> result ok(200): |> broken
           GET /handled |> html("<p>") |> broken |> result default(500): |> jq: `{ told: 1 }`
           GET /saved |> html("<p>") |> broken @optional
           GET /error |> broken |> result default(500): |> html("<p>")
           GET /task |> broken @async(t) |> join: t |> html("<p>") |> result default(500):
           GET /unfailed |> jq: `1` @async(t) |> join: t |> html("<p>") |> result ok(200):"#,
    );
    for (route, content_type) in [
        ("task", Json),
        ("unfailed", Html),
        ("broken", Json),
        ("raised", Json),
        ("built", Json),
        ("inside", Json),
        ("handled", Json),
        ("saved", Html),
        ("error", Html),
    ] {
        let run = program.call(&format!("GET /{route}"));
        assert_eq!(run.answer().content_type, content_type, "{route}");
    }
}
