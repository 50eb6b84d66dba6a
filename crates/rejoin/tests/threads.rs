//! The same promises with several threads: whatever the interleaving, a scope ends, its children
//! have one outcome each, and nothing is left. The rest of the tests fix the interleaving; these
//! leave it to the machine, so they assert only what holds for all of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use every_await::Counter;
use rejoin::{OnError, Scope, cancelled, gather, race, scope};
use tokio::task::yield_now;

async fn busy(n: usize, counter: Counter) -> Result<usize, usize> {
    let _alive = counter.value();
    for _ in 0..n {
        yield_now().await;
    }
    if n % 5 == 4 { Err(n) } else { Ok(n) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancelled_from_another_thread_at_any_moment() {
    let counter = Counter::default();
    for round in 0..2000 {
        let inside = counter.clone();
        let builder = Scope::builder().on_error(OnError::IgnoreErrors);
        let result = builder.run(|s: Scope<usize>| async move {
            let canceller = s.canceller();
            tokio::spawn(async move {
                for _ in 0..round % 7 {
                    yield_now().await;
                }
                canceller.cancel("enough");
            });
            let tasks: Vec<_> = (0..8).map(|n| s.spawn(busy(n, inside.clone()))).collect();
            s.spawn_value(async move {
                let nested = scope(|t: Scope<usize>| async move {
                    t.spawn(busy(20, inside.clone()));
                    Ok(std::future::pending::<()>().await)
                });
                nested.await.unwrap_err();
            });
            let waiting = s.spawn_value(cancelled());
            for task in &tasks {
                task.cancel("one by one");
            }
            for task in tasks {
                if let Err(error) = task.await {
                    assert!(error.is_failed() || error.is_cancelled());
                }
            }
            Ok(drop(waiting.await))
        });
        drop(result.await);
        assert_eq!(counter.alive(), 0, "in round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn joined_from_all_threads() {
    let counter = Counter::default();
    for round in 0..1000_usize {
        let works = |skip: usize| {
            let counter = counter.clone();
            (0..9).map(move |n| busy((n + round) % 9 + skip, counter.clone()))
        };
        let error = gather(works(0)).await.unwrap_err();
        assert_eq!(error.deciding().unwrap().error().failed().copied().unwrap() % 5, 4);
        assert_eq!(counter.alive(), 0, "in round {round}");
        drop(race(works(1)).await);
        assert_eq!(counter.alive(), 0, "in round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dropped_in_the_middle_and_awaited_by_the_scope_around() {
    let counter = Counter::default();
    for round in 0..1000_usize {
        let inside = counter.clone();
        scope(|_: Scope| async move {
            let works = (0..8).map(|n| busy(n * 3, inside.clone()));
            let polls = round % 5 + 1;
            drop(every_await::poll_at_most(polls, gather(works)).await);
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(counter.alive(), 0, "in round {round}");
    }
}
