//! A client that goes away takes its work with it, and leaves its line in the log.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::time::Duration;

use rejoin_value::Value;
use support::{Running, Silent, program, serve, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Serves a route that waits for an upstream for ever, and one that answers more than fits into any buffer.
async fn with_upstream<Fut: Future<Output = ()>>(test: impl FnOnce(Running, Silent) -> Fut) {
    // The upstream is a task like any other, so that the count of tasks at the end includes it.
    let started = rejoin::Scope::builder().on_error(rejoin::OnError::IgnoreErrors);
    let ended = started.run(|scope: rejoin::Scope| async move {
        let upstream = Silent::start(&scope).await;
        let call = format!("upstream {}", upstream.address);
        let spawned = format!("&{call}");
        let routes: &[(&str, &[&str])] = &[
            ("GET /waits", &[&spawned, &call]),
            ("POST /waits", &[&call]),
            ("GET /big", &[&spawned, "big 50000000"]),
            ("GET /small", &["json 1"]),
        ];
        let before = rejoin::live_tasks();
        support::serve_among(before, program(routes, &[]), |server| test(server, upstream)).await;
        Ok(())
    });
    ended.await.unwrap();
    support::no_tasks_left(0).await;
}

async fn asks(server: &Running, upstream: &Silent, request: &str, calls: usize) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    support::until("the upstream is asked", || upstream.open() == calls).await;
    stream
}

async fn is_cleaned_up(server: &Running, upstream: &Silent, path: &str) -> Value {
    support::until("the upstream's connections are closed", || upstream.open() == 0).await;
    support::until("the request's tasks have ended", || server.scope.live() == 0).await;
    let record = server.record(path).await;
    assert!(text(&record, "cancelled").unwrap().starts_with("client gone"), "{record}");
    assert!(text(&record, "request_id").is_some());
    record
}

