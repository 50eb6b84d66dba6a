//! What the checker finds, and what it keeps silent about: each row is a program and the codes of its problems.

#[path = "support/catalog.rs"]
mod catalog;

use catalog::Catalog;
use rejoin_lang::diagnostic::render_text;
use rejoin_lang::source::Source;

#[track_caller]
fn finds(program: &str, expected: &[&str]) {
    let loaded = rejoin_lang::load(Source::new("test.wp", program), &Catalog);
    let found: Vec<&str> = loaded.diagnostics.iter().map(|problem| problem.code.id()).collect();
    let drawing = render_text(&loaded.plan.sources, &loaded.diagnostics, false);
    assert_eq!(found, expected, "{program}\n{drawing}");
}

/// The problems of the steps of one route.
#[track_caller]
fn route(steps: &str, expected: &[&str]) {
    finds(&format!("GET /t\n{steps}\n"), expected);
}

const A: &str = "|> sleep: `1s` @async(a)\n";
const B: &str = "|> sleep: `1s` @async(b)\n";

#[test]
fn started_then_joined_is_fine_in_every_shape() {
    for steps in [
        format!("{A}{B}|> join: `a, b`"),
        format!("{A}|> join: a\n{B}|> join: b"),
        format!("{A}|> join: a\n{A}|> join: a"),
        format!("{A}|> if |> join: a |> jq: `.async.a` then: |> log end"),
        format!("{A}|> if |> jq: `.x` then: |> join: a else: |> join: a end"),
        format!("{A}|> if |> jq: `.x` then: |> join: a end"),
        format!("{A}|> dispatch case @when(x): |> join: a default: |> join: a end"),
        format!("|> if |> jq: `.x` then: {A} end\n|> join: a"),
        format!("|> foreach items\n{A}|> join: a\n end"),
        "|> sleep: `1s` @async(a) @when(x)\n|> join: a".to_owned(),
        "|> sleep: `1s` @async(a) @when(x)\n|> join: a @when(x)".to_owned(),
        "|> sleep: `1s` @async(a) @optional".to_owned(),
        "|> sleep: `1s` @async(a) @detach".to_owned(),
        format!("{A}|> result\n ok(200): |> join: a\n default(500): |> join: a"),
    ] {
        route(&steps, &[]);
    }
}

#[test]
fn one_mistake_in_quotes_is_one_problem() {
    finds("GET /a\n  |> jq: `{ a: 1 }\n\nGET /b\n  |> jq: `{ b: 2 }`\n", &["E0004"]);
    finds("GET /a |> jq: `{ a: 1 }\nGET /b |> jq: `{ b: }`\n", &["E0004", "E0201"]);
    finds("query x = `{ a }`\nGET /b\n  |> jq: `{ b: 2 }`\n", &["E0016"]);
    finds("query x = |> jq: `1`\nGET /b\n  |> jq: `{ b: 2 }`\n", &["E0134"]);
}

#[test]
fn a_program_in_a_mock_of_many_tests_is_one_problem() {
    let it = "  it \"i\"\n    when calling GET /a\n    then status is 200\n";
    let suite = "GET /a |> rows: `select 1` |> result default(500): |> log\ndescribe \"d\"\n  with mock rows returning `{ a: (1 + ] }`\n";
    finds(&format!("{suite}{it}{it}{it}"), &["E0201"]);
}

#[test]
fn a_case_with_a_program_is_one_problem() {
    for condition in [".x == 1", "\"x\"", "`.x == \"a:b\"`", "5", "$x", ".a:.b"] {
        let program = format!(
            "GET /a\n|> dispatch\n case {condition}:\n |> log\n default:\n |> log\n end\n|> log\n"
        );
        finds(&program, &["E0024"]);
    }
    let loaded = rejoin_lang::load(
        Source::new("t.wp", "GET /a\n|> dispatch\n case .x == 1: |> log\n"),
        &Catalog,
    );
    let help = loaded.diagnostics[0].help.as_deref();
    assert_eq!(help, Some("write a jq program in a guard: ``case @guard(`.x == 1`):``"));
}

#[test]
fn a_loop_has_no_name_for_its_elements() {
    for (selector, mend) in [
        ("item in .items", "write `.items`"),
        ("item of data.rows", "write `data.rows`"),
        ("my items", "without quotes and spaces"),
    ] {
        let program = format!("GET /a\n|> foreach {selector}\n|> log\nend\n");
        finds(&program, &["E0030"]);
        let loaded = rejoin_lang::load(Source::new("t.wp", program), &Catalog);
        let help = loaded.diagnostics[0].help.clone().unwrap_or_default();
        assert!(help.contains(mend), "{selector}: {help}");
    }
}

#[test]
fn a_block_that_was_meant_as_a_task_is_one_problem() {
    route(
        "|> parallel @async(x)\n a: |> log\n b: |> log\nend\n|> join: x\n|> jq: `.async.x`",
        &["E0108"],
    );
    route("|> if @async(x)\n |> jq: `.a` then: |> log end\n|> join: x", &["E0108"]);
}

#[test]
fn steps_behind_an_error_that_is_certain_are_found() {
    let fails = "|> jq: `{ errors: [{ type: \"x\" }] }`";
    route(&format!("{fails}\n|> jq: `1`\n|> jq: `2`"), &["W0211"]);
    route(
        "|> jq: `error(\"x\")`\n|> if |> jq: `.a` then: |> log end\n|> result\n default(500): |> log",
        &["W0211"],
    );
    route(&format!("|> if |> jq: `.a` then:\n{fails}\n|> log\nend\n|> log"), &["W0211"]);
    for steps in [
        format!("{fails} @guard(`.a`)\n|> jq: `1`"),
        format!("{fails} @optional\n|> jq: `1`"),
        format!("{fails}\n|> result\n default(500): |> log"),
        // Steps that handle an error go on behind another of its type.
        format!("{fails}\n|> result\n x(500):\n {fails}\n |> jq: `{{ n: 1 }}`"),
        format!("|> if |> jq: `.a` then:\n{fails}\nend\n|> log"),
    ] {
        route(&steps, &[]);
    }
}

