//! Contract 8: no started future is left unpolled, so branches cannot block each other.
//!
//! Both programs hang when they are written with in-task combinators that stop polling what they
//! have started; written with scopes they finish.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::sync::Arc;

use every_await::ms;
use rejoin::{LimitedScope, Scope, Until, gather, scope, wait_handles};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, sleep};

/// A future holds a place in a lock's queue, its task goes on to wait for the same lock by another
/// way, and never polls the future that is next in line. Known as futurelock.
#[tokio::test(start_paused = true)]
async fn futurelock() {
    let start = Instant::now();
    let lock = Arc::new(Mutex::new(0));
    let add = |n: u32, lock: Arc<Mutex<u32>>| async move {
        let mut value = lock.lock().await;
        sleep(ms(5)).await;
        *value += n;
    };
    let total = scope(|s: Scope| async move {
        let holder = Arc::clone(&lock);
        s.spawn_value(async move {
            let _held = holder.lock().await;
            sleep(ms(50)).await;
        });
        sleep(ms(1)).await;
        // Queues for the lock, and is not awaited further when the other branch is ready first.
        let mut branches = [s.spawn_value(add(1, Arc::clone(&lock))), s.spawn_value(sleep(ms(10)))];
        let first = wait_handles(&mut branches, Until::first_completed()).await;
        assert_eq!(first.done, [1]);
        add(2, Arc::clone(&lock)).await;
        let [queued, _] = branches;
        queued.await?;
        let total = *lock.lock().await;
        Ok(total)
    });
    assert_eq!(total.await.unwrap(), 3);
    assert_eq!(start.elapsed(), ms(60));
}

/// Items of a bounded stream hold connections while the loop body waits for one: a stream that is
/// polled only between bodies never lets them finish.
#[tokio::test(start_paused = true)]
async fn a_loop_over_bounded_work_needs_what_the_work_holds() {
    const LIMIT: std::num::NonZeroUsize = std::num::NonZeroUsize::new(2).unwrap();
    let pool = Arc::new(Semaphore::new(2));
    let sum = Scope::builder().limit(LIMIT).run(|s: LimitedScope<()>| async move {
        let (send, mut results) = tokio::sync::mpsc::channel(1);
        let producer = s.unlimited().clone();
        let connections = Arc::clone(&pool);
        producer.spawn_value(async move {
            for n in 0..6 {
                let (send, connections) = (send.clone(), Arc::clone(&connections));
                s.spawn_value(async move {
                    let connection = connections.acquire().await.expect("it is never closed");
                    sleep(ms(10)).await;
                    drop(connection);
                    send.send(n).await.expect("the body receives until the end");
                })
                .await;
            }
        });
        let mut sum = 0;
        while let Some(n) = results.recv().await {
            // The body needs a connection, too.
            let _connection = pool.acquire().await.expect("it is never closed");
            sleep(ms(1)).await;
            sum += n;
        }
        Ok(sum)
    });
    assert_eq!(sum.await.unwrap(), 15);
}

#[tokio::test(start_paused = true)]
async fn branches_that_wait_for_each_other_meet() {
    let barrier = Arc::new(tokio::sync::Barrier::new(50));
    let met = gather((0..50).map(|n| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            Ok::<_, ()>(n)
        }
    }));
    assert_eq!(met.await.unwrap().len(), 50);
}
