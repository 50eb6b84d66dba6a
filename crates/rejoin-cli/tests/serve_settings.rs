//! `rejoin serve --watch`: each `config` block of a file that was loaded again holds, as if the server had begun with it.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::time::Duration;

use support::Directory;
use support::server::Server;

const ROUTES: &str = r#"
graphqlSchema = `type Query { deep: Deep } type Deep { deep: Deep, n: Int }`

query deep =
  |> jq: `{ n: 1 }`

GET /version |> jq: `$version`

POST /body |> jq: `.body | length`

POST /login
  |> auth: "register"
  |> auth: "login"
  |> jq: `{ cookie: (.setCookies[0] | split("=")[0]) }`

GET /limited
  |> rateLimit: `keyTemplate: all`
  |> jq: `$context.rate_limit.limit`

GET /jq |> jq: `[range(30000)] | length`

GET /lua |> lua: `return #string.rep("x", 4000000)`

GET /js |> js: `return "x".repeat(4000000).length`

GET /page |> handlebars: `{{#each "0123456789"}}{{/each}}a page of some length`

GET /fetch
  |> fetch: `http://127.0.0.1:1/`
  |> result
    default(200):
      |> jq: `.errors[0].message | test("allow")`

GET /cached
  |> cache: `keyTemplate: c, audience: everybody`
  |> sql: `insert into calls (n) values (1) returning (select count(*) from calls) as n`
  |> jq: `.data.rows[0].n`

GET /calls
  |> sql: `create table if not exists calls (n integer)`
  |> sql: `create table if not exists users (id integer primary key, login text unique not null, email text,
      password_hash text not null, type text not null default 'local', status text not null default 'active')`
  |> sql: `create table if not exists sessions (user_id integer not null references users, token text unique not null,
      expires_at integer not null)`
  |> sql: `select count(*) as n from calls`
  |> jq: `.data.rows[0].n`
"#;

/// The program with these settings.
fn program(version: u32, config: &str) -> String {
    format!("{config}{}", ROUTES.replace("$version", &version.to_string()))
}

const FIRST: &str = r#"
config server { maxBody: 80 }
config auth { cookieName: "one" }
config rateLimit { limit: 100, window: 1h }
config jq { memory: 100000 }
config lua { memory: 1000000 }
config js { memory: 1000000 }
config handlebars { memory: 10 }
config fetch { allow: "nobody.example" }
config cache { enabled: false }
config sql { url: "sqlite:one.db" }
config graphql { endpoint: "/one", maxDepth: 2 }
"#;

const SECOND: &str = r#"
config server { maxBody: 2000, cors: true }
config auth { cookieName: "two", cookieSecure: true }
config rateLimit { limit: 200, window: 1h }
config jq { memory: 100000000 }
config lua { memory: 100000000 }
config js { memory: 100000000 }
config handlebars { memory: 1000 }
config cache { enabled: true }
config sql { url: "sqlite:two.db" }
config graphql { endpoint: "/two", maxDepth: 3 }
"#;

const TOO_DEEP: &str = r#"/one 200 {"errors":[{"message":"the document nests its fields 3 deep; at most 2 are allowed"}]}"#;

/// What tells the settings apart.
fn seen(server: &Server) -> Vec<String> {
    let mut seen = Vec::new();
    let mut ask = |method: &str, target: &str, body: &str| {
        let (status, answer) = server.ask(method, target, body);
        let shown = if status < 300 { format!(" {answer}") } else { String::new() };
        let path = target.split('?').next().unwrap();
        seen.push(format!("{path} {status}{shown}"));
    };
    ask("POST", "/body", &format!("[{}1]", "1,".repeat(49)));
    ask("GET", "/calls", "");
    ask("GET", "/limited", "");
    for path in ["/jq", "/lua", "/js", "/page", "/fetch", "/cached", "/cached"] {
        ask("GET", path, "");
    }
    for path in ["/one", "/two"] {
        ask("GET", &format!("{path}?query=%7Bdeep%7Bdeep%7Bn%7D%7D%7D"), "");
    }
    ask("POST", "/login", r#"{"login":"ada","email":"a@b.example","password":"secret"}"#);
    seen
}

#[test]
fn every_setting_of_a_file_that_was_loaded_again_holds() {
    let directory = Directory::new();
    directory.write("app.wp", &program(1, FIRST));
    let server = Server::watching(&directory, "app.wp");
    let first = seen(&server);
    directory.write("app.wp", &program(2, SECOND));
    let is_new = || server.ask("GET", "/version", "").1 == "2";
    let mut turns = 0..2000;
    while !is_new() && turns.next().is_some() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = seen(&server);
    let expected = [
        ("/body 413", "/body 200 50"),
        ("/calls 200 0", "/calls 200 0"),
        ("/limited 200 100", "/limited 200 200"),
        ("/jq 500", "/jq 200 30000"),
        ("/lua 500", "/lua 200 4000000"),
        ("/js 500", "/js 200 4000000"),
        ("/page 500", "/page 200 a page of some length"),
        ("/fetch 200 true", "/fetch 200 false"),
        ("/cached 200 1", "/cached 200 1"),
        ("/cached 200 2", "/cached 200 1"),
        (TOO_DEEP, "/one 404"),
        ("/two 404", r#"/two 200 {"data":{"deep":{"deep":null}}}"#),
        (r#"/login 200 {"cookie":"one"}"#, r#"/login 200 {"cookie":"two"}"#),
    ];
    for ((first, second), expected) in first.iter().zip(&second).zip(expected) {
        assert_eq!((&**first, &**second), expected);
    }
}
