//! `auth` in programs: accounts in memory, and in a real database.

mod support;

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rejoin_value::{Value, json};
use support::{Fixture, Run, load, postgres, try_load};

const ROUTES: &str = "
POST /register
  |> auth: `register`
  |> jq: `{ user, message }`
POST /login
  |> auth: `login`
  |> result
    ok(200):
      |> jq: `{ user }`
POST /me
  |> jq: `. + { cookies: { wp_session: .body.token } }`
  |> auth: `required`
  |> jq: `.user`
POST /maybe
  |> jq: `. + { cookies: { wp_session: .body.token } }`
  |> auth: `optional`
  |> jq: `{ user }`
POST /admin
  |> jq: `. + { cookies: { wp_session: .body.token } }`
  |> auth: `type:admin`
  |> jq: `.user`
POST /logout
  |> jq: `. + { cookies: { wp_session: .body.token } }`
  |> auth: `logout`
  |> jq: `{ done: true, setCookies }`
POST /stay
  |> auth: `login`
  |> jq: `. + { cookies: { wp_session: (.setCookies[0] | split(\";\")[0] | split(\"=\")[1]) } }`
  |> sleep(.body.ms)
  |> auth: `required`
  |> jq: `.user.login`
POST /page
  |> auth: `login`
  |> handlebars: `<p>{{user.login}}</p>`
";

fn person(login: &str) -> Value {
    json!({"login": login, "email": "ada@example.org", "password": "correct horse"})
}

fn in_memory(settings: &str) -> Fixture {
    let mut program = load(&format!("{settings}{ROUTES}"));
    program.deadline = std::time::Duration::from_secs(1_000_000);
    program
}

/// The token in a cookie that was set.
#[track_caller]
fn token(run: &Run) -> String {
    let [cookie] = &run.answer().set_cookies[..] else { panic!("one cookie: {:?}", run.result) };
    let (name, rest) = cookie.split_once('=').expect("a cookie");
    assert_eq!(name, "wp_session");
    rest.split(';').next().expect("a value").to_owned()
}

fn with_token(token: &str) -> Value {
    json!({"token": token})
}

#[track_caller]
fn refused(run: &Run, words: &str) {
    assert_eq!(run.error_text("type"), "authError", "{}", run.body());
    assert!(run.error_text("message").contains(words), "{}", run.error());
}

