//! Connections are used again, and replaced when they have died.

use std::sync::Arc;
use std::time::Duration;

use rejoin_http::{ErrorKind, Request};
use tokio::sync::Notify;

use crate::support::{Server, builder, client, ok, run};

#[test]
fn one_connection_serves_many_requests() {
    run(async {
        let server = Server::with(|_| ok("x")).await;
        let client = client();
        for n in 0..20 {
            let response = client.send(Request::get(&server.url("/")).unwrap()).await.unwrap();
            assert_eq!(response.timings.connect.is_some(), n == 0);
        }
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn without_a_pool_each_request_connects() {
    run(async {
        let server = Server::with(|_| ok("x")).await;
        let client = builder().max_idle_per_host(0).build();
        for _ in 0..3 {
            client.send(Request::get(&server.url("/")).unwrap()).await.unwrap();
        }
        assert_eq!(server.connections(), 3);
    });
}

/// The first connection answers once and then, when asked again, closes without an answer: as a
/// server does whose keep-alive time runs out while the request is on its way.
async fn closing_when_reused() -> Server {
    Server::new(|mut conn, number| async move {
        conn.request().await;
        conn.send(ok("first")).await;
        if number == 0 {
            conn.request().await;
        } else {
            while conn.request().await.is_some() {
                conn.send(ok("again")).await;
            }
        }
    })
    .await
}

#[test]
fn a_stale_connection_is_replaced_when_that_is_safe() {
    run(async {
        let server = closing_when_reused().await;
        let client = client();
        let get = || Request::get(&server.url("/")).unwrap();
        assert_eq!(client.send(get()).await.unwrap().attempts, 1);
        let second = client.send(get()).await.unwrap();
        assert_eq!((second.status.as_u16(), second.attempts), (200, 2));
        assert_eq!(server.connections(), 2);
    });
}

#[test]
fn a_post_is_not_repeated() {
    run(async {
        let server = closing_when_reused().await;
        let client = client();
        client.send(Request::get(&server.url("/")).unwrap()).await.unwrap();
        let post = Request::post(&server.url("/"), "pay").unwrap();
        let error = client.send(post).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Closed, 1), "{error}");
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn a_connection_closed_while_idle_is_not_used() {
    run(async {
        let close = Arc::new(Notify::new());
        let closing = Arc::clone(&close);
        let server = Server::new(move |mut conn, number| {
            let closing = Arc::clone(&closing);
            async move {
                conn.request().await;
                conn.send(ok("x")).await;
                if number == 0 {
                    closing.notified().await;
                } else {
                    conn.closed().await;
                }
            }
        })
        .await;
        let client = client();
        client.send(Request::get(&server.url("/")).unwrap()).await.unwrap();
        close.notify_one();
        while client.connection_tasks() > 1 {
            // The pool's own task stays; the connection's ends when it sees the end of the stream.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let post = Request::post(&server.url("/"), "pay").unwrap();
        assert_eq!(client.send(post).await.unwrap().attempts, 1);
        assert_eq!(server.connections(), 2);
    });
}

#[test]
fn surplus_bytes_after_an_answer_poison_the_connection() {
    run(async {
        let server = Server::with(|_| ok("x") + "HTTP/1.1 200 OK\r\n\r\nforged").await;
        let client = client();
        for _ in 0..3 {
            let response = client.send(Request::get(&server.url("/")).unwrap()).await.unwrap();
            assert_eq!(response.body, "x");
        }
    });
}
