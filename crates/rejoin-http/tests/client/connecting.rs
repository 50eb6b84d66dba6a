//! Who has to connect takes what comes first: the new connection, or one that somebody is done with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http::Version;
use rejoin_http::{Client, Request, Resolve, Resolving, Response};
use tokio::time::{Instant, sleep};

use crate::support::{Server, builder, ok, virtually};

const SECOND: Duration = Duration::from_secs(1);

/// Knows the first time at once, and later takes its time.
struct Slow {
    addr: SocketAddr,
    asked: Arc<AtomicUsize>,
    takes: Duration,
}

impl Resolve for Slow {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            if self.asked.fetch_add(1, Ordering::SeqCst) > 0 {
                sleep(self.takes).await;
            }
            Ok(vec![self.addr])
        })
    }
}

/// A client to which every connection but the first `takes` so long, a server that answers with the number of the
/// connection after a second, and how many connections were begun.
async fn slow_to_connect(takes: Duration) -> (Client, Server, Arc<AtomicUsize>) {
    let server = Server::new(|mut conn, number| async move {
        while conn.request().await.is_some() {
            sleep(SECOND).await;
            conn.send(ok(&number.to_string())).await;
        }
    })
    .await;
    let asked = Arc::new(AtomicUsize::new(0));
    let addr = server.addr;
    let resolver = Slow { addr, asked: Arc::clone(&asked), takes };
    let client = builder().resolver(resolver).connect_timeout(60 * SECOND).build();
    (client, server, asked)
}

async fn get(client: &Client, server: &Server) -> Response {
    let url = format!("http://slow.example:{}/", server.addr.port());
    client.send(Request::get(&url).unwrap()).await.unwrap()
}

#[test]
fn a_connection_that_is_free_before_goes_to_the_first_who_waits() {
    virtually(async {
        let (client, server, asked) = slow_to_connect(10 * SECOND).await;
        let began = Instant::now();
        let three = (0..3u32).map(|n| {
            let (client, server) = (&client, &server);
            async move {
                // In this order.
                sleep(n * SECOND / 10).await;
                let response = get(client, server).await;
                (response.body, response.timings.connect.is_some(), began.elapsed().as_secs())
            }
        });
        let found = join_all(three).await;
        let wanted = [("0".into(), true, 1), ("0".into(), false, 2), ("0".into(), false, 3)];
        assert_eq!(found, wanted);
        assert_eq!((asked.load(Ordering::SeqCst), client.connections()), (3, 1));
        // What was being connected is there for those who come next.
        sleep(10 * SECOND).await;
        assert_eq!((server.connections(), client.connections()), (3, 3));
        let three = join_all((0..3).map(|_| get(&client, &server))).await;
        assert!(three.iter().all(|response| response.version == Version::HTTP_11));
        assert_eq!(server.connections(), 3);
    });
}

#[test]
fn a_new_connection_that_is_there_before_is_taken() {
    virtually(async {
        let (client, server, _) = slow_to_connect(SECOND / 4).await;
        let other = async {
            sleep(SECOND / 2).await;
            get(&client, &server).await
        };
        let (first, other) = tokio::join!(get(&client, &server), other);
        assert_eq!((first.body, other.body), ("0".into(), "1".into()));
        assert!(other.timings.connect.is_some());
        assert_eq!(client.connections(), 2);
    });
}

#[test]
fn who_is_dropped_connects_no_more_and_takes_nothing_along() {
    virtually(async {
        let (client, server, asked) = slow_to_connect(10 * SECOND).await;
        let mut first = Box::pin(get(&client, &server));
        let waited = tokio::time::timeout(SECOND / 2, &mut first).await;
        assert!(waited.is_err());
        for _ in 0..3 {
            assert!(tokio::time::timeout(SECOND / 10, get(&client, &server)).await.is_err());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 4);
        // One that has its connection given to it, and does not come to know of it.
        let mut last = Box::pin(get(&client, &server));
        assert!(tokio::time::timeout(SECOND / 100, &mut last).await.is_err());
        first.await;
        drop(last);
        assert_eq!(client.connections(), 1);
        assert_eq!(get(&client, &server).await.timings.connect.map(drop), None);
        sleep(20 * SECOND).await;
        assert_eq!((server.connections(), client.connections()), (1, 1));
    });
}

#[test]
fn what_is_being_connected_ends_with_the_client() {
    virtually(async {
        for shut_down in [true, false] {
            let (client, server, _) = slow_to_connect(10 * SECOND).await;
            let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
            let before = tasks();
            tokio::join!(get(&client, &server), get(&client, &server));
            if shut_down {
                client.shutdown().await;
                assert_eq!(client.connections(), 0);
            }
            drop(client);
            while tasks() > before {
                tokio::task::yield_now().await;
            }
            sleep(20 * SECOND).await;
            assert_eq!(server.connections(), 1);
        }
    });
}
