//! What holds for work on threads: a thread that is busy counts until it is free, a wait for one
//! leaves the others going, and nothing that was submitted is left behind.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use rejoin::pool::{Executor, ThreadPool};
use rejoin::{CancelReason, Scope, bridge, cancel_reason, inherited, live_tasks, scope, to_thread};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

fn pool(threads: usize) -> ThreadPool {
    ThreadPool::new("test", NonZeroUsize::new(threads).expect("it is not zero"))
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// The place is the thread's, not the waiter's: giving up the wait frees nothing.
#[tokio::test]
async fn the_place_of_work_that_was_given_up_is_taken_until_the_thread_is_free() {
    let pool = pool(1);
    let (release, held) = mpsc::channel::<()>();
    let free = Arc::new(AtomicBool::new(false));
    let freed = Arc::clone(&free);
    let inner = pool.clone();
    scope(|s: Scope| async move {
        let (started, starts) = oneshot::channel();
        let first = inner.clone();
        let task = s.spawn_outcome(async move {
            let work = move || {
                started.send(()).unwrap();
                held.recv().unwrap();
                freed.store(true, Ordering::SeqCst);
            };
            first.run_value(work).await
        });
        starts.await.unwrap();
        task.cancel("enough");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(inner.busy(), 1);
        assert!(inner.try_run(|| Ok::<_, ()>(())).is_err());
        let seen = Arc::clone(&free);
        let second =
            s.spawn_outcome(
                async move { inner.run_value(move || seen.load(Ordering::SeqCst)).await },
            );
        tokio::task::yield_now().await;
        release.send(()).unwrap();
        assert!(second.await?, "the second had to wait for the thread of the first");
        Ok(())
    })
    .await
    .unwrap();
}

/// Waiting for the end is the default; nobody who waits for a thread holds up the runtime.
#[test]
fn leaving_an_executor_waits_and_lets_other_tasks_run() {
    one_thread().block_on(async {
        let (release, held) = mpsc::channel::<()>();
        let steps = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&steps);
        let other = tokio::spawn(async move {
            for _ in 0..100 {
                steps.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
            release.send(()).unwrap();
        });
        Executor::open(pool(1), 1, |executor: Executor<Infallible>| async move {
            drop(executor.try_execute(move || Ok(held.recv().unwrap())).unwrap());
            Ok(())
        })
        .await
        .unwrap();
        // Only the other task could end the work.
        assert_eq!(seen.load(Ordering::SeqCst), 100);
        other.await.unwrap();
        assert_eq!(live_tasks(), 0);
    });
}

#[test]
fn a_pool_belongs_to_no_runtime() {
    let pool = pool(1);
    for n in 0..3 {
        assert_eq!(one_thread().block_on(pool.run_value(move || n)).unwrap(), n);
    }
    let other = pool.clone();
    let elsewhere = std::thread::spawn(move || one_thread().block_on(other.run_value(|| 7)));
    assert_eq!(elsewhere.join().unwrap().unwrap(), 7);
}

/// One that takes long holds up nobody while another thread is free.
#[tokio::test]
async fn whoever_is_free_takes_the_next() {
    let (release, held) = mpsc::channel::<()>();
    Executor::open(pool(2), 16, |executor: Executor<Infallible>| async move {
        let long = executor.try_execute(move || Ok(held.recv().unwrap())).unwrap();
        let short: Vec<_> = (0..10).map(|n| executor.try_execute(move || Ok(n)).unwrap()).collect();
        // These end although the long one goes on, which would not be if some were bound to its thread.
        for (n, task) in short.into_iter().enumerate() {
            assert_eq!(task.await?, n);
        }
        assert!(!long.is_finished());
        release.send(()).unwrap();
        long.await
    })
    .await
    .unwrap();
}

#[test]
fn of_a_hundred_thousand_from_four_threads_none_is_left_behind() {
    const EACH: usize = 25_000;
    let runtime = Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let ran = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&ran);
    runtime.block_on(async {
        Executor::open(pool(2), 64, |executor: Executor<Infallible>| async move {
            let submitters: Vec<_> = (0..4)
                .map(|_| {
                    let (executor, ran) = (executor.clone(), Arc::clone(&seen));
                    tokio::spawn(async move {
                        for _ in 0..EACH {
                            let ran = Arc::clone(&ran);
                            let work = move || Ok(ran.fetch_add(1, Ordering::Relaxed));
                            drop(executor.execute(work).await.expect("it is open"));
                        }
                    })
                })
                .collect();
            for submitter in submitters {
                submitter.await.unwrap();
            }
            Ok(())
        })
        .await
        .unwrap();
    });
    assert_eq!(ran.load(Ordering::Relaxed), 4 * EACH);
}

