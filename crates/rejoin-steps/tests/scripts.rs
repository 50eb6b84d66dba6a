//! What scripts use: the files beside the program, and its database.

mod support;

use std::time::Duration;

use rejoin_value::json;
use support::{load, postgres, try_load};

const TABLE: &str =
    "create table if not exists of_scripts (id integer primary key, name text, count bigint)";

#[test]
fn files_are_globals_and_can_be_required() {
    let program = load(
        r#"
GET /lua/:lane
  |> lua: `return { rank = rules.rank(request.params.lane), same = requireScript("rules") == rules, seen = rules.seen,
    none = requireScript("nothing") == nil }`
GET /js/:lane
  |> js: `const rank = rules.rank(request.params.lane);
    return { rank, same: requireScript("rules") === rules, seen: rules.seen(), none: requireScript("nothing") === null }`
"#,
    );
    // The second time nothing is left of the first.
    for _ in 0..2 {
        for step in ["lua", "js"] {
            let run = program.call(&format!("GET /{step}/x"));
            assert_eq!(
                run.answer().body,
                json!({"rank": 10, "same": true, "seen": 1, "none": true}),
                "{step}"
            );
        }
    }
}

#[test]
fn names_that_are_paths_are_no_scripts() {
    let program = load(
        r#"
GET /lua
  |> lua: `return { requireScript("../support/mod") == nil, requireScript("/etc/passwd") == nil, requireScript("rules.lua") == nil }`
GET /js
  |> js: `return ["../support/mod", "/etc/passwd", "rules.js", "__proto__"].map((name) => requireScript(name))`
"#,
    );
    assert_eq!(program.call("GET /lua").answer().body, json!([true, true, true]));
    assert_eq!(program.call("GET /js").answer().body, json!([null, null, null, null]));
}

#[test]
fn circles_are_named() {
    let program = load(
        r#"
GET /lua
  |> lua: `return requireScript("first")`
GET /js
  |> js: `return requireScript("first")`
"#,
    );
    for step in ["lua", "js"] {
        let message = program.call(&format!("GET /{step}")).error().to_json();
        assert!(message.contains("in a circle: first → second → first"), "{message}");
    }
}

#[test]
fn a_script_that_is_none_is_found_when_the_program_is_loaded() {
    for step in ["lua", "js"] {
        let program = format!("GET /x\n  |> {step}: `return requireScript(\"broken\")`\n");
        let problems = try_load(&program, &rejoin_steps::registry()).expect_err("it is wrong");
        assert!(problems.contains("the script `broken` is wrong: line "), "{problems}");
        assert!(problems.contains("test.wp:2:"), "{problems}");
    }
}

#[test]
fn what_a_script_raises_fails_the_step_alone() {
    let program = load(
        r#"
GET /lua
  |> lua: `return requireScript("raises")`
GET /js
  |> js: `return requireScript("raises")`
GET /ok
  |> lua: `return { ok = true }`
"#,
    );
    for step in ["lua", "js"] {
        let message = program.call(&format!("GET /{step}")).error().to_json();
        assert!(message.contains("out of paper"), "{message}");
    }
    assert_eq!(program.call("GET /ok").answer().body, json!({"ok": true}));
}

fn of_a_table(config: &str) -> String {
    format!(
        r#"{config}
GET /lua
  |> lua: `
    executeSql("{TABLE}")
    executeSql("delete from of_scripts")
    local made = executeSql("insert into of_scripts values ($1, $2, $3) returning id", {{ 1, "x'); drop table of_scripts; --", request.query.big }})
    local all, none = executeSql("select * from of_scripts where id = $1", {{ made.rows[1].id }})
    local _, message = executeSql("select * from nothing")
    return {{ all = all, none = none == nil, message = message }}
  `
GET /js
  |> js: `
    executeSql("{TABLE}");
    executeSql("delete from of_scripts");
    const made = executeSql("insert into of_scripts values ($1, $2, $3) returning id", [1, "x'); drop table of_scripts; --", request.query.big]);
    const all = executeSql("select * from of_scripts where id = $1", [made.rows[0].id]);
    let message;
    try {{ executeSql("select * from nothing") }} catch (error) {{ message = error.message }}
    return {{ all, none: true, message }};
  `
"#
    )
}

