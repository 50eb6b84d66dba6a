//! Batches against a server whose paths say what it does: `/ms/N` answers after N milliseconds,
//! `/st/C` with status C, `/reset` breaks the connection, `/never` does not answer, `/busy/N` is
//! unavailable N times.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin::breaker::Trip;
use rejoin::retry::{Backoff, Hedge, RetryBudget};
use rejoin::{CancelSource, Cause, Instant};
use rejoin_http::{Batch, ErrorKind, Failed, Outcome, Request, RequestSpec, StatusPolicy};
use tokio::net::TcpListener;

use crate::support::{Server, client, ok, redirect, run, virtually};

pub(crate) const MS: Duration = Duration::from_millis(1);

pub(crate) fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) now: AtomicUsize,
    pub(crate) most: AtomicUsize,
    pub(crate) asked: AtomicUsize,
    pub(crate) gone: AtomicUsize,
}

impl Seen {
    pub(crate) fn get(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::SeqCst)
    }

    pub(crate) async fn gone(&self, count: usize) {
        while Seen::get(&self.gone) < count {
            tokio::time::sleep(MS).await;
        }
    }
}

pub(crate) async fn server() -> (Server, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let shared = Arc::clone(&seen);
    let server = Server::new(move |mut conn, _| {
        let seen = Arc::clone(&shared);
        async move {
            while let Some(request) = conn.request().await {
                let path = request.split(' ').nth(1).unwrap().to_owned();
                let mut parts = path[1..].split('/');
                let (what, number) = (parts.next().unwrap(), parts.next().unwrap_or("0"));
                let number: usize = number.parse().unwrap();
                let asked = seen.asked.fetch_add(1, Ordering::SeqCst);
                let now = seen.now.fetch_add(1, Ordering::SeqCst) + 1;
                seen.most.fetch_max(now, Ordering::SeqCst);
                match what {
                    "ms" => {
                        tokio::select! {
                            () = tokio::time::sleep(MS * number as u32) => {}
                            () = conn.closed() => {
                                seen.now.fetch_sub(1, Ordering::SeqCst);
                                seen.gone.fetch_add(1, Ordering::SeqCst);
                                return;
                            }
                        }
                        seen.now.fetch_sub(1, Ordering::SeqCst);
                        conn.send(ok("ok")).await;
                        continue;
                    }
                    "never" => {
                        conn.closed().await;
                        seen.now.fetch_sub(1, Ordering::SeqCst);
                        seen.gone.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                    "reset" => {
                        seen.now.fetch_sub(1, Ordering::SeqCst);
                        return conn.reset();
                    }
                    _ => {}
                }
                seen.now.fetch_sub(1, Ordering::SeqCst);
                conn.send(match what {
                    "st" => format!("HTTP/1.1 {number} X\r\ncontent-length: 4\r\n\r\nbody"),
                    "busy" if asked < number => {
                        "HTTP/1.1 503 X\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n".to_owned()
                    }
                    "hop" if number > 0 => redirect(302, &format!("/hop/{}", number - 1)),
                    _ => ok("ok"),
                })
                .await;
            }
        }
    })
    .await;
    (server, seen)
}

pub(crate) fn batch(server: &Server, paths: &[&str]) -> Batch {
    let urls = paths.iter().map(|path| RequestSpec::get(&server.url(path)));
    urls.collect::<Batch>().client(&client()).retries(0)
}

pub(crate) fn status(outcome: &Outcome) -> u16 {
    outcome.result.as_ref().unwrap_or_else(|why| panic!("{why}")).status.as_u16()
}

pub(crate) fn kind(outcome: &Outcome) -> &'static str {
    outcome.result.as_ref().expect_err("it has a response").kind()
}

