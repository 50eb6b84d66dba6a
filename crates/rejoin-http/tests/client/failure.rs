//! Servers that are not there, go away, stall, or do not keep to HTTP.

use std::time::Duration;

use rejoin_http::{Error, ErrorKind, Phase, Request, Retry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Conn, Server, builder, client, get, hasty, run};

#[track_caller]
fn is(error: &Error, kind: ErrorKind, phase: Phase, retry: Retry) {
    assert_eq!((error.kind(), error.phase(), error.retry()), (kind, phase, retry), "{error}");
}

/// Sends `answer` and then closes.
async fn closing_after(answer: impl Into<Vec<u8>>) -> Server {
    let answer = answer.into();
    Server::new(move |mut conn, _| {
        let answer = answer.clone();
        async move {
            conn.request().await;
            conn.send(answer).await;
        }
    })
    .await
}

/// Sends `answer` and then neither sends nor closes.
async fn stalling_after(answer: &'static str) -> Server {
    Server::new(move |mut conn, _| async move {
        conn.request().await;
        conn.send(answer).await;
        conn.closed().await;
    })
    .await
}

#[test]
fn refused() {
    run(async {
        let addr = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = get(format!("http://{addr}/x")).await.unwrap_err();
        is(&error, ErrorKind::Connect, Phase::Connect, Retry::Safe);
        assert_eq!(
            error.to_string(),
            format!(
                "GET http://{addr}/x: could not connect to {addr}: connection refused; is the \
                 service running there?"
            )
        );
        assert_eq!(error.attempts(), 1);
        assert_eq!(error.url().unwrap().to_string(), format!("http://{addr}/x"));
    });
}

#[test]
fn a_name_that_does_not_exist() {
    run(async {
        // A label this long cannot exist, which the system's resolver knows without asking anyone.
        let name = format!("{}.invalid", "a".repeat(64));
        let error = get(format!("http://{name}/")).await.unwrap_err();
        is(&error, ErrorKind::Dns, Phase::Resolve, Retry::Safe);
        assert!(error.to_string().contains(&format!("{name:?} not found")), "{error}");
    });
}

#[test]
fn a_resolver_that_fails_stalls_or_finds_nothing() {
    struct Odd;
    impl rejoin_http::Resolve for Odd {
        fn resolve<'a>(&'a self, host: &'a str) -> rejoin_http::Resolving<'a> {
            Box::pin(async move {
                match host {
                    "empty" => Ok(Vec::new()),
                    "stalled" => std::future::pending().await,
                    _ => Err(std::io::Error::other("the directory is closed")),
                }
            })
        }
    }
    run(async {
        let client = builder().resolver(Odd).connect_timeout(Duration::from_millis(50)).build();
        let ask = async |url| client.send(Request::get(url).unwrap()).await.unwrap_err();
        is(&ask("http://empty/").await, ErrorKind::Dns, Phase::Resolve, Retry::Safe);
        is(&ask("http://stalled/").await, ErrorKind::Timeout, Phase::Resolve, Retry::Safe);
        let failed = ask("http://other/").await;
        is(&failed, ErrorKind::Dns, Phase::Resolve, Retry::Safe);
        assert!(failed.to_string().contains("the directory is closed"), "{failed}");
    });
}

#[test]
fn reset_before_the_answer() {
    run(async {
        let server = Server::new(|mut conn, _| async move {
            conn.request().await;
            conn.reset();
        })
        .await;
        let error = get(server.url("/")).await.unwrap_err();
        is(&error, ErrorKind::Closed, Phase::Wait, Retry::IfIdempotent);
        assert_eq!(server.connections(), 1, "a fresh connection is no reason to try again");
    });
}

#[test]
fn closed_before_the_answer_or_in_its_head() {
    run(async {
        for answer in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\ncontent-"] {
            let server = closing_after(answer).await;
            let error = get(server.url("/")).await.unwrap_err();
            is(&error, ErrorKind::Closed, Phase::Wait, Retry::IfIdempotent);
        }
    });
}

#[test]
fn closed_without_reading_the_request() {
    run(async {
        let server = Server::new(|conn, _| async move { drop(conn) }).await;
        let error = get(server.url("/")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    });
}

#[test]
fn closed_while_a_large_request_is_sent() {
    run(async {
        let server = Server::new(|mut conn: Conn, _| async move {
            conn.socket.read_exact(&mut [0; 100_000]).await.unwrap();
            conn.reset();
        })
        .await;
        let request = Request::post(&server.url("/"), vec![b'x'; 32 << 20]).unwrap();
        let error = client().send(request).await.unwrap_err();
        is(&error, ErrorKind::Closed, Phase::Send, Retry::IfIdempotent);
    });
}

#[test]
fn a_server_that_does_not_read_the_request() {
    run(async {
        let server = Server::new(|conn, _| async move {
            let _kept = conn;
            std::future::pending().await
        })
        .await;
        let request = Request::post(&server.url("/"), vec![b'x'; 32 << 20])
            .unwrap()
            .timeout(Duration::from_millis(150));
        let error = client().send(request).await.unwrap_err();
        is(&error, ErrorKind::Timeout, Phase::Send, Retry::IfIdempotent);
    });
}

#[test]
fn reset_or_closed_in_the_body() {
    run(async {
        let answers = [
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\nhello",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        ];
        for answer in answers {
            let server = closing_after(answer).await;
            let error = get(server.url("/")).await.unwrap_err();
            is(&error, ErrorKind::Closed, Phase::Read, Retry::IfIdempotent);
        }
        let server = Server::new(move |mut conn, _| async move {
            conn.request().await;
            conn.send(answers[0]).await;
            // The client must have seen the beginning before the reset overtakes it.
            tokio::time::sleep(Duration::from_millis(50)).await;
            conn.reset();
        })
        .await;
        let error = get(server.url("/")).await.unwrap_err();
        is(&error, ErrorKind::Closed, Phase::Read, Retry::IfIdempotent);
    });
}

#[test]
fn stalled_before_the_head_in_it_and_in_the_body() {
    run(async {
        for (answer, phase) in [
            ("", Phase::Wait),
            ("HTTP/1.1 200 OK\r\nx:", Phase::Wait),
            ("HTTP/1.1 100 Continue\r\n\r\n", Phase::Wait),
            ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", Phase::Read),
            ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", Phase::Read),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", Phase::Read),
        ] {
            let server = stalling_after(answer).await;
            let error = client().send(hasty(server.url("/"))).await.unwrap_err();
            is(&error, ErrorKind::Timeout, phase, Retry::IfIdempotent);
            assert!(error.to_string().contains("timed out after 150ms while"), "{error}");
        }
    });
}

#[test]
fn a_trickle_ends_with_the_time_out() {
    run(async {
        for head in ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n"] {
            let server = Server::new(move |mut conn, _| async move {
                conn.request().await;
                conn.send(head).await;
                while conn.socket.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            })
            .await;
            let error = client().send(hasty(server.url("/"))).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        }
    });
}

