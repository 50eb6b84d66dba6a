//! One interface, whatever the calls run on.

use std::convert::Infallible;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rejoin::pool::ThreadPool;
use rejoin::worker::{Mode, Restart, Worker, asynchronous};
use rejoin::{Outcome, Scope, TaskError, cancel_reason, live_tasks, scope};

use super::n;

const MODES: [Mode; 3] = [Mode::Inline, Mode::Task, Mode::Thread];

#[tokio::test]
async fn the_same_calls_give_the_same_outcomes_in_every_mode() {
    for mode in MODES {
        scope(|s: Scope<&'static str>| async move {
            let worker: Worker<u32, &'static str> =
                Worker::builder("w").mode(mode).restart(Restart::Always).start(&s, || 40);
            assert_eq!(worker.call(|n: &mut u32| Ok(*n + 1)).await?, 41);
            let waits = asynchronous(|n: &mut u32| {
                Box::pin(async move {
                    tokio::task::yield_now().await;
                    *n += 2;
                    Ok(*n)
                })
            });
            assert_eq!(worker.call(waits).await?, 42);
            let failed = worker.call(|_: &mut u32| Err::<(), _>("no")).await.unwrap_err();
            assert_eq!(failed.failed(), Some(&"no"));
            assert_eq!(worker.call(|n: &mut u32| Ok(*n)).await?, 42);
            let boom = |_: &mut u32| -> Result<(), _> { panic!("boom") };
            assert_eq!(worker.call(boom).await.unwrap_err().to_string(), "panicked: boom");
            assert_eq!(worker.call(|n: &mut u32| Ok(*n)).await?, 40);
            let mut handles = Vec::new();
            for add in 1..=10 {
                let call = move |n: &mut u32| {
                    *n += add;
                    Ok(*n)
                };
                handles.push(worker.submit(call).await.unwrap());
            }
            let sums: Vec<u32> = rejoin::gather(handles).await.unwrap();
            assert_eq!(sums, [41, 43, 46, 50, 55, 61, 68, 76, 85, 95]);
            worker.drain().await.unwrap();
            assert!(worker.try_submit(|n: &mut u32| Ok(*n)).unwrap_err().is_stopped());
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(live_tasks(), 0, "{mode:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn inline_calls_that_do_not_wait_have_ended_when_they_have_been_submitted() {
    scope(|s: Scope| async move {
        let worker: Worker<u32> = Worker::builder("w").mode(Mode::Inline).start(&s, || 1);
        let here = thread::current().id();
        let done = worker.try_submit(move |n: &mut u32| Ok((*n, thread::current().id()))).unwrap();
        assert!(done.is_finished());
        assert_eq!(done.await?, (1, here));

        // One that waits goes on as a task, and can be stopped there.
        let (sender, held) = tokio::sync::oneshot::channel::<u32>();
        let waits = worker
            .try_submit(asynchronous(|n: &mut u32| {
                Box::pin(async move {
                    *n = held.await.unwrap();
                    Ok(*n)
                })
            }))
            .unwrap();
        let stuck = worker.try_submit(|n: &mut u32| Ok(*n)).unwrap();
        assert!(!waits.is_finished() && !stuck.is_finished());
        sender.send(9).unwrap();
        assert_eq!((waits.await?, stuck.await?), (9, 9));

        let stopped = worker.try_submit(asynchronous(|_: &mut u32| {
            Box::pin(std::future::pending::<Result<(), TaskError<_>>>())
        }));
        let stopped = stopped.unwrap();
        tokio::task::yield_now().await;
        stopped.cancel("enough");
        assert_eq!(stopped.await.unwrap_err().to_string(), "cancelled: enough");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(live_tasks(), 0);
}

#[tokio::test]
async fn calls_on_threads_may_block_and_hear_of_their_own_cancellation() {
    scope(|s: Scope| async move {
        let worker: Worker<u32> =
            Worker::builder("w").mode(Mode::Thread).copies(n(2)).start(&s, || 0);
        let (started, is_started) = mpsc::channel();
        let told = |started: mpsc::Sender<()>| {
            move |calls: &mut u32| {
                *calls += 1;
                started.send(()).unwrap();
                while cancel_reason().is_none() {
                    thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            }
        };
        let (one, two) = (told(started.clone()), told(started));
        let stopped = worker.submit(one).await.unwrap();
        let other = worker.submit(two).await.unwrap();
        let both = rejoin::to_thread(move || is_started.iter().take(2).count());
        assert_eq!(both.await.unwrap(), 2);
        // One that returns at once when it hears of it may be in time with its value.
        let heard = |outcome: Outcome<(), Infallible>, why: &str| {
            assert_eq!(outcome.map_or_else(|error| error.to_string(), |()| why.to_owned()), why);
        };
        stopped.cancel("that one");
        heard(stopped.await, "cancelled: that one");
        assert!(!other.is_finished());
        // The copy is free again, and its state is what the call has left.
        assert_eq!(worker.call(|calls: &mut u32| Ok(*calls)).await?, 1);
        worker.abort("all");
        heard(other.await, "cancelled: all");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(live_tasks(), 0);
}

#[tokio::test]
async fn workers_may_share_the_threads_of_a_pool() {
    let pool = ThreadPool::new("shared", n(1));
    let seen = pool.clone();
    scope(|s: Scope| async move {
        let one: Worker<u32> = Worker::builder("one").threads(&pool).start(&s, || 1);
        let two: Worker<u32> = Worker::builder("two").threads(&pool).start(&s, || 2);
        let (release, held) = mpsc::channel::<()>();
        let blocks = move |n: &mut u32| {
            held.recv().unwrap();
            Ok(*n)
        };
        let first = one.submit(blocks).await.unwrap();
        while pool.busy() == 0 {
            tokio::task::yield_now().await;
        }
        let second = two.submit(|n: &mut u32| Ok(*n)).await.unwrap();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!second.is_finished());
        release.send(()).unwrap();
        assert_eq!((first.await?, second.await?), (1, 2));
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!((seen.busy(), live_tasks()), (0, 0));
}

#[tokio::test]
async fn a_call_on_a_thread_that_would_wait_for_itself_gets_an_error() {
    scope(|s: Scope| async move {
        let worker: Worker<u32> = Worker::builder("w").mode(Mode::Thread).start(&s, || 0);
        let same = worker.clone();
        let call = asynchronous(move |_: &mut u32| {
            Box::pin(async move {
                let refused = same.submit(|n: &mut u32| Ok(*n)).await.unwrap_err();
                Ok(refused.is_itself())
            })
        });
        assert!(worker.call(call).await?);
        Ok(())
    })
    .await
    .unwrap();
}
