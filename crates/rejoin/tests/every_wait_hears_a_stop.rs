//! Cancellation reaches whatever a task waits in: limits of every kind, barriers, pauses between
//! retries, handles, streams, and a thread that is not free.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::Pin;
use std::sync::Arc;

use every_await::{Counter, ms};
use futures_util::{StreamExt, stream};
use rejoin::breaker::{CircuitBreaker, Trip};
use rejoin::limit::{
    AdaptiveLimit, CapacityLimiter, ConcurrencyLimit, LimitSet, RateLimit, WindowLimit,
};
use rejoin::pool::ThreadPool;
use rejoin::retry::{Backoff, Hedge, Retry};
use rejoin::single_flight::{Audience, SingleFlight};
use rejoin::stream::{batch, buffer, item_timeout, merge, throttle};
use rejoin::sync::Barrier;
use rejoin::{
    CancelSource, LimitedScope, Scope, Until, as_completed, in_task, live_tasks, scope,
    wait_handles,
};
use tokio::time::{Instant, sleep};

type Parked = (&'static str, Pin<Box<dyn Future<Output = ()> + Send>>);

fn parked<T>(name: &'static str, future: impl Future<Output = T> + Send + 'static) -> Parked {
    (name, Box::pin(async move { drop(future.await) }))
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

const ONE: NonZeroUsize = NonZeroUsize::new(1).expect("it is not zero");

fn never() -> std::future::Pending<Result<(), ()>> {
    std::future::pending()
}

async fn waits(s: &Scope) -> Vec<Parked> {
    let concurrency = ConcurrencyLimit::new(n(1));
    let held = concurrency.acquire().await;
    let (rate, window) = (RateLimit::new(n(1), ms(1 << 30)), WindowLimit::new(n(1), ms(1 << 30)));
    rate.acquire().await;
    window.acquire().await;
    let (adaptive, capacity) = (AdaptiveLimit::new(n(1)..=n(1)), CapacityLimiter::new(n(1)));
    let kept = (adaptive.acquire().await, capacity.acquire("first").await.unwrap());
    let set = LimitSet::new().and(&concurrency, 1).and(&rate, 1);
    let (barrier, breaker) = (Barrier::new(NonZeroUsize::new(2).unwrap()), {
        CircuitBreaker::new(Trip::consecutive(n(1)))
    });
    let hour = ms(3_600_000);
    let mut others = [(); 2].map(|()| s.spawn_value(sleep(hour)));
    let quiet = || stream::pending::<u8>();
    let (first, second) = (buffer(s, ONE, quiet()), buffer(s, ONE, quiet()));

    vec![
        parked("a concurrency limit", async move { concurrency.acquire().await }),
        parked("a rate limit", async move { rate.acquire().await }),
        parked("a window limit", async move { window.acquire().await }),
        parked("an adaptive limit", async move { adaptive.acquire().await }),
        parked("a capacity limiter", async move { capacity.acquire("second").await }),
        parked("several limits at once", async move { set.acquire().await.map(drop) }),
        parked("a barrier", async move { barrier.wait().await }),
        parked("a breaker's call", async move { breaker.run(never).await.map_err(drop) }),
        parked("a pause between retries", async move {
            let policy = Retry::new(2).backoff(Backoff::constant(hour));
            policy.run(|_| async { Err::<(), _>("down") }).await
        }),
        parked("a hedged call", async move { Hedge::after(ms(2)).run(|_| never()).await }),
        parked("a shared run", async move {
            SingleFlight::new().run(Audience::Everybody, 1, never).await
        }),
        parked(
            "outcomes one by one",
            as_completed([never()], ONE, |mut results| async move {
                Ok(results.next().await.is_some())
            }),
        ),
        parked("handles", async move { wait_handles(&mut others, Until::all()).await }),
        parked("a place in a scope", async move {
            let full = Scope::builder().limit(ONE).run(|s: LimitedScope<()>| async move {
                drop(s.spawn(never()).await);
                Ok(s.spawn(never()).await)
            });
            full.await.map(drop)
        }),
        parked(
            "a child's readiness",
            scope(|s: Scope<()>| async move {
                Ok(s.spawn_ready::<_, _, (), ()>(|_ready| never()).await.is_ok())
            }),
        ),
        parked("a join in one task", async move { in_task::wait([never(), never()]).await }),
        parked("a buffer", async move { { first }.next().await }),
        parked("a merge, a throttle, a batch", async move {
            let paced = throttle(ms(10), item_timeout(hour, merge([second])));
            batch(ONE, paced).within(ms(10)).next().await.map(drop)
        }),
        parked("what others hold", async move { (std::future::pending::<()>().await, held, kept) }),
    ]
}

#[tokio::test(start_paused = true)]
async fn all_of_them_end_on_the_same_turn() {
    let start = Instant::now();
    let counter = Counter::default();
    let inside = counter.clone();
    let result = scope(|s: Scope| async move {
        let mut tasks = Vec::new();
        for (name, future) in waits(&s).await {
            let value = inside.value();
            tasks.push((name, s.spawn_value(async move { (future.await, value).0 })));
        }
        sleep(ms(10)).await;
        for (name, task) in &tasks {
            assert!(!task.is_finished(), "{name}: nothing was waited for");
        }
        assert_eq!(inside.alive(), tasks.len());
        s.cancel_children("enough");
        for (name, task) in tasks {
            // A join comes back in its last poll, with its own children ended, and so does its task.
            if let Err(error) = task.await {
                assert_eq!(error.cancelled().unwrap().source(), CancelSource::Explicit, "{name}");
            }
        }
        Ok(())
    });
    result.await.unwrap();
    assert_eq!((start.elapsed(), counter.alive(), live_tasks()), (ms(10), 0, 0));
}

/// Virtual time stands still while a thread works, so this one does without.
#[tokio::test]
async fn a_wait_for_a_thread_ends_and_the_work_never_starts() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let pool = ThreadPool::new("test", ONE);
    let busy = pool.try_run(move || held.recv()).unwrap();
    let waits = pool.clone();
    scope(|s: Scope| async move {
        let task = s.spawn_value(async move {
            drop(waits.run_value(|| unreachable!("it never starts")).await);
        });
        tokio::task::yield_now().await;
        task.cancel("enough");
        assert!(task.await.unwrap_err().is_cancelled());
        Ok(())
    })
    .await
    .unwrap();
    release.send(()).unwrap();
    busy.await.unwrap();
    assert_eq!(pool.run_value(|| 1).await.unwrap(), 1);
}

/// A scope takes in only its own cancellation: that of an outer scope goes on outwards.
#[tokio::test(start_paused = true)]
async fn control_comes_back_behind_the_scope_that_was_cancelled() {
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let entries = Arc::clone(&log);
    let outer = scope(|outer: Scope| async move {
        let inner = scope(|inner: Scope| async move {
            inner.cancel("the inner one");
            outer.cancel("the outer one");
            Ok(std::future::pending::<()>().await)
        });
        // Comes back in the poll in which the stop is seen, and no further than the next wait.
        let inner = inner.await.unwrap_err().to_string();
        entries.lock().unwrap().push(inner);
        sleep(ms(1)).await;
        entries.lock().unwrap().push("behind the inner one".to_owned());
        Ok(())
    });
    let error = outer.await.unwrap_err();
    assert_eq!(error.to_string(), "cancelled: the outer one");
    assert!(!log.lock().unwrap().iter().any(|entry| entry == "behind the inner one"));
}
