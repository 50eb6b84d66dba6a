//! `sql` in programs, on SQLite and on PostgreSQL.

mod support;

use std::path::PathBuf;

use rejoin_value::{Value, json};
use support::{Fixture, Run, load, load_with, postgres, try_load};

/// A database file that is gone after the test.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let file =
            std::env::temp_dir().join(format!("rejoin-sql-{}-{name}.db", std::process::id()));
        let file = Self(file);
        file.remove();
        file
    }

    fn remove(&self) {
        for end in ["", "-wal", "-shm"] {
            std::fs::remove_file(format!("{}{end}", self.0.display())).ok();
        }
    }

    /// A program on that file.
    #[track_caller]
    fn program(&self, settings: &str, text: &str) -> Fixture {
        load(&format!(
            "config sql {{\n  url: \"sqlite:{}\"\n{settings}\n}}\n{text}",
            self.0.display()
        ))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Runs a route whose steps are these, on a database in memory.
#[track_caller]
fn run_with(steps: &str, body: Value) -> Run {
    load(&format!("POST /x\n{steps}")).call_with("POST /x", body)
}

#[track_caller]
fn run(steps: &str) -> Run {
    run_with(steps, json!({}))
}

/// The only value of a statement's only row.
#[track_caller]
fn value(sql: &str) -> String {
    run(&format!(
        "  |> sql: `select {sql} as v`\n  |> jq: `if .errors then . else .data.rows[0].v end`"
    ))
    .body()
}

/// What a parameter is inside.
#[track_caller]
fn param(body: Value, sql: &str) -> String {
    run_with(&format!("  |> sql([.body]): `select {sql} as v`\n  |> jq: `.data.rows[0].v`"), body)
        .body()
}

const TABLE: &str = "  |> sql: `create table t (id integer primary key, name text not null unique, n int check (n > 0), yes boolean, doc json)`\n";

#[test]
fn rows_become_data_and_named_results_add_up() {
    let got = run("  |> sql: `select 1 as a, null as b union all select 2, 'x' order by 1`");
    assert_eq!(got.body(), r#"{"data":{"rows":[{"a":1,"b":null},{"a":2,"b":"x"}],"rowCount":2}}"#);
    let got = run(
        "  |> sql: `select 1 as a` @result(one)\n  |> sql: `select 2 as a;` @result(two)\n  |> jq: `.data`",
    );
    assert_eq!(
        got.body(),
        r#"{"one":{"rows":[{"a":1}],"rowCount":1},"two":{"rows":[{"a":2}],"rowCount":1}}"#
    );
}

#[test]
fn a_statement_that_yields_nothing_counts_what_it_changed() {
    let got = run(&format!(
        "{TABLE}  |> sql: `insert into t (name) values ('a'), ('b')` @result(added)
  |> sql: `create index i on t (n)` @result(made)
  |> sql: `update t set n = 1 where name = 'a' returning id, n` @result(returned)
  |> sql: `delete from t where id = 77` @result(gone)
  |> jq: `[.data.added, .data.made, .data.returned, .data.gone]`"
    ));
    assert_eq!(
        got.body(),
        r#"[{"rows":[],"rowCount":2},{"rows":[],"rowCount":0},{"rows":[{"id":1,"n":1}],"rowCount":1},{"rows":[],"rowCount":0}]"#
    );
}

#[test]
fn values_keep_what_they_are() {
    for (sql, expected) in [
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0.1", "0.1"),
        ("1e300", "1e+300"),
        ("9e999", "\"Infinity\""),
        ("-9e999", "\"-Infinity\""),
        ("null", "null"),
        ("'a\"b'", "\"a\\\"b\""),
        ("x'deadbeef'", "\"\\\\xdeadbeef\""),
        ("'x' || char(0) || 'y'", "\"x\\u0000y\""),
    ] {
        assert_eq!(value(sql), expected, "{sql}");
    }
    for (given, kind) in [
        (json!(null), "null"),
        (json!(5), "integer"),
        (json!(5.0), "integer"),
        (json!(0.5), "real"),
        (json!("5"), "text"),
        (json!(true), "integer"),
        (json!([1]), "text"),
    ] {
        assert_eq!(param(given.clone(), "typeof($1)"), format!("\"{kind}\""), "{given}");
    }
    for same in
        ["9007199254740993", "0.1", "1e+300", "\"\\u0000ü\"", "null", "-9223372036854775808"]
    {
        assert_eq!(param(Value::parse(same.as_bytes()).expect("JSON"), "$1"), same);
    }
    for long in ["123456789012345678901234567890", "9223372036854775808", "18446744073709551616"] {
        let given = Value::parse(long.as_bytes()).expect("JSON");
        assert_eq!(param(given, "$1"), format!("\"{long}\""));
    }
}

#[test]
fn what_a_table_declares_is_what_comes_back() {
    let got = run_with(
        &format!(
            "{TABLE}  |> sql([true, .body.doc]): `insert into t (name, yes, doc) values ('a', $1, $2), ('b', 2, 'no json')` @result(added)
  |> sql: `select yes, doc from t order by id` @result(read)
  |> jq: `.data.read.rows`"
        ),
        json!({"doc": {"a": [1, null]}}),
    );
    assert_eq!(got.body(), r#"[{"yes":true,"doc":{"a":[1,null]}},{"yes":2,"doc":"no json"}]"#);
}

#[test]
fn placeholders_are_counted_by_their_numbers() {
    for (sql, expected) in
        [("$2 || $1 || $2", "\"bab\""), ("?2 || ?1", "\"ba\""), ("? || ?", "\"ab\"")]
    {
        let steps =
            format!("  |> sql([\"a\", \"b\"]): `select {sql} as v`\n  |> jq: `.data.rows[0].v`");
        assert_eq!(run(&steps).body(), expected, "{sql}");
    }
}

#[test]
fn a_wrong_call_is_named_after_the_step() {
    let got = run_with("  |> sql(.body): `select $1`", json!([1, 2]));
    assert_eq!(got.error_text("type"), "sqlError");
    assert_eq!(got.error_text("query"), "select $1");
    assert_eq!(got.error_text("message"), "the statement has 1 parameter, and 2 are given");
    let got = run_with("  |> sql(.body): `select :name`", json!([1]));
    assert!(got.error_text("message").contains("`:name` is no placeholder"), "{}", got.error());
    let got = run("  |> sql({ a: 1 }): `select 1`");
    assert!(got.error_text("message").contains("must be an array"), "{}", got.error());
    let got = run(
        "  |> jq: `{ sqlParams: [4] }`\n  |> sql: `select $1 as v`\n  |> jq: `.data.rows[0].v`",
    );
    assert_eq!(got.body(), "4");
}

#[test]
fn parameters_without_a_statement_are_refused() {
    for step in ["sql", "pg"] {
        let program = format!("GET /x\n  |> {step}([1]) @optional");
        let problem = try_load(&program, &rejoin_steps::registry()).expect_err("it is refused");
        assert!(problem.contains(&format!("error[E0202]: `{step}` lacks its text")), "{problem}");
        assert!(problem.contains(&format!("``|> {step}(…): `…` ``")), "{problem}");
    }
}

#[test]
fn a_parameter_is_never_read_as_sql() {
    let text = "'; drop table t; -- \" \\ $1 {}";
    let got = run_with(
        &format!(
            "{TABLE}  |> sql([.body.text]): `insert into t (name) values ($1)` @result(added)\n  |> sql: `select name from t` @result(read)\n  |> jq: `.data.read.rows[0].name`"
        ),
        json!({"text": text}),
    );
    assert_eq!(got.answer().body.as_str(), Some(text));
}

#[test]
fn what_the_database_refuses_is_a_sql_error() {
    for (sql, state, message) in [
        ("select * from nowhere", "42P01", "no such table: nowhere"),
        ("select missing from t", "42703", "no such column: missing"),
        ("select \"missing\" from t", "42703", "no such column"),
        ("insert into t (name) values ('a')", "23505", "UNIQUE constraint failed: t.name"),
        ("insert into t (name) values (null)", "23502", "NOT NULL constraint failed"),
        ("insert into t (name, n) values ('c', 0)", "23514", "CHECK constraint failed"),
        ("select 1 from t where id = zeroblob(1 << 28)", "54000", "too big"),
    ] {
        let got = run(&format!(
            "{TABLE}  |> sql: `insert into t (name) values ('a')` @result(added)\n  |> sql: `{sql}`"
        ));
        assert_eq!(got.error_text("type"), "sqlError", "{sql}");
        assert_eq!(got.error_text("sqlstate"), state, "{sql}: {}", got.error());
        assert_eq!(got.error_text("query"), sql);
        assert!(got.error_text("message").contains(message), "{sql}: {}", got.error());
    }
}

#[test]
fn nothing_is_left_on_a_connection() {
    for sql in [
        "begin",
        "begin immediate",
        "commit",
        "savepoint a",
        "attach ':memory:' as other",
        "create temp table t (a)",
        "pragma foreign_keys = off",
        "pragma journal_mode",
        "select load_extension('x')",
        "vacuum into '/tmp/copy.db'",
    ] {
        let got = run(&format!("  |> sql: `{sql}`"));
        assert_eq!(got.error_text("type"), "sqlError", "{sql}");
        let message = got.error_text("message");
        assert!(
            message.contains("must not leave anything") || message.contains("not authorized"),
            "{sql}: {message}"
        );
    }
    assert_eq!(value("(select count(*) from pragma_table_info('sqlite_schema'))"), "5");
}

#[test]
fn a_database_in_memory_lives_as_long_as_its_host() {
    let program = load(
        "POST /add\n  |> sql: `create table if not exists t (a)` @result(made)\n  |> sql: `insert into t values (1)`
GET /count\n  |> sql: `select count(*) as n from t`\n  |> jq: `if .errors then .errors[0].sqlstate else .data.rows[0].n end`",
    );
    let runs = program.call_all(vec![
        ("POST /add", json!({})),
        ("POST /add", json!({})),
        ("GET /count", json!({})),
    ]);
    assert_eq!(runs[2].body(), "2");
    let other = Fixture { shared: Default::default(), ..program };
    assert!(other.call("GET /count").body().contains("42P01"));
}

#[test]
fn a_file_is_there_for_the_next_program() {
    let file = File::new("kept");
    let text = "POST /x\n  |> sql: `create table if not exists t (a)` @result(made)\n  |> sql: `insert into t values (1) returning (select count(*) from t) as n`\n  |> jq: `.data.rows[0].n`";
    for n in 0..3 {
        let runs = file.program("", text).call_all(vec![("POST /x", json!({})); 2]);
        assert_eq!(runs[1].body(), (2 * n + 2).to_string());
    }
}

const SPIN: &str =
    "with recursive t(n) as (select 1 union all select n + 1 from t) select sum(n) from t";

#[test]
fn a_statement_that_is_given_up_stops() {
    let file = File::new("stopped");
    // Were it to go on, the scope would wait for it, and the test would never end.
    let program = file.program(
        "  maxPoolSize: 1",
        &format!("GET /x\n  |> sql: `{SPIN}` @timeout(1s)\n  |> result\n    timeoutError(504):\n      |> sql: `select 1 as alive`"),
    );
    let runs = program.on_real_time().call_all(vec![("GET /x", json!({}))]);
    assert_eq!(runs[0].body(), r#"{"data":{"rows":[{"alive":1}],"rowCount":1}}"#);
}

#[test]
fn what_is_given_up_is_undone() {
    let file = File::new("undone");
    let program = file.program(
        "  maxResult: 100000",
        &format!(
            "GET /made\n  |> sql: `create table t (a)`
GET /slow\n  |> sql: `insert into t {SPIN}` @timeout(500ms)
GET /large\n  |> sql: `insert into t with recursive t(n) as (select 1 union all select n + 1 from t limit 1000) select hex(zeroblob(1000)) from t returning a`
GET /count\n  |> sql: `select count(*) as n from t`\n  |> jq: `.data.rows[0].n`"
        ),
    );
    let calls = ["GET /made", "GET /slow", "GET /large", "GET /count"];
    let runs = program.on_real_time().call_all(calls.map(|call| (call, json!({}))).to_vec());
    assert_eq!(runs[1].error_text("type"), "timeoutError");
    assert!(
        runs[2].error_text("message").contains("larger than 100000 bytes"),
        "{}",
        runs[2].error()
    );
    assert_eq!(runs[3].body(), "0");
}

#[test]
fn readers_go_on_while_somebody_writes() {
    let file = File::new("readers");
    // Behind the statement that writes the other would have given up.
    let program = file.program(
        "  acquireTimeout: \"100ms\"",
        &format!(
            "GET /made\n  |> sql: `create table t (a)`
GET /both\n  |> sql: `insert into t {SPIN}` @async(writes) @timeout(2s)
  |> sleep: `300ms`
  |> sql: `select count(*) as n from t`\n  |> jq: `if .errors then . else .data.rows[0].n end`"
        ),
    );
    let calls = ["GET /made", "GET /both"];
    let runs = program.on_real_time().call_all(calls.map(|call| (call, json!({}))).to_vec());
    assert_eq!(runs[1].body(), "0");
}

#[test]
fn whoever_waits_too_long_to_write_is_told() {
    let file = File::new("busy");
    let program = file.program(
        "  acquireTimeout: \"100ms\"",
        &format!(
            "GET /made\n  |> sql: `create table t (a)`
GET /x\n  |> sql: `insert into t {SPIN}` @async(writes) @timeout(2s)
  |> sleep: `300ms`
  |> sql: `insert into t values (1)` @result(second)
  |> result\n    sqlError(503):\n      |> jq: `.errors[0].message`"
        ),
    );
    let calls = ["GET /made", "GET /x"];
    let runs = program.on_real_time().call_all(calls.map(|call| (call, json!({}))).to_vec());
    assert!(
        runs[1].body().contains("others were writing to the database for 100 ms"),
        "{}",
        runs[1].body()
    );
}

#[test]
fn another_process_that_has_the_file_locked_is_waited_for_within_bounds() {
    let file = File::new("locked");
    let program = file.program(
        "  busyTimeout: \"50ms\"",
        "GET /made\n  |> sql: `create table t (a)`\nGET /x\n  |> sql: `insert into t values (1)`",
    );
    program.call("GET /made").answer();
    let other = rusqlite::Connection::open(&file.0).expect("it is there");
    other.execute_batch("begin immediate").expect("nobody writes");
    let got = program.call("GET /x");
    assert_eq!(got.error_text("sqlstate"), "55P03");
    assert!(got.error_text("message").contains("locked by another process"), "{}", got.error());
    other.execute_batch("commit").expect("it has begun");
    assert_eq!(program.call("GET /x").body(), r#"{"data":{"rows":[],"rowCount":1}}"#);
}

#[test]
fn a_file_that_cannot_be_is_a_sql_error() {
    let text = "config sql {\n  url: \"sqlite:/no/such/directory/app.db\"\n}\nGET /x\n  |> sql: `select 1`";
    let got = load(text).call("GET /x");
    assert_eq!(got.error_text("type"), "sqlError");
    assert!(
        got.error_text("message").starts_with("the database cannot be opened"),
        "{}",
        got.error()
    );
}

#[test]
fn a_wrong_address_is_a_problem_of_the_program() {
    for (url, says) in [
        ("mysql://root:secret@db/app", "must be such as"),
        ("sqlite:a.db?mode=ro", "is no file"),
        ("postgres://u:secret@a,b/db", "must name one host"),
    ] {
        let text = format!("config sql {{\n  url: \"{url}\"\n}}\nGET /x\n  |> sql: `select 1`");
        let Err(problems) = support::try_load(&text, &rejoin_steps::registry()) else {
            panic!("{url} is taken");
        };
        assert!(problems.contains(says), "{problems}");
        assert!(!problems.contains("secret"), "{problems}");
    }
}

#[test]
fn the_same_program_runs_on_postgresql() {
    let program = |url: &str| {
        format!(
            "config sql {{\n  url: \"{url}\"\n}}\nPOST /x
  |> sql: `create table if not exists sql_both (id integer, name text)` @result(made)
  |> sql: `delete from sql_both` @result(emptied)
  |> sql([1, \"a\"]): `insert into sql_both (id, name) values ($1, $2)` @result(added)
  |> sql([1]): `select id, name from sql_both where id = $1` @result(read)
  |> sql: `select * from no_such_table` @result(failed)
  |> result\n    sqlError(200):\n      |> jq: `[.data.added.rowCount, .data.read, .errors[0].sqlstate]`"
        )
    };
    let expected = r#"[1,{"rows":[{"id":1,"name":"a"}],"rowCount":1},"42P01"]"#;
    for url in ["sqlite::memory:".to_owned(), postgres::url()] {
        let run = load_with(&program(&url), &rejoin_steps::registry()).on_real_time();
        assert_eq!(run.call("POST /x").body(), expected, "{url}");
    }
}
