//! What is done to each request before it is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin::retry::Backoff;
use rejoin_http::{Batch, Error, Failed, Request, RequestSpec};

use crate::batch::{MS, Seen, batch, kind, n, server, status};
use crate::support::{Server, client, ok, run, virtually};

#[test]
fn each_attempt_is_prepared_anew_in_the_order_written() {
    run(async {
        let server = Server::with(|request| match request.contains("x-turn: 2") {
            true => ok(&request.to_lowercase()),
            false => "HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n".to_owned(),
        })
        .await;
        let turns = Arc::new(AtomicUsize::new(0));
        let outcomes = Batch::new()
            .client(&client())
            .backoff(Backoff::constant(Duration::ZERO))
            .prepare(move |request: Request| {
                let turn = turns.fetch_add(1, Ordering::SeqCst);
                async move {
                    tokio::task::yield_now().await;
                    request.header("x-turn", &turn.to_string())
                }
            })
            .prepare(|mut request: Request| async move {
                let signed = format!("<{}>", request.headers_mut()["x-turn"].to_str().unwrap());
                request.header("x-signature", &signed)
            })
            .get(&server.url("/"))
            .all()
            .await;
        assert_eq!((status(&outcomes[0]), outcomes[0].attempts), (200, 3));
        let said = String::from_utf8(outcomes[0].result.as_ref().unwrap().body.to_vec()).unwrap();
        assert!(said.contains("x-signature: <2>\r\n"), "{said}");
    });
}

#[test]
fn one_that_cannot_be_prepared_disturbs_no_other() {
    run(async {
        let (server, seen) = server().await;
        let refuse = |request: Request| async move {
            match request.url().to_string().rsplit('/').next().unwrap() {
                "1" => Err("no token"),
                "2" => panic!("broken"),
                _ => Ok(request),
            }
        };
        let batch = batch(&server, &["/ms/0", "/ms/1", "/ms/2", "/ms/3"]).retries(2).limit(n(1));
        let outcomes = batch.prepare(refuse).all().await;
        assert_eq!((status(&outcomes[0]), status(&outcomes[3])), (200, 200));
        assert_eq!((kind(&outcomes[1]), kind(&outcomes[2])), ("prepare", "panicked"));
        assert!(
            outcomes[1].to_string().ends_with("preparing it failed: no token"),
            "{}",
            outcomes[1]
        );
        assert!(matches!(outcomes[1].result, Err(Failed::Prepare(_))));
        assert_eq!((outcomes[1].attempts, Seen::get(&seen.asked)), (0, 2));
        // As the reason of an `any`, too.
        let all_bad = self::batch(&server, &["/ms/1", "/ms/2"]).prepare(refuse).any().await;
        assert_eq!(all_bad.unwrap_err().failures().len(), 2);
    });
}

#[test]
fn one_that_takes_too_long_ends_with_the_batch() {
    virtually(async {
        let (server, _) = server().await;
        let never = |request: Request| async move {
            std::future::pending::<()>().await;
            Ok::<_, Error>(request)
        };
        let outcomes = batch(&server, &["/ms/0"; 3]).prepare(never).timeout(100 * MS).all().await;
        assert!(outcomes.iter().all(|outcome| kind(outcome) == "timeout"));
    });
}

#[test]
fn one_that_is_sent_elsewhere_counts_there() {
    virtually(async {
        let (busy, seen) = server().await;
        let (door, unasked) = server().await;
        let there = busy.url("/ms/5");
        let move_there = move |_: Request| {
            let elsewhere = Request::get(&there);
            async move { elsewhere }
        };
        let specs: Vec<_> = (0..20).map(|_| RequestSpec::get(&door.url("/never"))).collect();
        let batch = Batch::new().client(&client()).limit(n(100)).per_host(n(2));
        let outcomes = batch.prepare(move_there).requests(specs).all().await;
        assert!(outcomes.iter().all(|outcome| outcome.good));
        assert_eq!((Seen::get(&seen.most), Seen::get(&unasked.asked)), (2, 0));
    });
}
