//! However a batch ends, nothing of it is left: no request, no task, no place, no connection in use.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rejoin_http::{Batch, Client, Error, RequestSpec};

use crate::batch::{MS, Seen, n, server, status};
use crate::support::{Server, client, ok, virtually};

type Joining = Pin<Box<dyn Future<Output = ()>>>;

/// Every way to join a batch.
const WAYS: [fn(Batch) -> Joining; 7] = [
    |batch| Box::pin(async { drop(batch.all().await) }),
    |batch| Box::pin(async { drop(batch.gather().await) }),
    |batch| Box::pin(async { drop(batch.race().await) }),
    |batch| Box::pin(async { drop(batch.any().await) }),
    |batch| Box::pin(async { drop(batch.quorum(2).await) }),
    |batch| {
        Box::pin(async {
            let all =
                batch.as_completed(async |mut outcomes| while outcomes.next().await.is_some() {});
            drop(all.await);
        })
    },
    |batch| {
        Box::pin(async {
            let all = batch.in_order(async |mut outcomes| while outcomes.next().await.is_some() {});
            drop(all.await);
        })
    },
];

/// `held` is held by each request of the batch, for as long as there is anything of it.
fn mixed(server: &Server, client: &Client, held: &Arc<()>) -> Batch {
    let held = Arc::clone(held);
    let paths = ["/never", "/ms/3", "/st/404", "/never", "/reset", "/hop/2", "/ms/9"];
    let specs = paths.map(|path| RequestSpec::get(&server.url(path)));
    let batch: Batch = specs.into_iter().collect();
    let batch = batch.prepare(move |request| {
        let held = Arc::clone(&held);
        async move {
            drop(held);
            Ok::<_, Error>(request)
        }
    });
    batch.client(client).retries(0).limit(n(4)).per_host(n(4)).timeout(50 * MS)
}

/// Polls it so often at most, as if whoever waits gave up then.
async fn polled(joining: &mut Joining, times: u32) {
    for _ in 0..times {
        let done = poll_fn(|cx| Poll::Ready(joining.as_mut().poll(cx).is_ready())).await;
        if done {
            return;
        }
        tokio::time::sleep(MS).await;
    }
}

async fn nothing_is_left(server: &Server, seen: &Seen, client: &Client) {
    // What was asked for and does not end by itself was seen to go.
    let went = tokio::time::timeout(Duration::from_secs(5), async {
        while Seen::get(&seen.now) > 0 {
            tokio::time::sleep(MS).await;
        }
    });
    assert!(went.await.is_ok(), "{} are still asked", Seen::get(&seen.now));
    // The client is as good as new.
    let again = Batch::new().client(client).get(&server.url("/ms/0")).all().await;
    assert_eq!(status(&again[0]), 200);
}

#[test]
fn dropped_at_any_moment() {
    virtually(async {
        for way in WAYS {
            for times in [0, 1, 2, 3, 5, 8, 13, 60] {
                let (server, seen) = server().await;
                let client = client();
                let mut joining = way(mixed(&server, &client, &Arc::default()));
                polled(&mut joining, times).await;
                drop(joining);
                nothing_is_left(&server, &seen, &client).await;
            }
        }
    });
}

#[test]
fn whichever_way_it_ends_nothing_is_under_way_when_it_comes_back() {
    virtually(async {
        for way in WAYS {
            let (server, seen) = server().await;
            let client = client();
            let held = Arc::new(());
            way(mixed(&server, &client, &held)).await;
            assert_eq!(Arc::strong_count(&held), 1);
            nothing_is_left(&server, &seen, &client).await;
        }
    });
}

/// A thousand races with one client: the losers' connections are gone, and the pool has no more than one
/// of the winners'.
#[test]
fn races_do_not_gather_connections() {
    virtually(async {
        let (server, seen) = server().await;
        let client = client();
        for _ in 0..300 {
            let batch = mixed(&server, &client, &Arc::default());
            let won = batch.any().await.unwrap();
            assert!(won.good);
        }
        nothing_is_left(&server, &seen, &client).await;
        assert!(client.connections() <= 4, "{} connections", client.connections());
    });
}

/// An answer never goes to another request: not after a loser was closed in the middle of its own, nor
/// with many threads at once.
#[test]
fn each_answer_belongs_to_its_request() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.unwrap().block_on(async {
        let server = Server::with(|request| ok(request.split(' ').nth(1).unwrap())).await;
        let client = client();
        let racing = Arc::new(server);
        let races = (0..50).map(|round| {
            let (server, client) = (Arc::clone(&racing), client.clone());
            async move {
                let paths = (0..8).map(|n| RequestSpec::get(&server.url(&format!("/{round}/{n}"))));
                let batch: Batch = paths.collect();
                let won = batch.client(&client).race().await.unwrap();
                let body = won.result.unwrap().body;
                assert_eq!(body, format!("/{round}/{}", won.index));
                Ok::<_, ()>(())
            }
        });
        rejoin::gather(races).await.unwrap();
        let list = (0..2000).map(|n| RequestSpec::get(&racing.url(&format!("/{n}"))));
        let list: Vec<_> = list.collect();
        let batch = Batch::new().client(&client).limit(n(64)).per_host(n(64));
        for outcome in batch.requests(list).all().await {
            assert_eq!(outcome.result.unwrap().body, format!("/{}", outcome.index));
        }
    });
}
