//! `rejoin migrate` as scripts use it.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use support::Directory;

const APP: &str = r#"
config sql {
  url: $DATABASE || "sqlite:app.db"
}

GET /users
  |> sql: `select name from users order by id`
  |> jq: `if .errors then .errors[0].message else [.data.rows[].name] end`

describe "users"
  it "begins with the schema, and each test anew"
    when executing pipeline add
    then output `.n` equals 1

  it "sees nothing of the other test"
    when executing pipeline add
    then output `.n` equals 1

pipeline add =
  |> sql: `insert into users (name) values ('a')` @result(added)
  |> sql: `select count(*) as n from users`
  |> jq: `.data.rows[0]`
"#;

const USERS: &str = "-- UP --\ncreate table users (id integer primary key);\nalter table users add column name text;\n-- DOWN --\ndrop table users;\n";
const KIM: &str = "-- UP --\ninsert into users (name) values ('kim');\n-- DOWN --\ndelete from users where name = 'kim';\n";

fn directory() -> Directory {
    let directory = Directory::new();
    directory.write("app.wp", APP);
    directory.write("migrations/20260101000000_users.sql", USERS);
    directory.write("migrations/20260102000000_kim.sql", KIM);
    directory
}

#[track_caller]
fn prints(directory: &Directory, arguments: &[&str], expected: &str) {
    let run = directory.rejoin(arguments);
    assert_eq!((run.code, run.stderr.as_str(), run.stdout.as_str()), (0, "", expected));
}

#[track_caller]
fn fails(directory: &Directory, arguments: &[&str], says: &str) {
    let run = directory.rejoin(arguments);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stderr.contains(says), "{}", run.stderr);
}

#[test]
fn up_and_down() {
    let directory = directory();
    let status =
        "pending  20260101000000_users\npending  20260102000000_kim\n2 migrations, 2 pending\n";
    prints(&directory, &["migrate", "app.wp", "status"], status);
    prints(&directory, &["migrate", "app.wp", "up", "-n", "1"], "applied 20260101000000_users\n");
    prints(&directory, &["run", "app.wp", "GET /users"], "[]\n");
    prints(&directory, &["migrate", "app.wp"], "applied 20260102000000_kim\n");
    prints(&directory, &["migrate", "app.wp", "up"], "the database is up to date\n");
    prints(&directory, &["run", "app.wp", "GET /users"], "[\n  \"kim\"\n]\n");
    let status = directory.rejoin(&["migrate", "app.wp", "status"]).stdout;
    assert!(status.starts_with("applied  20260101000000_users  20"), "{status}");
    assert!(status.ends_with("Z\n2 migrations, 0 pending\n"), "{status}");
    prints(&directory, &["migrate", "app.wp", "down"], "took back 20260102000000_kim\n");
    prints(&directory, &["run", "app.wp", "GET /users"], "[]\n");
    prints(
        &directory,
        &["migrate", "app.wp", "down", "-n", "9"],
        "took back 20260101000000_users\n",
    );
    prints(&directory, &["migrate", "app.wp", "down"], "there is nothing to take back\n");
}

#[test]
fn a_migration_that_fails_leaves_nothing() {
    let directory = directory();
    directory.write(
        "migrations/20260103000000_bad.sql",
        "-- UP --\ncreate table other (a);\n\nselect nothing_here from other;\n-- DOWN --\n",
    );
    fails(
        &directory,
        &["migrate", "app.wp", "up"],
        "migrations/20260103000000_bad.sql:4:8: no such column: nothing_here",
    );
    let status = directory.rejoin(&["migrate", "app.wp", "status"]).stdout;
    assert!(status.ends_with("pending  20260103000000_bad\n3 migrations, 1 pending\n"), "{status}");
    // The table is not there either: it can be made again.
    directory.write(
        "migrations/20260103000000_bad.sql",
        "-- UP --\ncreate table other (a);\n-- DOWN --\ndrop table other;\n",
    );
    prints(&directory, &["migrate", "app.wp", "up"], "applied 20260103000000_bad\n");
    for (n, text) in ["commit", "begin", "attach 'x.db' as x"].iter().enumerate() {
        directory.write(
            "migrations/20260104000000_ends.sql",
            &format!("-- UP --\ncreate table t{n} (a);\n{text};\n-- DOWN --\n"),
        );
        fails(&directory, &["migrate", "app.wp", "up"], "one transaction as it is");
    }
}

#[test]
fn what_was_applied_must_not_change() {
    let directory = directory();
    directory.rejoin(&["migrate", "app.wp", "up"]);
    directory.write("migrations/20260102000000_kim.sql", &KIM.replace("'kim')", "'tim')"));
    fails(
        &directory,
        &["migrate", "app.wp", "up"],
        "20260102000000_kim.sql: it was applied, and its `-- UP --` was changed",
    );
    let status = directory.rejoin(&["migrate", "app.wp", "status"]);
    assert_eq!(status.code, 1);
    assert!(status.stdout.contains("changed  20260102000000_kim"), "{}", status.stdout);
    directory.remove("migrations/20260102000000_kim.sql");
    fails(
        &directory,
        &["migrate", "app.wp", "down"],
        "`20260102000000_kim.sql` was applied, and there is no such file",
    );
    let status = directory.rejoin(&["migrate", "app.wp", "status"]);
    assert!(status.stdout.contains("missing  20260102000000_kim"), "{}", status.stdout);
}

