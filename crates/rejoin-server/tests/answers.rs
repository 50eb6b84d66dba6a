//! What is answered to whom: routes, methods, problems, headers.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rejoin_lang::config_value::ConfigValue;
use rejoin_value::Value;
use support::{program, serve, text};

fn text_setting(text: &str) -> ConfigValue {
    ConfigValue::Text(text.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_arrives_whole() {
    let program = program(&[("POST /things/:id/*rest", &["echo"])], &[]);
    serve(program, |server| async move {
        let line = "POST /things/a%20b/c/d?x=1&y=two%20words";
        let more = "content-type: application/json\r\ncookie: a=1\r\nx-thing: yes\r\n";
        let answer = server.request(line, more, r#"{"n": [1, 2.5]}"#).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let json = answer.json();
        let is = |path: &[&str], expected: &str| {
            assert_eq!(json.path(path).map(|v| v.to_json()).as_deref(), Some(expected), "{path:?}");
        };
        is(&["method"], r#""POST""#);
        is(&["path"], r#""/things/a%20b/c/d""#);
        is(&["params"], r#"{"id":"a b","rest":"c/d"}"#);
        is(&["query"], r#"{"x":1,"y":"two words"}"#);
        is(&["body"], r#"{"n":[1,2.5]}"#);
        is(&["cookies"], r#"{"a":"1"}"#);
        is(&["headers", "x-thing"], r#""yes""#);
        is(&["ip"], r#""127.0.0.1""#);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_and_paths() {
    let routes: &[(&str, &[&str])] = &[
        ("GET /a", &["json {\"from\":\"get\"}"]),
        ("POST /a", &["json 1"]),
        ("OPTIONS /own", &["json \"mine\""]),
        ("PATCH /p", &["json 2"]),
        ("POST /", &["json 3"]),
    ];
    serve(program(routes, &[]), |server| async move {
        let missing = server.get("/nothing?secret=1").await;
        assert_eq!(missing.status, 404);
        assert_eq!(missing.header("content-type"), Some("application/problem+json"));
        assert_eq!(text(&missing.json(), "type"), Some("urn:rejoin:problem:not-found"));
        assert_eq!(text(&missing.json(), "instance"), missing.header("x-request-id"));
        assert!(!missing.body.contains("secret"));

        let wrong = server.request("DELETE /a", "", "").await;
        assert_eq!((wrong.status, wrong.header("allow")), (405, Some("get, post, head, options")));
        let odd = server.request("PROPFIND /a", "", "").await;
        assert_eq!((odd.status, odd.header("allow")), (405, Some("get, post, head, options")));
        assert_eq!(server.request("PROPFIND /nothing", "", "").await.status, 404);

        let get = server.get("/a").await;
        let head = server.request("HEAD /a", "", "").await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert_eq!(head.header("content-type"), get.header("content-type"));

        let options = server.request("OPTIONS /a", "", "").await;
        assert_eq!(
            (options.status, options.header("allow")),
            (204, Some("get, post, head, options"))
        );
        assert_eq!(server.request("OPTIONS *", "", "").await.status, 204);
        assert_eq!(server.request("OPTIONS /nothing", "", "").await.status, 404);
        assert_eq!(server.request("OPTIONS /own", "", "").await.body, "\"mine\"");
        assert_eq!(server.request("PATCH /p", "", "").await.body, "2");
        assert_eq!(server.request("POST /", "", "").await.body, "3");

        for path in ["/health", "/healthz"] {
            let health = server.get(path).await.json();
            assert_eq!(text(&health, "status"), Some("ok"));
            assert!(text(&health, "version").is_some());
            let posted = server.request(&format!("POST {path}"), "", "").await;
            assert_eq!((posted.status, posted.header("allow")), (405, Some("get, head, options")));
            let options = server.request(&format!("OPTIONS {path}"), "", "").await;
            assert_eq!(
                (options.status, options.header("allow")),
                (204, Some("get, head, options"))
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_have_their_status_and_tell_nothing_of_the_inside() {
    let routes: &[(&str, &[&str])] = &[
        ("GET /upstream", &["fail networkError"]),
        ("GET /slow", &["wait 60000"]),
        ("GET /abort", &["abort"]),
        ("GET /panic", &["panic"]),
    ];
    let config = [("timeout", text_setting("50ms"))];
    serve(program(routes, &config), |server| async move {
        let upstream = server.get("/upstream").await;
        assert_eq!(upstream.status, 502);
        assert!(upstream.body.contains("\"type\":\"networkError\""), "{}", upstream.body);
        assert_eq!(server.get("/slow").await.status, 504);
        let abort = server.get("/abort").await;
        assert_eq!(abort.status, 500);
        assert_eq!(text(&abort.json(), "detail"), Some("a reason"));
        let panic = server.get("/panic").await;
        assert_eq!(panic.status, 500);
        assert!(!panic.body.contains("secret"), "{}", panic.body);
        let record = server.record("/panic").await;
        assert!(text(&record, "detail").unwrap().contains("a secret of the inside"), "{record}");
        assert_eq!(text(&server.record("/upstream").await, "error"), Some("networkError"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_keeps_its_id_from_end_to_end() {
    let routes: &[(&str, &[&str])] = &[("GET /a/:id", &["log hello", "json 1"])];
    serve(program(routes, &[]), |server| async move {
        let answer = server.request("GET /a/1?token=hush", "x-request-id: trace-7\r\n", "").await;
        assert_eq!(answer.header("x-request-id"), Some("trace-7"));
        let record = server.record("/a/1").await;
        assert_eq!(text(&record, "request_id"), Some("trace-7"));
        assert_eq!(text(&record, "route"), Some("/a/:id"));
        assert_eq!(text(&record, "method"), Some("GET"));
        assert_eq!(record.get("status").and_then(|v| v.as_i64()), Some(200));
        assert_eq!(record.get("bytes").and_then(|v| v.as_i64()), Some(1));
        assert!(record.get("ms").and_then(|v| v.as_f64()).is_some());
        assert!(!record.to_json().contains("hush"));
        let hello =
            server.log_lines().into_iter().find(|line| text(line, "message") == Some("hello"));
        assert_eq!(text(&hello.unwrap(), "request_id"), Some("trace-7"));

        let bad = server.request("GET /a/2", "x-request-id: a b\"c\r\n", "").await;
        assert_ne!(bad.header("x-request-id"), Some("a b\"c"));
        assert!(bad.header("x-request-id").is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_budget_shortens_the_deadline() {
    serve(program(&[("GET /slow", &["wait 60000"])], &[]), |server| async move {
        let budget = format!("{}: 30\r\n", rejoin_http::BUDGET_HEADER);
        let answer = server.request("GET /slow", &budget, "").await;
        assert_eq!(answer.status, 504);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_set_headers_and_cookies_but_inject_nothing() {
    let state =
        r#"json {"a":1,"setHeaders":{"x-ok":"1","x-bad":"1\r\nx-evil: 1"},"setCookies":["c=1"]}"#;
    serve(program(&[("GET /", &[state])], &[]), |server| async move {
        let answer = server.get("/").await;
        assert_eq!(answer.header("x-ok"), Some("1"));
        assert_eq!(answer.header("set-cookie"), Some("c=1"));
        assert_eq!(answer.header("x-evil"), None);
        assert_eq!(answer.body, r#"{"a":1}"#);
        let warned = |line: &rejoin_value::Value| text(line, "level") == Some("warn");
        assert!(server.log_lines().iter().any(warned));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_origins_are_answered_only_if_the_program_says_so() {
    let routes: &[(&str, &[&str])] = &[("POST /a", &["json 1"])];
    let origin = "origin: https://a.example\r\n";
    let ask = "origin: https://a.example\r\naccess-control-request-method: POST\r\naccess-control-request-headers: x-a\r\n";
    serve(program(routes, &[]), |server| async move {
        assert!(!server.request("POST /a", origin, "").await.head.contains("access-control"));
        assert!(!server.request("OPTIONS /a", ask, "").await.head.contains("access-control"));
    })
    .await;
    let config = [("cors", text_setting("https://a.example"))];
    serve(program(routes, &config), |server| async move {
        let answer = server.request("POST /a", origin, "").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://a.example"));
        let missing = server.request("POST /b", origin, "").await;
        assert_eq!(missing.header("access-control-allow-origin"), Some("https://a.example"));
        let other = server.request("POST /a", "origin: https://b.example\r\n", "").await;
        assert_eq!(other.header("access-control-allow-origin"), None);
        let asked = server.request("OPTIONS /a", ask, "").await;
        assert_eq!(asked.header("access-control-allow-methods"), Some("post, options"));
        assert_eq!(asked.header("access-control-allow-headers"), Some("x-a"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_serves_many_requests_also_pipelined() {
    serve(program(&[("GET /:n", &["wait 5", "echo"])], &[]), |server| async move {
        let mut requests = String::new();
        for n in 0..50 {
            requests += &format!("GET /{n} HTTP/1.1\r\nhost: x\r\n\r\n");
        }
        requests += "GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let answers = server.talk(requests).await;
        let order: Vec<_> = answers.split("\"params\":{\"n\":").skip(1).step_by(2).collect();
        assert_eq!(order.len(), 51);
        for (n, rest) in order.iter().enumerate().take(50) {
            assert!(rest.starts_with(&format!("{n}}}")), "{n}: {rest:.20}");
        }
        assert_eq!(server.records().len(), 51);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_finds_the_host_also_over_http_2() {
    serve(program(&[("GET /a", &["echo"])], &[]), |server| async move {
        let io = TokioIo::new(server.connect().await);
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("http://shop.example/a").body(Empty::<Bytes>::new());
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body = Value::parse(&body).unwrap();
        assert_eq!(body.path(&["headers", "host"]), Some(&"shop.example".into()));
    })
    .await;
}