#[test]
fn secrets_and_time_outs_of_requests_are_found() {
    let handled = "|> result\n default(500): |> log";
    route(&format!("|> fetch: `http://me:pw@h.example/`\n{handled}"), &["W0305"]);
    route(
        &format!("|> fetch(\"http://h.example/?api_key=AKIA0123456789ABCDEF\")\n{handled}"),
        &["W0305"],
    );
    route(
        &format!(
            "|> parallel(timeout: 1s)\n a: |> fetch(.a, {{ timeout: 4 }})\n b: |> log\nend\n|> jq: `.async`\n{handled}"
        ),
        &["W0207"],
    );
    route(&format!("|> fetch(.a, {{ timeout: \"40s\" }})\n{handled}"), &["W0207"]);
    route(
        &format!(
            "|> parallel(timeout: 5s)\n a: |> fetch(.a, {{ timeout: 4, method: \"GET\" }})\n b: |> log\nend\n|> jq: `.async`\n{handled}"
        ),
        &[],
    );
}

#[test]
fn options_that_a_step_does_not_have_are_found() {
    let fetch =
        |options: &str| format!("|> fetch(.a, {options})\n|> result\n default(500): |> log");
    route(&fetch("{ method: \"GET\", timout: 5 }"), &["E0290"]);
    route(&fetch("{ \"headres\": {} }"), &["E0290"]);
    route(&fetch("{ method: \"GET\", headers: { timout: 5 }, body: .x }"), &[]);
    route(&fetch(".options"), &[]);
    route(&fetch("({ timout: 5 } | .y)"), &[]);
}

#[test]
fn results_that_an_output_without_a_name_replaced_are_found() {
    let end = "|> result\n default(500): |> log";
    let with = |between: &str, read: &str| {
        format!("|> fetch(.a) @result(u)\n{between}\n|> jq: `{{ r: {read} }}`\n{end}")
    };
    route(&with("|> fetch(.b)", ".data.u"), &["W0109"]);
    route(&with("|> rows: `select 1`", ".data.u.x"), &[]);
    route(&with("|> fetch(.b) @result(v)", ".data.u"), &[]);
    route(&with("|> fetch(.b) @guard(`.x`)", ".data.u"), &[]);
    route(&with("|> fetch(.b)", ".data.response"), &[]);
    route(&with("|> fetch(.b)", "(.data.u // 1)"), &[]);
    route(&with("|> fetch(.b)\n|> fetch(.c) @result(u)", ".data.u"), &[]);
    // Wherever steps stand, and wherever what they read stands.
    let gone = "|> fetch(.a) @result(u)\n|> fetch(.b)\n";
    let read = "|> jq: `{ r: .data.u, given: .data.given }`";
    finds(&format!("pipeline p =\n{gone}{read}\n"), &["W0109"]);
    finds(
        &format!(
            "pipeline p =\n|> fetch(.a) @result(u)\n|> given\n{read}\npipeline given =\n|> log\n"
        ),
        &[],
    );
    for block in [
        format!("{gone}|> if\n {read}\n then:\n |> log\n end"),
        format!("|> if\n |> jq: `.x`\n then:\n {gone}{read}\n end"),
        format!("{gone}|> parallel\n  a:\n {read}\n end\n|> jq: `.async.a`"),
        format!("|> jq: `{{ list: [1] }}`\n|> foreach list @limit(2)\n {gone}{read}\n end"),
        format!("{gone}|> result\n ok(200):\n {read}\n default(500):\n |> log"),
    ] {
        finds(&format!("pipeline p =\n{block}\n"), &["W0109"]);
    }
    // Behind an error the second one may not have run, and a name may come with the state.
    finds(&format!("pipeline p =\n{gone}|> result\n default(500):\n {read}\n"), &[]);
    finds(
        &format!("pipeline p =\n{gone}{read}\npipeline q =\n|> jq: `{{ resultName: .x }}`\n|> p\n"),
        &[],
    );
}

#[test]
fn brackets_that_nest_without_end_are_one_problem() {
    let deep = format!("|> log {}@when(a){}", "(".repeat(500), ")".repeat(500));
    let deep = format!("|> dispatch case {}: |> log end", &deep[7..]);
    route(&deep, &["E0003"]);
}

#[test]
fn a_mock_that_stands_for_nothing_is_found() {
    let program = |mock: &str| {
        format!(
            "fetch users = `u`\npipeline p = |> fetch: users @optional\nGET /a\n|> p\n|> fetch: `v` @result(v) @optional\n|> sleep: `1s` @async(s)\n|> join: s\n\
             |> parallel\n b:\n |> if |> log then: |> fetch: `w` @optional end\n end\n\
             describe \"d\"\n  it \"i\"\n    with mock {mock} returning `1`\n    when calling GET /a\n    then status is 200\n"
        )
    };
    let met =
        ["fetch", "fetch.users", "fetch.v", "fetch.b", "sleep.s", "fetch.lib::v", "pipeline p"];
    for mock in met {
        finds(&program(mock), &[]);
    }
    for mock in ["fecth", "fetch.user", "sleep.v", "sleep.b", "lua", "pipeline q"] {
        finds(&program(mock), &["W0110"]);
    }
    // What names itself when it runs may have any name.
    finds(&program("fetch.w").replace("|> p\n", "|> jq: `. + { resultName: \"w\" }`\n|> p\n"), &[]);
}

#[test]
fn a_join_of_nothing_is_found() {
    route("|> join: a", &["E0112"]);
    route(&format!("|> join: a\n{A}|> join: a"), &["E0112"]);
    route(&format!("{A}|> join: `a, c`"), &["E0112"]);
    route(&format!("|> if |> jq: `.x` then: {A}|> join: a else: |> join: a end"), &["E0112"]);
    finds(&format!("GET /a\n{A}|> join: a\nGET /b\n|> join: a"), &["E0112"]);
    // What was meant by a misspelt name is not reported as never joined, or as failing unseen.
    let fetch = "|> fetch: `u` @async(users)\n";
    route(&format!("{fetch}|> join: usres\n"), &["E0112"]);
    route(&format!("{fetch}|> join: users\n|> jq: `.async.usres`"), &["E0115"]);
}

