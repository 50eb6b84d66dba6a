//! Blocks of branches on virtual time: what they come to, when, and that nothing of them is left.

mod support;

use std::time::Duration;

use rejoin_value::Value;
use support::{Run, json, load};

const MS: Duration = Duration::from_millis(1);

/// One branch of the notation `A 30 ok`, `B 10 err`, `A 10 none`, `A empty`.
fn branch(text: &str) -> String {
    let mut words = text.split(' ');
    let name = words.next().unwrap_or_default();
    let Some(ms) = words.next().filter(|word| *word != "empty") else {
        return format!("    {name}:\n");
    };
    let lower = name.to_lowercase();
    match words.next() {
        Some("ok") => {
            format!("    {name}:\n      |> data(0, {ms})\n      |> jq: `\"{lower}\"`\n")
        }
        Some("err") => format!("    {name}:\n      |> raise(\"E{lower}\", {ms})\n"),
        _ => format!("    {name}:\n      |> data(0, {ms})\n      |> jq: `null`\n"),
    }
}

fn block(head: &str, branches: &str) -> String {
    let branches: String = branches.split(", ").map(branch).collect();
    format!("  |> {head}\n{branches}  end\n")
}

#[track_caller]
fn run(head: &str, branches: &str, after: &str) -> Run {
    let run = load(&format!("GET /x\n{}{after}", block(head, branches))).call("GET /x");
    assert_eq!(run.answered, run.ended, "{head}: something goes on after the block");
    run
}

