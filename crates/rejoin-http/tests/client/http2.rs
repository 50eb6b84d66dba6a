//! HTTP/2 without TLS, for servers that are known to speak it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode, Version};
use rejoin_http::{ErrorKind, Request};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::support::{Server, builder, get, ok, run};

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
