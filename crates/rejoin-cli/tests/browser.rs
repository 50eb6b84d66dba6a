//! A person with a browser: registers, logs in, sees a page, logs out. A real Chromium, by way of its driver.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that unwraps nothing has failed; one that is skipped says so"
)]

mod support;

use rejoin_value::{Object, Value};
use support::Directory;
use support::server::{Server, ask};

const APP: &str = r#"
config sql { url: "sqlite:members.db" }
config auth { cookieName: "members" }

handlebars layout = `<!doctype html>
<html><head><meta charset="utf-8"><title>{{title}}</title></head>
<body><h1>{{title}}</h1>{{> @partial-block}}</body></html>`

handlebars form = `{{#> layout}}
  <p id="problem">{{problem}}</p>
  <form method="post" action="/{{action}}">
    <input name="login"><input name="email"><input name="password" type="password">
    <button id="go">{{action}}</button>
  </form>
{{/layout}}`

handlebars home = `{{#> layout}}
  <p id="who">{{user.login}}</p>
  <ul>{{#each orders}}<li class="order">{{this}}</li>{{/each}}</ul>
  <form method="post" action="/logout"><button id="out">leave</button></form>
{{/layout}}`

GET /register
  |> jq: `{ title: "Join", action: "register" }`
  |> handlebars: form

POST /register
  |> auth: "register"
  |> result
    ok(201):
      |> jq: `{ title: "Enter", action: "login", problem: ("made " + .user.login) }`
      |> handlebars: form
    authError(422):
      |> jq: `{ title: "Join", action: "register", problem: .errors[0].message }`
      |> handlebars: form

GET /login
  |> jq: `{ title: "Enter", action: "login" }`
  |> handlebars: form

POST /login
  |> auth: "login"
  |> result
    ok(200):
      |> jq: `{ title: "Home", user, orders: [], setCookies }`
      |> handlebars: home
    authError(401):
      |> jq: `{ title: "Enter", action: "login", problem: .errors[0].message }`
      |> handlebars: form

GET /home
  |> auth: "required"
  |> result
    ok(200):
      |> jq: `{ title: "Home", user, orders: ["tea & <b>cake</b>", "\u00fcber"] }`
      |> handlebars: home
    authError(401):
      |> jq: `{ title: "Enter", action: "login", problem: .errors[0].message }`
      |> handlebars: form

POST /logout
  |> auth: "logout"
  |> result
    default(200):
      |> jq: `{ title: "Gone", action: "login", setCookies }`
      |> handlebars: form
"#;

const ACCOUNTS: &str = "-- UP --
CREATE TABLE users (
  id integer PRIMARY KEY, login text UNIQUE NOT NULL, email text, password_hash text NOT NULL,
  type text NOT NULL DEFAULT 'local', status text NOT NULL DEFAULT 'active'
);
CREATE TABLE sessions (
  user_id integer NOT NULL REFERENCES users, token text UNIQUE NOT NULL, expires_at integer NOT NULL
);
-- DOWN --
DROP TABLE sessions;
DROP TABLE users;
";

/// A window of a browser. Dropping it closes the browser.
struct Window {
    driver: String,
    session: String,
}

impl Window {
    fn open(driver: &str, profile: &Directory) -> Self {
        let profile = profile.path("profile").display().to_string();
        // Without its sandbox, which needs rights that tests in a container do not have.
        let options = format!(
            r#"{{"args":["--headless=new","--no-sandbox","--disable-gpu","--disable-dev-shm-usage","--user-data-dir={profile}"]}}"#
        );
        let wanted = format!(
            r#"{{"capabilities":{{"alwaysMatch":{{"browserName":"chrome","goog:chromeOptions":{options},"timeouts":{{"implicit":30000,"pageLoad":60000}}}}}}}}"#
        );
        let mut window = Self { driver: driver.to_owned(), session: String::new() };
        let opened = window.tell("POST", "/session", &wanted);
        window.session = opened.get("sessionId").and_then(Value::as_str).unwrap().to_owned();
        window
    }

