//! Limits on time, on virtual time: they pass to the millisecond.

use std::time::Duration;

use rejoin::Instant;
use rejoin_http::{ErrorKind, Phase, Request, Resolve, Resolving};

use crate::support::{Server, builder, client, ok, virtually};

const SECOND: Duration = Duration::from_secs(1);

/// Sends a head that announces `length` bytes, then a byte every `gap`.
async fn dripping(length: usize, gap: Duration) -> Server {
    Server::new(move |mut conn, _| async move {
        conn.request().await;
        conn.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n")).await;
        for _ in 0..length {
            tokio::time::sleep(gap).await;
            conn.send("x").await;
        }
        conn.closed().await;
    })
    .await
}

#[test]
fn an_answer_that_does_not_begin_in_time_is_given_up() {
    virtually(async {
        let server = Server::new(|mut conn, _| async move { conn.closed().await }).await;
        let began = Instant::now();
        let request = Request::get(&server.url("/")).unwrap().first_byte_timeout(2 * SECOND);
        let error = client().send(request).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Timeout, Phase::Wait), "{error}");
        assert_eq!(began.elapsed(), 2 * SECOND);
        assert!(error.message().contains("did not begin its answer within 2s"), "{error}");
    });
}

#[test]
fn connecting_is_not_held_against_the_server() {
    struct Slow(std::net::SocketAddr);
    impl Resolve for Slow {
        fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
            Box::pin(async {
                tokio::time::sleep(5 * SECOND).await;
                Ok(vec![self.0])
            })
        }
    }
    virtually(async {
        let server = Server::new(|mut conn, _| async move {
            conn.request().await;
            tokio::time::sleep(SECOND).await;
            conn.send(ok("late")).await;
            conn.closed().await;
        })
        .await;
        let client = builder().resolver(Slow(server.addr)).build();
        let request = Request::get("http://slow.test/").unwrap();
        let answer = client.send(request.clone().first_byte_timeout(2 * SECOND)).await.unwrap();
        assert_eq!(answer.body, "late");
        let began = Instant::now();
        let client = builder().resolver(Slow(server.addr)).build();
        let error = client.send(request.first_byte_timeout(SECOND / 2)).await.unwrap_err();
        assert_eq!(error.phase(), Phase::Wait, "{error}");
        assert!(began.elapsed() >= 5 * SECOND + SECOND / 2 && began.elapsed() < 6 * SECOND);
    });
}

#[test]
fn a_body_that_stalls_is_given_up_and_one_that_trickles_is_not() {
    virtually(async {
        let stalls = Server::new(|mut conn, _| async move {
            conn.request().await;
            conn.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await;
            conn.closed().await;
        })
        .await;
        let began = Instant::now();
        let request = Request::get(&stalls.url("/")).unwrap().idle_timeout(5 * SECOND);
        let error = client().send(request).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Timeout, Phase::Read), "{error}");
        assert!(error.message().contains("nothing came for 5s"), "{error}");
        assert!(error.message().contains("after 3 bytes"), "{error}");
        assert_eq!(began.elapsed(), 5 * SECOND);

        let trickles = dripping(10, SECOND).await;
        let request = Request::get(&trickles.url("/")).unwrap().idle_timeout(2 * SECOND);
        let answer = client().send(request).await.unwrap();
        assert_eq!((answer.body_bytes, answer.received_bytes), (10, 10));
    });
}

#[test]
fn an_endless_trickle_ends_with_the_limit_for_the_whole() {
    virtually(async {
        let server = dripping(1000, SECOND).await;
        let began = Instant::now();
        let request = Request::get(&server.url("/")).unwrap();
        let request = request.idle_timeout(5 * SECOND).timeout(2 * SECOND + SECOND / 2);
        let error = client().send(request).await.unwrap_err();
        assert!(error.message().contains("timed out after 2.5s while reading"), "{error}");
        assert_eq!(began.elapsed(), 2 * SECOND + SECOND / 2);
    });
}
