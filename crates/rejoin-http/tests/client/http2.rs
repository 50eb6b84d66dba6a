//! HTTP/2 without TLS, for servers that are known to speak it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Response, StatusCode, Version};
use rejoin_http::{ErrorKind, Request};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::support::{Server, builder, get, ok, run, virtually};

#[test]
fn requests_share_a_connection_and_a_drop_resets_the_stream() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (asked, reset) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let marks = (Arc::clone(&asked), Arc::clone(&reset));
        let serving = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(socket).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let (asked, reset) = marks.clone();
                tokio::spawn(async move {
                    if request.uri().path() == "/slow" {
                        asked.add_permits(1);
                        let reason = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
                        assert_eq!(reason.unwrap(), h2::Reason::CANCEL);
                        reset.add_permits(1);
                    } else if request.uri().path() == "/refused" {
                        respond.send_reset(h2::Reason::ENHANCE_YOUR_CALM);
                    } else {
                        let head = Response::builder().status(StatusCode::OK).body(()).unwrap();
                        let mut stream = respond.send_response(head, false).unwrap();
                        stream.send_data(Bytes::from_static(b"fast"), true).unwrap();
                    }
                });
            }
        });
        let client = builder().http2_prior_knowledge().build();
        let url = |path: &str| Request::get(&format!("http://{addr}{path}")).unwrap();
        let slow = tokio::spawn({
            let (client, request) = (client.clone(), url("/slow"));
            async move { client.send(request).await }
        });
        asked.acquire().await.unwrap().forget();
        let fast = client.send(url("/")).await.unwrap();
        assert_eq!((fast.version, &fast.body[..]), (Version::HTTP_2, &b"fast"[..]));
        slow.abort();
        reset.acquire().await.unwrap().forget();
        let error = client.send(url("/refused")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert_eq!(client.send(url("/")).await.unwrap().body, "fast", "the connection lives on");
        drop(client);
        serving.await.unwrap();
    });
}

#[test]
fn a_server_that_speaks_another_version_is_told() {
    run(async {
        let http1 = Server::with(ok).await;
        let client2 = builder().http2_prior_knowledge().build();
        let error = client2.send(Request::get(&http1.url("/")).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");

        // What a server that knows HTTP/2 only says first.
        let http2 = Server::answering(&b"\0\0\0\x04\0\0\0\0\0"[..]).await;
        let error = get(http2.url("/")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    });
}

/// A server that speaks HTTP/2 and knows how many connections it has had, and how many there are.
async fn counting() -> (std::net::SocketAddr, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (all, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&all), Arc::clone(&now));
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (all, now) = counts.clone();
            tokio::spawn(async move {
                all.fetch_add(1, Ordering::SeqCst);
                now.fetch_add(1, Ordering::SeqCst);
                let mut connection = h2::server::handshake(socket).await.unwrap();
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    let mut body = respond.send_response(Response::new(()), false).unwrap();
                    body.send_data(Bytes::copy_from_slice(request.uri().path().as_bytes()), true)
                        .unwrap();
                    if request.uri().path() == "/last" {
                        connection.graceful_shutdown();
                    }
                }
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (addr, all, now)
}

#[test]
fn those_who_come_at_once_connect_once() {
    run(async {
        let (addr, all, _) = counting().await;
        let client = builder().http2_prior_knowledge().build();
        for round in 1..=3 {
            let requests = (0..50).map(|n| {
                let client = client.clone();
                async move {
                    let url = format!("http://{addr}/{n}");
                    let response = client.send(Request::get(&url).unwrap()).await.unwrap();
                    assert_eq!(response.body, format!("/{n}"));
                    response.timings.connect.is_some()
                }
            });
            let connected = join_all(requests).await.into_iter().filter(|&new| new).count();
            assert_eq!((connected, all.load(Ordering::SeqCst)), (1, round));
            // The server wants no more of them on this one.
            let last = format!("http://{addr}/last");
            assert_eq!(client.send(Request::get(&last).unwrap()).await.unwrap().body, "/last");
            while client.connections() > 0 {
                tokio::task::yield_now().await;
            }
        }
    });
}

#[test]
fn a_connection_that_nobody_uses_is_closed() {
    virtually(async {
        let (addr, all, now) = counting().await;
        let client =
            builder().http2_prior_knowledge().idle_timeout(Duration::from_secs(10)).build();
        let url = format!("http://{addr}/");
        for _ in 0..5 {
            client.send(Request::get(&url).unwrap()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(9)).await;
        }
        let counts = || (all.load(Ordering::SeqCst), now.load(Ordering::SeqCst));
        assert_eq!((counts(), client.connections()), ((1, 1), 1));
        tokio::time::sleep(Duration::from_secs(2)).await;
        while counts() != (1, 0) || client.connections() > 0 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn without_a_pool_each_request_has_its_own() {
    run(async {
        let (addr, all, now) = counting().await;
        let client = builder().http2_prior_knowledge().max_idle_per_host(0).build();
        for _ in 0..3 {
            client.send(Request::get(&format!("http://{addr}/")).unwrap()).await.unwrap();
        }
        while now.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!((all.load(Ordering::SeqCst), client.connections()), (3, 0));
    });
}
