//! What holds for one host: places, also after a redirect, breakers, and what it can take.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rejoin::breaker::Trip;
use rejoin_http::{Batch, RequestSpec};

use crate::batch::{MS, Seen, kind, n, server, status};
use crate::support::{Server, client, ok, redirect, run, virtually};

#[test]
fn a_redirect_counts_at_the_host_that_it_leads_to() {
    virtually(async {
        let (busy, seen) = server().await;
        let target = busy.url("/ms/5");
        let door = Server::with(move |_| redirect(302, &target)).await;
        let mut batch = Batch::new().client(&client()).limit(n(100)).per_host(n(2));
        for _ in 0..10 {
            batch = batch.get(&door.url("/")).get(&busy.url("/ms/5"));
        }
        let outcomes = batch.all().await;
        assert!(outcomes.iter().all(|outcome| outcome.good));
        assert_eq!(Seen::get(&seen.asked), 20);
        assert_eq!(Seen::get(&seen.most), 2);
        assert_eq!(outcomes[0].hops()[0].status.as_u16(), 302);
        assert_eq!(outcomes[0].hops()[0].url.to_string(), door.url("/"));
    });
}

#[test]
fn hosts_that_redirect_to_each_other_do_not_block_each_other() {
    virtually(async {
        let (a, b) = (server().await.0, server().await.0);
        let (to_a, to_b) = (a.url("/ms/1"), b.url("/ms/1"));
        let door_a = Server::with(move |_| redirect(307, &to_b)).await;
        let door_b = Server::with(move |_| redirect(307, &to_a)).await;
        let mut batch = Batch::new().client(&client()).limit(n(1)).per_host(n(1));
        for _ in 0..10 {
            batch = batch.get(&door_a.url("/")).get(&door_b.url("/"));
            batch = batch.get(&a.url("/ms/1")).get(&b.url("/ms/1"));
        }
        assert!(batch.all().await.iter().all(|outcome| outcome.good));
    });
}

#[test]
fn waiting_for_the_next_host_is_not_held_against_the_request() {
    virtually(async {
        let (busy, _) = server().await;
        let target = busy.url("/ms/0");
        let door = Server::with(move |_| redirect(302, &target)).await;
        let slow = RequestSpec::get(&busy.url("/ms/5000"));
        let moved = RequestSpec::get(&door.url("/")).timeout(1000 * MS);
        let batch = Batch::new().client(&client()).per_host(n(1)).request(slow).request(moved);
        let outcomes = batch.all().await;
        assert_eq!((status(&outcomes[0]), status(&outcomes[1])), (200, 200));
    });
}

#[test]
fn a_breaker_is_that_of_the_host_that_failed() {
    run(async {
        let (ill, seen) = server().await;
        let target = ill.url("/st/503");
        let door = Server::with(move |_| redirect(302, &target)).await;
        let mut batch = Batch::new().client(&client()).retries(0).limit(n(1));
        for _ in 0..5 {
            batch = batch.get(&door.url("/"));
        }
        let outcomes = batch.breaker(Trip::consecutive(n(2))).all().await;
        assert_eq!((status(&outcomes[0]), status(&outcomes[1])), (503, 503));
        assert!(outcomes[2..].iter().all(|outcome| kind(outcome) == "breaker_open"));
        assert_eq!(Seen::get(&seen.asked), 2, "the door is well, the room behind it is not");
    });
}

#[test]
fn what_a_host_can_take_is_found_out() {
    virtually(async {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (current, highest) = (Arc::clone(&now), Arc::clone(&most));
        // Takes four at once, and has no time for more.
        let server = Server::new(move |mut conn, _| {
            let (current, highest) = (Arc::clone(&current), Arc::clone(&highest));
            async move {
                while conn.request().await.is_some() {
                    let at_once = current.fetch_add(1, Ordering::SeqCst) + 1;
                    highest.fetch_max(at_once, Ordering::SeqCst);
                    tokio::time::sleep(10 * MS).await;
                    current.fetch_sub(1, Ordering::SeqCst);
                    conn.send(match at_once {
                        0..=4 => ok("ok"),
                        _ => "HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n".to_owned(),
                    })
                    .await;
                }
            }
        })
        .await;
        let url = server.url("/");
        let specs = (0..300).map(move |_| RequestSpec::get(&url));
        let batch = Batch::new().client(&client()).limit(n(100)).per_host(n(1)).retries(0);
        let outcomes = batch.adaptive(n(64)).requests(specs).all().await;
        let good = outcomes.iter().filter(|outcome| outcome.good).count();
        let most = most.load(Ordering::SeqCst);
        assert!(most >= 4, "it found room for {most}");
        assert!(most <= 6, "it went down when told, at {most}");
        assert!(good >= 250, "{good} of 300 were good");
    });
}