#[test]
fn a_second_join_is_found_unless_a_way_leads_around_the_first() {
    route(&format!("{A}|> join: a\n|> join: a"), &["E0113"]);
    route(&format!("{A}|> join: `a, a`"), &["E0113"]);
    route("|> sleep: `1s` @async(a) @when(x)\n|> join: a\n|> join: a", &["E0113"]);
    route(&format!("{A}|> if |> jq: `.x` then: |> join: a end\n|> join: a"), &[]);
    route(&format!("{A}|> join: a @when(x)\n|> join: a"), &[]);
}

#[test]
fn a_task_that_nobody_joins_is_found() {
    route(A, &["W0103"]);
    route(&format!("{A}|> join: a\n{A}"), &["W0103"]);
    route(&format!("|> foreach items\n{A} end"), &["W0104"]);
    route(&format!("|> foreach items\n{A} end\n|> join: a"), &["W0104"]);
    route("|> foreach items\n|> sleep: `1s` @async(a) @detach\n end", &[]);
}

#[test]
fn one_name_for_two_tasks_is_found_unless_they_exclude_each_other() {
    let two = |first: &str, second: &str| {
        format!("|> sleep: `1s` @async(a) {first}\n|> sleep: `2s` @async(a) {second}\n|> join: a")
    };
    for (first, second) in [
        ("", ""),
        ("@when(x)", ""),
        ("", "@when(x)"),
        ("@when(x)", "@when(x)"),
        ("@when(x)", "@when(y)"),
        ("@when(x)", "@flag(x)"),
        ("@when(x)", "@!when(y)"),
        ("@when(x)", "@guard(`.y`)"),
        ("@guard(`.y`)", "@guard(`.y`)"),
    ] {
        route(&two(first, second), &["E0116"]);
    }
    for (first, second) in [
        ("@when(x)", "@!when(x)"),
        ("@!flag(x)", "@flag(x, y)"),
        ("@env(prod)", "@!env(prod)"),
        ("@env(prod)", "@env(dev)"),
        ("@guard(`.x`)", "@!guard(`.x`)"),
        // Two programs may exclude each other unseen.
        ("@guard(`.kind == 1`)", "@guard(`.kind == 2`)"),
        ("@when(x) @flag(f)", "@!when(x) @flag(f)"),
        ("(@when(x) or @when(y))", "@!when(x, y)"),
    ] {
        route(&two(first, second), &[]);
    }
    route(&format!("|> if |> jq: `.x` then: {A} else: {A} end\n|> join: a"), &[]);
    route(&format!("|> dispatch case @when(x): {A} default: {A} end\n|> join: a"), &[]);
    route(&format!("|> if |> jq: `.x` then: {A} end\n{A}|> join: a"), &["E0116"]);
    route(
        &format!(
            "|> dispatch case @when(x): {A} end\n|> sleep: `1s` @async(a) @!when(x)\n|> join: a"
        ),
        &[],
    );
}

#[test]
fn called_pipelines_share_the_tasks_of_their_caller() {
    let starts = format!("pipeline starts = {A}");
    finds(&format!("{starts}GET /t\n|> starts\n|> join: a"), &[]);
    finds(&format!("{starts}GET /t\n|> starts"), &["W0103"]);
    finds(&format!("pipeline joins = |> join: a\nGET /t\n{A}|> joins"), &[]);
    finds("pipeline joins = |> join: a\nGET /t\n|> joins", &["E0112"]);
    finds(&format!("pipeline joins = |> join: a\nGET /t\n|> joins\nGET /u\n{A}|> joins"), &[]);
    finds(&format!("{starts}pipeline joins = |> join: a\nGET /t\n|> starts\n|> joins"), &[]);
    finds(&format!("{starts}pipeline outer = |> starts\nGET /t\n|> outer\n|> join: a"), &[]);
    finds(&format!("pipeline both = {A}|> join: a\nGET /t\n|> both\n|> both"), &[]);
    finds(&format!("pipeline both = {A}|> join: a\nGET /t\n|> both\n|> join: a"), &["E0113"]);
    // Where pipelines call each other, nobody can say.
    finds(
        &format!(
            "pipeline even = {A}|> odd @when(x)\npipeline odd = |> even @when(y)\n|> join: a\nGET /t\n|> even"
        ),
        &[],
    );
}

#[test]
fn a_pipeline_that_runs_as_a_task_has_tasks_of_its_own() {
    let inside = format!(
        "pipeline work = {A}|> join: a\nGET /t\n|> work @async(w)\n|> join: w\n|> jq: `.async.w`"
    );
    finds(&inside, &[]);
    finds(
        &format!("pipeline work = {A}GET /t\n|> work @async(w)\n|> join: `w, a`\n|> jq: `.async`"),
        &["W0103", "E0112"],
    );
    finds(
        &format!(
            "pipeline work = |> join: a\nGET /t\n{A}|> work @async(w)\n|> join: `w, a`\n|> jq: `.async`"
        ),
        &["E0112"],
    );
    // What was joined before is in its state.
    finds(
        &format!(
            "pipeline work = |> jq: `.async.a`\nGET /t\n{A}|> join: a\n|> work @async(w)\n|> join: w\n|> jq: `.async.w`"
        ),
        &[],
    );
}

#[test]
fn reads_of_tasks_are_followed() {
    route(&format!("{A}|> join: a\n|> jq: `.async.a`"), &[]);
    route(&format!("{A}|> jq: `.async.a`\n|> join: a"), &["E0114"]);
    route(&format!("{A}|> log @guard(`.async.a`)\n|> join: a"), &["E0114"]);
    route(&format!("{A}|> jq: `.async.b // 1`\n|> join: a"), &["E0115"]);
    route("|> sleep: `1s` @async(a) @when(x)\n|> join: a\n|> jq: `.async.a // null`", &[]);
    // An element of a loop is a state of its own.
    route("|> foreach items\n|> jq: `.async.x`\n end", &[]);
    // A program may put something there itself.
    route("|> jq: `{ async: { b: 1 } }`\n|> jq: `.async.b`", &[]);
    route("|> jq: `.async.b = 1`\n|> jq: `.async.b`", &[]);
    route("|> lua: `return { async = { b = 1 } }`\n|> jq: `.async.b`", &[]);
    finds(&format!("pipeline show = |> jq: `.async.a`\nGET /t\n{A}|> join: a\n|> show"), &[]);
    finds(
        &format!("pipeline show = |> jq: `.async.a`\nGET /t\n{A}|> show\n|> join: a"),
        &["E0114"],
    );
}

