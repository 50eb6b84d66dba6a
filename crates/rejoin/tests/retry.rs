//! Retries: how many, when, after what, and what is said at the end.

#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::time::Duration;

use proptest::prelude::*;
use rejoin::retry::{AttemptError, Backoff, GaveUp, Retry, RetryBudget, Verdict};
use rejoin::{CancelSource, Scope, TaskError, live_tasks, scope, timeout};
use tokio::time::{Instant, sleep};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn policy(attempts: u32) -> Retry {
    Retry::new(attempts).backoff(Backoff::exponential(ms(100)))
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_until_it_succeeds_with_the_pauses_of_the_policy() {
    let (start, times) = (Instant::now(), RefCell::new(Vec::new()));
    let policy = policy(5);
    let answer = policy.run(|attempt| {
        times.borrow_mut().push(start.elapsed().as_millis());
        async move { if attempt < 4 { Err(attempt) } else { Ok("done") } }
    });
    assert_eq!(answer.await.unwrap(), "done");
    assert_eq!(*times.borrow(), [0, 100, 300, 700]);
}

#[tokio::test(start_paused = true)]
async fn every_attempts_error_is_kept() {
    let error =
        policy(3).run(|n| async move { Err::<(), _>(format!("no {n}")) }).await.unwrap_err();
    let seen: Vec<_> =
        error.attempts().iter().map(|a| (a.number, a.elapsed, a.error.to_string())).collect();
    let no = |n: u32| format!("no {n}");
    assert_eq!(seen, [(1, ms(0), no(1)), (2, ms(100), no(2)), (3, ms(300), no(3))]);
    assert_eq!(error.gave_up(), GaveUp::Attempts);
    assert_eq!(error.to_string(), "no 3 (3 attempts)");
    assert_eq!(error.into_last().unwrap(), "no 3");
}

#[tokio::test(start_paused = true)]
async fn one_attempt_is_no_retry() {
    let start = Instant::now();
    let error = policy(1).run(|_| async { Err::<(), _>("no") }).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), start.elapsed()), ("no (1 attempt)", ms(0)));
}

#[test]
#[should_panic(expected = "at least one attempt")]
fn no_attempt_at_all_is_refused() {
    let _ = Retry::new(0);
}

#[tokio::test(start_paused = true)]
async fn the_judge_refuses_results_and_ends_at_final_errors() {
    let error = policy(9)
        .run_if(
            |n| async move { if n < 3 { Ok(n) } else { Err("final") } },
            |result| if result.is_ok() { Verdict::Again } else { Verdict::Take },
        )
        .await
        .unwrap_err();
    assert_eq!(error.attempts()[1].error, AttemptError::Rejected);
    assert_eq!((error.gave_up(), error.attempts().len()), (GaveUp::NotRetryable, 3));
    assert_eq!(error.to_string(), "final (3 attempts, the last error is final)");
}