/// The life of an account, wherever it is.
fn a_life(program: &Fixture) {
    let made = program.call_with("POST /register", person("ada"));
    let user = made.answer().body.get("user").expect("a user").clone();
    assert_eq!(user.get("login").and_then(Value::as_str), Some("ada"));
    assert_eq!(user.get("type").and_then(Value::as_str), Some("local"));
    assert_eq!(user.get("status").and_then(Value::as_str), Some("active"));
    assert!(made.answer().set_cookies.is_empty(), "no session");
    assert!(!made.body().contains("argon2"), "no hash");
    refused(&program.call_with("POST /register", person("ada")), "taken");

    let wrong = json!({"login": "ada", "password": "correct hors"});
    let nobody = json!({"login": "bob", "password": "correct horse"});
    let first = program.call_with("POST /login", wrong);
    let second = program.call_with("POST /login", nobody);
    refused(&first, "login or password is wrong");
    assert_eq!(first.error_text("message"), second.error_text("message"));
    assert_eq!(first.error_text("context"), "login");

    let login = program.call_with("POST /login", person("ada"));
    let token = token(&login);
    assert_eq!(token.len(), 64);
    assert!(!login.body().contains(&token), "the token is in the header alone");
    let by_name = json!({"username": "ada", "password": "correct horse"});
    assert_ne!(self::token(&program.call_with("POST /login", by_name)), token);

    let me = program.call_with("POST /me", with_token(&token));
    assert_eq!(me.answer().body.get("id"), user.get("id"));
    assert_eq!(me.answer().body.get("status"), None);
    let maybe = program.call_with("POST /maybe", with_token(&token));
    assert!(maybe.body().contains("ada"));
    assert_eq!(program.call_with("POST /maybe", with_token("x")).body(), r#"{"user":null}"#);
    refused(&program.call_with("POST /admin", with_token(&token)), "type `admin`");
    refused(&program.call_with("POST /me", json!({})), "a login is required");

    let logout = program.call_with("POST /logout", with_token(&token));
    let [cookie] = &logout.answer().set_cookies[..] else { panic!("one cookie") };
    assert!(cookie.starts_with("wp_session=; Path=/") && cookie.contains("Max-Age=0"), "{cookie}");
    refused(&program.call_with("POST /me", with_token(&token)), "a login is required");

    for hostile in [
        "' OR '1'='1",
        "ada'; DROP TABLE users; --",
        "ada\r\nset-cookie: x=1",
        "../ada",
        "ada\0",
        "$1",
        "*",
    ] {
        let run = program.call_with("POST /login", person(hostile));
        refused(&run, if hostile.contains('\0') { "cannot be one" } else { "is wrong" });
        refused(&program.call_with("POST /me", with_token(hostile)), "a login is required");
    }
    let long = "x".repeat(1 << 20);
    refused(&program.call_with("POST /login", person(&long)), "cannot be one");
    refused(&program.call_with("POST /me", with_token(&long)), "a login is required");
    // The table is still there.
    self::token(&program.call_with("POST /login", person("ada")));
}

#[test]
fn accounts_in_memory() {
    a_life(&in_memory(""));
}

#[test]
fn what_an_account_needs() {
    let program = in_memory("");
    for (body, words) in [
        (json!({"login": "ada", "email": "a@b.c"}), "are needed"),
        (json!({"login": "", "email": "a@b.c", "password": "x"}), "are needed"),
        (json!({"login": ["ada"], "email": "a@b.c", "password": "x"}), "are needed"),
        (json!({"login": "ada", "email": "nowhere", "password": "x"}), "e-mail"),
        (json!({"login": "ada", "password": "x"}), "e-mail"),
        (json!("login=ada"), "are needed"),
    ] {
        refused(&program.call_with("POST /register", body), words);
    }
    // A form brings digits as a number.
    let digits = json!({"login": 7, "email": "a@b.c", "password": 1234});
    assert!(program.call_with("POST /register", digits.clone()).answer().error.is_none());
    token(&program.call_with("POST /login", digits));
}

#[test]
fn a_session_ends_with_time() {
    let program = in_memory("config auth {\n  sessionTtl: 60\n}\n");
    program.call_with("POST /register", person("ada"));
    let stay = |ms: i64| {
        let body = json!({"login": "ada", "password": "correct horse", "ms": ms});
        program.call_with("POST /stay", body)
    };
    assert_eq!(stay(59_000).body(), "\"ada\"");
    refused(&stay(60_001), "a login is required");
}

#[test]
fn a_page_can_log_in() {
    let program = in_memory("");
    program.call_with("POST /register", person("ada"));
    let run = program.call_with("POST /page", person("ada"));
    assert_eq!(run.body(), "\"<p>ada</p>\"");
    assert_eq!(token(&run).len(), 64);
}

#[test]
fn the_cookie_is_as_it_is_set_up() {
    let program = in_memory(
        "config auth {\n  cookieName: \"wp_session\"\n  cookieSecure: true\n  cookieHttpOnly: false\n  cookieSameSite: \"strict\"\n  cookiePath: \"/app\"\n  sessionTtl: 1h\n}\n",
    );
    program.call_with("POST /register", person("ada"));
    let run = program.call_with("POST /login", person("ada"));
    let cookie = &run.answer().set_cookies[0];
    assert!(cookie.ends_with("; Path=/app; SameSite=Strict; Secure; Max-Age=3600"), "{cookie}");
    for (setting, words) in [
        ("cookieName: \"a;b\"", "no name of a cookie"),
        ("cookieName: \"a=b\"", "no name of a cookie"),
        ("cookiePath: \"/; Domain=evil.example\"", "no path of a cookie"),
        ("cookieSameSite: \"None\"", "needs `cookieSecure: true`"),
        ("cookieSameSite: \"loose\"", "`Lax`, `Strict` or `None`"),
        ("sessionTtl: 0", "from a second"),
    ] {
        let text = format!("config auth {{\n  {setting}\n}}\n{ROUTES}");
        let drawn = try_load(&text, &rejoin_steps::registry()).expect_err(setting);
        assert!(drawn.contains(words), "{drawn}");
    }
}

#[test]
fn a_wrong_text_is_drawn_at_its_place() {
    let drawn = try_load("GET /x\n  |> auth: `require`", &rejoin_steps::registry())
        .expect_err("there is no such thing");
    assert!(
        drawn.contains("test.wp:2:13") && drawn.contains("nothing that `auth` does"),
        "{drawn}"
    );
}

/// A program with tables of its own, for users with ids of this type.
fn in_database(id: &str, reference: &str) -> Fixture {
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);
    let schema = format!("auth_{}_{}", std::process::id(), SCHEMAS.fetch_add(1, Relaxed));
    let url = postgres::url();
    let set_up = load(&format!(
        "config pg {{ url: \"{url}\" }}
POST /x
  |> pg: `CREATE SCHEMA {schema}`
  |> pg: `CREATE TABLE {schema}.users (id {id} PRIMARY KEY, login text UNIQUE NOT NULL, email text, password_hash text NOT NULL, type text NOT NULL DEFAULT 'local', status text NOT NULL DEFAULT 'active')`
  |> pg: `CREATE TABLE {schema}.sessions (user_id {reference} NOT NULL, token text UNIQUE NOT NULL, expires_at timestamptz NOT NULL)`"
    ))
    .on_real_time()
    .call("POST /x");
    assert_eq!(set_up.answer().error, None, "{}", set_up.body());
    let separator = if url.contains('?') { '&' } else { '?' };
    load(&format!(
        "config pg {{ url: \"{url}{separator}options=-c%20search_path%3D{schema}\" }}\n{ROUTES}
POST /promote
  |> pg: `UPDATE users SET type = 'admin', status = 'active'`
POST /suspend
  |> pg: `UPDATE users SET status = 'suspended'`
POST /expire
  |> pg: `UPDATE sessions SET expires_at = now()`
POST /drop
  |> pg: `DROP TABLE users`"
    ))
    .on_real_time()
}