#[test]
fn a_failure_that_nobody_looks_at_is_found() {
    let fetch = "|> fetch: `u` @async(a)\n|> join: a\n";
    route(&format!("{fetch}|> jq: `{{ x: 1 }}`"), &["W0105"]);
    for rest in [
        "|> jq: `.async.a`",
        "|> jq: `.async`",
        "|> lua: `return request.async`",
        "|> template: `{{async.a}}`",
        "|> if |> jq: `.async.a.errors` then: |> log end",
        "|> log @guard(`.async.a.errors`)",
        "|> result\n ok(200): |> jq: `1`\n networkError(502): |> jq: `2`",
    ] {
        route(&format!("{fetch}{rest}"), &[]);
    }
    // It never goes wrong itself, and yet raises errors.
    route("|> validate: `n` @async(a)\n|> join: a\n|> jq: `1`", &["W0105"]);
    route("|> sleep: `1s` @async(a)\n|> join: a\n|> jq: `1`", &[]);
    route("|> fetch: `u` @async(a) @optional\n|> join: a\n|> jq: `1`", &[]);
    // Inside a branch, the block behind it counts.
    route(
        "|> if |> jq: `.x` then: |> fetch: `u` @async(a) |> join: a end\n|> result\n ok(200): |> jq: `1`",
        &[],
    );
    finds(&format!("pipeline get = {fetch}GET /t\n|> get\n|> jq: `{{ x: .async.a }}`"), &[]);
    finds(&format!("pipeline get = {fetch}GET /t\n|> get\n|> jq: `{{ x: 1 }}`"), &["W0105"]);
}

#[test]
fn branches_that_nothing_can_raise_are_found() {
    let result = |before: &str, branch: &str| {
        format!(
            "{before}|> result\n ok(200): |> log\n {branch}(500): |> log\n default(500): |> log"
        )
    };
    for (before, branch) in [
        ("|> fetch: `u`\n", "httpError"),
        ("|> fetch: `u`\n", "fetchError"),
        ("|> fetch: `u` @error(mine)\n", "mine"),
        ("|> jq: `.`\n", "jqError"),
        ("|> jq: `{ errors: [{ type: \"mine\" }] }`\n", "mine"),
        ("|> jq: `{ errors: [{ type: .kind }] }`\n", "anything"),
        ("|> lua: `return { errors = { { type = kind } } }`\n", "anything"),
        ("|> lua: `return 1`\n", "luaError"),
        ("|> lua: `return 1` @timeout(1s)\n", "timeoutError"),
        ("|> fetch: `u` @async(a)\n|> join: a\n", "networkError"),
        ("|> if |> jq: `.x` then: |> fetch: `u` end\n", "networkError"),
        ("|> dispatch case @when(x): |> fetch: `u` end\n", "networkError"),
    ] {
        route(&result(before, branch), &[]);
    }
    for (before, branch) in [
        ("|> log\n", "httpError"),
        ("|> fetch: `u`\n", "sqlError"),
        ("|> fetch: `u` @error(mine)\n", "networkError"),
        ("|> jq: `{ errors: [{ type: \"mine\" }] }`\n", "mien"),
        ("|> if |> fetch: `u` then: |> log end\n", "networkError"),
    ] {
        route(&result(before, branch), &["W0201"]);
    }
    let pipeline = "pipeline load = |> fetch: `u`\n";
    for branch in ["networkError", "loadError"] {
        finds(&format!("{pipeline}GET /t\n{}", result("|> load\n", branch)), &[]);
    }
    finds(&format!("{pipeline}GET /t\n{}", result("|> load\n", "sqlError")), &["W0201"]);
    // A pipeline that is called while an error is handled begins with it.
    finds(
        "pipeline tell = |> result\n networkError(502): |> log\n default(500): |> log\nGET /t\n|> fetch: `u`\n|> result\n ok(200): |> log\n default(500): |> tell",
        &[],
    );
}

#[test]
fn errors_of_the_outside_want_a_branch() {
    route("|> fetch: `u`", &["W0203"]);
    route("|> fetch: `u`\n|> fetch: `v`", &["W0203"]);
    route("|> fetch: `u`\n|> result\n ok(200): |> log\n networkError(502): |> log", &["W0203"]);
    route("|> fetch: `u` @error(x)\n|> result\n ok(200): |> log\n x(502): |> log", &[]);
    route("|> fetch: `u`\n|> result\n ok(200): |> log\n default(502): |> log", &[]);
    route("|> if |> jq: `.x` then: |> fetch: `u` end\n|> result\n default(502): |> log", &[]);
    route("|> if |> jq: `.x` then: |> fetch: `u` end", &["W0203"]);
    route("|> jq: `{ pong: true }`", &[]);
    route("|> lua: `return {}`", &[]);
    let load = "pipeline load = |> fetch: `u`\n";
    finds(&format!("{load}GET /t\n|> load"), &["W0203"]);
    finds(
        &format!("{load} |> result\n ok(200): |> log\n default(502): |> log\nGET /t\n|> load"),
        &[],
    );
}

#[test]
fn overwritten_and_unknown_results_are_found() {
    let end = "|> result\n default(500): |> log";
    let two = |between: &str| {
        format!("|> fetch: `u` @result(x)\n{between}|> fetch: `v` @result(x)\n{end}")
    };
    route(&two(""), &["W0108"]);
    route(&two("|> jq: `{ n: .params }`\n"), &["W0108"]);
    for between in [
        "|> jq: `{ n: .data.x }`\n",
        "|> jq: `.`\n",
        "|> lua: `return request`\n",
        "|> log: \"$x\" @guard(`.data.x.status == 200`)\n",
        "|> if |> jq: `.y` then: |> log end\n",
        "|> fetch(.data.x.response.next)\n",
    ] {
        route(&two(between), &[]);
    }
    route(
        &format!("|> fetch: `u` @result(x) @when(a)\n|> fetch: `v` @result(x) @!when(a)\n{end}"),
        &[],
    );
    let read = |before: &str| format!("{before}|> jq: `{{ y: .data.y.status }}`\n{end}");
    route(&read("|> fetch: `u` @result(x)\n"), &["W0109"]);
    for before in [
        "|> fetch: `u` @result(y)\n",
        "|> fetch: `u` @result(y) @when(z)\n",
        "|> fetch: `u`\n",
        "|> lua: `return request`\n",
        "|> jq: `{ data: { y: 1 } }`\n",
        "|> foreach items\n |> log\n end\n",
    ] {
        route(&read(before), &[]);
    }
}

