//! Dropping and shutting down: the other side sees it at once, and nothing is left.

use std::sync::Arc;
use std::time::Duration;

use rejoin_http::{ErrorKind, Request};
use tokio::sync::Semaphore;

use crate::support::{Server, client, ok, run};

/// A server that sends `head` and then waits for the client to go; the semaphores count what
/// happened.
pub(crate) async fn watching(head: &'static str) -> (Server, Arc<Semaphore>, Arc<Semaphore>) {
    let (asked, gone) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let marks = (Arc::clone(&asked), Arc::clone(&gone));
    let server = Server::new(move |mut conn, _| {
        let (asked, gone) = marks.clone();
        async move {
            conn.request().await;
            conn.send(head).await;
            asked.add_permits(1);
            conn.closed().await;
            gone.add_permits(1);
        }
    })
    .await;
    (server, asked, gone)
}

async fn once(mark: &Semaphore) {
    mark.acquire().await.unwrap().forget();
}

#[test]
fn dropping_a_request_closes_its_connection() {
    run(async {
        for head in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"]
        {
            let (server, asked, gone) = watching(head).await;
            let client = client();
            let request = Request::get(&server.url("/")).unwrap();
            let sending = tokio::spawn({
                let client = client.clone();
                async move { client.send(request).await }
            });
            once(&asked).await;
            // Let a head that was sent arrive.
            tokio::time::sleep(Duration::from_millis(20)).await;
            sending.abort();
            once(&gone).await;
            drop((client, server));
            while rejoin::live_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        }
    });
}

#[test]
fn a_request_that_times_out_closes_its_connection() {
    run(async {
        let (server, _, gone) = watching("").await;
        let client = client();
        let error = client.send(crate::support::hasty(server.url("/"))).await.unwrap_err();
        assert!(error.is_timeout());
        once(&gone).await;
    });
}

#[test]
fn a_body_that_is_too_large_closes_its_connection() {
    run(async {
        let (server, _, gone) =
            watching("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\nhalf").await;
        let client = client();
        let error = client.send(Request::get(&server.url("/")).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
        once(&gone).await;
    });
}

#[test]
fn dropping_at_every_poll_leaves_nothing() {
    run(async {
        let server = Server::with(|_| ok("x")).await;
        for polls in 0..40 {
            let client = client();
            let request = Request::get(&server.url("/")).unwrap();
            let mut sending = Box::pin(client.send(request));
            for _ in 0..polls {
                let once = futures_poll_once(&mut sending).await;
                if once {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(sending);
            client.shutdown().await;
            assert_eq!(client.connections(), 0, "after {polls} polls");
        }
    });
}

/// Polls once; true if it is done.
async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_ready())
    })
    .await
}

#[test]
fn shutdown_ends_what_is_under_way() {
    run(async {
        let (server, asked, gone) = watching("").await;
        let client = client();
        let request = Request::get(&server.url("/")).unwrap();
        let sending = tokio::spawn({
            let (client, request) = (client.clone(), request.clone());
            async move { client.send(request).await }
        });
        once(&asked).await;
        client.shutdown().await;
        assert_eq!(client.connections(), 0);
        once(&gone).await;
        let error = sending.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ShutDown, "{error}");
        let error = client.send(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ShutDown);
    });
}