#[tokio::test(start_paused = true)]
async fn the_other_side_may_ask_for_a_longer_pause_not_for_a_shorter() {
    for (asked, waited) in [(ms(2000), ms(2000)), (ms(1), ms(100))] {
        let start = Instant::now();
        let judge = |r: &Result<(), ()>| match r {
            Ok(()) => Verdict::Take,
            Err(()) => Verdict::AgainAfter(asked),
        };
        let call = |n| async move { if n == 1 { Err(()) } else { Ok(()) } };
        policy(2).run_if(call, judge).await.unwrap();
        assert_eq!(start.elapsed(), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_has_failed() {
    let policy = policy(3).attempt_timeout(ms(50));
    let answer = policy.run(|n| async move {
        if n < 3 {
            pending::<()>().await;
        }
        Ok::<_, ()>(n)
    });
    assert_eq!(answer.await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn no_pause_is_begun_for_which_there_is_no_time() {
    let start = Instant::now();
    let error = policy(9).timeout(ms(250)).run(|_| async { Err::<(), _>("no") }).await.unwrap_err();
    // At 100 the second attempt; the third would come at 300.
    assert_eq!((start.elapsed(), error.gave_up()), (ms(100), GaveUp::Time));

    // A deadline around it counts as well.
    let start = Instant::now();
    let nine = policy(9);
    let error = timeout(ms(250), nine.run(|_| async { Err::<(), _>("no") }));
    assert_eq!(error.await.unwrap().unwrap_err().gave_up(), GaveUp::Time);
    assert_eq!(start.elapsed(), ms(100));

    // An attempt that is under way when the time is up is cut off.
    let start = Instant::now();
    let error = policy(9).timeout(ms(30)).run(|_| pending::<Result<(), ()>>()).await.unwrap_err();
    assert_eq!((error.last(), start.elapsed()), (&AttemptError::TimedOut, ms(30)));
}

#[tokio::test(start_paused = true)]
async fn cancellation_interrupts_a_pause_and_is_not_tried_again() {
    let result = scope(|s: Scope| async move {
        let task = s.spawn_value(async {
            let long = Retry::new(9).backoff(Backoff::constant(ms(10_000)));
            long.run(|_| async { Err::<(), _>("no") }).await.is_err()
        });
        sleep(ms(5)).await;
        let start = Instant::now();
        task.cancel("enough");
        let outcome = task.await;
        assert_eq!(start.elapsed(), ms(0));
        Ok(outcome)
    })
    .await;
    match result.unwrap() {
        Err(TaskError::Cancelled(reason)) => assert_eq!(reason.source(), CancelSource::Explicit),
        other => panic!("{other:?}"),
    }
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_not_tried_again() {
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = std::sync::Arc::clone(&calls);
    let joined = tokio::spawn(async move {
        let call = |_| {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async { panic!("broken") }
        };
        policy(5).run::<_, _, (), ()>(call).await
    });
    assert!(joined.await.unwrap_err().is_panic());
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 1);
}

/// Ten tenths are a whole, though not to a computer that adds them.
#[tokio::test(start_paused = true)]
async fn parts_of_a_retry_add_up_to_one() {
    for calls in 1..=50 {
        let budget = RetryBudget::new(1.0 / f64::from(calls), 3);
        let gives_up = Retry::new(4).backoff(Backoff::constant(ms(1))).budget(budget.clone());
        gives_up.run(|_| async { Err::<(), _>("no") }).await.unwrap_err();
        assert_eq!(budget.left(), 0);
        let succeeds = Retry::new(1).budget(budget.clone());
        for call in 0..3 * calls {
            assert_eq!(budget.left(), call / calls, "after {call} calls of {calls}");
            succeeds.run(|_| async { Ok::<_, ()>(()) }).await.unwrap();
        }
        assert_eq!(budget.left(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_bounds_the_retries_of_all_who_share_it() {
    let budget = RetryBudget::new(0.1, 5);
    let policy = policy(10).budget(budget.clone());
    let calls = Cell::new(0);
    let mut errors = Vec::new();
    for _ in 0..100 {
        let error = policy.run(|_| {
            calls.set(calls.get() + 1);
            async { Err::<(), _>("down") }
        });
        errors.push(error.await.unwrap_err());
    }
    // A hundred first attempts, the reserve, and one for each ten calls.
    assert!((100 + 5..=100 + 5 + 10).contains(&calls.get()), "{} calls", calls.get());
    assert_eq!(errors[99].gave_up(), GaveUp::Budget);
    assert_eq!(errors[98].to_string(), "down (1 attempt, then the budget for retries was used up)");
}

proptest! {
    #![proptest_config(seeded::cases(128))]

    /// Whatever the settings: never more attempts than allowed, never past the time.
    #[test]
    fn within_its_attempts_and_its_time(
        attempts in 1_u32..12,
        base in 0_u64..500,
        jitter in 0.0_f64..=1.0,
        time in 1_u64..5_000,
        takes in 0_u64..400,
        succeeds_at in 1_u32..20,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let calls = Cell::new(0);
            let policy = Retry::new(attempts)
                .backoff(Backoff::exponential(ms(base)).jitter(jitter))
                .timeout(ms(time));
            let result = policy.run(|n| {
                calls.set(n);
                async move {
                    sleep(ms(takes)).await;
                    if n == succeeds_at { Ok(n) } else { Err(n) }
                }
            });
            let result = result.await;
            assert!(calls.get() <= attempts);
            // The clock of the runtime moves in whole milliseconds.
            assert!(start.elapsed() <= ms(time + 1));
            match result {
                Ok(n) => assert_eq!(n, succeeds_at),
                Err(error) => {
                    assert_eq!(error.attempts().len(), calls.get() as usize);
                    assert!(error.gave_up() == GaveUp::Time || calls.get() == attempts);
                }
            }
        });
    }
}

/// A scope or a join that is told to stop comes back with an error, after which there is nothing to try.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_told_to_stop_is_the_last_whatever_it_comes_back_with() {
    let ended = scope(async |scope: Scope| {
        let child = scope.spawn_value(async {
            let policy = Retry::new(100).backoff(Backoff::constant(ms(0)));
            let nap = async |_| {
                rejoin::gather([async {
                    sleep(ms(10)).await;
                    Ok::<_, &str>(())
                }])
                .await
            };
            policy.run(nap).await.unwrap_err()
        });
        tokio::task::yield_now().await;
        child.cancel("the client has gone");
        child.await
    });
    let error = ended.await.unwrap();
    assert_eq!((error.attempts().len(), error.gave_up()), (1, GaveUp::Cancelled));
    assert!(error.to_string().ends_with(" (1 attempt, then it was told to stop)"), "{error}");
}
