//! Hedging: when a copy is started, who wins, what it counts against, and that nothing is left.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use proptest::prelude::*;
use rejoin::limit::ConcurrencyLimit;
use rejoin::retry::{Hedge, RetryBudget, Verdict};
use rejoin::{CancelSource, Cause, Scope, cancelled, live_tasks, scope, shield};
use tokio::time::{Instant, sleep};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

/// When each copy was started.
#[derive(Clone)]
struct Starts {
    begin: Instant,
    at: Arc<Mutex<Vec<u128>>>,
}

impl Starts {
    fn new() -> Self {
        Starts { begin: Instant::now(), at: Arc::default() }
    }

    fn note(&self) {
        self.at.lock().unwrap().push(self.begin.elapsed().as_millis());
    }

    fn all(&self) -> Vec<u128> {
        self.at.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_fast_answer_starts_no_copy() {
    let starts = Starts::new();
    let hedge = Hedge::after(ms(50)).copies(n(3));
    let won = hedge.run(|copy| {
        starts.note();
        async move {
            sleep(ms(49)).await;
            Ok::<_, ()>(copy)
        }
    });
    assert_eq!(won.await.unwrap().value, 1);
    assert_eq!(starts.all(), [0]);
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn copies_are_started_one_after_the_other_and_the_losers_are_awaited() {
    let (starts, cleaned) = (Starts::new(), Arc::new(Mutex::new(Vec::new())));
    let hedge = Hedge::after(ms(50)).copies(n(3));
    let won = hedge
        .run(|copy| {
            starts.note();
            let cleaned = Arc::clone(&cleaned);
            async move {
                if copy == 3 {
                    sleep(ms(10)).await;
                    return Ok::<_, ()>(copy);
                }
                let reason = cancelled().await;
                assert_eq!(reason.source(), CancelSource::RaceLost);
                let _ = shield(ms(100), sleep(ms(7))).await;
                cleaned.lock().unwrap().push(copy);
                Ok(copy)
            }
        })
        .await
        .unwrap();
    assert_eq!((won.value, won.index), (3, 2));
    assert_eq!(starts.all(), [0, 50, 100]);
    assert_eq!(starts.begin.elapsed(), ms(117), "the losers had something to clean up");
    cleaned.lock().unwrap().sort_unstable();
    assert_eq!(*cleaned.lock().unwrap(), [1, 2]);
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_starts_the_next_copy_at_once() {
    let starts = Starts::new();
    let hedge = Hedge::after(ms(50)).copies(n(3));
    let won = hedge.run(|copy| {
        starts.note();
        async move {
            sleep(ms(5)).await;
            if copy < 3 { Err("down") } else { Ok(copy) }
        }
    });
    assert_eq!(won.await.unwrap().value, 3);
    assert_eq!(starts.all(), [0, 5, 10]);
}

#[tokio::test(start_paused = true)]
async fn when_all_have_failed_every_failure_is_there_in_order() {
    let hedge = Hedge::after(ms(50)).copies(n(2));
    let error = hedge
        .run(|copy| async move {
            sleep(ms(if copy == 1 { 80 } else { 10 })).await;
            Err::<(), _>(copy)
        })
        .await
        .unwrap_err();
    assert_eq!(*error.cause(), Cause::TooFewSucceeded { wanted: 1, succeeded: 0 });
    let failed: Vec<_> = error.failures().iter().map(|f| *f.error().failed().unwrap()).collect();
    assert_eq!(failed, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_final_error_stops_the_others_and_a_wish_for_a_pause_is_kept() {
    let starts = Starts::new();
    let hedge = Hedge::after(ms(50)).copies(n(3));
    let error = hedge.run_if(
        |copy| {
            starts.note();
            async move {
                match copy {
                    1 => Err::<(), _>("busy"),
                    _ => Err("forbidden"),
                }
            }
        },
        |error| match error.failed() {
            Some(&"busy") => Verdict::AgainAfter(ms(200)),
            _ => Verdict::Take,
        },
    );
    let error = error.await.unwrap_err();
    assert_eq!(*error.cause(), Cause::Failed);
    assert_eq!(error.deciding().unwrap().error().failed(), Some(&"forbidden"));
    assert_eq!(error.failures().len(), 2);
    assert_eq!(starts.all(), [0, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_of_the_copy() {
    let hedge = Hedge::after(ms(50));
    let won = hedge.run(|copy| async move {
        assert_ne!(copy, 1, "on purpose");
        Ok::<_, ()>(copy)
    });
    assert_eq!(won.await.unwrap().value, 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_limit_gets_no_copies_and_every_copy_takes_a_place() {
    let limit = ConcurrencyLimit::new(n(2));
    let hedge = Hedge::after(ms(50)).copies(n(2)).limit(limit.clone());

    let other = limit.acquire().await;
    let starts = Starts::new();
    let call = |copy| {
        starts.note();
        let limit = limit.clone();
        async move {
            sleep(ms(if copy == 1 { 1000 } else { 10 })).await;
            Ok::<_, ()>(limit.in_use())
        }
    };
    let freed = async {
        sleep(ms(120)).await;
        drop(other);
    };
    let (won, ()) = tokio::join!(hedge.run(call), freed);
    assert_eq!(won.unwrap().value, 2);
    assert_eq!(starts.all(), [0, 150], "at 50 and 100 the limit was full");
    assert_eq!(limit.in_use(), 0, "the loser has given its place back");
}

#[tokio::test(start_paused = true)]
async fn the_first_copy_waits_for_a_place() {
    let limit = ConcurrencyLimit::new(n(1));
    let (other, starts) = (limit.acquire().await, Starts::new());
    let hedge = Hedge::after(ms(50)).limit(limit);
    let call = hedge.run(|copy| {
        starts.note();
        async move { Ok::<_, ()>(copy) }
    });
    let freed = async {
        sleep(ms(300)).await;
        drop(other);
    };
    let (won, ()) = tokio::join!(call, freed);
    assert_eq!(won.unwrap().value, 1);
    assert_eq!(starts.all(), [300]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_budget_allows_no_copy_and_no_second_try() {
    let budget = RetryBudget::new(0.0, 1);
    let hedge = Hedge::after(ms(50)).budget(budget.clone());
    let slow = |copy: u32| async move {
        sleep(ms(if copy == 1 { 400 } else { 10 })).await;
        Ok::<_, ()>(copy)
    };
    assert_eq!(hedge.run(slow).await.unwrap().value, 2);
    assert_eq!(budget.left(), 0);
    assert_eq!(hedge.run(slow).await.unwrap().value, 1);
    let error = hedge.run(|copy| async move { Err::<(), _>(copy) }).await.unwrap_err();
    assert_eq!(error.failures().len(), 1);
}

/// Nothing can be added, and no time has to pass before it is asked for again: the clock must go on
/// all the same.
#[tokio::test(start_paused = true)]
async fn a_copy_that_may_never_start_holds_up_nobody_however_short_the_delay() {
    for delay in [Duration::ZERO, Duration::from_nanos(1), ms(1)] {
        let (limit, budget) = (ConcurrencyLimit::new(n(1)), RetryBudget::new(0.0, 1));
        for hedge in [
            Hedge::after(delay).limit(limit),
            Hedge::after(delay).copies(n(3)).budget(budget.clone()),
        ] {
            let asked = Arc::new(Mutex::new(0));
            let count = Arc::clone(&asked);
            let won = hedge.run(move |copy| {
                *count.lock().unwrap() += 1;
                async move {
                    sleep(ms(40)).await;
                    Ok::<_, ()>(copy)
                }
            });
            assert_eq!(won.await.unwrap().value, 1);
            assert!(*asked.lock().unwrap() <= 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_at_the_same_moment_as_the_final_one_is_kept() {
    let hedge = Hedge::after(ms(5)).copies(n(2));
    let error = hedge
        .run_if(
            |copy| async move {
                // Both end at 10 ms.
                sleep(ms(15 - 5 * u64::from(copy))).await;
                Err::<(), _>(copy)
            },
            |error| if error.failed() == Some(&1) { Verdict::Take } else { Verdict::Again },
        )
        .await
        .unwrap_err();
    let failed: Vec<_> = error.failures().iter().map(|f| *f.error().failed().unwrap()).collect();
    assert_eq!(failed, [1, 2]);
    assert_eq!(error.deciding().unwrap().error().failed(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn another_failure_does_not_shorten_the_pause_that_one_has_asked_for() {
    let starts = Starts::new();
    let hedge = Hedge::after(ms(8)).copies(n(3));
    let won = hedge.run_if(
        |copy| {
            starts.note();
            async move {
                sleep(ms(10)).await;
                if copy < 3 { Err(copy) } else { Ok(copy) }
            }
        },
        // The first, at 10 ms, asks for a pause; the second fails at 18 ms.
        |error| match error.failed() {
            Some(1) => Verdict::AgainAfter(ms(100)),
            _ => Verdict::Again,
        },
    );
    assert_eq!(won.await.unwrap().value, 3);
    assert_eq!(starts.all()[2], 110);
}

/// The place is free at the moment of the stop: nothing starts, and that is no failure of the copies.
#[tokio::test(start_paused = true)]
async fn a_stop_that_comes_with_the_place_is_a_stop() {
    let limit = ConcurrencyLimit::new(n(1));
    let place = limit.acquire().await;
    let hedge = Hedge::after(Duration::ZERO).copies(n(3)).limit(limit);
    let result = scope(|s: Scope| async move {
        let task = s.spawn_value(async move {
            let error = hedge.run(|copy| async move { Ok::<_, ()>(copy) }).await.unwrap_err();
            error.cancelled().is_some()
        });
        sleep(ms(10)).await;
        task.cancel("enough");
        drop(place);
        Ok(task.await)
    });
    // Interrupted, or it has heard of the stop.
    assert!(result.await.unwrap().unwrap_or(true));
}

#[tokio::test(start_paused = true)]
async fn cancellation_stops_the_copies_and_is_no_failure() {
    let reason = scope(|s: Scope| async move {
        let task = s.spawn_value(async {
            let hedge = Hedge::after(ms(50));
            hedge.run(|_| std::future::pending::<Result<(), ()>>()).await
        });
        sleep(ms(60)).await;
        assert_eq!(live_tasks(), 3, "the call and two copies");
        task.cancel("enough");
        // It is polled once more, in which the call comes back and says why.
        Ok(task.await?.unwrap_err().cancelled().cloned())
    })
    .await;
    let reason = reason.unwrap().unwrap();
    assert_eq!((reason.source(), reason.text()), (CancelSource::Parent, "enough"));
    assert_eq!(live_tasks(), 0);
}

proptest! {
    #![proptest_config(seeded::cases(256))]

    /// There are never more copies than allowed, never more retries than the budget has, never more
    /// at once than the limit allows, and nothing is left.
    #[test]
    fn bounds_hold(
        calls in prop::collection::vec((1_u64..200, any::<bool>()), 1..20),
        copies in 1_u32..4,
        places in 1_u32..4,
        reserve in 1_u32..6,
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let (limit, budget) =
                (ConcurrencyLimit::new(n(places)), RetryBudget::new(0.0, reserve));
            let hedge = Hedge::after(ms(20))
                .copies(n(copies))
                .limit(limit.clone())
                .budget(budget.clone());
            let started = Arc::new(Mutex::new(0_usize));
            let count = calls.len();
            let results = rejoin::wait(calls.into_iter().map(|(time, ok)| {
                let (hedge, limit) = (hedge.clone(), limit.clone());
                let started = Arc::clone(&started);
                async move {
                    hedge
                        .run(|copy| {
                            assert!(copy <= copies);
                            *started.lock().unwrap() += 1;
                            let limit = limit.clone();
                            async move {
                                assert!(limit.in_use() <= places);
                                sleep(ms(time)).await;
                                if ok { Ok(()) } else { Err(()) }
                            }
                        })
                        .await
                        .map_err(drop)
                }
            }))
            .await;
            assert_eq!(results.len(), count);
            assert!(!results.iter().any(|r| r.as_ref().is_err_and(|e| e.is_panic())));
            assert!(*started.lock().unwrap() - count <= reserve as usize);
            assert_eq!((limit.in_use(), live_tasks()), (0, 0));
        });
    }
}

/// The second failure is there when the first one decides.
#[tokio::test(start_paused = true)]
async fn failures_of_the_same_moment_are_all_kept() {
    let hedge = Hedge::after(ms(10));
    let failing = |copy: u32| async move {
        sleep(ms(if copy == 1 { 30 } else { 20 })).await;
        Err::<(), _>(copy)
    };
    let error = hedge.run_if(failing, |_| Verdict::Take).await.unwrap_err();
    assert_eq!((error.cause(), error.failures().len()), (&Cause::Failed, 2));
}
