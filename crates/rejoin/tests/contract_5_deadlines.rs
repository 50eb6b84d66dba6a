//! Contract 5: deadlines nest by minimum, can be read, and a shield is bounded.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;
#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::time::Duration;

use every_await::ms;
use proptest::prelude::*;
use rejoin::{
    CancelSource, OnError, Scope, cancelled, deadline, remaining, scope, shield, timeout,
    timeout_at,
};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn a_child_reads_what_is_left() {
    let start = Instant::now();
    Scope::builder()
        .timeout(ms(100))
        .run(|s: Scope| async move {
            assert_eq!(s.deadline(), Some(start + ms(100)));
            sleep(ms(30)).await;
            s.spawn_value(async move {
                assert_eq!((deadline(), remaining()), (Some(start + ms(100)), Some(ms(70))));
                timeout(ms(20), async { assert_eq!(remaining(), Some(ms(20))) }).await.unwrap();
                timeout(ms(900), async { assert_eq!(remaining(), Some(ms(70))) }).await.unwrap();
                let inner = Scope::builder().timeout(ms(10)).run(|t: Scope| async move {
                    t.spawn_value(async { assert_eq!(remaining(), Some(ms(10))) }).await
                });
                inner.await.unwrap();
                assert_eq!(remaining(), Some(ms(70)));
            })
            .await?;
            s.task("own").timeout(ms(5)).spawn_value(async { remaining() }).await
        })
        .await
        .map(|left| assert_eq!(left, Some(ms(5))))
        .unwrap();
    assert_eq!(deadline(), None);
}

#[tokio::test(start_paused = true)]
async fn a_time_out_fails_for_its_own_deadline_only() {
    let start = Instant::now();
    assert!(timeout(ms(10), sleep(ms(20))).await.is_err());
    assert!(timeout(ms(10), sleep(ms(10))).await.is_ok(), "ready at the deadline is in time");
    assert!(timeout(Duration::ZERO, async {}).await.is_ok());
    assert!(timeout(Duration::ZERO, sleep(ms(1))).await.is_err());
    assert!(timeout(Duration::MAX, sleep(ms(1))).await.is_ok());
    assert!(timeout_at(start, sleep(ms(1))).await.is_err());
    assert_eq!(start.elapsed(), ms(21));

    // The earlier deadline is further out: the inner call does not return.
    let outer = timeout(ms(10), async {
        let _ = timeout(ms(50), sleep(ms(100))).await;
        unreachable!("only the outer one returns");
    });
    assert!(outer.await.is_err());
    assert_eq!(start.elapsed(), ms(31));
}