#[test]
fn recursion_needs_a_condition() {
    finds("pipeline a = |> a\nGET /t |> a", &["E0109"]);
    finds("pipeline a = |> b\npipeline b = |> c\npipeline c = |> a\nGET /t |> a", &["E0109"]);
    finds("pipeline a = |> a @when(x)\nGET /t |> a", &[]);
    finds("pipeline a = |> if |> jq: `.x` then: |> a end\nGET /t |> a", &[]);
    finds("pipeline a = |> if |> a then: |> log end\nGET /t |> a", &["E0109"]);
}

#[test]
fn names_that_do_not_exist_are_found_with_their_place() {
    route("|> nope", &["E0101"]);
    route("|> nope: `x`", &["E0101"]);
    route("|> pipeline: nope", &["E0101"]);
    route("|> pipeline", &["E0101"]);
    route("|> algraf({ type: \"svg\" }): `SELECT 1`", &["W0111"]);
    finds("gg bars = `x`\nGET /t |> gg: bars", &["W0111"]);
    finds("pipeline gg = |> jq: `1`\nGET /t |> gg({ a: 1 })", &[]);
    route("|> jq: keys", &[]);
    route("|> jq: nope", &["E0106"]);
    route("|> log: nope", &[]);
    finds("jq a = `1`\nlua a = `return 1`\nGET /t |> jq: a |> lua: a", &[]);
    finds("pipeline log = |> jq: `1`\nGET /t |> log", &["W0107"]);
    finds("pipeline main = |> jq: `1`\nGET /t |> log", &[]);
    finds("pipeline only = |> jq: `1`", &[]);
}

#[test]
fn embedded_programs_are_read() {
    route("|> jq: `{ a: `", &["E0201"]);
    route("|> jq: `$nope`", &["E0201"]);
    route("|> jq: `$context.flags`", &[]);
    route("|> fetch(.a |)\n|> result\n default(500): |> log", &["E0201"]);
    route("|> fetch($context.x)\n|> result\n default(500): |> log", &["E0203"]);
    route("|> log @guard(`.a ==`)", &["E0201"]);
    route("|> log @guard(`$context.x`)", &["E0203"]);
    route("|> lua: `retrun 1`", &["E0290"]);
    // One variable, one problem, however many use it.
    finds("jq a = `.b |`\nGET /t |> jq: a |> jq: a\nGET /u |> jq: a", &["E0201"]);
}

#[test]
fn a_text_that_a_step_cannot_do_without_is_asked_for() {
    let steps = |step: &str| format!("|> {step}\n|> result\n default(500): |> log");
    for (step, expected) in [
        ("jq", &["E0202"][..]),
        ("rows", &["E0202"]),
        // Parameters are no statement.
        ("rows([1])", &["E0202"]),
        ("rows([1]): `select $1`", &[]),
        // An URL is an URL wherever it stands.
        ("fetch", &["E0202"]),
        ("fetch(.url)", &[]),
        ("graphql({ id: 1 }, { url: \"u\" })", &[]),
    ] {
        route(&steps(step), expected);
    }
}

#[test]
fn partials_that_nothing_declares_are_found() {
    let program = |rest: &str| format!("template card = `c`\nGET /t\n|> template: card\n{rest}");
    let draw = |text: &str| program(&format!("|> template: `{text}`\n"));
    finds(&draw("{{> card}}"), &[]);
    finds(&draw("{{> cart}}"), &["W0113"]);
    finds(&draw("{{> cart}} {{> crad}}"), &["W0113", "W0113"]);
    finds(&draw("{{#*inline \"cart\"}}{{> cart}}"), &[]);
    finds(&draw("{{#*inline (x)}}{{> cart}}"), &[]);
    // One variable, one problem, however many use it; none where nobody can know what another declares.
    let uses = "|> template: page\n|> template: page\ntemplate page = `{{> cart}}`\n";
    finds(&program(uses), &["W0113"]);
    finds(&program(&format!("|> template: `{{{{#*inline (x)}}}}`\n{uses}")), &[]);
    finds(&program(&format!("|> template: `{{{{#*inline \"cart\"}}}}`\n{uses}")), &[]);
    // Texts of other steps are no templates.
    finds(&program("|> debug: cart\ndebug cart = `{{> cart}}`"), &[]);
}

#[test]
fn tags_with_wrong_arguments_are_found() {
    for tags in [
        "@async",
        "@async(a, b)",
        "@async(a: b)",
        "@async(a) @async(b)",
        "@result()",
        "@error",
        "@timeout",
        "@timeout(2)",
        "@timeout(0s)",
        "@timeout(x)",
        "@timeout(1s, 2s)",
        "@retry",
        "@retry(0)",
        "@retry(101)",
        "@retry(x)",
        "@retry(3, backof: 1s)",
        "@retry(3, backoff: 1)",
        "@retry(backoff: 1s)",
        "@retry(2, 3)",
        "@guard(`1`, `2`)",
        "@guard(a: `1`)",
        "@when(a: b)",
    ] {
        let loaded =
            rejoin_lang::load(Source::new("t.wp", format!("GET /t\n|> log {tags}\n")), &Catalog);
        let found: Vec<&str> = loaded.diagnostics.iter().map(|p| p.code.id()).collect();
        assert!(found.contains(&"E0108"), "{tags}: {found:?}");
    }
    route("|> sleep: `1s` @async(a)\n|> join: a @timeout(1s)", &["E0108"]);
    route("|> sleep: `1s` @async(a)\n|> join: a @async(b)", &["E0108"]);
    route("|> log @env @flag", &["W0102", "W0102"]);
}

