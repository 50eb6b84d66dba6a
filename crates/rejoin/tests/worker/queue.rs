//! The queue: bounded, fair, never stranded; and the copies that serve it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin::worker::{Balance, Worker, asynchronous};
use rejoin::{Instant, Scope, map, scope};
use tokio::time::sleep;

use super::{n, push};

const MILLI: Duration = Duration::from_millis(1);

macro_rules! nap {
    ($time:expr) => {
        asynchronous(move |state: &mut usize| {
            Box::pin(async move {
                sleep($time).await;
                Ok(*state)
            })
        })
    };
}

/// C21, C24: the queue was unbounded and never pushed back, and ad-hoc functions passed it by.
#[tokio::test(start_paused = true)]
async fn a_full_queue_makes_the_submitter_wait_or_hands_the_call_back() {
    scope(|s: Scope| async move {
        let worker: Worker<Vec<u32>> = Worker::builder("narrow").queue(n(2)).start(&s, Vec::new);
        let slowly = || {
            asynchronous(|log: &mut Vec<u32>| {
                Box::pin(async {
                    sleep(MILLI).await;
                    log.push(0);
                    Ok(log.len())
                })
            })
        };
        let begin = Instant::now();
        let _one = worker.submit(slowly()).await.unwrap();
        let _two = worker.submit(slowly()).await.unwrap();
        assert_eq!(begin.elapsed(), Duration::ZERO);

        let full = worker.try_submit(push(7)).unwrap_err();
        assert!(full.is_full() && !full.is_stopped() && !full.is_itself());
        assert_eq!(full.to_string(), "the queue of worker `narrow` is full");
        assert_eq!(full.worker(), "narrow");

        // The third submission waits for the first call; `call` is no way around.
        let third = worker.submit(full.into_call()).await.unwrap();
        assert_eq!(begin.elapsed(), MILLI);
        assert_eq!(worker.call(push(8)).await?, 4);
        assert_eq!(third.await?, 3);
        assert_eq!(worker.stats().submitted, 4);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_leaves_the_queue_at_once() {
    scope(|s: Scope| async move {
        let worker: Worker<usize> = Worker::builder("w").queue(n(2)).start(&s, || 0);
        let _running = worker.submit(nap!(Duration::from_secs(60))).await.unwrap();
        for _ in 0..1_000 {
            let queued = worker.try_submit(|n: &mut usize| Ok(*n)).unwrap();
            queued.cancel("changed my mind");
            assert!(queued.await.unwrap_err().is_cancelled());
            assert_eq!(worker.stats().unfinished, 1);
        }
        worker.abort("enough");
        Ok(())
    })
    .await
    .unwrap();
}

fn count(n: &mut usize) -> Result<(), std::convert::Infallible> {
    *n += 1;
    Ok(())
}

/// C22: a call could be stranded for good when the queue emptied just then.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_is_ever_stranded() {
    const CALLS: usize = 20_000;
    let served = scope(|s: Scope| async move {
        let worker: Worker<usize> =
            Worker::builder("busy").queue(n(2)).copies(n(2)).start(&s, || 0);
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let worker = worker.clone();
                s.spawn(async move {
                    for call in 0..CALLS {
                        let handle = worker.submit(count).await.unwrap();
                        // Some are cancelled while their turn may be on its way to them.
                        if (call + caller) % 7 == 0 {
                            handle.cancel("some are");
                        }
                        let _ = handle.await;
                    }
                    Ok(())
                })
            })
            .collect();
        for caller in callers {
            caller.await?;
        }
        assert_eq!(worker.stats().unfinished, 0);
        Ok(worker.stats().submitted)
    });
    assert_eq!(served.await.unwrap(), 4 * CALLS as u64);
}

/// C28: `map` over a pool used one worker. And idle copies are used whatever the balance.
#[tokio::test(start_paused = true)]
async fn a_map_over_a_worker_uses_all_copies_and_none_is_idle_while_a_call_waits() {
    for balance in [Balance::RoundRobin, Balance::Random, Balance::LeastLoaded] {
        scope(|s: Scope| async move {
            let next = AtomicUsize::new(0);
            let worker: Worker<usize> = Worker::builder("pool")
                .copies(n(4))
                .balance(balance)
                .start(&s, move || next.fetch_add(1, Ordering::SeqCst));
            let begin = Instant::now();
            let calls = worker.clone();
            let used = map(0..8, n(8), move |_| {
                let calls = calls.clone();
                async move { calls.call(nap!(100 * MILLI)).await }
            });
            let used: HashSet<usize> = used.await.unwrap().into_iter().collect();
            assert_eq!(used.len(), 4, "{balance:?}");
            assert_eq!(begin.elapsed(), 200 * MILLI);

            // One long call and ten short ones: nothing waits behind the long one.
            let begin = Instant::now();
            let long = worker.submit(nap!(Duration::from_secs(1))).await.unwrap();
            let short = map(0..10, n(10), move |_| {
                let worker = worker.clone();
                async move { worker.call(nap!(MILLI)).await }
            });
            short.await.unwrap();
            assert_eq!(begin.elapsed(), 4 * MILLI);
            long.await?;
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn balances_choose_among_free_copies() {
    scope(|s: Scope| async move {
        let start = |balance| {
            let next = AtomicUsize::new(0);
            let make = move || next.fetch_add(1, Ordering::SeqCst);
            let builder = Worker::builder("pool").copies(n(3)).balance(balance);
            builder.start::<_, std::convert::Infallible, _, _>(&s, make)
        };
        let which = async |worker: &Worker<usize>, calls: usize| {
            let mut used = Vec::new();
            for _ in 0..calls {
                used.push(worker.call(|n: &mut usize| Ok(*n)).await.unwrap());
            }
            used
        };
        let turns = start(Balance::RoundRobin);
        assert_eq!(which(&turns, 5).await, [0, 1, 2, 0, 1]);

        let least = start(Balance::LeastLoaded);
        let held = least.submit(nap!(MILLI)).await.unwrap();
        assert_eq!(held.await?, 0);
        assert_eq!(which(&least, 5).await, [1, 2, 0, 1, 2]);

        let random = start(Balance::Random);
        let used: HashSet<_> = which(&random, 200).await.into_iter().collect();
        assert_eq!(used.len(), 3);
        Ok(())
    })
    .await
    .unwrap();
}

/// C26, C27: functions as calls had no `map`, and meant something else on a pool than on one worker.
#[tokio::test(start_paused = true)]
async fn one_worker_and_many_copies_take_the_same_calls() {
    for copies in [1, 3] {
        let sum = scope(|s: Scope| async move {
            let worker: Worker<()> = Worker::builder("f").copies(n(copies)).start(&s, || ());
            let total = Arc::new(AtomicUsize::new(0));
            let calls = map(1..=10, n(4), move |item: usize| {
                let (worker, total) = (worker.clone(), Arc::clone(&total));
                // A function that is data of the call, not the call.
                let twice: fn(usize) -> usize = |n| 2 * n;
                async move {
                    let call = move |_: &mut ()| {
                        Ok(total.fetch_add(twice(item), Ordering::SeqCst) + twice(item))
                    };
                    worker.call(call).await
                }
            });
            Ok(calls.await.unwrap().into_iter().max())
        });
        assert_eq!(sum.await.unwrap(), Some(110));
    }
}