#[test]
fn the_deadline_and_the_scope_hold_too() {
    run(async {
        let server = stalling_after("").await;
        let soon = rejoin::Instant::now() + Duration::from_millis(100);
        let request = Request::get(&server.url("/")).unwrap().deadline(soon);
        let error = client().send(request.clone()).await.unwrap_err();
        is(&error, ErrorKind::Timeout, Phase::Wait, Retry::IfIdempotent);
        assert!(error.to_string().contains("the deadline passed while waiting"), "{error}");

        let error = client().send(request).await.unwrap_err();
        is(&error, ErrorKind::Timeout, Phase::Prepare, Retry::Safe);
        assert_eq!(server.connections(), 1, "nothing is sent after the deadline");

        let out = rejoin::timeout(Duration::from_millis(100), get(server.url("/"))).await;
        assert!(out.map_or(true, |result| result.unwrap_err().is_timeout()));
    });
}

#[test]
fn a_server_that_half_closes_still_gets_heard() {
    run(async {
        let server = Server::new(|mut conn, _| async move {
            conn.request().await;
            conn.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            conn.socket.shutdown().await.unwrap();
            conn.closed().await;
        })
        .await;
        assert_eq!(get(server.url("/")).await.unwrap().body, "ok");
    });
}

#[test]
fn what_is_not_http() {
    run(async {
        for answer in [
            "220 mail.example.com ESMTP ready\r\n",
            "SSH-2.0-OpenSSH_9.6\r\n",
            "\0\u{1}\u{2}\u{3} binary \0\0\0\0\0\0\0\0\0\r\n\r\n",
            "HTTP/9.9 200 OK\r\n\r\n",
            "HTTP/1.1 two hundred\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3, 4\r\n\r\nabcd",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ] {
            let server = stalling_after(answer).await;
            let error = client()
                .send(hasty(server.url("/")).timeout(Duration::from_secs(5)))
                .await
                .expect_err(answer);
            is(&error, ErrorKind::Protocol, Phase::Wait, Retry::Never);
        }
    });
}

#[test]
fn a_head_without_end_or_with_too_many_headers() {
    run(async {
        let many: String = (0..500).map(|n| format!("x-{n}: {n}\r\n")).collect();
        let long = format!("x: {}", "y".repeat(2 << 20));
        for headers in [many, long] {
            let server = closing_after(format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n")).await;
            let error = get(server.url("/")).await.unwrap_err();
            is(&error, ErrorKind::Protocol, Phase::Wait, Retry::Never);
            assert!(error.to_string().contains("too large"), "{error}");
        }
    });
}

#[test]
fn chunks_that_lie() {
    run(async {
        for chunks in ["nonsense\r\nhello\r\n", "ffffffffffffffffff\r\nx", "-5\r\nhello\r\n"] {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let server = closing_after(format!("{head}{chunks}")).await;
            let error = get(server.url("/")).await.unwrap_err();
            is(&error, ErrorKind::Protocol, Phase::Read, Retry::Never);
        }
    });
}

#[test]
fn bodies_over_the_limit_are_not_read() {
    run(async {
        let announced = stalling_after("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n").await;
        let endless = Server::new(|mut conn, _| async move {
            conn.request().await;
            conn.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            while conn.socket.write_all(b"4\r\nmore\r\n").await.is_ok() {}
        })
        .await;
        for server in [announced, endless] {
            let request = Request::get(&server.url("/")).unwrap().max_response_bytes(1000);
            let error = client().send(request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BodyTooLarge, "{error}");
            assert!(error.to_string().contains("larger than the limit of 1000 bytes"), "{error}");
        }
        let exact = closing_after(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}",
            "x".repeat(1000)
        ))
        .await;
        let request = Request::get(&exact.url("/")).unwrap().max_response_bytes(1000);
        assert_eq!(client().send(request).await.unwrap().body.len(), 1000);
    });
}

#[test]
fn requests_that_cannot_be_sent() {
    run(async {
        let request = || Request::get("http://localhost/").unwrap();
        for (name, value) in [("bad name", "x"), ("", "x"), ("x", "a\r\nb: c"), ("x", "a\0")] {
            let error = request().header(name, value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
            assert!(!error.to_string().contains("b: c"));
        }
        let url = "http://localhost/".parse().unwrap();
        let connect = Request::new("CONNECT".parse().unwrap(), url);
        let error = client().send(connect).await.unwrap_err();
        is(&error, ErrorKind::InvalidRequest, Phase::Prepare, Retry::Never);
    });
}
