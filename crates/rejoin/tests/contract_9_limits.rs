//! Contract 9: nothing queues without bound; a full limit makes the submitter wait.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;
#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use every_await::{Counter, ms, on_virtual_time, poll_at_most};
use proptest::prelude::*;
use rejoin::{LimitedScope, OnError, Scope, TaskError};
use tokio::time::{Instant, sleep};

fn limit(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_full_scope_makes_the_spawner_wait() {
    let start = Instant::now();
    let result = Scope::builder().limit(limit(2)).run(|s: LimitedScope<()>| async move {
        for n in 0..6 {
            let task = s.task(format!("task {n}")).spawn(async {
                sleep(ms(10)).await;
                Ok(())
            });
            assert_eq!(task.await.name(), Some(&*format!("task {n}")));
            assert!(s.unlimited().live() <= 2);
            assert_eq!(start.elapsed(), ms(n / 2 * 10));
        }
        let full = s.try_spawn(async { Ok(()) }).unwrap_err();
        assert!(full.is_full());
        assert_eq!(full.to_string(), "the scope's limit is reached");
        Ok(())
    });
    result.await.unwrap();
    assert_eq!(start.elapsed(), ms(30));
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_place_that_is_given_up_takes_none() {
    let counter = Counter::default();
    let inside = counter.clone();
    let result = Scope::builder().limit(limit(1)).run(|s: LimitedScope<()>| async move {
        s.spawn_value(sleep(ms(10))).await;
        let value = inside.value();
        let given_up = s.spawn_value(async move { drop(value) });
        assert!(poll_at_most(1, given_up).await.is_none());
        assert_eq!((inside.alive(), s.unlimited().live()), (0, 1));
        sleep(ms(20)).await;
        s.try_spawn(async { Ok(()) }).map_err(|_| TaskError::from(()))?.await
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn places_come_back_from_children_that_panic_or_are_cancelled() {
    let builder = Scope::builder().on_error(OnError::IgnoreErrors).limit(limit(1));
    let result = builder.run(|s: LimitedScope<()>| async move {
        let panicking = s.spawn_value::<_, ()>(async { panic!("no") }).await;
        assert!(panicking.await.unwrap_err().is_panic());
        let task = s.spawn_value(sleep(ms(1000))).await;
        task.cancel("before it starts");
        let task = s.spawn_value(sleep(ms(1000))).await;
        sleep(ms(1)).await;
        task.cancel("under way");
        s.spawn_value(async { 7 }).await.await
    });
    assert_eq!(result.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_spawner_that_waits_in_a_stopping_scope_is_let_go() {
    let result =
        Scope::builder().timeout(ms(10)).limit(limit(1)).run(|s: LimitedScope<()>| async move {
            s.spawn_value(sleep(ms(1000))).await;
            s.spawn_value(sleep(ms(1000))).await.await
        });
    let error = result.await.unwrap_err();
    assert!(error.is_timed_out());
    assert_eq!(error.stopped(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_child_with_a_place_may_have_a_deadline() {
    let start = Instant::now();
    let builder = Scope::builder().on_error(OnError::CollectAll).limit(limit(1));
    let result = builder.run(|s: LimitedScope<()>| async move {
        s.spawn_value(sleep(ms(30))).await;
        let slow = s.task("slow").timeout(ms(20)).spawn_value(sleep(ms(1000))).await;
        assert_eq!(
            (start.elapsed(), slow.name()),
            (ms(30), Some("slow")),
            "the wait is no part of it"
        );
        let late = s.task("late").deadline(start + ms(10)).spawn_value(sleep(ms(1000))).await;
        assert_eq!(start.elapsed(), ms(50), "the place of one that timed out is free again");
        assert!(late.await.unwrap_err().is_timed_out());
        let full = s.task("full").timeout(ms(10));
        s.spawn_value(sleep(ms(10))).await;
        let full = full.try_spawn(async { Ok(7) }).unwrap_err();
        assert!(full.is_full());
        assert_eq!(full.into_future().await, Ok(7));
        sleep(ms(11)).await;
        let free = s.task("free").timeout(ms(10)).try_spawn(async { Ok(7) });
        assert_eq!(free.unwrap().await?, 7);
        s.unlimited().cancel("enough");
        let refused = s.task("refused").try_spawn(async { Ok(8) }).unwrap_err();
        assert!(refused.cancelled().is_some());
        assert_eq!(refused.into_future().await, Ok(8));
        Ok(())
    });
    let error = result.await.unwrap_err();
    let names: Vec<_> = error.failures().iter().map(|f| f.name().unwrap()).collect();
    assert_eq!(names, ["slow", "late"]);
    assert!(error.failures().iter().all(|f| f.error().is_timed_out()));
}

proptest! {
    #![proptest_config(seeded::cases(100))]

    #[test]
    fn the_limit_is_never_exceeded_and_always_used(
        n in 1usize..6,
        times in prop::collection::vec(1u64..10, 1..40),
    ) {
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let count = times.len();
        let (running_in, most_in) = (Arc::clone(&running), Arc::clone(&most));
        let order = on_virtual_time(async move {
            let builder = Scope::builder().limit(limit(n));
            builder.run(|s: LimitedScope<()>| async move {
                let mut tasks = Vec::new();
                for (index, time) in times.into_iter().enumerate() {
                    let (running, most) = (Arc::clone(&running_in), Arc::clone(&most_in));
                    tasks.push(s.spawn_value(async move {
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        sleep(ms(time)).await;
                        running.fetch_sub(1, Ordering::SeqCst);
                        index
                    }).await);
                }
                let mut order = Vec::new();
                for task in tasks {
                    order.push(task.await?);
                }
                Ok(order)
            }).await.unwrap()
        });
        prop_assert_eq!(order, (0..count).collect::<Vec<_>>());
        prop_assert_eq!(most.load(Ordering::SeqCst), n.min(count));
        prop_assert_eq!(running.load(Ordering::SeqCst), 0);
    }
}
