//! How long batches take, on virtual time.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use rejoin::Instant;
use rejoin::limit::RateLimit;
use rejoin::retry::{Backoff, RetryBudget};
use rejoin_http::{Batch, RequestSpec, TimeLimit};

use crate::batch::{MS, Seen, batch, n, server, status};
use crate::support::{Server, client, ok, virtually};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn all_takes_as_long_as_the_slowest() {
    virtually(async {
        let (server, _) = server().await;
        let began = Instant::now();
        let outcomes = batch(&server, &["/ms/60", "/ms/20", "/ms/40"]).all().await;
        assert!(outcomes.iter().all(|outcome| outcome.good));
        assert_eq!(began.elapsed(), 60 * MS);
    });
}

#[test]
fn any_and_race_take_as_long_as_the_first_and_not_as_the_slowest() {
    virtually(async {
        let (server, seen) = server().await;
        let began = Instant::now();
        let won = batch(&server, &["/ms/9000", "/reset", "/st/503", "/ms/50"]).any().await.unwrap();
        assert_eq!((won.index, began.elapsed()), (3, 50 * MS));
        seen.gone(1).await;
        let began = Instant::now();
        let won = batch(&server, &["/ms/9000", "/ms/20"]).race().await.unwrap();
        assert_eq!((won.index, began.elapsed()), (1, 20 * MS));
        seen.gone(2).await;
        let began = Instant::now();
        let error = batch(&server, &["/ms/9000", "/st/404"]).gather().await.unwrap_err();
        assert_eq!(error.deciding().unwrap().index(), Some(1));
        assert!(began.elapsed() < 200 * MS);
    });
}

#[test]
fn a_hundred_requests_ten_at_a_time_take_ten_turns() {
    virtually(async {
        let (server, seen) = server().await;
        let began = Instant::now();
        let batch = batch(&server, &["/ms/10"; 100]).limit(n(10)).per_host(n(100));
        let outcomes = batch.all().await;
        assert_eq!((outcomes.len(), Seen::get(&seen.most)), (100, 10));
        // The clock of the runtime ticks in milliseconds.
        assert!(
            began.elapsed() >= 100 * MS && began.elapsed() <= 120 * MS,
            "{:?}",
            began.elapsed()
        );
    });
}

#[test]
fn the_time_of_the_batch_is_kept_to_the_millisecond() {
    virtually(async {
        let (server, _) = server().await;
        let began = Instant::now();
        let outcomes = batch(&server, &["/ms/500"; 3]).timeout(100 * MS).all().await;
        assert_eq!(began.elapsed(), 100 * MS);
        assert!(outcomes.iter().all(|o| o.result.as_ref().is_err_and(|why| why.is_timeout())));
        let limits = outcomes.iter().map(|o| o.result.as_ref().unwrap_err().time_limit());
        assert!(limits.eq([Some(TimeLimit::Batch); 3]));
    });
}

#[test]
fn a_date_that_the_server_asks_to_wait_for_is_kept() {
    virtually(async {
        let server = Server::new(|mut conn, number| async move {
            conn.request().await;
            if number > 0 {
                return conn.send(ok("at last")).await;
            }
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
            let date = httpdate::fmt_http_date(now);
            let then = httpdate::fmt_http_date(now + 30 * SECOND);
            let head = format!("HTTP/1.1 503 X\r\ndate: {date}\r\nretry-after: {then}\r\n");
            conn.send(head + "connection: close\r\ncontent-length: 0\r\n\r\n").await;
        })
        .await;
        let began = Instant::now();
        let outcomes = batch(&server, &["/"]).retries(1).all().await;
        assert_eq!((status(&outcomes[0]), outcomes[0].attempts), (200, 2));
        assert!(began.elapsed() >= 30 * SECOND && began.elapsed() < 31 * SECOND);
    });
}

#[test]
fn no_more_start_in_a_second_than_may() {
    virtually(async {
        let (server, seen) = server().await;
        let ten = RateLimit::new(n(10), SECOND);
        let began = Instant::now();
        let batch = batch(&server, &["/ms/0"; 21]).rate(ten).limit(n(100)).per_host(n(100));
        assert!(batch.all().await.iter().all(|outcome| outcome.good));
        assert_eq!(Seen::get(&seen.asked), 21);
        assert!(began.elapsed() >= 2 * SECOND && began.elapsed() < 2 * SECOND + 50 * MS);
        // Redirects and retries count.
        let (server, _) = self::server().await;
        let ten = RateLimit::new(n(10), SECOND);
        let began = Instant::now();
        let hops = self::batch(&server, &["/hop/4"]).rate(ten.clone()).all().await;
        assert_eq!(hops[0].hops().len(), 4);
        assert!(began.elapsed() >= 400 * MS && began.elapsed() < 450 * MS, "{:?}", began.elapsed());
    });
}

#[test]
fn a_time_out_is_tried_again_and_each_attempt_has_its_own() {
    virtually(async {
        let (server, seen) = server().await;
        let began = Instant::now();
        let spec = RequestSpec::get(&server.url("/never")).timeout(SECOND);
        let none = Backoff::constant(Duration::ZERO);
        let outcomes = Batch::new().client(&client()).backoff(none).request(spec).all().await;
        assert_eq!((outcomes[0].attempts, began.elapsed()), (3, 3 * SECOND));
        assert_eq!(outcomes[0].elapsed, 3 * SECOND);
        assert_eq!(Seen::get(&seen.asked), 3);
        // The batch's own settings hold where a request says nothing.
        let began = Instant::now();
        let batch = batch(&server, &["/never"]).attempt_timeout(2 * SECOND);
        batch.all().await;
        assert_eq!(began.elapsed(), 2 * SECOND);
        let began = Instant::now();
        self::batch(&server, &["/never"]).first_byte_timeout(SECOND).all().await;
        assert_eq!(began.elapsed(), SECOND);
    });
}

#[test]
fn retries_of_many_do_not_come_at_once() {
    virtually(async {
        let (server, _) = server().await;
        let batch = batch(&server, &["/st/503"; 40]).retries(1).limit(n(40)).per_host(n(40));
        let outcomes = batch.retry_budget(RetryBudget::new(1.0, 40)).all().await;
        assert!(outcomes.iter().all(|outcome| outcome.attempts == 2));
        let pauses: BTreeSet<_> = outcomes.iter().map(|o| o.elapsed.as_millis()).collect();
        assert!(pauses.len() > 10, "of 40 pauses only {} differ", pauses.len());
        assert!(pauses.last().unwrap() <= &510, "{pauses:?}");
    });
}