#[test]
fn settings_are_known_and_of_the_right_kind() {
    for good in [
        "server { host: \"::1\", port: 80, timeout: 2s, maxBody: 1024, drain: 5, cors: \"*\" }",
        "server { drain: 0, port: 0, maxHeader: 8192, keepAlive: 24h, headTimeout: \"5\" }",
        "server { port: $PORT || 7770, host: $HOST || \"localhost\", timeout: \"30s\" }",
        "log { enabled: \"off\", level: \"info\", includeBody: true }",
        "fetch { timeout: 10s, denyPrivate: true, allow: \"a.example\" }",
        "pg { host: $H, password: $P, maxPoolSize: 3 }",
        "cache { defaultTtl: 60, enabled: true }",
        "auth { sessionTtl: 604800 }",
        "js { timeout: 1, memory: \"1\" }",
    ] {
        finds(&format!("config {good}"), &[]);
    }
    for (bad, code) in [
        ("server { port: \"eighty\" }", "E0305"),
        ("server { port: true }", "E0305"),
        ("server { port: 99999 }", "E0305"),
        ("server { port: $PORT || 65536 }", "E0305"),
        ("server { maxHeader: 100 }", "E0305"),
        ("server { maxBody: 0 }", "E0305"),
        ("server { maxConnections: \"0\" }", "E0305"),
        ("server { timeout: 0s }", "E0305"),
        ("server { keepAlive: \"48h\" }", "E0305"),
        ("server { drain: 86401 }", "E0305"),
        ("server { host: 1 }", "E0305"),
        ("server { timeout: $T || \"soon\" }", "E0305"),
        ("log { enabled: 3 }", "E0305"),
        ("js { memory: 0 }", "E0305"),
        ("scripts { timeout: 0s }", "E0305"),
        ("jq { fuel: 0 }", "E0305"),
        ("pg { maxPoolSize: 0 }", "E0305"),
        ("lua { timeout: \"0\" }", "E0305"),
        ("jq { memory: $M || 0 }", "E0305"),
        ("server { hots: \"a\" }", "W0303"),
        ("sever { host: \"a\" }", "W0303"),
        ("pg { password: \"hunter2-hunter2\" }", "W0305"),
    ] {
        finds(&format!("config {bad}"), &[code]);
    }
}

#[test]
fn routes_for_the_same_requests_are_found() {
    finds("GET /a/:b |> log\nGET /a/:c |> log", &["W0306"]);
    finds("GET /a/*b |> log\nGET /a/*c |> log", &["W0306"]);
    finds(
        "GET /a/b |> log\nGET /a/:b |> log\nGET /a/*b |> log\nPOST /a/b |> log\nGET /a/b/ |> log",
        &[],
    );
    finds("GET /healthz |> log\nPOST /health |> log", &["W0304"]);
    finds("GET /a/::b |> log", &["E0306"]);
}

#[test]
fn conditions_that_never_change_are_found() {
    for constant in ["true", " false ", "null"] {
        route(&format!("|> if |> jq: `{constant}` then: |> log end"), &["W0204"]);
    }
    route("|> dispatch case @prod: |> log end", &["W0204", "W0101"]);
    for open in [".x", "true and .x", "[]"] {
        route(&format!("|> if |> jq: `{open}` then: |> log end"), &[]);
    }
    route("|> if |> jq: `.x` |> jq: `true` @when(a) then: |> log end", &[]);
}

#[test]
fn loops_retries_and_timeouts_are_weighed() {
    let end = "|> result\n default(500): |> log";
    route(&format!("|> foreach a\n |> fetch(.u)\n end\n{end}"), &["W0205"]);
    route(&format!("|> jq: `{{ a: .body[:9] }}`\n|> foreach a\n |> fetch(.u)\n end\n{end}"), &[]);
    route("|> foreach a\n |> jq: `.b`\n end", &[]);
    let retry = |options: &str| format!("|> fetch(.u{options}) @retry(2)\n{end}");
    route(&retry(", { method: \"POST\" }"), &["W0206"]);
    route(&retry(", { \"method\": \"patch\" }"), &["W0206"]);
    for fine in ["", ", { method: \"PUT\" }", ", { method: .m }", ", { headers: {} }"] {
        route(&retry(fine), &[]);
    }
    let inner = "pipeline p = |> sleep: `1s` @timeout(5s)\nGET /t |> p";
    finds(&format!("{inner} @timeout(2s)"), &["W0207"]);
    finds(&format!("{inner} @timeout(5s)"), &[]);
    route("|> sleep: `1s` @timeout(31s)", &["W0207"]);
    route("|> sleep: `1s` @timeout(30s)", &[]);
    finds("config server { timeout: $T }\nGET /t |> sleep: `1s` @timeout(31s)", &[]);
    route("|> sleep: `1s` @async(a) @detach @timeout(31s)", &[]);
}

/// What people see: the program above, the drawing of its problems below.
#[track_caller]
fn shows(name: &str, program: &str) {
    let loaded = rejoin_lang::load(Source::new("test.wp", program), &Catalog);
    let drawing = render_text(&loaded.plan.sources, &loaded.diagnostics, false);
    let content = format!("{program}\n{}\n{drawing}", "~".repeat(60));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, content);
    });
}

#[test]
fn drawings_of_wrong_joins() {
    shows(
        "check_joins",
        "GET /late\n  |> join: `users`\n  |> sleep: `1s` @async(users)\n  |> join: `usesr, users, users`\n\nGET /elsewhere\n  |> join: `users`\n\npipeline work =\n  |> sleep: `1s` @async(part)\n\nGET /task\n  |> work @async(work)\n  |> join: `work, part`\n  |> jq: `.async.work`\n",
    );
    shows(
        "check_reads",
        "GET /early\n  |> sleep: `1s` @async(users)\n  |> sleep: `2s` @async(posts)\n  |> jq: `{ u: .async.users, p: .async.posts.data, x: .async.postss }`\n  |> join: `users`\n",
    );
    shows(
        "check_failures",
        "GET /unseen\n  |> fetch: `u` @async(one)\n  |> lua: `return request` @async(two)\n  |> sleep: `1s` @async(three)\n  |> join: `one, two, three`\n  |> jq: `{ done: true }`\n",
    );
}