#[derive(Debug, PartialEq)]
struct RequestId(u64);

/// Down into children, threads, and what threads call back; never up.
#[tokio::test]
async fn inherited_values_go_down_and_never_up() {
    let id = || inherited::<RequestId>().map(|id| id.0);
    Scope::builder()
        .inherit(RequestId(7))
        .run(|s: Scope| async move {
            assert_eq!(s.spawn_value(async move { id() }).await?, Some(7));
            assert_eq!(to_thread(id).await?, Some(7));
            let inner = Scope::builder().inherit(RequestId(8));
            let inside = inner.run(|t: Scope| async move {
                let on_thread = to_thread(move || {
                    let back = bridge::block_on(|u: Scope| async move {
                        u.spawn_value(async move { id() }).await
                    });
                    (id(), back.unwrap())
                });
                drop(t);
                on_thread.await
            });
            assert_eq!(inside.await.unwrap(), (Some(8), Some(8)));
            assert_eq!(id(), Some(7));
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(id(), None);
}

/// Work on a thread hears of what stops the one who waits for it, also when that is told alone.
#[tokio::test]
async fn work_is_told_when_its_waiter_is_told_or_goes_away() {
    let (report, reported) = mpsc::channel();
    let works = |report: &mpsc::Sender<CancelReason>, started: oneshot::Sender<()>| {
        let report = report.clone();
        move || {
            started.send(()).unwrap();
            let reason = loop {
                match cancel_reason() {
                    Some(reason) => break reason,
                    None => std::thread::yield_now(),
                }
            };
            report.send(reason).unwrap();
        }
    };
    scope(|s: Scope| async move {
        let (started, starts) = oneshot::channel();
        let task = s.spawn_outcome(to_thread(works(&report, started)));
        starts.await.unwrap();
        task.cancel("its client has gone");
        drop(task.await);

        let (started, starts) = oneshot::channel();
        let mut given_up = Box::pin(to_thread(works(&report, started)));
        tokio::select! {
            biased;
            _ = &mut given_up => unreachable!("it waits to be told"),
            _ = starts => {}
        }
        drop(given_up);
        Ok(())
    })
    .await
    .unwrap();
    let mut texts: Vec<_> = reported.iter().map(|reason| reason.to_string()).collect();
    texts.sort_unstable();
    assert_eq!(
        texts,
        [
            "parent cancelled: its client has gone",
            "parent cancelled: nobody waits for it any longer"
        ]
    );
}

/// What a thread calls back belongs to the scope of who called the thread: stopped, it does not start.
#[tokio::test]
async fn a_thread_whose_caller_was_cancelled_cannot_call_back() {
    let (report, reported) = mpsc::channel();
    let stopped = scope(|s: Scope| async move {
        let (started, starts) = oneshot::channel();
        let (go, goes) = mpsc::channel::<()>();
        let task = s.spawn_outcome(to_thread(move || {
            started.send(()).unwrap();
            goes.recv().unwrap();
            let back = bridge::block_on(|_: Scope| async {
                unreachable!("the scope is stopping, so the body never runs");
                #[allow(unreachable_code, reason = "gives the block its type")]
                Ok(())
            });
            report.send(back.unwrap_err().to_string()).unwrap();
        }));
        starts.await.unwrap();
        task.cancel("its client has gone");
        drop(task.await);
        go.send(()).unwrap();
        Ok(())
    });
    stopped.await.unwrap();
    let text = reported.recv().unwrap();
    assert!(text.contains("its client has gone"), "{text}");
}