    /// A command of the WebDriver protocol, and its value.
    fn tell(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, answer) = ask(&self.driver, method, path, body);
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        support::json(&answer).get("value").cloned().unwrap()
    }

    fn post(&self, command: &str, name: &str, value: &str) -> Value {
        let mut body = Object::new();
        body.insert(name, value);
        let path = format!("/session/{}/{command}", self.session);
        self.tell("POST", &path, &Value::from(body).to_json())
    }

    fn visit(&self, url: &str) {
        self.post("url", "url", url);
    }

    /// The element that a selector finds, waiting for the page that has it.
    fn find(&self, selector: &str) -> String {
        let mut body = Object::new();
        body.insert("using", "css selector");
        body.insert("value", selector);
        let path = format!("/session/{}/element", self.session);
        let found = self.tell("POST", &path, &Value::from(body).to_json());
        let Value::Object(found) = found else { panic!("{selector}: no element") };
        found.iter().next().unwrap().1.as_str().unwrap().to_owned()
    }

    /// Waits until an element shows this text. The page that is left may still be there for a moment.
    fn shows(&self, selector: &str, expected: &str) {
        let mut shown = String::new();
        for _ in 0..1200 {
            let path = format!("/session/{}/element/{}/text", self.session, self.find(selector));
            shown = ask(&self.driver, "GET", &path, "").1;
            let value = support::json(&shown).get("value").cloned();
            if value.as_ref().and_then(Value::as_str) == Some(expected) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("{selector} never shows {expected:?}: {shown}");
    }

    fn write(&self, selector: &str, text: &str) {
        self.post(&format!("element/{}/value", self.find(selector)), "text", text);
    }

    fn click(&self, selector: &str) {
        let path = format!("/session/{}/element/{}/click", self.session, self.find(selector));
        self.tell("POST", &path, "{}");
    }

    fn cookies(&self) -> Value {
        self.tell("GET", &format!("/session/{}/cookie", self.session), "")
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            ask(&self.driver, "DELETE", &format!("/session/{}", self.session), "");
        }
    }
}

#[test]
fn a_person_registers_logs_in_sees_a_page_and_logs_out() {
    let driver = std::env::var("REJOIN_TEST_BROWSER").unwrap_or_default();
    if matches!(&*driver, "" | "none") {
        eprintln!(
            "SKIPPED: no browser. `cargo xtask test` starts one; by hand, set REJOIN_TEST_BROWSER to the host and port of a chromedriver"
        );
        return;
    }
    let directory = Directory::new();
    directory.write("app.wp", APP);
    directory.write("migrations/20260101000000_accounts.sql", ACCOUNTS);
    let migrated = directory.rejoin(&["migrate", "app.wp", "up"]);
    assert_eq!(migrated.code, 0, "{}", migrated.stderr);
    let server = Server::start(&directory, "app.wp");
    let at = |path: &str| format!("http://{}{path}", server.address);
    let window = Window::open(&driver, &directory);

    // Nobody sees the page before.
    window.visit(&at("/home"));
    window.shows("#problem", "a login is required");

    window.visit(&at("/register"));
    window.write("[name=login]", "ada");
    window.write("[name=email]", "ada@example.org");
    window.write("[name=password]", "correct horse & battery=staple");
    window.click("[action='/register'] #go");
    window.find("[action='/login']");
    window.shows("#problem", "made ada");

    window.write("[name=login]", "ada");
    window.write("[name=password]", "wrong");
    window.click("#go");
    window.shows("#problem", "login or password is wrong");
    assert_eq!(window.cookies().to_json(), "[]");

    window.write("[name=login]", "ada");
    window.write("[name=password]", "correct horse & battery=staple");
    window.click("#go");
    window.shows("#who", "ada");
    let cookies = window.cookies();
    let cookie = &cookies.as_array().unwrap()[0];
    let part = |name: &str| cookie.get(name).cloned().unwrap_or_default();
    assert_eq!((part("name"), part("httpOnly")), ("members".into(), true.into()));
    assert_eq!(part("sameSite"), "Lax".into());

    // What comes from data is text, never markup.
    window.visit(&at("/home"));
    window.shows(".order:nth-child(1)", "tea & <b>cake</b>");
    window.shows(".order:nth-child(2)", "über");

    window.click("#out");
    window.find("[action='/login']");
    window.shows("h1", "Gone");
    assert_eq!(window.cookies().to_json(), "[]");
    window.visit(&at("/home"));
    window.shows("#problem", "a login is required");
}