#[test]
fn drawings_of_wrong_names_and_tags() {
    shows(
        "check_names",
        "pipeline loadUser =\n  |> jq: `{ user: 1 }`\n\nlua greet = `return { hello = 1 }`\n\nGET /a\n  |> loadUsr\n  |> lua: great\n  |> pipeline: laodUser\n  |> pipeline: m::loadUser\n  |> algraf: `SELECT 1`\n  |> nothing\n  |> nothing: `x`\n  |> loadUser: `x`\n",
    );
    shows(
        "check_tags",
        "GET /a\n  |> log @async\n  |> log @async(a, b)\n  |> log @result() @error\n  |> log @timeout(2) @retry(0) @retry(2, backof: 1s) @retry(3, backoff: 5)\n  |> log @guard(`1`, `2`) @when(a: b)\n  |> log @fallback(`1`) @asinc(x) @prod\n  |> log @env @!async(x) @optional @result(x)\n",
    );
}

#[test]
fn drawings_of_wrong_programs() {
    shows(
        "check_embedded",
        "jq shape = `{\n  id: .params.id,\n  größe: (.n | lenght),\n}`\n\nGET /a\n  |> jq: shape\n  |> jq: `.a | $nope`\n  |> fetch(\"u\" + $context.request.path, { method: \"GET\" }, 3)\n  |> log @guard(`.a ==`)\n  |> result\n    default(500):\n      |> log\n",
    );
    shows(
        "check_texts",
        "GET /a/:id\n  |> rows([.params.id])\n  |> fetch\n  |> jq\n  |> result\n    default(500):\n      |> log\n",
    );
    shows(
        "check_errors",
        "pipeline load =\n  |> fetch: `u`\n\nGET /a\n  |> load @error(loading)\n  |> fetch: `v`\n  |> result\n    ok(200):\n      |> log\n    loading(502):\n      |> log\n    networkEror(502):\n      |> log\n    timeoutError(504):\n      |> log\n",
    );
    shows(
        "check_recursion",
        "pipeline a =\n  |> b\n\npipeline b =\n  |> c\n  |> b @when(again)\n\npipeline c =\n  |> a\n\nGET /a\n  |> a\n",
    );
}

/// A block with one branch for each list of steps: `a`, `b`, …
fn block(head: &str, branches: &[&str]) -> String {
    let branches = ('a'..).zip(branches).map(|(name, steps)| format!("{name}:\n{steps}\n"));
    format!("|> {head}\n{}end\n", branches.collect::<String>())
}

const JQ: &str = "|> jq: `1`";

#[test]
fn options_of_blocks_and_joins() {
    for head in [
        "parallel",
        "parallel()",
        "parallel(timeout: 2s, on_timeout: return_partial, on_error: collect_all, limit: 1)",
        "parallel(on_error: fail_fast)",
        "race(timeout: 250ms)",
        "any(limit: 2)",
        "quorum(2)",
        "quorum(1, timeout: 1.5s, on_timeout: cancel)",
    ] {
        route(&format!("{}|> log", block(head, &["|> log", "|> log"])), &unhandled(head));
    }
    for (head, expected) in [
        ("parallel(timeout: 2)", "E0120"),
        ("parallel(timeout: 0s)", "E0120"),
        ("parallel(timeout: soon)", "E0120"),
        ("parallel(timeout:)", "E0120"),
        ("parallel(on_error: panic)", "E0120"),
        ("parallel(on_timeout: give_up, timeout: 1s)", "E0120"),
        ("parallel(limit: 0)", "E0120"),
        ("parallel(limit: -1)", "E0120"),
        ("parallel(limit: 2000000)", "E0120"),
        ("parallel(limit: many)", "E0120"),
        ("parallel(2)", "E0120"),
        ("parallel(time: 2s)", "E0120"),
        ("parallel(timeout: 1s, timeout: 2s)", "E0120"),
        ("race(on_error: collect_all)", "E0120"),
        ("any(on_error: fail_fast)", "E0120"),
        ("quorum", "E0120"),
        ("quorum(0)", "E0120"),
        ("quorum(1, 2)", "E0120"),
        ("quorum(3)", "E0121"),
        ("parallel(on_timeout: cancel)", "W0210"),
    ] {
        let word = head.split('(').next().unwrap();
        let mut all = unhandled(word);
        all.push(expected);
        all.sort_unstable();
        let loaded = rejoin_lang::load(
            Source::new("test.wp", format!("GET /t\n{}|> log", block(head, &[JQ, JQ]))),
            &Catalog,
        );
        let mut found: Vec<&str> = loaded.diagnostics.iter().map(|p| p.code.id()).collect();
        found.sort_unstable();
        assert_eq!(found, all, "{head}");
    }
    let join = |options: &str| format!("{A}|> join{options}: a");
    route(&join("(timeout: 1s, on_timeout: return_partial, on_error: fail_fast)"), &[]);
    route(&join("(limit: 2)"), &["E0120"]);
    route(&join("(on_timeout: return_partial)"), &["W0210"]);
    route(&format!("{A}|> join: a @timeout(1s)"), &["E0108"]);
}

/// `any` and `quorum` may end with an error that no branch raises, and nobody takes it in these routes.
fn unhandled(head: &str) -> Vec<&'static str> {
    match head.starts_with("any") || head.starts_with("quorum") {
        true => vec!["W0203"],
        false => vec![],
    }
}

#[test]
fn a_block_needs_branches() {
    for word in ["parallel", "race", "any", "quorum"] {
        route(&format!("|> {word}"), &["E0031"]);
        route(&format!("|> {word}(timeout: 1s)\n|> log"), &["E0031"]);
        finds(&format!("pipeline {word} =\n|> log\nGET /a\n|> {word}"), &[]);
    }
    route(&block("race", &[JQ]), &["W0210"]);
    route(&block("parallel(timeout: 1s)", &[JQ]), &[]);
}

#[test]
fn names_of_branches_do_not_meet() {
    route("|> parallel\nx:\n|> log\nx:\n|> log\nend", &["E0122"]);
    let one = block("parallel", &[JQ, JQ]);
    route(&format!("{one}{one}"), &["E0122", "E0122"]);
    route(&format!("{one}{}", block("parallel @result(r)", &[JQ, JQ])), &[]);
    route(&format!("|> if |> jq: `.x` then: {one} else: {one} end"), &[]);
    route(&format!("|> parallel @when(x)\na: {JQ}\nend\n|> parallel @!when(x)\na: {JQ}\nend"), &[]);
    // The inner blocks of different branches are apart.
    route(&format!("|> parallel\nx:\n{one}y:\n{one}end"), &[]);
    route(&format!("{A}{one}|> join: a"), &["E0122", "E0113"]);
    route(&format!("{A}|> join: a\n{one}"), &[]);
}

