//! `pg` in programs, against a real database.

mod support;

use rejoin_value::{Value, json};
use support::{Run, load_with, postgres, try_load};

/// Runs a route whose steps are these, with further settings.
#[track_caller]
fn run_with(settings: &str, steps: &str, body: Value) -> Run {
    let url = postgres::url();
    let text = format!("config pg {{\n  url: \"{url}\"\n{settings}\n}}\nPOST /x\n{steps}");
    load_with(&text, &rejoin_steps::registry()).on_real_time().call_with("POST /x", body)
}

#[track_caller]
fn run(steps: &str) -> Run {
    run_with("", steps, json!({}))
}

/// The only value of a statement's only row.
#[track_caller]
fn value(sql: &str) -> String {
    let got = run(&format!(
        "  |> pg: `select {sql} as v`\n  |> jq: `if .errors then . else .data.rows[0].v end`"
    ));
    got.body()
}

/// What the server makes of a parameter.
#[track_caller]
fn param(body: Value, sql: &str) -> String {
    let steps = format!("  |> pg([.body]): `select {sql} as v`\n  |> jq: `.data.rows[0].v`");
    run_with("", &steps, body).body()
}

#[test]
fn rows_become_data_and_named_results_add_up() {
    let got = run("  |> pg: `select 1 as a, null as b union all select 2, 'x' order by 1`");
    assert_eq!(got.body(), r#"{"data":{"rows":[{"a":1,"b":null},{"a":2,"b":"x"}],"rowCount":2}}"#);
    let got = run(
        "  |> pg: `select 1 as a` @result(one)\n  |> pg: `select 2 as a` @result(two)\n  |> jq: `.data`",
    );
    assert_eq!(
        got.body(),
        r#"{"one":{"rows":[{"a":1}],"rowCount":1},"two":{"rows":[{"a":2}],"rowCount":1}}"#
    );
}

#[test]
fn rows_are_known_by_what_the_server_says_and_not_by_the_text() {
    for sql in [
        "with a as (select 1 as n) select n from a",
        "-- one\nselect 1 as n",
        "select 1 as n;",
        "values (1)",
    ] {
        let got = run(&format!("  |> pg: `{sql}`\n  |> jq: `.data.rowCount`"));
        assert_eq!(got.body(), "1", "{sql}");
    }
    let table = "drop table if exists counted; create table counted (id int)";
    for sql in table.split("; ") {
        run(&format!("  |> pg: `{sql}`")).answer();
    }
    let got = run("  |> pg: `insert into counted select generate_series(1, 3)`\n  |> jq: `.data`");
    assert_eq!(got.body(), r#"{"rows":[],"rowCount":3}"#);
    let got = run(
        "  |> pg: `update counted set id = id + 1 where id > 1\nreturning\nid`\n  |> jq: `[.data.rows[].id]`",
    );
    assert_eq!(got.body(), "[3,4]");
}

#[test]
fn values_keep_every_digit() {
    for (sql, expected) in [
        ("true", "true"),
        ("9223372036854775807", "9223372036854775807"),
        ("1::int2", "1"),
        ("0.1::float4", "0.1"),
        ("'NaN'::float8", "\"NaN\""),
        ("'-Infinity'::float8", "\"-Infinity\""),
        ("12.50::numeric", "12.5"),
        ("-0.00012::numeric", "-0.00012"),
        ("123456789012345678901234567890::numeric", "123456789012345678901234567890"),
        ("1234567890.12345678901234567890::numeric", "\"1234567890.12345678901234567890\""),
        ("10000::numeric", "10000"),
        ("'NaN'::numeric", "\"NaN\""),
        ("'2024-02-29'::date", "\"2024-02-29\""),
        ("'infinity'::date", "\"infinity\""),
        ("'2024-02-29 13:14:15.5'::timestamp", "\"2024-02-29T13:14:15.5\""),
        ("'1969-07-20 20:17:40+00'::timestamptz", "\"1969-07-20T20:17:40+00:00\""),
        ("'13:14:15'::time", "\"13:14:15\""),
        (
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
            "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"",
        ),
        ("'\\xdeadbeef'::bytea", "\"\\\\xdeadbeef\""),
        ("'{\"b\": [1, null], \"a\": 1.0}'::json", "{\"b\":[1,null],\"a\":1.0}"),
        ("'{\"a\": 1}'::jsonb", "{\"a\":1}"),
        ("array[[1, 2], [3, null]]", "[[1,2],[3,null]]"),
        ("array[]::text[]", "[]"),
        ("array['a,b', null]", "[\"a,b\",null]"),
        // Types that the server prints.
        ("'1 day 2 hours'::interval", "\"1 day 02:00:00\""),
        ("'127.0.0.1'::inet", "\"127.0.0.1\""),
        ("'127.0.0.1/24'::inet", "\"127.0.0.1/24\""),
        ("null::inet", "null"),
        ("'10.0.0.0/8'::cidr", "\"10.0.0.0/8\""),
        ("int4range(1, 5)", "\"[1,5)\""),
    ] {
        assert_eq!(value(sql), expected, "{sql}");
    }
}

#[test]
fn a_printed_column_keeps_its_name_and_its_place() {
    let got = run(
        "  |> pg: `select 1 as a, interval '1 day' as \"b c\", 2 as a2;`\n  |> jq: `.data.rows`",
    );
    assert_eq!(got.body(), r#"[{"a":1,"b c":"1 day","a2":2}]"#);
}

#[test]
fn parameters_are_what_the_statement_says() {
    assert_eq!(param(json!(5.0), "$1::int + 1"), "6");
    assert_eq!(param(json!("7"), "$1::int + 1"), "8");
    assert_eq!(param(json!(7), "$1::text"), "\"7\"");
    assert_eq!(param(json!(null), "$1::text is null"), "true");
    assert_eq!(param(json!(true), "not $1::bool"), "false");
    assert_eq!(param(json!(["a\"b", "c,d", null]), "$1::text[]"), r#"["a\"b","c,d",null]"#);
    assert_eq!(param(json!([[1], [2]]), "$1::int[]"), "[[1],[2]]");
    assert_eq!(param(json!({"a": [1, "x"]}), "$1::jsonb"), r#"{"a":[1,"x"]}"#);
    assert_eq!(param(json!({"a": 1}), "$1::text"), "\"{\\\"a\\\":1}\"");
    assert_eq!(param(json!("2024-01-02"), "$1::date + 1"), "\"2024-01-03\"");
    assert_eq!(param(json!("12.345678901234567890"), "$1::numeric"), "\"12.345678901234567890\"");
}

#[test]
fn a_parameter_is_never_read_as_sql() {
    let text = "'; drop table counted; -- \" \\ $1 {}";
    let body = json!({"text": text});
    let got = run_with(
        "",
        "  |> pg([.body.text]): `select $1::text as v`\n  |> jq: `.data.rows[0].v`",
        body,
    );
    assert_eq!(got.answer().body.as_str(), Some(text));
}

#[test]
fn what_the_database_refuses_is_a_sql_error() {
    let got = run("  |> pg: `select * from no_such_table`");
    assert_eq!(got.error_text("type"), "sqlError");
    assert_eq!(got.error_text("sqlstate"), "42P01");
    assert_eq!(got.error_text("severity"), "ERROR");
    assert_eq!(got.error_text("query"), "select * from no_such_table");
    assert!(got.error_text("message").contains("no_such_table"));
    let got = run("  |> pg([1]): `select $1 is null as v`");
    assert!(got.error_text("message").contains("cast"), "{}", got.error());
    let got = run_with("", "  |> pg([.body]): `select $1::int`", json!("x"));
    assert_eq!(got.error_text("sqlstate"), "22P02");
}

#[test]
fn a_wrong_call_is_a_pg_error() {
    let got = run_with("", "  |> pg(.body): `select $1::int`", json!([1, 2]));
    assert_eq!(got.error_text("type"), "sqlError");
    assert_eq!(got.error_text("query"), "select $1::int");
    assert_eq!(got.error_text("message"), "the statement has 1 parameter, and 2 are given");
    let got = run("  |> pg({ a: 1 }): `select $1::int`");
    assert_eq!(got.error_text("type"), "pgError");
    let got = run(
        "  |> jq: `{ sqlParams: [4] }`\n  |> pg: `select $1::int as v`\n  |> jq: `.data.rows[0].v`",
    );
    assert_eq!(got.body(), "4");
}

#[test]
fn a_raw_statement_yields_its_only_value() {
    let got = run("  |> pg: `!raw select json_build_object('a', 1)`");
    assert_eq!(
        got.body(),
        r#"{"data":{"a":1}}"#.replace("{\"data\":", "").trim_end_matches('}').to_owned() + "}"
    );
    let got = run("  |> pg: `!raw select 7 as n` @result(n)\n  |> jq: `.data`");
    assert_eq!(got.body(), r#"{"n":7}"#);
    for (sql, says) in [
        ("select 1 as a, 2 as b", "there are 1 with 2"),
        ("select 1 as a where false", "there are 0 with 0"),
        ("select generate_series(1, 3) as a", "there are 3 with 1"),
    ] {
        let got = run(&format!("  |> pg: `!raw {sql}`"));
        assert_eq!(got.error_text("type"), "sqlError");
        assert!(got.error_text("message").contains(says), "{}", got.error());
    }
}

#[test]
fn a_database_says_what_it_thinks_of_statements() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let check = rejoin_steps::sql_check::SqlCheck::open(&postgres::url()).await;
        let check = check.expect("it is there");
        for (text, place, says) in [
            ("select ü, nothing from pg_class", "ü", "column \"ü\" does not exist"),
            ("!raw select x from no_such_table", "no_such_table", "does not exist"),
            ("select 1 +", "select 1 +", "syntax error at end of input"),
            ("select sum('a'::text)", "sum", "function sum(text) does not exist"),
        ] {
            let problem = check.problem(text).await.expect("it answers").expect("it is wrong");
            assert!(problem.message.contains(says), "{text}: {}", problem.message);
            assert_eq!(&text[problem.start..problem.end], place, "{text}");
        }
        for good in
            ["select $1::int", "  insert into pg_class select * from pg_class ", "!raw select 1"]
        {
            assert_eq!(check.problem(good).await, Ok(None), "{good}");
        }
    });
}

#[test]
fn without_a_database_the_route_ends() {
    let text = "GET /x\n  |> pg: `select 1`";
    let run = load_with(text, &rejoin_steps::registry()).call("GET /x");
    let ended = format!("{:?}", run.result.expect_err("an abort"));
    assert!(ended.contains("database not configured"), "{ended}");
}

#[test]
fn a_database_that_is_not_there_is_a_sql_error() {
    let text = "config pg {\n  host: \"127.0.0.1\"\n  port: 1\n}\nGET /x\n  |> pg: `select 1`";
    let run = load_with(text, &rejoin_steps::registry()).on_real_time().call("GET /x");
    assert_eq!(run.error_text("type"), "sqlError");
    assert!(run.error_text("message").starts_with("the database cannot be reached"));
}

#[test]
fn which_database_cannot_be_reached_is_for_the_log_alone() {
    let url = "postgres://clerk:hunter2@127.0.0.1:1/ledger";
    let steps = "  |> pg: `select 1` @error(down)";
    let text = format!(
        "config pg {{\n  url: \"{url}\"\n}}\nGET /x\n{steps}\nGET /lua\n  |> lua: `local _, why = executeSql('select 1') return {{ why = why }}`"
    );
    let fixture = load_with(&text, &rejoin_steps::registry()).on_real_time();
    for route in ["GET /x", "GET /lua"] {
        let run = fixture.call(route);
        let body = run.body();
        assert!(body.contains("the database cannot be reached"), "{body}");
        let log = run.log().join("\n");
        assert!(log.starts_with("error "), "{log}");
        assert!(
            log.contains("the database is `ledger` on 127.0.0.1:1, for the user `clerk`"),
            "{log}"
        );
        for inner in ["ledger", "clerk", "127.0.0.1", "hunter2"] {
            assert!(!body.contains(inner), "{body}");
        }
        assert!(!log.contains("hunter2"), "{log}");
    }
    assert!(fixture.call("GET /x").log()[0].starts_with("error pg at test.wp:5: "));
}

#[test]
fn what_a_database_says_of_who_connects_is_for_the_log_alone() {
    let url = postgres::url();
    let (before, _) = url.rsplit_once('/').expect("the name of a database");
    let text = format!(
        "config pg {{\n  url: \"{before}/no_such_ledger\"\n}}\nGET /x\n  |> pg: `select 1`"
    );
    let run = load_with(&text, &rejoin_steps::registry()).on_real_time().call("GET /x");
    assert_eq!(run.error_text("message"), "the database refused the connection");
    assert_eq!(run.error_text("sqlstate"), "3D000");
    assert!(!run.body().contains("no_such_ledger"), "{}", run.body());
    assert!(run.log()[0].contains("database \"no_such_ledger\" does not exist"), "{:?}", run.log());
}

#[test]
fn a_session_that_was_ended_is_replaced() {
    let steps = "  |> pg: `select pg_backend_pid() as pid` @result(first)
  |> pg: `select pg_terminate_backend(pg_backend_pid())` @result(lost)
  |> result
    sqlError(200):
      |> jq: `{ lost: .errors[0].type }`
      |> pg: `select 1 as alive`";
    assert_eq!(run(steps).body(), r#"{"data":{"rows":[{"alive":1}],"rowCount":1}}"#);
}

#[test]
fn whoever_waits_too_long_for_a_connection_is_told() {
    let settings = "  maxPoolSize: 1\n  acquireTimeout: \"100ms\"";
    let steps = "  |> pg: `select pg_sleep(60)` @async(first) @timeout(2s)\n  |> sleep: `300ms`\n  |> pg: `select 1`";
    let got = run_with(settings, steps, json!({}));
    assert_eq!(got.error_text("type"), "sqlError");
    let message = got.error_text("message");
    assert!(
        message.starts_with("all 1 connections to the database were in use for 100 ms"),
        "{message}"
    );
}

#[test]
fn the_server_stops_a_statement_itself_should_nobody_tell_it() {
    // What is left of the request's 30 seconds, up to the next power of two.
    let steps =
        "  |> pg: `select current_setting('statement_timeout') as v`\n  |> jq: `.data.rows[0].v`";
    assert_eq!(run(steps).body(), "\"32768ms\"");
}

#[test]
fn a_temporary_table_is_not_handed_on() {
    let steps = "  |> pg: `select 1 as a into temp left_behind` @result(made)
  |> pg: `select to_regclass('left_behind')::text as table_name` @result(seen)
  |> jq: `.data.seen.rows[0].table_name`";
    assert_eq!(run_with("  maxPoolSize: 1", steps, json!({})).body(), "null");
}

#[test]
fn a_session_that_was_changed_is_not_handed_on() {
    let settings = "  maxPoolSize: 1";
    let steps = "  |> pg: `begin`\n  |> pg: `select now() = statement_timestamp() as v`\n  |> pg: `set search_path = nowhere`\n  |> pg: `select current_setting('search_path') <> 'nowhere' as v`\n  |> jq: `.data.rows[0].v`";
    assert_eq!(run_with(settings, steps, json!({})).body(), "true");
}

#[test]
fn a_socket_is_no_host() {
    let text = "config pg {\n  host: \"/var/run/postgresql\"\n}\nGET /x\n  |> pg: `select 1`";
    let drawn = try_load(text, &rejoin_steps::registry()).expect_err("a socket is not supported");
    assert!(drawn.contains("`host` in `config pg` is a folder with a socket"), "{drawn}");
}

#[test]
fn a_copy_from_or_to_the_program_is_refused() {
    for (sql, place, why) in [
        ("copy copies (a) from stdin", "stdin", "waits for rows that no step can send"),
        ("copy (select 1) to stdout", "stdout", "sends rows in a form that no step reads"),
    ] {
        let program = format!("POST /x\n  |> pg: `{sql}` @optional");
        let drawn = try_load(&program, &rejoin_steps::registry()).expect_err(sql);
        assert!(drawn.starts_with("error[E0290]: this `copy` "), "{drawn}");
        assert!(drawn.contains(why), "{drawn}");
        let column = program.lines().nth(1).and_then(|line| line.find(place)).expect("it is there");
        assert!(drawn.contains(&format!("test.wp:2:{}\n", column + 1)), "{drawn}");
        // What only shows when it runs is not sent, and its connection goes on.
        let steps = format!(
            "  |> pg: `select pg_backend_pid() as pid` @result(before)
  |> js: `try {{ executeSql(\"{sql}\") }} catch (error) {{ return {{ data: request.data, message: error.message }} }}`
  |> pg: `select pg_backend_pid() as pid` @result(after)
  |> jq: `{{ same: (.data.before.rows == .data.after.rows), message }}`"
        );
        let got = run_with("  maxPoolSize: 1", &steps, json!({}));
        assert!(
            got.body().starts_with(r#"{"same":true,"message":"this `copy` "#),
            "{}",
            got.body()
        );
        assert!(got.body().contains(why), "{}", got.body());
    }
}

/// What the refusal of `copy … from stdin` says to do.
#[test]
fn many_rows_are_inserted_at_once() {
    let steps = "  |> pg: `drop table if exists many_rows`
  |> pg: `create table many_rows (a int, b text)`
  |> pg([.body]): `insert into many_rows select * from json_populate_recordset(null::many_rows, $1)` @result(made)
  |> pg: `drop table many_rows` @result(gone)
  |> jq: `.data.made.rowCount`";
    let got = run_with("", steps, json!([{"a": 1, "b": "x"}, {"a": 2}]));
    assert_eq!(got.body(), "2");
}

#[test]
fn a_result_is_bounded() {
    let steps = "  |> pg: `select repeat('x', 1000) as v from generate_series(1, 1000000)`";
    let got = run_with("  maxResult: 100000", steps, json!({}));
    assert!(got.error_text("message").contains("larger than 100000 bytes"), "{}", got.error());
}

/// A statement that is given up is stopped on the server, and never hits the next one of its connection.
///
/// The number of rounds is `REJOIN_CANCEL_ROUNDS`; they are shared among some lanes, each with a connection of its own, so that the
/// next statement gets the very session of the one that was given up.
#[test]
fn a_cancelled_statement_never_hits_the_next() {
    const LANES: usize = 12;
    /// So many calls of a lane are kept in memory at once.
    const BATCH: usize = 500;
    let rounds: usize = std::env::var("REJOIN_CANCEL_ROUNDS")
        .map_or(300, |text| text.parse().expect("REJOIN_CANCEL_ROUNDS is a number"));
    let text = format!(
        "config pg {{\n  url: \"{}\"\n  maxPoolSize: 1\n}}
POST /cut
  |> pg([.body.pause]): `select pg_sleep($1::float8), 'given up' as mark` @timeout(4ms)
POST /next
  |> pg([.body.n]): `select $1::int as n`
  |> jq: `if .errors then . else .data.rows[0].n end`
",
        postgres::url()
    );
    let lane = &|lane: usize| {
        let fixture = load_with(&text, &rejoin_steps::registry()).on_real_time();
        let mut cut = 0;
        let numbers: Vec<usize> = (lane..rounds).step_by(LANES).collect();
        for batch in numbers.chunks(BATCH) {
            let calls = batch.iter().flat_map(|&n| {
                // The pauses move the end of the statement around the moment of its cancellation.
                let pause = 0.003 + 0.0001 * (n % 30) as f64;
                [("POST /cut", json!({"pause": pause})), ("POST /next", json!({"n": (n as i64)}))]
            });
            for (n, pair) in batch.iter().zip(fixture.call_all(calls.collect()).chunks(2)) {
                let given_up = pair[0].body();
                cut += usize::from(given_up.contains("timeoutError"));
                assert_eq!(pair[1].body(), n.to_string(), "round {n} after {given_up}");
            }
        }
        cut
    };
    let cut: usize = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|n| scope.spawn(move || lane(n))).collect();
        lanes.into_iter().map(|lane| lane.join().expect("no round fails")).sum()
    });
    println!("{cut} of {rounds} statements were cut off");
    assert!(cut * 4 >= rounds, "only {cut} of {rounds} were cut off");
    // Nothing of what was given up still runs.
    let left = run(
        "  |> pg: `select count(*) as n from pg_stat_activity where state = 'active' and query like '%given up%' and pid <> pg_backend_pid()`\n  |> jq: `.data.rows[0].n`",
    );
    assert_eq!(left.body(), "0");
}
