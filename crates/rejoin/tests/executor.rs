//! The executor: a bounded queue, refused work handed back, drained or aborted at the end.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rejoin::pool::{Executor, ThreadPool};
use rejoin::{TaskError, cancel_reason, live_tasks};

type Plain = Executor<Infallible>;

fn pool(threads: usize) -> ThreadPool {
    ThreadPool::new("test", NonZeroUsize::new(threads).expect("it is not zero"))
}

#[tokio::test]
async fn leaving_the_body_drains_what_nobody_awaits() {
    let ran = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&ran);
    let pool = pool(2);
    Executor::open(pool.clone(), 3, |executor: Plain| async move {
        for _ in 0..100 {
            let ran = Arc::clone(&seen);
            let work = move || {
                ran.fetch_add(1, Ordering::SeqCst);
                Ok(())
            };
            // The queue is shorter than the work: this waits for places.
            drop(executor.execute(work).await.unwrap());
            assert!(executor.unfinished() <= 5);
        }
        executor.close();
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(ran.load(Ordering::SeqCst), 100);
    assert_eq!((pool.busy(), live_tasks()), (0, 0));
}

#[tokio::test]
async fn a_full_queue_and_a_closed_executor_hand_the_work_back() {
    Executor::open(pool(1), 1, |executor: Plain| async move {
        let (release, held) = mpsc::channel::<()>();
        let first = executor.try_execute(move || Ok(held.recv().is_ok())).unwrap();
        let second = executor.try_execute(|| Ok(2)).unwrap();
        let full = executor.try_execute(|| Ok(3)).unwrap_err();
        assert!(full.is_full());
        assert_eq!(full.to_string(), "the queue of the executor on `test` is full");
        release.send(()).unwrap();
        assert!(first.await?);
        assert_eq!(second.await?, 2);
        let third = executor.execute(full.into_work()).await.unwrap();
        executor.close();
        let closed = executor.execute(|| Ok(4)).await.unwrap_err();
        assert!(!closed.is_full());
        assert_eq!(closed.to_string(), "the executor on `test` is closed");
        assert!(!executor.try_execute(closed.into_work()).unwrap_err().is_full());
        // What was submitted before still runs.
        assert_eq!(third.await?, 3);
        Ok(())
    })
    .await
    .unwrap();
}

/// Not lost in a child that never starts.
#[tokio::test]
async fn a_clone_that_is_kept_for_too_long_gets_its_work_back() {
    let kept: Plain =
        Executor::open(pool(1), 1, |executor: Plain| async move { Ok(executor) }).await.unwrap();
    let refused = kept.try_execute(|| Ok(1)).unwrap_err();
    assert!(!refused.is_full());
    let refused = kept.execute(refused.into_work()).await.unwrap_err();
    assert_eq!(refused.into_work()(), Ok(1));
    assert_eq!((kept.unfinished(), live_tasks()), (0, 0));
}

#[tokio::test]
async fn what_one_submits_starts_in_the_order_of_submission() {
    let (start, started) = mpsc::channel();
    Executor::open(pool(1), 64, |executor: Plain| async move {
        let (release, held) = mpsc::channel::<()>();
        executor.try_execute(move || Ok(held.recv().is_ok())).unwrap();
        for n in 0..50 {
            let start = start.clone();
            executor.try_execute(move || start.send(n).map_err(|_| unreachable!())).unwrap();
        }
        release.send(()).unwrap();
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(started.iter().collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn abort_tells_what_runs_and_never_starts_what_waits() {
    let (told, tells) = mpsc::channel();
    let started = Arc::new(AtomicUsize::new(0));
    let waiting_started = Arc::clone(&started);
    Executor::open(pool(1), 8, |executor: Plain| async move {
        let (running, runs) = tokio::sync::oneshot::channel();
        let long = executor
            .try_execute(move || {
                running.send(()).unwrap();
                while cancel_reason().is_none() {
                    std::thread::yield_now();
                }
                told.send(cancel_reason().unwrap().text().to_owned()).unwrap();
                Ok(())
            })
            .unwrap();
        runs.await.unwrap();
        let work = move || {
            waiting_started.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let waits = executor.try_execute(work).unwrap();
        executor.abort("closing time");
        executor.abort("too late to be the reason");
        // It may have ended in time to give its output.
        assert!(long.await.map_or_else(|error| error.is_cancelled(), |()| true));
        assert!(waits.await.unwrap_err().is_cancelled());
        assert!(executor.try_execute(|| Ok(())).is_err());
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(tells.recv().unwrap(), "closing time");
    assert_eq!((started.load(Ordering::SeqCst), live_tasks()), (0, 0));
}

#[tokio::test]
async fn a_stop_with_patience_drains_or_aborts_and_says_what_is_left() {
    let left = Executor::open(pool(2), 16, |executor: Executor<Infallible>| async move {
        for _ in 0..10 {
            executor.execute(|| Ok(())).await.unwrap();
        }
        let all = executor.stop_within(Duration::from_secs(60)).await;
        assert!(executor.try_execute(|| Ok(())).is_err(), "it takes no more");
        Ok((all, executor.stop_within(Duration::ZERO).await))
    });
    assert_eq!(left.await.unwrap(), (0, 0));

    let (release, released) = std::sync::mpsc::channel::<()>();
    let left = Executor::open(pool(1), 16, |executor: Executor<Infallible>| async move {
        let runs = executor.execute(move || Ok(released.recv().is_ok())).await.unwrap();
        let waits = executor.execute(|| Ok(())).await.unwrap();
        let left = executor.stop_within(Duration::from_millis(1)).await;
        assert!(waits.await.unwrap_err().is_cancelled());
        release.send(()).unwrap();
        // It was told to stop, and has not looked.
        drop(runs);
        Ok(left)
    });
    assert_eq!(left.await.unwrap(), 2);
}

#[tokio::test]
async fn failures_and_panics_are_seen_by_their_handles_alone() {
    Executor::open(pool(1), 4, |executor: Executor<&'static str>| async move {
        let fails = executor.try_execute(|| Err::<(), _>("no")).unwrap();
        let panics = executor.try_execute(|| -> Result<(), _> { panic!("broken") }).unwrap();
        let works = executor.try_execute(|| Ok(1)).unwrap();
        assert_eq!(fails.await.unwrap_err().failed(), Some(&"no"));
        assert!(matches!(panics.await, Err(TaskError::Panicked(_))));
        assert_eq!(works.await?, 1);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_thread_that_is_freed_by_an_abort_starts_nothing_that_waited() {
    let pool = pool(1);
    let started = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&started);
    Executor::open(pool.clone(), 8, |executor: Plain| async move {
        let (release, held) = mpsc::channel::<()>();
        let first = executor.try_execute(move || Ok(held.recv().is_ok())).unwrap();
        let work = move || {
            seen.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let waits = executor.try_execute(work).unwrap();
        while pool.busy() == 0 {
            tokio::task::yield_now().await;
        }
        // The thread is mostly free, and given to the one that waits, before that one sees the abort;
        // whichever comes first, it does not start.
        release.send(()).unwrap();
        for _ in 0..1000 {
            std::thread::yield_now();
        }
        executor.abort("enough");
        drop(first);
        assert!(waits.await.unwrap_err().is_cancelled());
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(started.load(Ordering::SeqCst), 0);
}

/// Work that runs cannot be stopped: whoever gives it up does not make room for more.
#[tokio::test]
async fn work_that_was_given_up_keeps_its_place_until_it_ends() {
    let pool = pool(1);
    Executor::open(pool.clone(), 0, |executor: Plain| async move {
        let (release, held) = mpsc::channel::<()>();
        let (runs, running) = tokio::sync::oneshot::channel();
        let first = executor.try_execute(move || {
            let _ = runs.send(());
            Ok(held.recv().is_ok())
        });
        let first = first.unwrap();
        running.await.unwrap();
        first.cancel("not wanted any longer");
        assert!(first.await.is_err());
        assert_eq!((pool.busy(), executor.unfinished()), (1, 1));
        let full = executor.try_execute(|| Ok(2)).unwrap_err();
        assert!(full.is_full());
        release.send(()).unwrap();
        assert_eq!(executor.execute(full.into_work()).await.unwrap().await?, 2);
        assert_eq!(executor.unfinished(), 0);
        Ok(())
    })
    .await
    .unwrap();
}
