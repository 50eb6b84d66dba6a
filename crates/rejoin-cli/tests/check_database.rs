//! `rejoin check` of SQL, without a database and with one.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use support::Directory;

/// A program whose only step is this, on the database of `config sql`.
fn app(config: &str, step: &str) -> String {
    format!(
        "config sql {{\n  url: {config}\n}}\n\nGET /x/:id\n  |> {step}\n  |> result\n    ok(200):\n      |> jq: `.data.rows`\n    \
         sqlError(500):\n      |> jq: `.errors`\n"
    )
}

const FILE: &str = "\"sqlite:app.db\"";

#[track_caller]
fn finds(step: &str, place: &str, says: &str) {
    let directory = Directory::new();
    directory.write("app.wp", &app(FILE, step));
    let run = directory.rejoin(&["check", "app.wp"]);
    assert_eq!(run.code, 1, "{step}: {}", run.stdout);
    assert!(run.stdout.contains(place) && run.stdout.contains(says), "{}", run.stdout);
    assert!(!directory.path("app.db").exists(), "a check makes no database");
}

#[test]
fn statements_that_no_database_takes() {
    finds("sql: `selct 1`", "app.wp:6:12", "no statement begins with `selct`");
    finds("sql: `select * form t`", "app.wp:6:21", "did you mean `from`?");
    finds("pg: `\n    select 'a\n  `", "app.wp:7:12", "this text is never closed");
    finds("pg: `!raw select (1`", "app.wp:6:23", "this bracket is never closed");
    finds("sql([.params.id]): `select $1, $2`", "app.wp:6:10", "has 2 parameters, and 1 is given");
    finds(
        "pg([.params.id, 1]): `select $1::int`",
        "app.wp:6:9",
        "has 1 parameter, and 2 are given",
    );
    finds("sql: `select group from t`", "app.wp:6:19", "near \"group\": syntax error");
}

#[test]
fn other_errors_hide_no_statement() {
    let directory = Directory::new();
    let rest =
        "GET /a\n  |> sql: `select group from t`\n\nGET /b\n  |> sql: `select * from missing`\n";
    let faulty = "\nGET /c\n  |> pg: `selct 1`\n\nhandlebars card = `{{#if}}`\n\nGET /d\n  |> handlebars: `{{> card}}`\n";
    directory.write("app.wp", &format!("{rest}{faulty}"));
    let run = directory.rejoin(&["check", "app.wp"]);
    for (says, place) in [
        ("near \"group\": syntax error", "app.wp:2:19"),
        ("no statement begins with `selct`", "app.wp:8:11"),
        ("this is no handlebars", "app.wp:10:26"),
    ] {
        assert!(run.stdout.contains(says) && run.stdout.contains(place), "{}", run.stdout);
    }
    assert!(run.stdout.contains("app.wp: 3 errors"), "{}", run.stdout);
    // A database is asked for the rest, each once.
    directory
        .write("migrations/20260101000000_t.sql", "-- UP --\ncreate table t (a);\n-- DOWN --\n");
    directory.write("made.wp", "config sql {\n  url: \"sqlite:app.db\"\n}\n");
    assert_eq!(directory.rejoin(&["migrate", "made.wp", "up"]).code, 0);
    let run = directory.rejoin(&["check", "app.wp", "--database", "sqlite:app.db"]);
    assert!(run.stdout.contains("no such table: missing"), "{}", run.stdout);
    assert!(run.stdout.contains("app.wp: 4 errors"), "{}", run.stdout);

    // Variables that are set elsewhere hide none either, unless they say whose SQL it is.
    directory.write("app.wp", &format!("config pg {{\n  url: $ELSEWHERE\n}}\n\n{rest}"));
    let run = directory.rejoin(&["check", "app.wp"]);
    assert!(run.stdout.contains("near \"group\": syntax error"), "{}", run.stdout);
    directory.write("app.wp", &format!("config sql {{\n  url: $ELSEWHERE\n}}\n\n{rest}"));
    assert_eq!(directory.rejoin(&["check", "app.wp"]).code, 0);
}

#[test]
fn a_sqlite_is_asked() {
    let directory = Directory::new();
    directory.write("app.wp", &app(FILE, "sql: `select name, missing from users`"));
    directory.write(
        "migrations/20260101000000_users.sql",
        "-- UP --\ncreate table users (id integer, name text);\n-- DOWN --\n",
    );
    let absent = directory.rejoin(&["check", "app.wp", "--database", "sqlite:app.db"]);
    assert_eq!(absent.code, 1);
    assert!(absent.stderr.contains("there is no database `app.db`"), "{}", absent.stderr);
    directory.rejoin(&["migrate", "app.wp", "up"]);
    let run = directory.rejoin(&["check", "app.wp", "--database", "sqlite:app.db"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("error[E0211]: no such column: missing"), "{}", run.stdout);
    assert!(run.stdout.contains("app.wp:6:25"), "{}", run.stdout);
    directory.write("app.wp", &app(FILE, "sql: `select name from users`"));
    let run = directory.rejoin(&["check", "app.wp", "--database", "sqlite:app.db"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "app.wp: no problems\n"));
}

#[test]
fn an_address_that_is_none() {
    let directory = Directory::new();
    directory.write("app.wp", &app(FILE, "sql: `select 1`"));
    let run = directory.rejoin(&["check", "app.wp", "--database", "mysql://x"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("`--database` must be such as"), "{}", run.stderr);
    assert!(run.stdout.contains("no problems"), "{}", run.stdout);
}