#[tokio::test(start_paused = true)]
async fn a_time_out_may_borrow() {
    let mut log = vec![1];
    timeout(ms(10), async { log.push(2) }).await.unwrap();
    assert_eq!(log, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_times_out_is_told_and_may_clean_up_behind_a_shield() {
    let start = Instant::now();
    let result = timeout(ms(10), async {
        let reason = cancelled().await;
        assert_eq!(reason.source(), CancelSource::Deadline);
        shield(ms(100), sleep(ms(30))).await.unwrap();
        "cleaned up"
    });
    // It returned by itself in the end, so its value stands.
    assert_eq!(result.await, Ok("cleaned up"));
    assert_eq!(start.elapsed(), ms(40));
}

#[tokio::test(start_paused = true)]
async fn a_shield_keeps_its_own_deadline_and_the_next_wait_is_cancelled() {
    for (bound, ends, ok) in [(50, 50, false), (1000, 111, true)] {
        let start = Instant::now();
        let error = Scope::builder()
            .timeout(ms(10))
            .run(|s: Scope| async move {
                s.spawn_value(async move {
                    let work = async {
                        assert_eq!(remaining(), Some(ms(bound)));
                        sleep(ms(10)).await;
                        // Not seen behind the shield, though the scope is being stopped.
                        tokio::select! {
                            biased;
                            _ = cancelled() => assert!(!ok, "only its own bound is seen"),
                            () = sleep(ms(100)) => {}
                        }
                        sleep(ms(1)).await;
                    };
                    let result = shield(ms(bound), work).await;
                    assert_eq!(result.is_ok(), ok);
                    assert_eq!(start.elapsed(), ms(ends));
                    sleep(ms(1)).await;
                    unreachable!("the scope was stopped long ago");
                });
                Ok(())
            })
            .await
            .unwrap_err();
        assert!(error.is_timed_out());
        assert_eq!((error.failures().len(), error.stopped()), (0, 1), "{error:?}");
        assert_eq!(start.elapsed(), ms(ends));
    }
}

#[tokio::test(start_paused = true)]
async fn a_scope_behind_a_shield_lives_as_long_as_the_shield() {
    let start = Instant::now();
    let result = scope(|s: Scope| async move {
        let task = s.spawn_value(async {
            let clean_up = scope(|t: Scope| async move {
                let one = t.spawn_value(sleep(ms(30)));
                let other = t.spawn_value(sleep(ms(40)));
                one.await?;
                other.await
            });
            shield(ms(100), clean_up).await.unwrap().unwrap();
        });
        sleep(ms(1)).await;
        s.cancel("enough");
        task.await
    });
    assert!(result.await.is_err());
    assert_eq!(start.elapsed(), ms(40));
}

#[tokio::test(start_paused = true)]
async fn a_body_may_be_shielded_too() {
    let start = Instant::now();
    let result = Scope::builder().timeout(ms(10)).run(|_: Scope| async move {
        shield(ms(100), sleep(ms(30))).await.unwrap();
        Ok(start.elapsed())
    });
    assert_eq!(result.await.unwrap(), ms(30));
}

#[tokio::test(start_paused = true)]
async fn clean_up_that_hangs_is_abandoned_at_its_bound() {
    let start = Instant::now();
    let result = scope(|s: Scope| async move {
        s.spawn_value(async {
            cancelled().await;
            assert!(shield(ms(70), std::future::pending::<()>()).await.is_err());
        });
        sleep(ms(1)).await;
        s.cancel("enough");
        Ok(())
    });
    result.await.unwrap();
    assert_eq!(start.elapsed(), ms(71));
}

#[tokio::test(start_paused = true)]
async fn a_scope_with_a_deadline_ends_everything_at_it() {
    let start = Instant::now();
    let error = Scope::builder()
        .name("report")
        .timeout(ms(50))
        .on_error(OnError::CollectAll)
        .run(|s| async move {
            s.spawn(async {
                sleep(ms(10)).await;
                Err::<(), _>("early")
            });
            for n in 1..=5 {
                s.spawn_value(sleep(ms(20 * n)));
            }
            Ok(())
        })
        .await
        .unwrap_err();
    assert!(error.is_timed_out());
    assert_eq!((error.failures().len(), error.stopped()), (1, 3));
    assert_eq!(error.to_string(), "scope `report`: timed out, 1 failure, 3 stopped");
    assert_eq!(start.elapsed(), ms(50));
}

proptest! {
    #![proptest_config(seeded::cases(200))]

    #[test]
    fn the_earliest_deadline_ends_it_and_belongs_to_the_outermost(
        times in prop::collection::vec(1u64..20, 1..8),
    ) {
        fn nest(times: &[u64], start: Instant) -> futures_util::future::BoxFuture<'_, usize> {
            Box::pin(async move {
                let Some((first, inner)) = times.split_first() else {
                    return std::future::pending().await;
                };
                // How many scopes further in the owner is; the innermost returns last.
                match timeout_at(start + ms(*first), nest(inner, start)).await {
                    Ok(further_in) => further_in + 1,
                    Err(_) => 0,
                }
            })
        }
        let (owner, took) = every_await::on_virtual_time(async {
            let start = Instant::now();
            (nest(&times, start).await, start.elapsed())
        });
        let earliest = *times.iter().min().unwrap();
        prop_assert_eq!(took, ms(earliest));
        prop_assert_eq!(owner, times.iter().position(|time| *time == earliest).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_moves_while_the_scope_runs() {
    // (opened with, moved to at 5 ms, ends at)
    let cases = [
        (Some(10), Some(30), 30),
        (Some(30), Some(10), 10),
        (None, Some(10), 10),
        (Some(10), None, 100),
    ];
    for (opened, moved, ends) in cases {
        let start = Instant::now();
        let mut builder = Scope::builder();
        if let Some(opened) = opened {
            builder = builder.deadline(start + ms(opened));
        }
        let result = builder.run(|s: Scope| async move {
            let moved = moved.map(|moved| start + ms(moved));
            // A child moves it while the body waits, in one case after the body has returned.
            let mover = s.clone();
            drop(s.spawn_value(async move {
                sleep(ms(5)).await;
                assert!(mover.move_deadline(moved));
                assert_eq!((deadline(), mover.deadline()), (moved, moved));
                sleep(ms(95)).await;
            }));
            if opened.is_none() {
                sleep(ms(100)).await;
            }
            Ok(())
        });
        let result = result.await;
        assert_eq!(start.elapsed(), ms(ends), "{opened:?} to {moved:?}");
        match result {
            Ok(()) => assert_eq!(ends, 100),
            Err(error) => assert!(error.is_timed_out() && ends != 100, "{error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_moved_deadline_reaches_scopes_inside_and_keeps_to_those_outside() {
    let start = Instant::now();
    let outer = Scope::builder().timeout(ms(10)).run(|s: Scope| async move {
        let inner = s.spawn_value(async move {
            // Later than the outer one, until that moves: then it is the one that counts.
            let inner = timeout(ms(20), async {
                assert_eq!(remaining(), Some(ms(10)));
                sleep(ms(5)).await;
                assert_eq!(remaining(), Some(ms(15)));
                sleep(ms(100)).await;
            });
            assert!(inner.await.is_err());
            start.elapsed()
        });
        sleep(ms(1)).await;
        assert!(s.move_deadline(start + ms(50)));
        assert_eq!(inner.await?, ms(20));
        Scope::builder()
            .run(|t: Scope| async move {
                assert!(t.move_deadline(start + ms(900)));
                assert_eq!(t.deadline(), Some(start + ms(50)), "the outer one holds");
                Ok(sleep(ms(900)).await)
            })
            .await
            .map_err(|error| error.into_task_error())
    });
    let error = outer.await.unwrap_err();
    assert!(error.is_timed_out());
    assert_eq!(start.elapsed(), ms(50));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_moves_no_more_when_it_is_too_late() {
    let start = Instant::now();
    let mut kept = None;
    let result = Scope::builder().timeout(ms(10)).grace(ms(10)).run(|s: Scope| {
        kept = Some(s.clone());
        async move {
            cancelled().await;
            assert!(!s.move_deadline(start + ms(500)), "stopping");
            Ok(sleep(ms(500)).await)
        }
    });
    assert!(result.await.unwrap_err().is_timed_out());
    assert_eq!(start.elapsed(), ms(20));
    assert!(!kept.unwrap().move_deadline(None), "ended");

    let result = Scope::builder().timeout(ms(10)).run(|s: Scope| async move {
        // Time passes, and nobody has looked at the timer yet.
        tokio::time::advance(ms(10)).await;
        assert!(!s.move_deadline(Instant::now() + ms(500)), "passed");
        Ok(sleep(ms(500)).await)
    });
    assert!(result.await.unwrap_err().is_timed_out());

    // Into the past: at once.
    let now = Instant::now();
    let result = Scope::builder().run(|s: Scope| async move {
        assert!(s.move_deadline(now));
        Ok(sleep(ms(500)).await)
    });
    assert!(result.await.unwrap_err().is_timed_out());
    assert_eq!(now.elapsed(), ms(0));
}

/// Work that yields and never waits uses up, at every turn, what a task may do at a time.
#[tokio::test(start_paused = true)]
async fn a_deadline_is_seen_by_work_that_never_waits() {
    async fn spin() -> &'static str {
        for turn in 0..100_000 {
            if turn == 1_000 {
                tokio::time::advance(ms(2_000)).await;
            }
            tokio::task::consume_budget().await;
        }
        "it ran to its end"
    }
    let second = ms(1_000);
    assert!(timeout(second, spin()).await.is_err());
    let ran = Scope::builder().timeout(second).run(|_: Scope| async { Ok(spin().await) }).await;
    assert!(ran.is_err());
}