#[track_caller]
fn statements_run(config: &str, real: bool) {
    let mut program = load(&of_a_table(config));
    program.virtual_time = !real;
    for step in ["lua", "js"] {
        let run = program.call(&format!("GET /{step}?big=9007199254740993"));
        let value = &run.answer().body;
        let row = json!({"id": 1, "name": "x'); drop table of_scripts; --", "count": 9_007_199_254_740_993_i64});
        assert_eq!(value.get("all"), Some(&json!({"rows": [row], "rowCount": 1})), "{step}");
        assert_eq!(value.get("none"), Some(&json!(true)));
        let message = value.get("message").map(|message| message.to_json()).unwrap_or_default();
        assert!(message.contains("nothing"), "{step}: {message}");
    }
}

#[test]
fn statements_run_on_sqlite() {
    statements_run("config sql { url: \"sqlite::memory:\" }", false);
}

#[test]
fn statements_run_on_postgres() {
    let url = postgres::url();
    statements_run(&format!("config pg {{ url: \"{url}\" }}"), true);
}

#[test]
fn without_a_database_the_script_is_told() {
    let program = load(
        r#"
GET /lua
  |> lua: `local rows, message = executeSql("select 1") return { message = message, rows = rows }`
GET /js
  |> js: `try { executeSql("select 1") } catch (error) { return { message: error.message } }`
"#,
    );
    for step in ["lua", "js"] {
        let run = program.call(&format!("GET /{step}"));
        assert_eq!(run.answer().body, json!({"message": "database not configured"}));
    }
}

#[test]
fn a_statement_ends_with_the_request_and_its_time_is_not_the_scripts() {
    let slow = "with recursive n(i) as (select 1 union all select i + 1 from n limit 100000000) select count(*) as n from n";
    let quick = slow.replace("100000000", "300000");
    let mut program = load(&format!(
        r#"
config sql {{ url: "sqlite::memory:" }}
config lua {{ timeout: 40ms }}
GET /slow
  |> lua: `executeSql("{slow}") return {{}}`
GET /quick
  |> lua: `local n = 0 for _ = 1, 6 do n = n + executeSql("{quick}").rows[1].n end return {{ n = n }}`
"#
    ))
    .on_real_time();
    assert_eq!(program.call("GET /quick").answer().body, json!({"n": 1_800_000}));
    program.deadline = Duration::from_millis(100);
    let run = program.call("GET /slow");
    assert!(run.result.is_err(), "the deadline ends it: {:?}", run.result);
    assert!(run.took < Duration::from_secs(10), "{:?}", run.took);
}

#[test]
fn a_script_with_statements_is_a_write_where_it_is_tried_again() {
    let codes = |text: &str| -> Vec<String> {
        let loaded = support::read(
            &format!("GET /x\n  |> lua: `{text}` @retry(2)\n"),
            &rejoin_steps::registry(),
        );
        loaded.diagnostics.iter().map(|found| found.code.to_string()).collect()
    };
    assert!(
        codes(r#"return executeSql("insert into t values (1)")"#).contains(&"W0206".to_owned())
    );
    assert!(!codes("return { executeSqlite = 1 }").contains(&"W0206".to_owned()));
}

#[test]
fn a_script_that_is_called_often_stays_the_same() {
    let program = load(
        r#"
config sql { url: "sqlite::memory:" }
GET /lua/:n
  |> lua: `
    setWhen("odd", request.params.n % 2 == 1)
    local rows = 0
    if request.params.n % 20 == 0 then rows = executeSql("select 7 as n").rows[1].n end
    return { n = request.params.n, rows = rows }`
  |> jq: `. + { odd: true }` @when(odd)
"#,
    );
    // Often enough to be known as quick, and then with what takes a thread.
    for n in 1..=200 {
        let rows = if n % 20 == 0 { 7 } else { 0 };
        let odd = if n % 2 == 1 { r#","odd":true"# } else { "" };
        let expected = format!(r#"{{"n":{n},"rows":{rows}{odd}}}"#);
        assert_eq!(program.call(&format!("GET /lua/{n}")).body(), expected);
    }
}