/// The outcome in the words of the language's test vectors: slots of branches, or the deciding error.
fn outcome(run: &Run) -> Value {
    run.body(
        r#"def slot: if type == "object" and has("errors") then "\(.errors[0].type)" else . end;
           if .errors then .errors | map([.type, .branch, .unfinished, (.failures // [] | map(.branch))]) | .[0]
           else .async // {} | map_values(slot) end"#,
    )
}

#[test]
fn the_vectors_of_the_language() {
    let unfinished =
        |kind: &str, branch: &str, names: &str| format!(r#"["{kind}","{branch}",{names},[]]"#);
    let (ea, eb) = (unfinished("Ea", "A", "[]"), unfinished("Eb", "B", r#"["A","C"]"#));
    let late = |branch: &str, names: &str| unfinished("timeoutError", branch, names);
    let vectors = vec![
        (1, "parallel", "A 30 ok, B 10 ok, C 20 ok", r#"{"A":"a","B":"b","C":"c"}"#.into(), 30),
        (2, "parallel", "A 30 ok, B 10 err, C 20 ok", eb, 10),
        (3, "parallel", "A 5 ok, B 10 err, C 20 ok", unfinished("Eb", "B", r#"["C"]"#), 10),
        (
            4,
            "parallel(on_error: collect_all)",
            "A 30 ok, B 10 err, C 20 err",
            r#"{"A":"a","B":"Eb","C":"Ec"}"#.into(),
            30,
        ),
        (
            5,
            "parallel(on_error: ignore_errors)",
            "A 30 ok, B 10 err, C 20 err",
            r#"{"A":"a","B":null,"C":null}"#.into(),
            30,
        ),
        (6, "parallel", "A 10 err, B 10 err", ea, 10),
        (7, "parallel(timeout: 20ms)", "A 30 ok, B 10 ok", late("A", r#"["A"]"#), 20),
        (
            8,
            "parallel(timeout: 20ms, on_timeout: return_partial)",
            "A 30 ok, B 10 ok",
            r#"{"A":null,"B":"b"}"#.into(),
            20,
        ),
        (
            9,
            "parallel(timeout: 20ms, on_error: collect_all, on_timeout: return_partial)",
            "A 30 ok, B 10 err",
            r#"{"A":"timeoutError","B":"Eb"}"#.into(),
            20,
        ),
        (
            10,
            "parallel(timeout: 20ms, on_error: fail_fast, on_timeout: return_partial)",
            "A 30 ok, B 10 err",
            unfinished("Eb", "B", r#"["A"]"#),
            10,
        ),
        (12, "parallel", "A empty, B 10 ok", r#"{"A":null,"B":"b"}"#.into(), 10),
        (13, "race", "A 30 ok, B 10 ok", r#"{"B":"b"}"#.into(), 10),
        (14, "race", "A 30 ok, B 10 err", unfinished("Eb", "B", r#"["A"]"#), 10),
        (15, "any", "A 30 ok, B 10 err", r#"{"A":"a"}"#.into(), 30),
        (16, "any", "A 30 err, B 10 err", r#"["allFailed",null,[],["A","B"]]"#.into(), 30),
        (17, "race(timeout: 20ms)", "A 30 ok, B 40 ok", late("A", r#"["A","B"]"#), 20),
        (18, "race(timeout: 20ms, on_timeout: return_partial)", "A 30 ok", "{}".into(), 20),
        (19, "race", "A 10 none, B 20 ok", r#"{"A":null}"#.into(), 10),
    ];
    for (number, head, branches, expected, took) in vectors {
        let run = run(head, branches, "");
        assert_eq!(outcome(&run), json(&expected), "vector {number}: {:?}", run.answer().body);
        assert_eq!(run.answered, took * MS, "vector {number}");
    }
}

#[test]
fn vector_20_the_outer_deadline_counts_before_the_inner_one() {
    let run = load(
        "GET /x
           |> parallel(timeout: 20ms)
             A:
               |> parallel(timeout: 1s, on_timeout: return_partial)
                 X:
                   |> data(1, 50)
                 Y:
                   |> data(1, 50)
               end
             B:
               |> data(1, 10)
           end",
    )
    .call("GET /x");
    assert_eq!(run.body(".errors[0] | [.type, .unfinished]"), json(r#"["timeoutError",["A"]]"#));
    assert_eq!((run.answered, run.ended), (20 * MS, 20 * MS));
}

#[test]
fn vector_21_a_limit_makes_branches_wait_for_their_turn() {
    let branches: Vec<String> = (0..100).map(|n| format!("b{n} 10 ok")).collect();
    let run = run("parallel(limit: 10)", &branches.join(", "), "");
    assert_eq!(run.answered, 100 * MS);
    let keys: Vec<String> = (0..100).map(|n| format!("\"b{n}\"")).collect();
    assert_eq!(run.body(".async | keys_unsorted"), json(&format!("[{}]", keys.join(","))));
}

#[test]
fn waiting_for_a_turn_counts_as_time() {
    let run = run("parallel(limit: 1, timeout: 25ms)", "A 10 ok, B 10 ok, C 10 ok", "");
    assert_eq!(outcome(&run), json(r#"["timeoutError","C",["C"],[]]"#));
    assert_eq!(run.answered, 25 * MS);
}

#[test]
fn a_branch_whose_turn_comes_when_the_time_is_up_does_nothing() {
    let head =
        "parallel(limit: 1, timeout: 25ms, on_timeout: return_partial, on_error: collect_all)";
    let run = run(head, "A 10 ok, B 30 ok, C 0 ok", "");
    assert_eq!(outcome(&run), json(r#"{"A":"a","B":"timeoutError","C":"timeoutError"}"#));
    assert_eq!(run.answered, 25 * MS);
}

#[test]
fn a_quorum_is_so_many_that_succeed() {
    for (branches, expected, took) in [
        ("A 30 ok, B 10 ok, C 20 ok", r#"{"B":"b","C":"c"}"#, 20),
        ("A 30 ok, B 10 err, C 20 ok", r#"{"A":"a","C":"c"}"#, 30),
        ("A 30 ok, B 10 err, C 20 err", r#"["allFailed",null,["A"],["B","C"]]"#, 20),
    ] {
        let run = run("quorum(2)", branches, "");
        assert_eq!(outcome(&run), json(expected), "{branches}");
        assert_eq!(run.answered, took * MS, "{branches}");
    }
    let partial = "quorum(2, timeout: 15ms, on_timeout: return_partial)";
    assert_eq!(outcome(&run(partial, "A 30 ok, B 10 ok", "")), json(r#"{"B":"b"}"#));
    let late = run("quorum(2, timeout: 15ms)", "A 30 ok, B 10 ok", "");
    assert_eq!(outcome(&late), json(r#"["timeoutError","A",["A"],[]]"#));
}

#[test]
fn a_named_result_stands_below_data() {
    let two = "A 30 ok, B 10 ok";
    let of = |head: &str, branches: &str| run(head, branches, "").body("[.data, .async]");
    assert_eq!(of("parallel @result(r)", two), json(r#"[{"r":{"A":"a","B":"b"}},null]"#));
    assert_eq!(of("quorum(1) @result(r)", two), json(r#"[{"r":{"B":"b"}},null]"#));
    assert_eq!(of("race @result(r)", two), json(r#"[{"r":"b"},null]"#));
    assert_eq!(of("any @result(r)", "A 30 ok, B 10 err"), json(r#"[{"r":"a"},null]"#));
    let late = "race(timeout: 5ms, on_timeout: return_partial) @result(r)";
    assert_eq!(of(late, two), json(r#"[{"r":null},null]"#));
}

const ROUTES: &str = r#"  |> result
    ok(200):
      |> jq: `{ ok: .async }`
    Eb(502):
      |> jq: `{ of: .errors }`
    timeoutError(504):
      |> jq: `{ late: .errors[0].unfinished }`
    default(500):
      |> jq: `{ other: .errors }`
"#;

#[test]
fn a_result_block_routes_what_a_block_came_to() {
    let failed = run("parallel", "A 30 ok, B 10 err", ROUTES);
    assert_eq!(failed.answer().status, Some(502));
    assert_eq!(failed.body(".of[0] | [.type, .branch]"), json(r#"["Eb","B"]"#));
    let collected = run("parallel(on_error: collect_all)", "A 30 ok, B 10 err", ROUTES);
    assert_eq!(collected.answer().status, Some(502));
    assert_eq!(collected.body(".of[0] | [.type, .branch]"), json(r#"["Eb","B"]"#));
    let ignored = run("parallel(on_error: ignore_errors)", "A 30 ok, B 10 err", ROUTES);
    assert_eq!(ignored.answer().status, Some(200));
    let late = run("race(timeout: 5ms)", "A 30 ok, B 10 err", ROUTES);
    assert_eq!(late.answer().status, Some(504));
    assert_eq!(late.body(".late"), json(r#"["A","B"]"#));
    let none = run("any", "A 30 err, B 10 err", ROUTES);
    assert_eq!(none.answer().status, Some(500));
    assert_eq!(none.body(".other[0].failures | map(.type)"), json(r#"["Ea","Eb"]"#));
}

#[test]
fn who_looks_at_a_failed_branch_has_handled_it() {
    let looks = format!("  |> jq: `. + {{ missed: .async.B.error }}`\n{ROUTES}");
    let run = run("parallel(on_error: collect_all)", "A 30 ok, B 10 err", &looks);
    assert_eq!(run.answer().status, Some(200));
}

#[test]
fn branches_share_nothing_and_see_the_state_from_before() {
    let run = load(
        r#"GET /x
           |> jq: `{ n: 1 }`
           |> parallel
             a:
               |> jq: `{ n: (.n + 1), mine: true }`
             b:
               |> data(0, 10)
               |> jq: `{ n: (.n + 10), mine }`
           end
           |> jq: `{ n, mine, a: .async.a, b: .async.b }`"#,
    )
    .call("GET /x");
    let expected =
        r#"{"n":1,"mine":null,"a":{"n":2,"mine":true},"b":{"n":11,"mine":null},"async":null}"#;
    assert_eq!(run.body("{ n, mine, a, b, async: null }"), json(expected));
}

#[test]
fn a_branchs_value_is_what_it_made() {
    let run = load(
        r#"GET /x
           |> parallel
             plain:
               |> data(1)
             named:
               |> data(1) @result(r)
             log:
               |> log: "x"
             none:
               # nothing
             jq:
               |> data(1)
               |> jq: `{ a: .data }`
           end
           |> jq: `.async`"#,
    )
    .call("GET /x");
    let expected =
        r#"{"plain":{"data":1},"named":{"data":{"r":1}},"log":{},"none":null,"jq":{"a":1}}"#;
    assert_eq!(run.body("{ plain, named, log, none, jq }"), json(expected));
}

#[test]
fn what_a_branch_starts_ends_with_it() {
    let run = load(
        "pipeline starts =
           |> data(1, 80) @async(late)
         GET /x
           |> race
             slow:
               |> data(1, 100) @async(inner)
               |> join: inner
             quick:
               |> data(1, 10)
           end
           |> parallel
             starts:
               |> starts
           end",
    )
    .call("GET /x");
    // The loser's task is gone at 10; the branch that started one waits for it.
    assert_eq!((run.answered, run.ended), (90 * MS, 90 * MS));
}

#[test]
fn a_panic_in_a_branch_is_its_failure() {
    let run = load(
        "GET /x
           |> parallel(on_error: collect_all)
             bad:
               |> panics
             good:
               |> data(1, 10)
           end",
    )
    .call("GET /x");
    assert_eq!(run.body(".async.bad.errors[0].type"), json(r#""panicError""#));
    assert_eq!(run.body(".async.good.data"), json("1"));
}

#[test]
fn the_requests_deadline_stops_all_branches() {
    let program = load(
        "GET /x
           |> parallel(on_error: collect_all, timeout: 2s, on_timeout: return_partial)
             a:
               |> data(1, 1000)
             b:
               |> race
                 c:
                   |> data(1, 1000)
                 d:
                   |> data(1, 1500)
               end
           end",
    );
    let run = program.call_with("GET /x", Value::Null, 40 * MS);
    assert!(matches!(run.result, Err(rejoin_engine::RunError::TimedOut)), "{:?}", run.result);
    assert_eq!(run.ended, 40 * MS);
}

#[test]
fn a_state_that_is_no_object_has_no_place_for_branches() {
    let run =
        load("GET /x\n  |> jq: `1`\n  |> parallel\n    a:\n      |> data(1)\n  end").call("GET /x");
    assert_eq!(run.body(".errors[0].type"), json(r#""parallelError""#));
}

fn join(options: &str, tasks: &str, after: &str) -> Run {
    let mut program = "GET /x\n".to_owned();
    let mut names = Vec::new();
    for task in tasks.split(", ") {
        let words: Vec<&str> = task.split(' ').collect();
        let call = match words[2] {
            "ok" => format!("data(\"{}\", {})", words[0].to_lowercase(), words[1]),
            _ => format!("raise(\"E{}\", {})", words[0].to_lowercase(), words[1]),
        };
        program += &format!("  |> {call} @async({})\n", words[0]);
        names.push(words[0]);
    }
    let names = names.join(", ");
    load(&format!("{program}  |> join{options}: `{names}`\n{after}")).call("GET /x")
}

#[test]
fn a_join_takes_a_policy() {
    let cases = [
        ("", "A 30 ok, B 10 err", r#"{"A":{"data":"a"},"B":"Eb"}"#, 30),
        ("(on_error: fail_fast)", "A 30 ok, B 10 err, C 5 ok", r#"["Eb",null,["A"],[]]"#, 10),
        ("(on_error: fail_fast)", "A 30 ok, C 5 ok", r#"{"A":{"data":"a"},"C":{"data":"c"}}"#, 30),
        ("(on_error: ignore_errors)", "A 30 ok, B 10 err", r#"{"A":{"data":"a"},"B":null}"#, 30),
        ("(timeout: 20ms)", "A 30 ok, B 10 ok", r#"["timeoutError",null,["A"],[]]"#, 20),
        (
            "(timeout: 20ms, on_timeout: return_partial)",
            "A 30 ok, B 10 err",
            r#"{"A":"timeoutError","B":"Eb"}"#,
            20,
        ),
        (
            "(timeout: 20ms, on_timeout: return_partial, on_error: ignore_errors)",
            "A 30 ok, B 10 ok",
            r#"{"A":null,"B":{"data":"b"}}"#,
            20,
        ),
    ];
    for (options, tasks, expected, took) in cases {
        let run = join(options, tasks, "");
        assert_eq!(outcome(&run), json(expected), "{options} {tasks}");
        // Those that were stopped are gone, too.
        assert_eq!((run.answered, run.ended), (took * MS, took * MS), "{options} {tasks}");
    }
    let routed = join("(on_error: fail_fast)", "A 30 ok, B 10 err", ROUTES);
    assert_eq!(routed.body(".of[0].task"), json(r#""B""#));
}

#[test]
fn what_was_joined_before_is_no_part_of_what_a_branch_or_a_task_made() {
    let program = load(
        "pipeline joins = |> jq: `3` @async(i) |> join: i
         pipeline states = |> jq: `. + { more: 1 }` |> jq: `{ async }`
         GET /block
           |> jq: `{ o: 1 }` @async(o)
           |> join: o
           |> data(1) @result(d)
           |> parallel @result(r)
             b:
               |> parallel
                 c:
                   |> jq: `1`
               end
             n:
               |> race @result(won)
                 c:
                   |> jq: `2`
               end
             j:
               |> joins
             again:
               |> parallel
                 o:
                   |> jq: `4`
               end
             s:
               |> states
           end
           |> jq: `.data.r`
         GET /task
           |> jq: `{ o: 1 }` @async(o)
           |> join: o
           |> joins @async(t)
           |> join: t
           |> jq: `.async.t`",
    );
    let block = r#"{"b":{"async":{"c":1}},"n":{"data":{"won":2}},"j":{"async":{"i":3}},"again":{"async":{"o":4}},
        "s":{"async":{"o":{"o":1}}}}"#;
    assert_eq!(program.call("GET /block").answer().body, json(block));
    assert_eq!(program.call("GET /task").answer().body, json(r#"{"async":{"i":3}}"#));
}

#[test]
fn named_results_of_a_branch_add_up() {
    let program = load(
        "GET /x
           |> data(0) @result(before)
           |> parallel @result(r)
             b:
               |> data(1) @result(one)
               |> data(2) @result(two)
             c:
               |> data(3) @result(one)
               |> jq: `{ three: .data.one }`
               |> data(4) @result(four)
           end
           |> jq: `.data.r`",
    );
    let expected = r#"{"b":{"data":{"one":1,"two":2}},"c":{"three":3,"data":{"one":3,"four":4}}}"#;
    assert_eq!(program.call("GET /x").answer().body, json(expected));
}

#[test]
fn what_ends_a_branch_stands_beside_all_that_it_wrote_before() {
    let program = load(
        "GET /x/:id
           |> data(0)
           |> parallel @result(r)
             alone:
               |> data(1)
             after:
               |> add({ own: .params.id })
               |> data(2)
             twice:
               |> data(3)
               |> data(.data + 1)
             guarded:
               |> data(5)
               |> add({ id: .params.id }) @guard(`.data == 5 and .params.id == 7`)
           end
           |> jq: `.data.r`",
    );
    let expected = r#"{"alone":{"data":1},"after":{"own":7,"data":2},"twice":{"data":4},
        "guarded":{"data":5,"id":7}}"#;
    assert_eq!(program.call("GET /x/7").answer().body, json(expected));
}
