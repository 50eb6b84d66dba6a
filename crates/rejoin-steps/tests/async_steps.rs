//! The programs of `tests/spec/async_steps.md` that need no more than this crate's steps, run as they stand
//! against a real HTTPS server: a resolver leads `api.example.com` to a server of the test.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rejoin::{Instant, OnError, Scope};
use rejoin_engine::{Answer, App, Found, Host, Program, RunOptions, Target};
use rejoin_http::Client;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::plan::Method;
use rejoin_lang::source::Source;
use rejoin_steps::fetch::Fetch;
use rejoin_value::{Object, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const SPEC: &str = include_str!("../../../tests/spec/async_steps.md");

/// The block under a heading of the spec, exactly as it stands.
#[track_caller]
fn block(heading: &str) -> &'static str {
    let section = SPEC.split("\n## ").find(|part| part.starts_with(heading)).expect("the heading");
    let (_, rest) = section.split_once("```wp").expect("a block");
    let (_, rest) = rest.split_once('\n').expect("its first line");
    rest.split_once("```").expect("its end").0
}

/// What the upstream answers, by path.
type Paths = HashMap<&'static str, (u16, Value)>;

/// A server for `api.example.com`, and what it was asked.
struct Upstream {
    address: SocketAddr,
    certificate: String,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn upstream(scope: &Scope, paths: Paths) -> Upstream {
    let made =
        rcgen::generate_simple_self_signed(["api.example.com".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (paths, log, connections) = (Arc::new(paths), asked.clone(), scope.clone());
    scope.spawn_value(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (paths, log, acceptor) = (paths.clone(), log.clone(), acceptor.clone());
            connections.spawn_value(async move {
                let Ok(mut stream) = acceptor.accept(socket).await else { return };
                let (mut buffer, mut seen) = ([0; 4096], Vec::new());
                while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                    seen.extend_from_slice(&buffer[..n]);
                    if !seen.ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    let head = String::from_utf8_lossy(&seen).into_owned();
                    seen.clear();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    let (status, body) = paths
                        .get(&*path)
                        .cloned()
                        .unwrap_or((404, json!({"missing": (path.as_str())})));
                    log.lock().expect("no test panics inside").push(path);
                    let body = body.to_json();
                    let length = body.len();
                    let answer =
                        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    Upstream { address, certificate: made.cert.pem(), asked }
}

struct Ran {
    answer: Answer,
    /// Sorted, because tasks run at the same time.
    asked: Vec<String>,
}

/// Runs the only route of a program.
fn run(program: &str, paths: &[(&'static str, u16, Value)]) -> Ran {
    let paths: Paths =
        paths.iter().map(|(path, status, body)| (*path, (*status, body.clone()))).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let program = program.to_owned();
    let scope = Scope::builder().on_error(OnError::IgnoreErrors);
    let everything = scope.run(|scope: Scope| async move {
        let upstream = upstream(&scope, paths).await;
        let (address, certificate) = (upstream.address, upstream.certificate.clone());
        let fetch = Fetch::from_builder(move || {
            Client::builder()
                .no_proxy()
                .resolve_to("api.example.com", address)
                .resolve_to("impostor.example.com", address)
                .root_certificates(certificate.as_bytes())
                .expect("the certificate is fine")
        });
        let registry = rejoin_steps::registry().with(fetch);
        let loaded = rejoin_lang::load(Source::new("app.wp", program.as_str()), &registry);
        let drawn = render_text(&loaded.plan.sources, &loaded.diagnostics, false);
        assert!(!has_errors(&loaded.diagnostics), "{drawn}");
        let path = loaded.plan.routes[0].path.text.clone();
        let program = Program::build(&loaded.plan, &registry, &|_| None).expect("a program");
        let Found::Route { route, .. } = program.find(Method::Get, &path) else {
            panic!("no route for {path}");
        };
        let app = App::new(Arc::new(program), Arc::new(Host::new(scope.clone())));
        let options = RunOptions {
            id: "test".into(),
            deadline: Instant::now() + Duration::from_secs(30),
            script: Default::default(),
        };
        let mut request = Object::new();
        request.insert("path", &*path);
        let mut got = None;
        app.run(Target::Route(route), request.into(), options, |result| got = Some(result)).await;
        let mut asked = upstream.asked.lock().expect("no test panics inside").clone();
        asked.sort();
        scope.cancel_children("the test is over");
        Ok(Ran { answer: got.expect("an answer").expect("no failure"), asked })
    });
    runtime.block_on(everything).expect("the test's scope ends well")
}

fn users() -> (&'static str, u16, Value) {
    ("/users", 200, json!([{"id": 1}, {"id": 2}]))
}

fn posts() -> (&'static str, u16, Value) {
    ("/posts", 200, json!([{"id": 10}]))
}

const FETCHES: &str = "GET /dashboard
  |> fetch: `https://api.example.com/users` @async(users)
  |> fetch: `https://api.example.com/posts` @async(posts)
";

#[test]
fn two_requests_in_the_background_neither_waited_for() {
    let ran = run(block("Two requests in the background"), &[users(), posts()]);
    // The last step is `log`, so the answer is the request; both requests were made all the same.
    assert_eq!(ran.answer.body, json!({"path": "/dashboard"}));
    assert_eq!(ran.asked, ["/posts", "/users"]);
}

#[test]
fn waiting_for_tasks_and_reading_them() {
    let program = format!("{FETCHES}{}", block("Waiting for tasks and reading them"));
    let ran = run(&program, &[users(), posts()]);
    // `.length` is a field, and `{response, status, headers}` has none of that name.
    assert_eq!(ran.answer.body, json!({"userCount": null, "postCount": null}));
}

#[test]
fn counting_what_the_tasks_got() {
    let program = format!(
        "{FETCHES}  |> join: `users, posts`
  |> jq: `{{
      users: (.async.users.data.response | length),
      posts: (.async.posts.data.response | length)
    }}`"
    );
    let ran = run(&program, &[users(), posts()]);
    assert_eq!(ran.answer.body, json!({"users": 2, "posts": 1}));
}

#[test]
fn joining_only_what_is_needed_with_a_comment_behind() {
    let program = format!("{FETCHES}{}", block("Joining only what is needed"));
    let ran = run(&program, &[users(), posts()]);
    let joined = ran.answer.body.get("async").and_then(Value::as_object).expect("`.async`");
    assert_eq!(joined.keys().map(|key| &**key).collect::<Vec<_>>(), ["users", "posts"]);
}

#[test]
fn reading_a_task_that_may_be_missing() {
    let program = format!(
        "GET /x
           |> lua: `setWhen(\"is_premium\", request.user and request.user.premium) return request`
           |> fetch: `https://api.example.com/users` @async(basic)
           |> fetch: `https://api.example.com/posts` @async(premium) @when(is_premium)
           |> join: `basic, premium`
           {}",
        block("Reading a task that may be missing")
    );
    let ran = run(&program, &[users(), posts()]);
    assert_eq!(ran.answer.body.get("premium"), Some(&Value::Null));
    let basic = ran.answer.body.path(&["basic", "response"]);
    assert_eq!(basic, Some(&json!([{"id": 1}, {"id": 2}])));
    assert_eq!(ran.asked, ["/users"]);
}

#[test]
fn names_that_say_what_a_task_is() {
    let tags: Vec<&str> = block("Names that say what a task is").lines().collect();
    let steps: String = tags
        .iter()
        .map(|tag| format!("  |> fetch: `https://api.example.com/users` {tag}\n"))
        .collect();
    let names: Vec<&str> =
        tags.iter().map(|tag| tag.trim_start_matches("@async(").trim_end_matches(')')).collect();
    let join = names.join(", ");
    let program =
        format!("GET /x\n{steps}  |> join: `{join}`\n  |> jq: `[.async[] | .data.status]`");
    let ran = run(&program, &[users()]);
    assert_eq!(ran.answer.body, json!([200, 200, 200]));
}

#[test]
fn a_task_that_fails_leaves_the_other_and_routes_the_answer() {
    let program = "GET /x
  |> fetch: `https://api.example.com/users` @async(users)
  |> fetch: `https://api.example.com/gone` @async(gone)
  |> join: `users, gone`
  |> result
    ok(200):
      |> jq: `{ ok: true }`
    httpError(502):
      |> jq: `{
          task: .errors[0].task,
          status: .errors[0].status,
          kept: (.async.users.data.response | length)
        }`";
    let ran = run(program, &[users()]);
    assert_eq!(ran.answer.status, Some(502));
    assert_eq!(ran.answer.body, json!({"task": "gone", "status": 404, "kept": 2}));
}

#[test]
fn a_certificate_for_another_name_is_a_network_error() {
    let program = "GET /x
  |> fetch: `https://impostor.example.com/users`
  |> result
    ok(200):
      |> jq: `{ ok: true }`
    networkError(502):
      |> jq: `{ kind: .errors[0].type }`";
    let ran = run(program, &[users()]);
    assert_eq!(ran.answer.body, json!({"kind": "networkError"}));
    assert!(ran.asked.is_empty());
}

/// A schema for every question of the spec.
const SCHEMA: &str = r#"graphqlSchema = `
  type User { id: ID! name: String email: String }
  type Post { id: ID! title: String }
  type Comment { id: ID! text: String }
  type Stats { totalUsers: Int totalPosts: Int }
  type Data { id: ID! }
  type Query {
    users: [User!]!
    posts(limit: Int, authorId: ID): [Post!]!
    comments: [Comment!]!
    stats: Stats
    basicData: Data
    premiumData: Data
    data: Data
  }
`
query users =
  |> jq: `[{ id: "1", name: "Ada", email: "ada@example.com" }]`
query posts =
  |> jq: `[{ id: "10", title: "by \(.authorId // "anybody")" }]`
query comments =
  |> jq: `[{ id: "20", text: "well" }, { id: "21", text: "said" }]`
query stats =
  |> jq: `{ totalUsers: 1, totalPosts: 2 }`
query basicData =
  |> jq: `{ id: "basic" }`
query premiumData =
  |> jq: `{ id: "premium" }`
query data =
  |> jq: `error("down")`

"#;

#[test]
fn three_graphql_queries_at_once() {
    let ran = run(&format!("{SCHEMA}{}", block("Three GraphQL queries at once")), &[]);
    assert_eq!(
        ran.answer.body,
        json!({
            "users": [{"id": "1", "name": "Ada", "email": "ada@example.com"}],
            "statistics": {"totalUsers": 1, "totalPosts": 2},
            "recentPosts": [{"id": "10", "title": "by anybody"}]
        })
    );
}

#[test]
fn graphql_tasks_with_named_results() {
    let ran = run(&format!("{SCHEMA}{}", block("Tasks with named results")), &[]);
    assert_eq!(ran.answer.body, json!({"userCount": 1, "postCount": 1, "commentCount": 2}));
}

#[test]
fn a_graphql_task_that_may_be_skipped() {
    let program = block("A task that may be skipped").replace("{ ... }", "{ id }");
    let ran = run(&format!("{SCHEMA}{program}"), &[]);
    assert_eq!(ran.answer.body, json!({"basic": {"basicData": {"id": "basic"}}, "premium": null}));
}

#[test]
fn a_failed_graphql_task_routes_the_answer() {
    let program = block("Failed tasks and the `result` block").replace("{ ... }", "{ id }");
    let ran = run(&format!("{SCHEMA}{program}"), &[("/data", 200, json!({"fine": true}))]);
    assert_eq!(ran.answer.status, Some(500));
    assert_eq!(ran.answer.body.get("error"), Some(&json!("GraphQL query failed")));
    let failed = ran.answer.body.path(&["details"]).and_then(|list| list.at(0));
    assert_eq!(failed.and_then(|error| error.get("task")), Some(&json!("api2")));
}

#[test]
fn tasks_that_use_an_earlier_result() {
    let program = block("Tasks that use an earlier result");
    let paths =
        [("/users/1", 200, json!({"id": 1, "name": "Ada"})), ("/followers/1", 200, json!(["bob"]))];
    let ran = run(&format!("{SCHEMA}{program}"), &paths);
    assert_eq!(
        ran.answer.body,
        json!({
            "user": {"id": 1, "name": "Ada"},
            "posts": [{"id": "10", "title": "by 1"}],
            "followers": ["bob"]
        })
    );
}