#[test]
fn files_that_are_no_migrations() {
    let directory = directory();
    directory.write("migrations/readme.txt", "");
    directory.write("migrations/users.sql", "");
    let run = directory.rejoin(&["migrate", "app.wp", "status"]);
    assert!(run.stderr.contains("users.sql` is no migration"), "{}", run.stderr);
    assert!(!run.stderr.contains("readme"), "{}", run.stderr);
    directory.write("migrations/20260103000000_half.sql", "-- UP --\nselect 1;\n");
    fails(
        &directory,
        &["migrate", "app.wp", "up"],
        "20260103000000_half.sql: the line `-- DOWN --` is missing",
    );
    directory.write("migrations/20260103000000_half.sql", "-- UP --\n-- DOWN --\n");
    directory.write("migrations/20260103000000_other.sql", "-- UP --\n-- DOWN --\n");
    fails(&directory, &["migrate", "app.wp", "up"], "have the same version");
}

#[test]
fn a_new_migration_is_written() {
    let directory = directory();
    let run = directory.rejoin(&["migrate", "app.wp", "create", "add_things"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("wrote migrations/20"), "{}", run.stdout);
    assert!(run.stdout.ends_with("_add_things.sql\n"), "{}", run.stdout);
    let status = directory.rejoin(&["migrate", "app.wp", "status"]).stdout;
    assert!(status.contains("3 migrations, 3 pending"), "{status}");
    for (name, says) in [("../evil", "is no name for a migration"), ("", "needs a name")] {
        let run = directory.rejoin(&["migrate", "app.wp", "create", name]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}

#[test]
fn a_migration_is_written_beside_a_program_only() {
    let directory = Directory::new();
    assert_eq!(directory.rejoin(&["migrate", "", "create", "x"]).code, 2);
    fails(&directory, &["migrate", "ap.wp", "create", "x"], "there is no file `ap.wp`");
    assert!(!directory.path("migrations").exists());
}

#[test]
fn migrations_of_one_second_have_versions_of_their_own() {
    let directory = directory();
    let all = ["z", "b", "a"].map(|name| {
        let run = directory.rejoin(&["migrate", "app.wp", "create", name]);
        run.stdout.strip_prefix("wrote migrations/").unwrap()[..14].to_owned()
    });
    assert!(all[0] < all[1] && all[1] < all[2], "{all:?}");
}

#[test]
fn a_migration_that_nobody_has_written_yet_is_not_applied() {
    let directory = directory();
    directory.write("migrations/20260103000000_later.sql", "-- UP --\n\n-- DOWN --\n");
    fails(
        &directory,
        &["migrate", "app.wp", "up"],
        "20260103000000_later.sql: there is nothing between `-- UP --` and `-- DOWN --`",
    );
    directory.write("migrations/20260103000000_later.sql", "-- UP --\n-- none\n-- DOWN --\n");
    prints(&directory, &["migrate", "app.wp", "up"], "applied 20260103000000_later\n");
}

#[test]
fn a_migration_can_be_noted_without_running_it() {
    let directory = directory();
    let force = ["migrate", "app.wp", "force", "20260101000000"];
    // Nobody types anything.
    fails(&directory, &force, "nothing was done");
    prints(&directory, &[&force[..], &["--yes"]].concat(), "noted 20260101000000 as applied\n");
    fails(&directory, &[&force[..], &["--yes"]].concat(), "is applied already");
    let unknown = ["migrate", "app.wp", "force", "20990101000000", "--yes"];
    fails(&directory, &unknown, "no migration has the version");
    fails(&directory, &["migrate", "app.wp", "up"], "no such table: users");
}

#[test]
fn a_database_in_memory_has_its_schema_from_the_beginning() {
    let directory = directory();
    directory.remove("migrations/20260102000000_kim.sql");
    directory.write(".env", "DATABASE=sqlite::memory:\n");
    prints(&directory, &["run", "app.wp", "add"], "{\n  \"n\": 1\n}\n");
    let run = directory.rejoin(&["test", "app.wp"]);
    assert!(run.stdout.ends_with("2 passed, 0 failed\n"), "{}{}", run.stdout, run.stderr);
    fails(&directory, &["migrate", "app.wp", "up"], "the database is in memory");
    directory.write("migrations/20260103000000_bad.sql", "-- UP --\nselec;\n-- DOWN --\n");
    let run = directory.rejoin(&["run", "app.wp", "GET /users"]);
    assert!(run.stdout.contains("20260103000000_bad.sql:2:1: near"), "{}", run.stdout);
}

#[test]
fn there_must_be_one_database() {
    let directory = directory();
    directory.write("none.wp", "GET /x\n  |> jq: `1`\n");
    fails(&directory, &["migrate", "none.wp", "up"], "the program has no database");
    directory.write(
        "two.wp",
        "config pg {\n  host: \"127.0.0.1\"\n  port: 1\n}\nconfig sql {\n  url: \"sqlite:two.db\"\n}\nGET /x\n  |> jq: `1`\n",
    );
    fails(&directory, &["migrate", "two.wp", "up"], "`--on pg` or `--on sql`");
    fails(&directory, &["migrate", "two.wp", "up", "--on", "pg"], "the database cannot be reached");
    let run = directory.rejoin(&["migrate", "two.wp", "--on", "sql", "up", "-n", "1"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "applied 20260101000000_users\n"));
}