#[test]
fn what_branches_made_is_known_below_the_block() {
    let reads = "|> jq: `[.async.a, .async.b]`";
    let one = block("parallel", &[JQ, JQ]);
    route(&format!("{one}{reads}"), &[]);
    route(&format!("{reads}\n{one}"), &["E0114", "E0114"]);
    route(&format!("{one}|> jq: `.async.c`"), &["E0115"]);
    route(&format!("{}|> jq: `.async.a`", block("parallel @result(r)", &[JQ])), &["E0115"]);
    route(&block("parallel", &[JQ, "|> jq: `.async.a`"]), &["E0114"]);
    finds(&format!("pipeline p =\n{one}GET /a\n|> p\n{reads}"), &[]);
}

#[test]
fn the_tasks_of_a_branch_are_its_own() {
    let started = format!("{A}|> join: a");
    route(&format!("|> parallel\nx:\n{started}\ny:\n{started}\nend"), &[]);
    route(&format!("|> parallel\nx:\n{A}end\n|> join: a"), &["W0104", "E0112"]);
    route(&format!("{A}|> parallel\nx:\n|> join: a\nend\n|> join: a"), &["E0112"]);
    route(&format!("{A}|> join: a\n|> parallel\nx:\n|> jq: `.async.a`\nend"), &[]);
}

#[test]
fn the_failure_of_a_branch_is_somebodys_affair() {
    let fetch = "|> fetch: `u`";
    let ok = "|> result\nok(200):\n|> log\ndefault(500):\n|> log";
    route(&block("parallel", &[fetch]), &["W0203"]);
    route(&format!("{}{ok}", block("parallel", &[fetch])), &[]);
    route(&block("parallel(on_error: collect_all)", &[fetch]), &["W0105"]);
    route(&format!("{}{ok}", block("parallel(on_error: collect_all)", &[fetch])), &[]);
    route(
        &format!("{}|> jq: `.async.a.error`", block("parallel(on_error: collect_all)", &[fetch])),
        &[],
    );
    route(&block("parallel(on_error: ignore_errors)", &[fetch]), &[]);
    route(&block("any", &[JQ, JQ]), &["W0203"]);
    route(
        &format!(
            "{}|> result\nok(200):\n|> log\nallFailed(502):\n|> log",
            block("any", &[fetch, fetch])
        ),
        &[],
    );
    // The branches of `any` keep their errors to themselves.
    route(
        &format!(
            "{}|> result\nallFailed(502):\n|> log\nnetworkError(502):\n|> log",
            block("any", &[fetch, fetch])
        ),
        &["W0201"],
    );
    route(&block("parallel @optional", &[fetch]), &[]);
    route(&block("race @fallback(`{}`)", &[fetch, fetch]), &[]);
}

#[test]
fn writes_do_not_race_and_are_not_repeated() {
    let write = "|> fetch(\"u\", { method: \"POST\" })";
    let ok = "|> result\nok(200):\n|> log\ndefault(500):\n|> log";
    route(&format!("{}{ok}", block("race", &[write, JQ])), &["W0209"]);
    route(&format!("{}{ok}", block("quorum(1)", &[JQ, write])), &["W0209"]);
    route(&format!("{}{ok}", block("parallel", &[write, JQ])), &[]);
    route(&format!("{}{ok}", block("parallel @retry(2)", &[write, JQ])), &["W0206"]);
    route(&format!("|> fetch(\"u\", {{ method: \"POST\" }}) @hedge(10ms)\n{ok}"), &["W0206"]);
    finds(&format!("pipeline p =\n{write}\nGET /a\n|> p @retry(2)\n{ok}"), &["W0206"]);
}

#[test]
fn time_outs_of_blocks_nest() {
    let slow = "|> sleep: `1s` @timeout(2s)";
    route(&block("parallel(timeout: 1s)", &[slow]), &["W0207"]);
    route(&block("parallel(timeout: 3s)", &[slow]), &[]);
    route(&block("parallel(timeout: 1s)", &[&block("parallel(timeout: 2s)", &[JQ])]), &["W0207"]);
    route(&format!("|> if @timeout(1s)\n{slow}\n|> jq: `.x`\nthen: |> log\nend"), &["W0207"]);
    route(&block("parallel(timeout: 31s)", &[JQ]), &["W0207"]);
}

#[test]
fn modifiers_stand_where_they_mean_something() {
    for (steps, expected) in [
        ("|> fetch: `u` @fallback(`{}`)", vec![]),
        ("|> fetch: `u` @fallback(`{`)", vec!["E0201"]),
        ("|> fetch: `u` @fallback", vec!["W0203", "E0108"]),
        ("|> fetch: `u` @optional", vec![]),
        ("|> fetch: `u` @optional @hedge(after: 1s) @retry(2)", vec![]),
        ("|> fetch: `u` @optional @hedge(1)", vec!["E0108"]),
        ("|> fetch: `u` @optional @hedge(0s)", vec!["E0108"]),
        ("|> fetch: `u` @detach", vec![]),
        ("|> log @limit(2)", vec!["W0102"]),
        ("|> foreach .x @limit(0)\n|> log\nend", vec!["E0108"]),
        ("|> foreach .x @limit(8)\n|> fetch: `u`\nend", vec![]),
        ("|> foreach .x @async(a)\n|> log\nend", vec!["E0108"]),
        ("|> foreach .x @detach\n|> log\nend", vec!["E0108"]),
        ("|> foreach .x @result(a)\n|> log\nend", vec!["W0102"]),
        ("|> parallel @limit(2)\nx: |> log\nend", vec!["W0102"]),
        ("|> parallel @hedge(1s)\nx: |> log\nend", vec!["E0108"]),
        ("|> parallel @error(a)\nx: |> log\nend", vec!["W0102"]),
    ] {
        route(steps, &expected);
    }
    finds("pipeline p =\n|> log\nGET /a\n|> p @hedge(1s)", &["E0108"]);
    finds("pipeline p =\n|> log\nGET /a\n|> p @retry(2)", &[]);
}
