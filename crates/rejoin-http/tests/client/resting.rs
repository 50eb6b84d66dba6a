//! Connections at rest are watched; those in use belong to their request.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use rejoin_http::{ErrorKind, Request};

use crate::cancel::watching;
use crate::support::{Server, ask, builder, client, counting, ok, run, virtually};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn each_is_closed_when_it_has_rested_for_so_long() {
    virtually(async {
        let (server, gone) = counting().await;
        let client = builder().idle_timeout(10 * SECOND).build();
        ask(&client, &server).await;
        for _ in 0..5 {
            tokio::time::sleep(9 * SECOND).await;
            assert_eq!(client.connections(), 1, "it was used since");
            ask(&client, &server).await;
        }
        assert_eq!(server.connections(), 1);
        // A second one, which rests from now on; the first is used again later.
        tokio::join!(ask(&client, &server), ask(&client, &server));
        tokio::time::sleep(5 * SECOND).await;
        ask(&client, &server).await;
        tokio::time::sleep(6 * SECOND).await;
        assert_eq!((server.connections(), client.connections()), (2, 1));
        gone.acquire().await.unwrap().forget();
        tokio::time::sleep(5 * SECOND).await;
        assert_eq!(client.connections(), 0);
        gone.acquire().await.unwrap().forget();
        // And again from the beginning.
        ask(&client, &server).await;
        assert_eq!(client.connections(), 1);
        tokio::time::sleep(11 * SECOND).await;
        assert_eq!(client.connections(), 0);
    });
}

#[test]
fn a_client_that_is_dropped_closes_them() {
    run(async {
        let (server, gone) = counting().await;
        let client = client();
        ask(&client, &server).await;
        drop(client);
        gone.acquire().await.unwrap().forget();
        // Nor is the task left that has watched it.
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        // The server's own.
        while tasks() > 1 {
            tokio::task::yield_now().await;
        }
    });
}

/// Each runtime has what was opened on it, and takes that along when it goes.
#[test]
fn a_client_outlives_the_runtime_that_it_was_used_on() {
    let servers = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (server, gone) = servers.block_on(counting());
    let client = builder().idle_timeout(SECOND).build();
    for round in 1..=3 {
        run(async {
            ask(&client, &server).await;
            ask(&client, &server).await;
            assert_eq!(server.connections(), round, "one for each runtime");
        });
    }
    run(async {
        ask(&client, &server).await;
        while client.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    servers.block_on(async { gone.acquire_many(4).await.unwrap().forget() });
}

#[test]
fn what_is_under_way_is_closed_though_nobody_polls_it() {
    run(async {
        let (server, asked, gone) = watching("").await;
        let client = client();
        let mut sending = Box::pin(client.send(Request::get(&server.url("/")).unwrap()));
        while asked.available_permits() == 0 {
            assert!(sending.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        client.shutdown().await;
        assert_eq!(client.connections(), 0);
        gone.acquire().await.unwrap().forget();
        let error = sending.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ShutDown, "{error}");
    });
}

/// More of them than a task may do in one turn.
#[test]
fn a_thousand_requests_of_one_task() {
    run(async {
        let (server, _) = counting().await;
        let client = client();
        for _ in 0..3 {
            join_all((0..300).map(|_| ask(&client, &server))).await;
        }
        assert_eq!(client.connections(), 300);
        assert_eq!(server.connections(), 300);
    });
}

/// An answer that comes before the request was sent ends the exchange, and the connection with it.
#[test]
fn an_early_answer_does_not_leave_half_a_request_behind() {
    run(async {
        let server = Server::new(|mut conn, number| async move {
            if number == 0 {
                // As much as is there; the rest is never read.
                let mut some = [0; 1024];
                let _ = tokio::io::AsyncReadExt::read(&mut conn.socket, &mut some).await;
                conn.send("HTTP/1.1 413 Too Much\r\ncontent-length: 2\r\n\r\nno").await;
                std::future::pending().await
            }
            while conn.request().await.is_some() {
                conn.send(ok("x")).await;
            }
        })
        .await;
        let client = client();
        let large = Request::post(&server.url("/"), vec![b'x'; 30_000_000]).unwrap();
        let response = client.send(large).await.unwrap();
        assert_eq!((response.status.as_u16(), &response.body[..]), (413, &b"no"[..]));
        assert_eq!(client.connections(), 0);
        ask(&client, &server).await;
    });
}

/// Who holds a request without polling it holds nobody else up.
#[test]
fn one_that_is_not_polled_does_not_stop_others() {
    run(async {
        let (server, _) = counting().await;
        let client = client();
        ask(&client, &server).await;
        let mut held = Box::pin(ask(&client, &server));
        let polled = held.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Pending);
        for _ in 0..3 {
            ask(&client, &server).await;
        }
        held.await;
        assert_eq!(server.connections(), 2);
    });
}