const WAITS: &str = "GET /waits HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_closes_while_the_answer_is_made() {
    with_upstream(|server, upstream| async move {
        let stream = asks(&server, &upstream, WAITS, 2).await;
        drop(stream);
        let record = is_cleaned_up(&server, &upstream, "/waits").await;
        assert_eq!(text(&record, "status"), Some("cancelled"));
        assert_eq!(upstream.seen(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_resets_the_connection() {
    with_upstream(|server, upstream| async move {
        let stream = asks(&server, &upstream, WAITS, 2).await;
        stream.set_zero_linger().unwrap();
        drop(stream);
        is_cleaned_up(&server, &upstream, "/waits").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_closes_behind_a_body_that_was_sent_whole() {
    with_upstream(|server, upstream| async move {
        let body = "x".repeat(300_000);
        let head = "POST /waits HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 300000\r\n\r\n";
        let stream = asks(&server, &upstream, &format!("{head}{body}"), 1).await;
        drop(stream);
        is_cleaned_up(&server, &upstream, "/waits").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_closes_behind_a_second_request_that_waits() {
    with_upstream(|server, upstream| async move {
        let second = "GET /small HTTP/1.1\r\nhost: x\r\n\r\n";
        let stream = asks(&server, &upstream, &format!("{WAITS}{second}"), 2).await;
        drop(stream);
        is_cleaned_up(&server, &upstream, "/waits").await;
        assert_eq!(server.records().len(), 1, "the second request was never begun");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_closes_behind_a_second_request_with_a_large_body() {
    with_upstream(|server, upstream| async move {
        let head = "POST /waits HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\r\n";
        let second = format!("{head}{}", "x".repeat(2_000_000));
        let mut stream = asks(&server, &upstream, WAITS, 2).await;
        stream.write_all(second.as_bytes()).await.unwrap();
        drop(stream);
        is_cleaned_up(&server, &upstream, "/waits").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_closes_while_it_keeps_sending_requests() {
    with_upstream(|server, upstream| async move {
        let mut stream = asks(&server, &upstream, WAITS, 2).await;
        for _ in 0..200 {
            stream.write_all(b"GET /small HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            tokio::task::yield_now().await;
        }
        drop(stream);
        is_cleaned_up(&server, &upstream, "/waits").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_closes_in_the_middle_of_the_response() {
    with_upstream(|server, upstream| async move {
        let mut stream = asks(&server, &upstream, "GET /big HTTP/1.1\r\nhost: x\r\n\r\n", 1).await;
        let mut some = vec![0; 100_000];
        stream.read_exact(&mut some).await.unwrap();
        drop(stream);
        let record = is_cleaned_up(&server, &upstream, "/big").await;
        assert_eq!(record.get("status").and_then(Value::as_i64), Some(200));
        let sent = record.get("bytes").and_then(Value::as_i64).unwrap();
        assert!((100_000..50_000_000).contains(&sent), "{sent}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_nobody_joined_goes_on_after_the_answer() {
    let routes: &[(&str, &[&str])] = &[("GET /", &["&wait 300", "json 1"])];
    serve(program(routes, &[]), |server| async move {
        assert_eq!(server.get("/").await.body, "1");
        assert_eq!(text(&server.record("/").await, "cancelled"), None);
        assert_eq!(server.scope.live(), 1, "the request goes on");
        support::until("the task has ended", || server.scope.live() == 0).await;
    })
    .await;
}

mod h2 {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Empty};
    use hyper::client::conn::http2;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    use super::*;

    async fn sender(server: &Running) -> http2::SendRequest<Empty<Bytes>> {
        let io = TokioIo::new(server.connect().await);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    fn get(path: &str) -> http::Request<Empty<Bytes>> {
        http::Request::get(format!("http://x{path}")).body(Empty::new()).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stream_that_is_reset_ends_alone() {
        with_upstream(|server, upstream| async move {
            let mut sender = sender(&server).await;
            let waits = sender.send_request(get("/waits"));
            let reset = async {
                support::until("the upstream is asked", || upstream.open() == 2).await;
            };
            tokio::select! {
                _ = waits => panic!("it has no answer"),
                () = reset => {}
            }
            is_cleaned_up(&server, &upstream, "/waits").await;
            // The connection lives on.
            let response = sender.send_request(get("/small")).await.unwrap();
            assert_eq!(response.version(), http::Version::HTTP_2);
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "1");
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_response_that_is_dropped_half_way_ends_its_request() {
        with_upstream(|server, upstream| async move {
            let mut sender = sender(&server).await;
            let response = sender.send_request(get("/big")).await.unwrap();
            let mut body = response.into_body();
            body.frame().await.unwrap().unwrap();
            drop(body);
            is_cleaned_up(&server, &upstream, "/big").await;
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_connection_that_closes_ends_all_its_requests() {
        with_upstream(|server, upstream| async move {
            let mut sender = sender(&server).await;
            let both = [sender.send_request(get("/waits")), sender.send_request(get("/waits"))];
            let asked = support::until("the upstream is asked", || upstream.open() == 4);
            let [one, two] = both;
            tokio::select! {
                _ = one => panic!("it has no answer"),
                _ = two => panic!("it has no answer"),
                () = asked => {}
            }
            drop(sender);
            is_cleaned_up(&server, &upstream, "/waits").await;
            support::until("both are recorded", || server.records().len() == 2).await;
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_requests_share_a_connection() {
        serve(program(&[("GET /:n", &["wait 10", "echo"])], &[]), |server| async move {
            let sender = sender(&server).await;
            let all = (0..100).map(|n| {
                let mut sender = sender.clone();
                async move {
                    let response = sender.send_request(get(&format!("/{n}"))).await.unwrap();
                    let body = response.into_body().collect().await.unwrap().to_bytes();
                    let value = Value::parse(&body).unwrap();
                    assert_eq!(value.path(&["params", "n"]).and_then(Value::as_i64), Some(n));
                }
            });
            futures_util::future::join_all(all).await;
            drop(sender);
            tokio::time::sleep(Duration::ZERO).await;
        })
        .await;
    }
}
