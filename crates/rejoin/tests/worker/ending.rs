//! How workers end, and that nothing of them outlives their scope.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin::worker::{Worker, asynchronous};
use rejoin::{CancelSource, Instant, Scope, live_tasks, scope, shield};
use tokio::time::sleep;

use super::{log, n, push};

const MILLI: Duration = Duration::from_millis(1);

/// A state whose end can be seen.
struct Guarded(Arc<AtomicUsize>);

impl Guarded {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Guarded(Arc::clone(alive))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

macro_rules! nap {
    ($time:expr) => {
        asynchronous(move |_: &mut Guarded| {
            Box::pin(async move {
                sleep($time).await;
                Ok(())
            })
        })
    };
}

fn start(s: &Scope, alive: &Arc<AtomicUsize>) -> Worker<Guarded> {
    let alive = Arc::clone(alive);
    Worker::builder("w").copies(n(2)).start(s, move || Guarded::new(&alive))
}

#[tokio::test(start_paused = true)]
async fn a_worker_ends_with_its_scope_even_when_its_handle_leaves_it() {
    let alive = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&alive);
    let begin = Instant::now();
    let worker = scope(|s: Scope| async move {
        let worker = start(&s, &seen);
        drop(worker.submit(nap!(30 * MILLI)).await.unwrap());
        let same = worker.clone();
        drop(s.spawn(async move {
            // The body has ended long ago, and the worker still serves those who are left.
            sleep(100 * MILLI).await;
            drop(same.submit(nap!(20 * MILLI)).await.unwrap());
            Ok(())
        }));
        Ok(worker)
    });
    let worker = worker.await.unwrap();
    assert_eq!(begin.elapsed(), 120 * MILLI);
    assert_eq!((alive.load(Ordering::SeqCst), live_tasks()), (0, 0));
    let refused = worker.submit(nap!(MILLI)).await.unwrap_err();
    assert!(refused.is_stopped());
    assert_eq!(refused.to_string(), "worker `w` has stopped");
    worker.drain().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn workers_that_call_each_other_end_together() {
    let begin = Instant::now();
    scope(|s: Scope| async move {
        let alive = Arc::new(AtomicUsize::new(0));
        let (front, back) = (start(&s, &alive), start(&s, &alive));
        let chain = asynchronous(move |_: &mut Guarded| {
            Box::pin(async move {
                sleep(10 * MILLI).await;
                back.call(nap!(10 * MILLI)).await
            })
        });
        let handle = front.submit(chain).await.unwrap();
        // Nobody waits in the body: the scope waits for the call, and the call finds the other there.
        s.spawn_outcome(handle);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!((begin.elapsed(), live_tasks()), (20 * MILLI, 0));
}

#[tokio::test(start_paused = true)]
async fn without_handles_a_worker_ends_before_its_scope() {
    scope(|s: Scope| async move {
        let alive = Arc::new(AtomicUsize::new(0));
        let worker = start(&s, &alive);
        let last = worker.submit(nap!(10 * MILLI)).await.unwrap();
        drop(worker);
        assert_eq!((alive.load(Ordering::SeqCst), s.live()), (2, 1));
        last.await?;
        sleep(MILLI).await;
        assert_eq!((alive.load(Ordering::SeqCst), s.live()), (0, 0));
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn draining_serves_what_was_submitted_and_refuses_the_rest() {
    scope(|s: Scope| async move {
        let log = log(&s);
        for number in 0..5 {
            drop(log.submit(push(number)).await.unwrap());
        }
        let last = log
            .submit(asynchronous(|log: &mut Vec<u32>| {
                Box::pin(async {
                    sleep(MILLI).await;
                    Ok(log.len())
                })
            }))
            .await
            .unwrap();
        let (one, two) = (log.clone(), log.clone());
        let drains = [s.spawn_value(async move { one.drain().await.unwrap() }), {
            s.spawn_value(async move { two.drain().await.unwrap() })
        }];
        tokio::task::yield_now().await;
        assert!(log.try_submit(push(9)).unwrap_err().is_stopped());
        for drain in drains {
            drain.await?;
        }
        assert!(last.is_finished());
        assert_eq!(last.await?, 5);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn stopping_within_a_time_drains_then_cancels_and_reports() {
    scope(|s: Scope| async move {
        let alive = Arc::new(AtomicUsize::new(0));
        let worker = start(&s, &alive);
        let short = worker.submit(nap!(10 * MILLI)).await.unwrap();
        let long = worker.submit(nap!(1000 * MILLI)).await.unwrap();
        let never =
            worker.submit(asynchronous(|_: &mut Guarded| Box::pin(pending()))).await.unwrap();
        let waiting = worker.submit(nap!(MILLI)).await.unwrap();
        let begin = Instant::now();
        assert_eq!(worker.stop_within(100 * MILLI).await.unwrap(), 3);
        assert_eq!(begin.elapsed(), 100 * MILLI);
        assert_eq!(alive.load(Ordering::SeqCst), 0);
        short.await?;
        for stopped in [long, never, waiting] {
            let reason = stopped.await.unwrap_err();
            let reason = reason.cancelled().unwrap();
            assert_eq!(reason.text(), "worker `w` was to stop within 100ms");
        }
        assert_eq!(worker.stop_within(MILLI).await.unwrap(), 0);
        Ok(())
    })
    .await
    .unwrap();
}

/// C25: stopping a worker skipped the clean-up of its coroutines.
#[tokio::test(start_paused = true)]
async fn aborting_runs_destructors_and_waits_for_shielded_clean_up() {
    let begin = Instant::now();
    scope(|s: Scope| async move {
        let alive = Arc::new(AtomicUsize::new(0));
        let cleaned = Arc::new(AtomicUsize::new(0));
        let (worker, done) = (start(&s, &alive), Arc::clone(&cleaned));
        let guard = Guarded::new(&cleaned);
        let dropped = worker
            .submit(asynchronous(move |_: &mut Guarded| {
                Box::pin(async move {
                    let _guard = guard;
                    pending().await
                })
            }))
            .await
            .unwrap();
        let shielded = worker
            .submit(asynchronous(move |_: &mut Guarded| {
                Box::pin(async move {
                    rejoin::cancelled().await;
                    let clean_up = async {
                        sleep(50 * MILLI).await;
                        done.fetch_add(10, Ordering::SeqCst);
                    };
                    let _ = shield(Duration::from_secs(1), clean_up).await;
                    Ok(())
                })
            }))
            .await
            .unwrap();
        tokio::task::yield_now().await;
        worker.abort("the end");
        worker.abort("too late");
        worker.drain().await.unwrap();
        assert_eq!(cleaned.load(Ordering::SeqCst), 10);
        assert_eq!(alive.load(Ordering::SeqCst), 0);
        let dropped: Result<(), _> = dropped.await;
        assert_eq!(dropped.unwrap_err().cancelled().unwrap().text(), "the end");
        shielded.await?;
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!((begin.elapsed(), live_tasks()), (50 * MILLI, 0));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_scope_stops_its_workers() {
    let alive = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&alive);
    let stopped = scope(|s: Scope| async move {
        let worker = start(&s, &seen);
        let call = worker.submit(nap!(Duration::from_secs(60))).await.unwrap();
        tokio::task::yield_now().await;
        s.cancel("over");
        let reason = call.await.unwrap_err();
        assert_eq!(reason.cancelled().unwrap().source(), CancelSource::Parent);
        Ok(())
    });
    let _ = stopped.await;
    assert_eq!((alive.load(Ordering::SeqCst), live_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_scope_takes_its_workers_along() {
    let alive = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&alive);
    scope(|_: Scope| async move {
        let mut inner = Box::pin(scope(|s: Scope| async move {
            let worker = start(&s, &seen);
            let _call = worker.submit(nap!(Duration::from_secs(60))).await.unwrap();
            pending::<rejoin::Outcome<(), _>>().await
        }));
        assert!(futures_util::FutureExt::now_or_never(inner.as_mut()).is_none());
        tokio::task::yield_now().await;
        drop(inner);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!((alive.load(Ordering::SeqCst), live_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_worker_started_in_an_ended_scope_refuses_every_call() {
    let alive = Arc::new(AtomicUsize::new(0));
    let kept = scope(|s: Scope| async move { Ok(s) }).await.unwrap();
    let worker = start(&kept, &alive);
    assert!(worker.is_closed());
    assert!(worker.submit(nap!(MILLI)).await.unwrap_err().is_stopped());
    worker.drain().await.unwrap();
    assert_eq!((alive.load(Ordering::SeqCst), live_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_never_came_to_run_is_no_leak() {
    let alive = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&alive);
    let stopped = scope(|s: Scope| async move {
        // Stopped before the runtime has polled anything of it.
        let worker = start(&s, &seen);
        let call = worker.try_submit(nap!(MILLI)).unwrap();
        s.cancel("at once");
        assert!(call.await.unwrap_err().is_cancelled());
        Ok(())
    });
    let _ = stopped.await;
    assert_eq!((alive.load(Ordering::SeqCst), live_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_destructor_that_panics_is_a_failure_of_the_scope() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("it fell");
        }
    }
    let failed = scope(|s: Scope| async move {
        let worker: Worker<Bomb> = Worker::builder("w").copies(n(2)).start(&s, || Bomb);
        worker.call(|_: &mut Bomb| Ok(())).await
    });
    assert_eq!(failed.await.unwrap_err().to_string(), "task `w`: panicked: it fell");
    assert_eq!(live_tasks(), 0);
}
