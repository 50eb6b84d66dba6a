//! Answers of every shape over one connection after the other, and which of them leave it fit for the next.

use std::time::Duration;

use rejoin_http::{ErrorKind, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Server, client, ok, run};

/// Each answer is followed by a request that shows whether the connection was used again.
#[test]
fn what_an_answer_looks_like_tells_whether_its_connection_is_used_again() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let cases: Vec<(&str, String, &str, bool)> = vec![
        ("GET", ok("a"), "a", true),
        ("GET", format!("{chunked}1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), "abc", true),
        ("GET", format!("{chunked}1\r\na\r\n0\r\nx-sum: 1\r\nx-b: 2\r\n\r\n"), "a", true),
        ("GET", format!("{chunked}0\r\n\r\n"), "", true),
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n".into(), "", true),
        ("HEAD", chunked.into(), "", true),
        ("GET", "HTTP/1.1 204 No\r\n\r\n".into(), "", true),
        ("GET", "HTTP/1.1 304 No\r\ncontent-length: 7\r\n\r\n".into(), "", true),
        ("GET", format!("HTTP/1.1 100 Go\r\n\r\n{}", ok("a")), "a", true),
        (
            "GET",
            format!("HTTP/1.1 103 Hint\r\nlink: x\r\n\r\nHTTP/1.1 102 P\r\n\r\n{}", ok("a")),
            "a",
            true,
        ),
        ("POST", format!("HTTP/1.1 100 Go\r\n\r\n{}", ok("a")), "a", true),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\na".into(),
            "a",
            false,
        ),
        ("GET", "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na".into(), "a", false),
        (
            "GET",
            "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\na".into(),
            "a",
            true,
        ),
        ("GET", format!("{}surplus", ok("a")), "a", false),
        ("GET", format!("{}{}", ok("a"), ok("forged")), "a", false),
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na".into(), "", false),
        ("GET", format!("{chunked}1\r\na\r\n0\r\n\r\n{}", ok("forged")), "a", false),
        ("GET", "HTTP/1.1 204 No\r\ncontent-length: 3\r\n\r\nabc".into(), "", false),
    ];
    for step in [usize::MAX, 7, 1] {
        for (method, answer, body, again) in cases.clone() {
            let sent = answer.clone();
            run(async move {
                let server = Server::new(move |mut conn, _| {
                    let sent = sent.clone();
                    async move {
                        while let Some(request) = conn.request().await {
                            if request.contains("/first") {
                                for piece in sent.as_bytes().chunks(step.min(sent.len())) {
                                    conn.send(piece).await;
                                    tokio::task::yield_now().await;
                                }
                            } else {
                                conn.send(ok("next")).await;
                            }
                        }
                    }
                })
                .await;
                let client = client();
                let url = server.url("/first");
                let request = match method {
                    "HEAD" => Request::new(http::Method::HEAD, url.parse().unwrap()),
                    "POST" => Request::post(&url, "body").unwrap(),
                    _ => Request::get(&url).unwrap(),
                };
                let request = request.timeout(Duration::from_secs(5));
                let response = client.send(request).await;
                let response = response.unwrap_or_else(|error| panic!("{answer:?}: {error}"));
                assert_eq!(response.body, body, "{answer:?}");
                // What comes behind an answer, piece by piece.
                if !again {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                let next = client.send(Request::get(&server.url("/next")).unwrap()).await.unwrap();
                assert_eq!(next.body, "next", "{answer:?} in pieces of {step}");
                assert_eq!(server.connections() == 1, again, "{answer:?} in pieces of {step}");
            });
        }
    }
}

/// A large body is sent while its answer trickles back, both more than the system holds.
#[test]
fn a_large_body_is_sent_while_the_answer_comes() {
    run(async {
        let size = 8_000_000;
        let server = Server::new(move |conn, _| async move {
            let mut socket = conn.socket;
            let mut buffer = vec![0; 60_000];
            let mut head = Vec::new();
            while !head.windows(4).any(|part| part == b"\r\n\r\n") {
                socket.read_buf(&mut head).await.unwrap();
            }
            let begun = head.windows(4).position(|part| part == b"\r\n\r\n").unwrap() + 4;
            let mut got = head.len() - begun;
            socket
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await
                .unwrap();
            let mut piece = b"4000\r\n".to_vec();
            piece.extend(vec![b'x'; 0x4000]);
            piece.extend(b"\r\n");
            while got < size {
                got += socket.read(&mut buffer).await.unwrap();
                socket.write_all(&piece).await.unwrap();
            }
            socket.write_all(b"0\r\n\r\n").await.unwrap();
            let mut conn = socket;
            while conn.read(&mut buffer).await.unwrap_or(0) > 0 {
                conn.write_all(ok("next").as_bytes()).await.unwrap();
            }
        })
        .await;
        let client = client();
        let request = Request::post(&server.url("/"), vec![b'y'; size]).unwrap();
        let response = client.send(request.timeout(Duration::from_secs(15))).await.unwrap();
        assert_eq!(response.body.len() % 0x4000, 0);
        let next = client.send(Request::get(&server.url("/")).unwrap()).await.unwrap();
        assert_eq!((&next.body[..], server.connections()), (&b"next"[..], 1));
    });
}

/// What a server says about why it does not want the rest of a request.
#[test]
fn an_early_answer_is_read_though_the_server_closes_behind_it() {
    run(async {
        let server = Server::new(|mut conn, _| async move {
            let mut some = [0; 1024];
            let _ = conn.socket.read(&mut some).await;
            conn.send("HTTP/1.1 413 Too Much\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno")
                .await;
            conn.socket.shutdown().await.unwrap();
            conn.closed().await;
        })
        .await;
        let client = client();
        for _ in 0..10 {
            let large = Request::post(&server.url("/"), vec![b'x'; 5_000_000]).unwrap();
            match client.send(large).await {
                Ok(response) => {
                    assert_eq!((response.status.as_u16(), &response.body[..]), (413, &b"no"[..]))
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
}

/// A task that has used up what it may do in one turn.
#[test]
fn a_spent_budget_neither_hangs_nor_closes() {
    run(async {
        let server = Server::with(|_| ok("x")).await;
        let client = client();
        tokio::spawn(async move {
            for _ in 0..200 {
                while tokio::task::coop::has_budget_remaining() {
                    tokio::task::coop::consume_budget().await;
                }
                let request =
                    Request::get(&server.url("/")).unwrap().timeout(Duration::from_secs(2));
                assert_eq!(client.send(request).await.unwrap().body, "x");
            }
            assert_eq!(server.connections(), 1);
        })
        .await
        .unwrap();
    });
}

/// A connection whose end has been noticed, but not been looked into, at the moment in which it is taken.
#[test]
fn one_that_has_just_ended_is_replaced_for_a_request_that_must_not_be_repeated() {
    run(async {
        let server = Server::new(|mut conn, _| async move {
            conn.request().await;
            conn.send(ok("x")).await;
        })
        .await;
        let client = client();
        for _ in 0..200 {
            let request = Request::post(&server.url("/"), "once").unwrap();
            match client.send(request).await {
                Ok(response) => assert_eq!(response.body, "x"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Closed, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
}
