//! The circuit breaker: when it opens, how it probes, when it closes, and what counts.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::future::pending;
use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::FutureExt;
use proptest::prelude::*;
use rejoin::breaker::{BreakerError, BreakerState, Call, CircuitBreaker, Trip};
use rejoin::retry::Backoff;
use tokio::time::{advance, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn after(failures: u32) -> CircuitBreaker {
    CircuitBreaker::new(Trip::consecutive(n(failures))).pause(Backoff::constant(10 * SECOND))
}

fn fail(breaker: &CircuitBreaker) {
    breaker.begin().unwrap().failed();
}

fn succeed(breaker: &CircuitBreaker) {
    breaker.begin().unwrap().succeeded();
}

#[tokio::test(start_paused = true)]
async fn it_opens_after_so_many_failures_in_a_row() {
    let breaker = after(3);
    fail(&breaker);
    fail(&breaker);
    succeed(&breaker);
    fail(&breaker);
    fail(&breaker);
    assert_eq!(breaker.state(), BreakerState::Closed);
    fail(&breaker);
    assert_eq!(breaker.state(), BreakerState::Open);
    let refused = breaker.run(|| async { panic!("it is not called") }).await;
    let refused: Result<(), BreakerError<String>> = refused;
    let refused = refused.unwrap_err();
    assert_eq!(refused, BreakerError::Open { retry_after: 10 * SECOND });
    let text = "too many calls have failed, the next may be made in 10s";
    assert_eq!(refused.to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn it_opens_at_a_rate_of_failures_and_forgets_old_calls() {
    let breaker = CircuitBreaker::new(Trip::rate(0.5, 10 * SECOND, n(4)));
    fail(&breaker);
    fail(&breaker);
    succeed(&breaker);
    assert_eq!(breaker.state(), BreakerState::Closed, "three calls are too few to say");
    advance(11 * SECOND).await;
    for _ in 0..3 {
        succeed(&breaker);
    }
    fail(&breaker);
    fail(&breaker);
    assert_eq!(breaker.state(), BreakerState::Closed, "the first ones count no longer");
    fail(&breaker);
    assert_eq!(breaker.state(), BreakerState::Open);
}

/// 55 of 100 are 55 %, also if 0.55 * 100 is more than 55 to a computer.
#[tokio::test(start_paused = true)]
async fn a_rate_is_reached_by_exactly_that_part() {
    for percent in 1..=100 {
        let trip = Trip::rate(f64::from(percent) / 100.0, 10 * SECOND, n(100));
        let breaker = CircuitBreaker::new(trip);
        (percent..100).for_each(|_| succeed(&breaker));
        for failure in 1..=percent {
            assert_eq!(breaker.state(), BreakerState::Closed, "{failure} of {percent} %");
            fail(&breaker);
        }
        assert_eq!(breaker.state(), BreakerState::Open, "{percent} %");
    }
}

#[tokio::test(start_paused = true)]
async fn probes_are_bounded_and_all_of_them_have_to_succeed() {
    let breaker = after(1).probes(n(2));
    fail(&breaker);
    advance(10 * SECOND).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    let (one, two) = (breaker.begin().unwrap(), breaker.begin().unwrap());
    assert!(breaker.begin().is_err(), "there are two probes");
    one.succeeded();
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert!(breaker.begin().is_err(), "two are enough to decide");
    two.succeeded();
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_opens_it_for_the_next_pause_of_the_backoff() {
    let breaker = after(1).pause(Backoff::exponential(SECOND));
    let mut pauses = Vec::new();
    for _ in 0..4 {
        fail(&breaker);
        let pause = breaker.begin().unwrap_err();
        pauses.push(pause.as_secs());
        advance(pause).await;
    }
    assert_eq!(pauses, [1, 2, 4, 8]);
    succeed(&breaker);
    fail(&breaker);
    assert_eq!(breaker.begin().unwrap_err(), SECOND, "closing it begins anew");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_says_nothing_and_frees_the_place_of_a_probe() {
    let breaker = after(1);
    let waits = breaker.run(pending::<Result<(), ()>>);
    assert!(rejoin::timeout(SECOND, waits).await.is_err());
    assert_eq!(breaker.state(), BreakerState::Closed);

    fail(&breaker);
    advance(10 * SECOND).await;
    let waits = breaker.run(pending::<Result<(), ()>>);
    assert!(rejoin::timeout(SECOND, waits).await.is_err());
    assert_eq!(breaker.run(|| async { Ok::<_, ()>(7) }).await, Ok(7));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn probes_that_never_come_back_do_not_close_the_way_for_ever() {
    let breaker = after(1);
    fail(&breaker);
    advance(10 * SECOND).await;
    let lost: Call = breaker.begin().unwrap();
    assert!(breaker.begin().is_err());
    advance(10 * SECOND).await;
    succeed(&breaker);
    assert_eq!(breaker.state(), BreakerState::Closed);
    lost.failed();
    assert_eq!(breaker.state(), BreakerState::Closed, "it speaks of another time");
}

/// Its answers take longer than the pause, so each comes when its probe has been given up.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_well_and_slow_is_called_again() {
    let breaker = CircuitBreaker::new(Trip::consecutive(n(1))).pause(Backoff::constant(SECOND));
    fail(&breaker);
    rejoin::scope(|s: rejoin::Scope| async move {
        for _ in 0..20 {
            sleep(SECOND / 5).await;
            if let Ok(call) = breaker.begin() {
                drop(s.spawn_value(sleep(3 * SECOND).map(move |()| call.succeeded())));
            }
        }
        sleep(SECOND).await;
        assert_eq!(breaker.state(), BreakerState::Closed);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn probes_that_come_seldom_close_it_together() {
    let breaker = after(1).probes(n(3));
    fail(&breaker);
    for _ in 0..2 {
        advance(30 * SECOND).await;
        succeed(&breaker);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }
    advance(30 * SECOND).await;
    succeed(&breaker);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn without_a_pause_there_are_no_more_probes_than_allowed() {
    let breaker = after(1).pause(Backoff::constant(Duration::ZERO));
    fail(&breaker);
    assert!(breaker.begin().is_err());
    advance(SECOND).await;
    let probe = breaker.begin().unwrap();
    assert!(breaker.begin().is_err());
    probe.succeeded();
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_from_before_changes_nothing() {
    let breaker = after(1);
    let (well, unwell) = (breaker.begin().unwrap(), breaker.begin().unwrap());
    fail(&breaker);
    well.succeeded();
    assert_eq!(breaker.state(), BreakerState::Open);
    advance(10 * SECOND).await;
    let probe = breaker.begin().unwrap();
    unwell.failed();
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    probe.succeeded();
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure() {
    let breaker = after(1);
    let panics = breaker.run(|| async { panic!("on purpose") });
    let panics: Result<Result<(), BreakerError<()>>, _> =
        std::panic::AssertUnwindSafe(panics).catch_unwind().await;
    assert!(panics.is_err());
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn the_judge_says_what_speaks_against_the_service() {
    let breaker = after(1);
    let bad_request = breaker
        .run_if(|| async { Err::<(), _>(400) }, |result| result.is_err_and(|status| status >= 500));
    assert_eq!(bad_request.await, Err(BreakerError::Failed(400)));
    assert_eq!(breaker.state(), BreakerState::Closed);
    let empty = breaker.run_if(|| async { Ok::<_, ()>("") }, |result| *result == Ok(""));
    assert_eq!(empty.await, Ok(""));
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn clones_are_the_same_breaker_and_a_scope_around_it_is_not_disturbed() {
    let breaker = after(1);
    let shared = breaker.clone();
    let result = rejoin::scope(|s: rejoin::Scope<BreakerError<&str>>| async move {
        let call = s.spawn(async move {
            shared
                .run(|| async {
                    sleep(SECOND).await;
                    Err::<(), _>("down")
                })
                .await
        });
        call.await
    })
    .await;
    assert_eq!(result.unwrap_err().to_string(), "task 0: down");
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
#[should_panic(expected = "above 0 and up to 1")]
fn a_rate_that_is_no_part_is_refused() {
    let _ = Trip::rate(f64::NAN, SECOND, n(1));
}

proptest! {
    #![proptest_config(seeded::cases(256))]

    /// Whatever happens, no more probes are away at once than are allowed, and an open breaker lets
    /// nobody through before its time.
    #[test]
    fn no_more_go_through_than_may(steps in prop::collection::vec((0_u8..4, 0_u32..4), 1..80)) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let breaker = after(2).probes(n(2)).pause(Backoff::constant(3 * SECOND));
            let mut probes: Vec<Call> = Vec::new();
            for (what, seconds) in steps {
                let before = breaker.state();
                match (what, breaker.begin()) {
                    (_, Ok(_)) if before == BreakerState::Open => panic!("it was open"),
                    (0, Ok(call)) => call.succeeded(),
                    (1, Ok(call)) => call.failed(),
                    (_, Ok(call)) if before == BreakerState::HalfOpen => probes.push(call),
                    (_, Ok(call)) => drop(call),
                    (_, Err(retry_after)) => assert!(retry_after <= 3 * SECOND),
                }
                assert!(probes.len() <= 2);
                advance(seconds * SECOND).await;
                if seconds > 0 {
                    probes.clear();
                }
            }
        });
    }
}

/// A scope or a join that is told to stop comes back with an error, which is none of the service.
#[tokio::test(start_paused = true)]
async fn a_caller_that_was_told_to_stop_says_nothing_whatever_it_comes_back_with() {
    let breaker = after(1);
    let call = async |scope: rejoin::Scope| {
        let breaker = breaker.clone();
        let child = scope.spawn_value(async move {
            let join = || {
                rejoin::gather([async {
                    sleep(SECOND).await;
                    Ok::<_, &str>(())
                }])
            };
            breaker.run(join).await.is_err()
        });
        tokio::task::yield_now().await;
        child.cancel("the client has gone");
        child.await
    };
    assert!(rejoin::scope(call).await.unwrap(), "it has an error");
    assert_eq!(breaker.state(), BreakerState::Closed);
}

/// Nor is the service to blame for a caller's own deadline.
#[tokio::test(start_paused = true)]
async fn a_time_out_around_a_call_says_nothing() {
    let breaker = after(1);
    let join = || {
        rejoin::race([async {
            sleep(SECOND).await;
            Ok::<_, &str>(())
        }])
    };
    assert!(rejoin::timeout(SECOND / 2, breaker.run(join)).await.is_err());
    assert_eq!(breaker.state(), BreakerState::Closed);
}
