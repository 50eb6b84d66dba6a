//! Connections are used again, and replaced when they have died.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
        while client.connections() > 0 {
            // It is watched while it rests, and dropped when its stream ends.
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

/// A server that answers on every address of the loopback, and counts the connections that are open.
async fn on_all_addresses(open: &Arc<AtomicUsize>) -> Server {
    let open = Arc::clone(open);
    Server::at("0.0.0.0:0", move |mut conn, _| {
        let open = Arc::clone(&open);
        async move {
            open.fetch_add(1, Ordering::SeqCst);
            while conn.request().await.is_some() {
                conn.send(ok("ok")).await;
            }
            open.fetch_sub(1, Ordering::SeqCst);
        }
    })
    .await
}

async fn at_most(open: &AtomicUsize, most: usize) {
    while open.load(Ordering::SeqCst) > most {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[test]
#[cfg(target_os = "linux")]
fn so_many_connections_are_kept_however_many_hosts_are_asked() {
    run(async {
        let open = Arc::new(AtomicUsize::new(0));
        let server = on_all_addresses(&open).await;
        let client = builder().max_idle(10).build();
        let url = |host: usize| {
            format!("http://127.0.{}.{}:{}/", host / 250, host % 250 + 1, server.addr.port())
        };
        for host in 0..300 {
            let response = client.send(Request::get(&url(host)).unwrap()).await.unwrap();
            assert_eq!(response.body, "ok");
            at_most(&open, 10).await;
        }
        // The last ones are still there, and serve.
        let connections = server.connections();
        for host in 291..300 {
            client.send(Request::get(&url(host)).unwrap()).await.unwrap();
        }
        assert_eq!(server.connections(), connections);
    });
}

/// One that is used is never closed, however long its answer takes and however many others come and go.
#[test]
#[cfg(target_os = "linux")]
fn a_connection_in_use_is_not_closed_for_others() {
    run(async {
        let slow = Server::new(|mut conn, _| async move {
            while let Some(request) = conn.request().await {
                if request.contains("/slow") {
                    conn.send("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nslow").await;
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    conn.send("slow").await;
                } else {
                    conn.send(ok("ok")).await;
                }
            }
        })
        .await;
        let open = Arc::new(AtomicUsize::new(0));
        let server = on_all_addresses(&open).await;
        let client = builder().max_idle(3).build();
        for round in 0..3 {
            client.send(Request::get(&slow.url("/")).unwrap()).await.unwrap();
            // Not repeated if it breaks.
            let long = client.send(Request::post(&slow.url("/slow"), "x").unwrap());
            let others = async {
                for host in 0..100 {
                    let url = format!("http://127.1.{round}.{}:{}/", host + 1, server.addr.port());
                    client.send(Request::get(&url).unwrap()).await.unwrap();
                }
                at_most(&open, 3).await;
            };
            let (long, ()) = tokio::join!(long, others);
            assert_eq!(long.unwrap().body, "slowslow");
        }
    });
}

/// With many threads, so that answers are taken late and requests come early.
#[test]
fn no_request_is_lost_while_connections_are_closed() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.unwrap().block_on(async {
        let server = Arc::new(Server::with(|request| ok(request.split(' ').nth(1).unwrap())).await);
        let client = builder().max_idle(2).build();
        let workers = (0..16).map(|worker| {
            let (server, client) = (Arc::clone(&server), client.clone());
            async move {
                for n in 0..200 {
                    let path = format!("/{worker}/{n}");
                    let request = Request::post(&server.url(&path), "x").unwrap();
                    let response = client.send(request).await.map_err(|error| error.to_string())?;
                    assert_eq!(response.body, path);
                }
                Ok::<_, String>(())
            }
        });
        rejoin::gather(workers).await.unwrap();
    });
}