#[test]
fn all_keeps_every_outcome_in_the_order_written() {
    virtually(async {
        let (server, _) = server().await;
        let outcomes = batch(&server, &["/ms/60", "/reset", "/st/500", "/ms/1"]).all().await;
        assert_eq!(outcomes.iter().map(|o| o.index).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!((status(&outcomes[0]), kind(&outcomes[1])), (200, "closed"));
        assert_eq!((status(&outcomes[2]), status(&outcomes[3])), (500, 200));
        assert_eq!(outcomes.iter().map(|o| o.good).collect::<Vec<_>>(), [true, false, false, true]);
        let body = &outcomes[2].result.as_ref().unwrap().body;
        assert_eq!(body, "body", "the body of a bad status is kept");
        assert!(outcomes[1].to_string().starts_with(&format!("GET {}: ", server.url("/reset"))));
    });
}

#[test]
fn what_is_empty_has_one_rule_each() {
    run(async {
        assert_eq!(Batch::new().count(), Some(0));
        assert!(Batch::new().all().await.is_empty());
        assert!(Batch::new().gather().await.unwrap().is_empty());
        assert_eq!(*Batch::new().race().await.unwrap_err().cause(), Cause::Empty);
        assert_eq!(*Batch::new().any().await.unwrap_err().cause(), Cause::Empty);
        let none = Batch::new().as_completed(|mut outcomes| async move { outcomes.next().await });
        assert!(none.await.unwrap().is_none());
    });
}

#[test]
fn gather_stops_the_rest_at_the_first_that_is_not_good() {
    run(async {
        for bad in ["/reset", "/st/404"] {
            let (server, seen) = server().await;
            let error = batch(&server, &["/never", bad]).gather().await.unwrap_err();
            assert_eq!(error.deciding().unwrap().index(), Some(1), "{error}");
            seen.gone(Seen::get(&seen.asked) - 1).await;
        }
        let (server, _) = server().await;
        let good = batch(&server, &["/st/404"]).expect(StatusPolicy::Any).gather().await.unwrap();
        assert_eq!(status(&good[0]), 404);
        // Nor is it tried again: it cannot end better.
        let (server, _) = self::server().await;
        let any = batch(&server, &["/busy/1"]).retries(2).expect(StatusPolicy::Any).all().await;
        assert_eq!((status(&any[0]), any[0].attempts), (503, 1));
    });
}

#[test]
fn race_takes_the_first_to_end_and_closes_the_losers() {
    virtually(async {
        let (server, seen) = server().await;
        let won = batch(&server, &["/never", "/ms/20", "/never"]).race().await.unwrap();
        assert_eq!((won.index, status(&won)), (1, 200));
        seen.gone(2).await;
        let error = batch(&server, &["/never", "/st/500"]).race().await.unwrap_err();
        let decided = error.deciding().unwrap().error().failed().unwrap();
        assert_eq!((decided.index, status(decided)), (1, 500), "a failure can win");
    });
}

#[test]
fn any_takes_the_first_good_one_or_says_every_reason() {
    virtually(async {
        let (server, seen) = server().await;
        let paths = ["/reset", "/st/503", "/ms/20", "/never"];
        let won = batch(&server, &paths).any().await.unwrap();
        assert_eq!((won.index, status(&won)), (2, 200));
        seen.gone(1).await;
        let error = batch(&server, &["/reset", "/st/503"]).any().await.unwrap_err();
        let reasons: Vec<_> = error.failures().iter().map(|f| f.to_string()).collect();
        assert_eq!(reasons.len(), 2);
        assert!(
            reasons[0].contains("/reset: ") && reasons[1].contains("status 503"),
            "{reasons:?}"
        );
    });
}

#[test]
fn a_quorum_takes_so_many_good_ones() {
    virtually(async {
        let (server, seen) = server().await;
        let paths = ["/ms/30", "/st/500", "/never", "/ms/1"];
        let won = batch(&server, &paths).quorum(2).await.unwrap();
        assert_eq!(won.iter().map(|o| o.index).collect::<Vec<_>>(), [0, 3]);
        seen.gone(1).await;
        let error = batch(&server, &["/ms/1", "/st/500"]).quorum(2).await.unwrap_err();
        assert_eq!(error.failures().len(), 1);
    });
}

#[test]
fn as_completed_gives_each_as_soon_as_it_is_there() {
    virtually(async {
        let (server, seen) = server().await;
        let order = batch(&server, &["/ms/80", "/ms/1", "/never"])
            .as_completed(|mut outcomes| async move {
                let first = outcomes.next().await.unwrap();
                [first.index, outcomes.next().await.unwrap().index]
            })
            .await;
        assert_eq!(order.unwrap(), [1, 0]);
        seen.gone(1).await;
    });
}

#[test]
fn limits_hold_at_every_moment_and_make_requests_wait() {
    virtually(async {
        for (limit, per_host, most) in [(3, 100, 3), (100, 4, 4), (1, 1, 1)] {
            let (server, seen) = server().await;
            let batch = batch(&server, &["/ms/2"; 20]).limit(n(limit)).per_host(n(per_host));
            let outcomes = batch.all().await;
            assert!(outcomes.iter().all(|outcome| outcome.good));
            assert!(Seen::get(&seen.most) <= most, "{}", Seen::get(&seen.most));
        }
    });
}

#[test]
fn a_busy_host_does_not_hold_up_the_others() {
    run(async {
        let ((busy, _), (idle, _)) = (server().await, server().await);
        let mut batch = batch(&busy, &["/never"; 4]).limit(n(2)).per_host(n(1));
        batch.extend([RequestSpec::get(&idle.url("/ms/1"))]);
        let won = batch.any().await.unwrap();
        assert_eq!(won.index, 4);
    });
}

#[test]
fn the_time_of_the_batch_ends_what_is_under_way_and_what_waits() {
    virtually(async {
        let (server, seen) = server().await;
        let batch = batch(&server, &["/never", "/ms/1", "/never"]).limit(n(2)).per_host(n(2));
        let outcomes = batch.timeout(150 * MS).all().await;
        assert_eq!(status(&outcomes[1]), 200);
        for at in [0, 2] {
            let failed = outcomes[at].result.as_ref().unwrap_err();
            assert!(failed.is_timeout(), "{failed}");
        }
        seen.gone(2).await;
    });
}

#[test]
fn a_retry_keeps_the_pause_that_the_server_asks_for() {
    virtually(async {
        let (server, _) = server().await;
        let began = Instant::now();
        let outcomes = batch(&server, &["/busy/1"]).retries(1).all().await;
        assert_eq!((status(&outcomes[0]), outcomes[0].attempts), (200, 2));
        assert!(began.elapsed() >= Duration::from_secs(1));
        // No pause that would end after the deadline is begun.
        let (server, _) = self::server().await;
        let soon = batch(&server, &["/busy/1"]).retries(1).timeout(500 * MS).all().await;
        assert_eq!((status(&soon[0]), soon[0].attempts), (503, 1));
    });
}

#[test]
fn only_what_may_happen_twice_is_tried_again() {
    run(async {
        let (server, seen) = server().await;
        let none = Backoff::constant(Duration::ZERO);
        let again = |spec: RequestSpec| {
            Batch::new().client(&client()).retries(2).backoff(none).request(spec).all()
        };
        let post = again(RequestSpec::new("POST".parse().unwrap(), &server.url("/st/503"))).await;
        assert_eq!((status(&post[0]), post[0].attempts), (503, 1));
        let get = again(RequestSpec::get(&server.url("/st/503"))).await;
        assert_eq!((status(&get[0]), get[0].attempts), (503, 3), "the last response is kept");
        let reset = again(RequestSpec::get(&server.url("/reset"))).await;
        assert_eq!((kind(&reset[0]), reset[0].attempts), ("closed", 3));
        let missing = again(RequestSpec::get(&server.url("/st/404"))).await;
        assert_eq!(missing[0].attempts, 1);
        let own = again(RequestSpec::get(&server.url("/st/503")).retries(0)).await;
        assert_eq!(own[0].attempts, 1);
        assert_eq!(Seen::get(&seen.asked), 1 + 3 + 3 + 1 + 1);
        // Nothing was sent to a dead host, so a POST may be repeated.
        let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let post = RequestSpec::new("POST".parse().unwrap(), &format!("http://{dead}/"));
        assert_eq!(again(post).await[0].attempts, 3);
    });
}

#[test]
fn retries_stay_within_their_budget() {
    run(async {
        let (server, seen) = server().await;
        let batch = batch(&server, &["/st/503"; 10]).retries(5);
        let batch = batch.backoff(Backoff::constant(Duration::ZERO));
        batch.retry_budget(RetryBudget::new(0.0, 4)).all().await;
        assert_eq!(Seen::get(&seen.asked), 14);
    });
}

#[test]
fn a_breaker_spares_a_host_that_keeps_failing() {
    run(async {
        let (server, seen) = server().await;
        let batch = batch(&server, &["/st/503"; 6]).limit(n(1)).breaker(Trip::consecutive(n(2)));
        let outcomes = batch.all().await;
        assert_eq!(Seen::get(&seen.asked), 2);
        assert!(outcomes[2..].iter().all(|outcome| kind(outcome) == "breaker_open"));
        assert_eq!(outcomes[5].attempts, 0);
    });
}

#[test]
fn a_hedged_request_that_is_slow_gets_a_second_copy() {
    virtually(async {
        let first = Arc::new(AtomicUsize::new(0));
        let server = Server::new(move |mut conn, _| {
            let first = Arc::clone(&first);
            async move {
                conn.request().await;
                match first.fetch_add(1, Ordering::SeqCst) {
                    0 => conn.closed().await,
                    _ => conn.send(ok("ok")).await,
                }
            }
        })
        .await;
        let outcomes = batch(&server, &["/"]).hedge(Hedge::after(20 * MS)).all().await;
        assert_eq!((status(&outcomes[0]), outcomes[0].attempts), (200, 2));
    });
}

#[test]
fn a_bad_request_is_an_outcome_of_its_own() {
    run(async {
        let (server, _) = server().await;
        let outcomes = Batch::new()
            .client(&client())
            .get("http://user:s3cret@bad host/")
            .request(RequestSpec::get(&server.url("/")).header("bad name", "x").tag("header"))
            .request(Request::get(&server.url("/ms/1")).unwrap())
            .all()
            .await;
        assert_eq!((kind(&outcomes[0]), kind(&outcomes[1])), ("invalid_url", "invalid_request"));
        assert!(!format!("{outcomes:?}").contains("s3cret"));
        assert_eq!(outcomes[1].tag.as_deref(), Some("header"));
        assert_eq!(status(&outcomes[2]), 200);
    });
}

#[test]
fn methods_bodies_and_redirects() {
    run(async {
        let server = Server::with(|request| match request {
            hop if hop.contains("/hop") => redirect(302, "/seen"),
            other => ok(&other.replace("\r\n", "|").to_lowercase()),
        })
        .await;
        let (url, hop) = (server.url("/"), server.url("/hop"));
        let batch = Batch::new().client(&client()).get(&url).head(&url).delete(&url);
        let batch = batch.post(&url, "a").put(&url, "b").patch(&url, "c").post(&hop, "gone");
        let outcomes = batch.all().await;
        let said = |at: usize| outcomes[at].result.as_ref().unwrap().body.clone();
        for (at, begins) in
            [(0, "get /"), (2, "delete /"), (3, "post /"), (4, "put /"), (5, "patch /")]
        {
            assert!(said(at).starts_with(begins.as_bytes()), "{:?}", said(at));
        }
        assert!(said(1).is_empty() && said(3).ends_with(b"|a") && said(5).ends_with(b"|c"));
        assert!(said(6).starts_with(b"get /seen") && !said(6).ends_with(b"gone"));
    });
}

#[test]
fn too_many_hops_fail_and_a_few_do_not() {
    run(async {
        let (server, _) = server().await;
        let outcomes = batch(&server, &["/hop/3", "/hop/11"]).all().await;
        assert_eq!((status(&outcomes[0]), kind(&outcomes[1])), (200, "too_many_redirects"));
        assert_eq!(outcomes[0].result.as_ref().unwrap().hops.len(), 3);
    });
}

#[test]
fn dropping_a_batch_closes_every_connection() {
    run(async {
        let (server, seen) = server().await;
        let all = batch(&server, &["/never"; 4]).all();
        assert!(tokio::time::timeout(100 * MS, all).await.is_err());
        seen.gone(Seen::get(&seen.asked)).await;
    });
}

#[test]
fn a_client_that_was_shut_down_sends_nothing() {
    run(async {
        let (server, seen) = server().await;
        let batch = batch(&server, &["/never"]);
        let client = client();
        client.shutdown().await;
        let outcomes = batch.client(&client).all().await;
        let failed = outcomes[0].result.as_ref().unwrap_err();
        assert!(matches!(failed, Failed::Request(e) if e.kind() == ErrorKind::ShutDown));
        assert_eq!(Seen::get(&seen.asked), 0);
        let stopped = rejoin::CancelReason::new(CancelSource::Explicit, "enough");
        assert_eq!(Failed::Cancelled(stopped).message(), "cancelled: enough");
    });
}
