//! Blocking work: bounded, waited for, never started when it is too late.

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use rejoin::pool::ThreadPool;
use rejoin::{
    Scope, TaskError, cancel_reason, deadline, live_tasks, scope, timeout, to_thread, wait,
};
use tokio::time::{Instant, sleep};

fn pool(threads: usize) -> ThreadPool {
    ThreadPool::new("test", NonZeroUsize::new(threads).expect("it is not zero"))
}

async fn is_pending<F: Future>(future: &mut Pin<Box<F>>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[tokio::test(start_paused = true)]
async fn outputs_errors_and_panics_are_outcomes() {
    assert_eq!(to_thread(|| 7).await.unwrap(), 7);
    let pool = pool(1);
    assert_eq!(pool.run(|| Ok::<_, ()>("done")).await.unwrap(), "done");
    assert_eq!(pool.run(|| Err::<(), _>("no")).await.unwrap_err().failed(), Some(&"no"));
    match pool.run_value(|| panic!("broken")).await {
        Err(TaskError::Panicked(panic)) => assert_eq!(panic.message(), "broken"),
        other => panic!("{other:?}"),
    }
    // A panic costs the pool nothing.
    assert_eq!(pool.run_value(|| 1).await.unwrap(), 1);
    // The result comes a moment before the thread is free.
    while pool.busy() > 0 {
        std::thread::yield_now();
    }
    assert_eq!(pool.name(), "test");
}

#[tokio::test]
async fn never_more_at_once_than_there_are_threads() {
    let (pool, live, most) =
        (pool(2), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let work = (0..200).map(|n| {
        let (pool, live, most) = (pool.clone(), Arc::clone(&live), Arc::clone(&most));
        async move {
            let work = move || {
                most.fetch_max(live.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                live.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, ()>(n)
            };
            pool.run(work).await.map_err(drop)
        }
    });
    let outcomes = wait(work).await;
    assert!(outcomes.into_iter().map(Result::unwrap).eq(0..200));
    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn a_full_pool_hands_the_work_back_or_makes_its_owner_wait() {
    let pool = pool(1);
    let (release, held) = mpsc::channel::<()>();
    let first = pool.try_run(move || held.recv()).unwrap();
    assert_eq!(pool.busy(), 1);
    let full = pool.try_run(|| Ok::<_, ()>(5)).err().unwrap();
    assert_eq!(full.to_string(), "every thread of the pool `test` is busy");
    let work = full.into_work();
    let mut waiting = Box::pin(pool.run(work));
    assert!(is_pending(&mut waiting).await);
    release.send(()).unwrap();
    first.await.unwrap();
    assert_eq!(waiting.await.unwrap(), 5);
}

#[tokio::test]
async fn a_scope_waits_for_work_that_nobody_awaits_any_more() {
    let ended = Arc::new(AtomicBool::new(false));
    let (work_ended, (release, held)) = (Arc::clone(&ended), mpsc::channel::<()>());
    let pool = pool(1);
    let inner = pool.clone();
    scope(|s: Scope| async move {
        let (started, starts) = tokio::sync::oneshot::channel();
        let task = s.spawn_outcome(async move {
            inner
                .run_value(move || {
                    started.send(()).unwrap();
                    held.recv().unwrap();
                    work_ended.store(true, Ordering::SeqCst);
                })
                .await
        });
        starts.await.unwrap();
        task.cancel("nobody wants it");
        assert!(task.await.unwrap_err().is_cancelled());
        // The task has gone, the work has not: it has a place of its own in the scope.
        assert_eq!(s.live(), 1);
        release.send(()).unwrap();
        Ok(())
    })
    .await
    .unwrap();
    assert!(ended.load(Ordering::SeqCst));
    assert_eq!((pool.busy(), live_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn work_for_which_it_is_too_late_never_starts() {
    let pool = pool(1);
    let (release, held) = mpsc::channel::<()>();
    let first = pool.try_run(move || held.recv()).unwrap();
    let started = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&started);
    let waiting = pool.run_value(move || seen.store(true, Ordering::SeqCst));
    // Virtual time stands still while the pool works; so it is given up by hand.
    let mut waiting = Box::pin(waiting);
    assert!(is_pending(&mut waiting).await);
    drop(waiting);
    release.send(()).unwrap();
    first.await.unwrap();
    assert_eq!(pool.run_value(|| 1).await.unwrap(), 1);
    assert!(!started.load(Ordering::SeqCst));

    // In a scope that stops it is refused.
    let refused = scope(|s: Scope| async move {
        s.cancel("enough");
        let refused = to_thread(|| ()).await;
        Ok(refused.unwrap_err().is_cancelled())
    });
    assert!(refused.await.unwrap());
}

#[tokio::test]
async fn work_can_see_that_it_should_stop_and_how_long_it_has() {
    let outcome = scope(|s: Scope| async move {
        let (started, starts) = tokio::sync::oneshot::channel();
        let (told, tells) = mpsc::channel();
        drop(s.task("long").timeout(Duration::from_secs(100)).spawn_outcome(to_thread(
            move || {
                assert!(deadline().is_some());
                started.send(()).unwrap();
                while cancel_reason().is_none() {
                    std::thread::yield_now();
                }
                told.send(cancel_reason().unwrap().text().to_owned()).unwrap();
            },
        )));
        starts.await.unwrap();
        s.cancel_children("that will do");
        Ok(tells)
    })
    .await;
    assert_eq!(outcome.unwrap().recv().unwrap(), "that will do");
}

#[tokio::test(start_paused = true)]
async fn virtual_time_stands_still_while_a_thread_works() {
    let start = Instant::now();
    let worked = timeout(
        Duration::from_secs(1),
        to_thread(|| std::thread::sleep(Duration::from_millis(20))),
    );
    assert!(worked.await.unwrap().is_ok());
    assert_eq!(start.elapsed(), Duration::ZERO);
    sleep(Duration::from_secs(1)).await;
}