#[test]
fn accounts_in_a_database() {
    a_life(&in_database("serial", "integer"));
}

/// The setting of a SQLite file that is not there yet.
fn new_file() -> String {
    static FILES: AtomicU32 = AtomicU32::new(0);
    let name = format!("rejoin-auth-{}-{}.db", std::process::id(), FILES.fetch_add(1, Relaxed));
    let path = std::env::temp_dir().join(name);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    format!("config sql {{ url: \"sqlite:{}\" }}\n", path.display())
}

/// A program with a SQLite file of its own.
fn in_sqlite(end: &str) -> Fixture {
    let config = new_file();
    let program = load(&format!(
        "{config}{ROUTES}
POST /set-up
  |> sql: `CREATE TABLE users (id integer PRIMARY KEY, login text UNIQUE NOT NULL, email text, password_hash text NOT NULL, type text NOT NULL DEFAULT 'local', status text NOT NULL DEFAULT 'active')`
  |> sql: `CREATE TABLE sessions (user_id integer NOT NULL REFERENCES users, token text UNIQUE NOT NULL, expires_at {end} NOT NULL)`
POST /promote
  |> sql: `UPDATE users SET type = 'admin', status = 'active'`
POST /suspend
  |> sql: `UPDATE users SET status = 'suspended'`
POST /expire
  |> sql: `UPDATE sessions SET expires_at = unixepoch()`"
    ))
    .on_real_time();
    let set_up = program.call("POST /set-up");
    assert_eq!(set_up.answer().error, None, "{}", set_up.body());
    program
}

#[test]
fn accounts_in_sqlite() {
    // Whatever the column is declared as, a session ends when it should.
    for end in ["integer", "text", "timestamp"] {
        let program = in_sqlite(end);
        a_life(&program);
        let token = token(&program.call_with("POST /login", person("ada")));
        refused(&program.call_with("POST /admin", with_token(&token)), "type `admin`");
        program.call("POST /promote");
        assert!(program.call_with("POST /admin", with_token(&token)).body().contains("admin"));
        program.call("POST /suspend");
        refused(&program.call_with("POST /me", with_token(&token)), "a login is required");
        program.call("POST /promote");
        program.call("POST /expire");
        refused(&program.call_with("POST /me", with_token(&token)), "a login is required");
    }
}

#[test]
fn tables_that_are_not_there_are_asked_for_in_the_log() {
    let program = load(&format!("{}{ROUTES}", new_file())).on_real_time();
    let ended = program.call_with("POST /register", person("ada"));
    let log = ended.log().join("\n");
    assert!(
        log.contains("no such table: users; your migrations make `users` and `sessions`"),
        "{log}"
    );
}

#[test]
fn ids_may_be_of_any_type() {
    let program = in_database("uuid DEFAULT gen_random_uuid()", "uuid");
    program.call_with("POST /register", person("ada"));
    let token = token(&program.call_with("POST /login", person("ada")));
    assert!(program.call_with("POST /me", with_token(&token)).body().contains("ada"));
}

#[test]
fn types_and_status_and_sessions_are_what_the_tables_say() {
    let program = in_database("bigserial", "bigint");
    program.call_with("POST /register", person("ada"));
    let token = token(&program.call_with("POST /login", person("ada")));
    refused(&program.call_with("POST /admin", with_token(&token)), "type `admin`");
    program.call("POST /promote");
    assert!(program.call_with("POST /admin", with_token(&token)).body().contains("admin"));
    program.call("POST /suspend");
    refused(&program.call_with("POST /me", with_token(&token)), "a login is required");
    refused(&program.call_with("POST /login", person("ada")), "is wrong");
    program.call("POST /promote");
    program.call("POST /expire");
    refused(&program.call_with("POST /me", with_token(&token)), "a login is required");
    program.call("POST /drop");
    let run = program.call_with("POST /login", person("ada"));
    assert!(run.result.is_err(), "{:?}", run.result);
    let shown = format!("{:?}", run.result);
    assert!(!shown.contains("users"), "what the database says is for the log: {shown}");
    assert!(run.log().iter().any(|line| line.starts_with("error auth: ")), "{:?}", run.log());
}
