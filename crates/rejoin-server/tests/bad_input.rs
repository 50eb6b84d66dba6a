//! What clients send that they should not: nothing hangs, nothing panics, and each is told what is wrong.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::time::Duration;

use rejoin_lang::config_value::ConfigValue;
use support::{Answer, program, serve, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ECHO: &[(&str, &[&str])] = &[("POST /echo", &["json 1"]), ("GET /get", &["json 2"])];

fn millis(n: u64) -> ConfigValue {
    ConfigValue::Duration(Duration::from_millis(n))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_the_limit_is_refused() {
    let config = [("maxBody", ConfigValue::Int(1000))];
    serve(program(ECHO, &config), |server| async move {
        let fits =
            server.request("POST /echo", "content-type: text/plain\r\n", &"x".repeat(1000)).await;
        assert_eq!(fits.status, 200);
        let announced = server.request("POST /echo", "", &"x".repeat(1001)).await;
        assert_eq!(announced.status, 413);
        assert_eq!(text(&announced.json(), "detail"), Some("the limit is 1000 bytes"));
        // Of a body that is sent in chunks nobody knows the length before.
        let chunk = format!("1f4\r\n{}\r\n", "x".repeat(500));
        let head = "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunked = server.talk(format!("{head}{chunk}{chunk}{chunk}0\r\n\r\n")).await;
        assert_eq!(Answer::parse(&chunked).status, 413);
        // Nor does one that announces a whole disk fill anything.
        let huge = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000000000\r\n\r\nabc";
        assert_eq!(Answer::parse(&server.talk(huge).await).status, 413);
        // A client that asks before it sends is not told to go on.
        let asks = "POST /echo HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1001\r\n\r\n";
        assert_eq!(Answer::parse(&server.talk(asks).await).status, 413);
        assert_eq!(text(&server.record("/echo").await, "route"), Some("/echo"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_json_is_refused_with_its_place() {
    serve(program(ECHO, &[]), |server| async move {
        let refused = server.request("POST /echo", "", "{\n  \"a\": 1,\n  \"b\" 2\n}").await;
        assert_eq!(refused.status, 400);
        let problem = refused.json();
        assert_eq!(text(&problem, "type"), Some("urn:rejoin:problem:body-not-json"));
        assert_eq!(problem.get("line").and_then(|v| v.as_i64()), Some(3));
        assert_eq!(problem.get("column").and_then(|v| v.as_i64()), Some(7));
        let nested = server.request("POST /echo", "", &"[".repeat(100_000)).await;
        assert_eq!(nested.status, 400);
        let closed = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(server.request("POST /echo", "", &closed).await.status, 400);
        // The server is still there.
        assert_eq!(server.request("POST /echo", "", "[1]").await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_are_too_large_or_no_http() {
    let config = [("maxHeader", ConfigValue::Int(10_000))];
    serve(program(ECHO, &config), |server| async move {
        let large = format!("GET /get HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(11_000));
        assert_eq!(Answer::parse(&server.talk(large).await).status, 431);
        // Far beyond it nothing is read any more.
        let larger = format!("GET /get HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(70_000));
        assert_eq!(Answer::parse(&server.talk(larger).await).status, 431);
        let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
        let many = format!("GET /get HTTP/1.1\r\nhost: x\r\n{many}\r\n");
        assert_eq!(Answer::parse(&server.talk(many).await).status, 431);
        let uri = format!("GET /{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "x".repeat(11_000));
        assert!(matches!(Answer::parse(&server.talk(uri).await).status, 414 | 431));
        for garbage in ["GARBAGE\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02\x00 hello tls?\r\n\r\n"] {
            assert_eq!(Answer::parse(&server.talk(garbage).await).status, 400, "{garbage}");
        }
        let smuggled = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n";
        let answer = server.talk(format!("{smuggled}0\r\n\r\nGET /get HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        // Transfer-Encoding stands, as the standard says, or the request is refused; nothing is read twice.
        assert!(answer.matches("HTTP/1.1 ").count() <= 2, "{answer}");
        assert_eq!(server.get("/get").await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_others_may_read_otherwise() {
    serve(program(&[("GET /", &["echo"])], &[]), |server| async move {
        for head in [
            "GET q HTTP/1.1\r\nhost: x\r\n",
            "GET x:80 HTTP/1.1\r\nhost: x\r\n",
            "CONNECT x:80 HTTP/1.1\r\nhost: x\r\n",
            "GET / HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n",
            "GET / HTTP/1.0\r\nhost: x\r\nhost: y\r\n",
            "GET / HTTP/1.1\r\nhost: a, b\r\n",
            "GET / HTTP/1.1\r\nhost: a/b@c\r\n",
        ] {
            let answer = Answer::parse(&server.talk(format!("{head}\r\n")).await);
            assert_eq!(answer.status, 400, "{head}");
            assert_eq!(text(&answer.json(), "type"), Some("urn:rejoin:problem:head-unclear"));
            assert_eq!(answer.header("connection"), Some("close"));
        }
        for host in ["x", "x.example:80", "[::1]:80", "ä.example", ""] {
            let head = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            assert_eq!(Answer::parse(&server.talk(head).await).status, 200, "{host}");
        }
        let old = Answer::parse(&server.talk("GET / HTTP/1.0\r\n\r\n".to_owned()).await);
        assert_eq!(old.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_targets_are_answered() {
    serve(program(&[("GET /a/:x", &["echo"])], &[]), |server| async move {
        for path in ["/a/%", "/a/%zz", "/a/%ff", "/a/x?%", "/a/x?&&=&%00", "/a/x?a=%ff%fe"] {
            assert_eq!(server.get(path).await.status, 200, "{path}");
        }
        for path in ["//", "/../../etc/passwd", "/a/", "/a/x/y"] {
            assert_eq!(server.get(path).await.status, 404, "{path}");
        }
        assert_eq!(server.get("http://elsewhere.example/a/1").await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_finishes_its_head_is_cut_off() {
    let config = [("headTimeout", millis(100)), ("keepAlive", millis(60_000))];
    serve(program(ECHO, &config), |server| async move {
        let mut slow = server.connect().await;
        let mut silent = server.connect().await;
        let drip = async {
            for byte in b"GET /get HTTP/1.1\r\nhost: x\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
                if slow.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let _ = slow.read(&mut [0; 16]).await;
        };
        let mut nothing = Vec::new();
        // Both end: neither read would otherwise.
        let (_, read) = tokio::join!(drip, silent.read_to_end(&mut nothing));
        assert_eq!(read.unwrap_or(0), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_is_closed_in_the_end() {
    let config = [("headTimeout", millis(60_000)), ("keepAlive", millis(100))];
    serve(program(ECHO, &config), |server| async move {
        let answer = server.talk("GET /get HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(Answer::parse(&answer).status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_arrive_is_given_up_at_the_deadline() {
    let config = [("timeout", millis(100))];
    serve(program(ECHO, &config), |server| async move {
        let head = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nonly this";
        assert_eq!(Answer::parse(&server.talk(head).await).status, 408);
        // After wrong framing nothing on the connection can be trusted: it is closed.
        let chunked =
            "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n";
        let answer = server.talk(chunked).await;
        assert!(answer.is_empty() || Answer::parse(&answer).status == 400, "{answer}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let config = [("writeTimeout", millis(100))];
    let routes: &[(&str, &[&str])] = &[("GET /big", &["big 50000000"])];
    serve(program(routes, &config), |server| async move {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let record = server.record("/big").await;
        let cancelled = text(&record, "cancelled").unwrap_or_default();
        assert!(cancelled.starts_with("client gone"), "{record}");
        drop(stream);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_limit_connections_wait_their_turn() {
    let config = [("maxConnections", ConfigValue::Int(2))];
    serve(program(ECHO, &config), |server| async move {
        let (first, second) = (server.connect().await, server.connect().await);
        let waiting = server.get("/get");
        tokio::pin!(waiting);
        let early = tokio::time::timeout(Duration::from_millis(100), &mut waiting).await;
        assert!(early.is_err(), "a third connection was served");
        drop(first);
        assert_eq!(waiting.await.status, 200);
        drop(second);
    })
    .await;
}
