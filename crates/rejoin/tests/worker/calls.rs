//! Calls: order, outcomes, cancellation, and the library's own retry, limit and time-out around them.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin::limit::ConcurrencyLimit;
use rejoin::retry::{Backoff, Retry};
use rejoin::worker::{Call, Worker, asynchronous};
use rejoin::{CancelSource, Instant, Outcome, Scope, gather, live_tasks, scope, timeout};
use tokio::time::sleep;

use super::{Log, log, push};

const SECOND: Duration = Duration::from_secs(1);

/// A call that takes a second before it adds to the log.
struct PushSlowly(u32);

impl Call<Vec<u32>> for PushSlowly {
    type Output = usize;
    type Error = Infallible;

    async fn run(self, log: &mut Vec<u32>) -> Outcome<usize, Infallible> {
        sleep(SECOND).await;
        log.push(self.0);
        Ok(log.len())
    }
}

async fn read(log: &Log) -> Vec<u32> {
    log.call(|log: &mut Vec<u32>| Ok(log.clone())).await.expect("it is open")
}

#[tokio::test(start_paused = true)]
async fn calls_are_served_in_the_order_of_submission_one_at_a_time() {
    scope(|s: Scope| async move {
        let log = log(&s);
        let begin = Instant::now();
        let mut handles = Vec::new();
        for n in 0..10 {
            handles.push(log.submit(PushSlowly(n)).await.unwrap());
        }
        assert_eq!(log.stats().unfinished, 10);
        let lengths = gather(handles).await.unwrap();
        assert_eq!(lengths, (1..=10).collect::<Vec<_>>());
        assert_eq!(begin.elapsed(), 10 * SECOND);
        assert_eq!(read(&log).await, (0..10).collect::<Vec<_>>());
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_seen_by_its_handle_alone() {
    let ended = scope(|s: Scope<String>| async move {
        let worker: Worker<u32, &'static str> = Worker::builder("w").start(&s, || 0);
        let failed = worker.call(|_: &mut u32| Err::<(), _>("no")).await;
        assert_eq!(failed.unwrap_err().failed(), Some(&"no"));
        Ok(worker.call(|n: &mut u32| Ok(*n)).await.unwrap())
    });
    assert_eq!(ended.await.unwrap(), 0);
}

/// C3: cancelling a queued or a running call killed the worker.
#[tokio::test(start_paused = true)]
async fn cancelling_a_queued_or_a_running_call_leaves_the_worker_alive() {
    scope(|s: Scope| async move {
        let log = log(&s);
        let running = log.submit(PushSlowly(1)).await.unwrap();
        let queued = log.submit(PushSlowly(2)).await.unwrap();
        let last = log.submit(PushSlowly(3)).await.unwrap();
        sleep(SECOND / 2).await;
        let begin = Instant::now();
        assert!(queued.cancel("not that one"));
        // It does not wait for those in front of it.
        assert_eq!(queued.await.unwrap_err().cancelled().unwrap().text(), "not that one");
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert!(running.cancel("nor that one"));
        assert_eq!(running.await.unwrap_err().cancelled().unwrap().text(), "nor that one");
        assert_eq!(last.await?, 1);
        assert!(!log.is_closed());
        assert_eq!(read(&log).await, [3]);
        Ok(())
    })
    .await
    .unwrap();
}

/// C12: awaiting the future of a call used a whole core.
#[tokio::test(start_paused = true)]
async fn awaiting_a_call_does_not_spin() {
    scope(|s: Scope| async move {
        let log = log(&s);
        let mut handle = log
            .submit(asynchronous(|_: &mut Vec<u32>| {
                Box::pin(async {
                    sleep(Duration::from_secs(3600)).await;
                    Ok(())
                })
            }))
            .await
            .unwrap();
        let mut polls = 0;
        std::future::poll_fn(|cx| {
            polls += 1;
            std::pin::Pin::new(&mut handle).poll(cx)
        })
        .await?;
        assert!(polls <= 2, "{polls} polls");
        Ok(())
    })
    .await
    .unwrap();
}

/// C15: a call that needed the result of another blocked its submitter, and failed there.
#[tokio::test(start_paused = true)]
async fn a_call_that_needs_another_waits_for_it_itself() {
    scope(|s: Scope<&'static str>| async move {
        let first: Worker<u32, &'static str> = Worker::builder("first").start(&s, || 0);
        let second: Worker<u32, &'static str> = Worker::builder("second").start(&s, || 0);
        let begin = Instant::now();
        let needed = first
            .submit(asynchronous(|_: &mut u32| {
                Box::pin(async {
                    sleep(SECOND).await;
                    Err::<u32, _>("the first failed".into())
                })
            }))
            .await
            .unwrap();
        let dependent = second
            .submit(asynchronous(move |sum: &mut u32| {
                Box::pin(async move {
                    *sum += needed.await?;
                    Ok(*sum)
                })
            }))
            .await
            .unwrap();
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert_eq!(dependent.await.unwrap_err().failed(), Some(&"the first failed"));
        Ok(())
    })
    .await
    .unwrap();
}

/// C16: the amount of jitter was ignored; and a pause between attempts kept the worker busy.
#[tokio::test(start_paused = true)]
async fn a_retried_call_keeps_its_jitter_and_leaves_the_worker_free_between_attempts() {
    scope(|s: Scope<&'static str>| async move {
        let worker: Worker<u32, &'static str> = Worker::builder("flaky").start(&s, || 0);
        let policy = Retry::new(3).backoff(Backoff::constant(SECOND).jitter(0.1));
        let (same, begin) = (worker.clone(), Instant::now());
        let retried = s.spawn_value(async move {
            let flaky = |n: &mut u32| {
                *n += 1;
                if *n < 3 { Err("again") } else { Ok(*n) }
            };
            let value = policy.run(|_| same.call(flaky)).await.unwrap();
            (value, begin.elapsed())
        });
        sleep(SECOND / 2).await;
        // In the first pause.
        let before = Instant::now();
        assert_eq!(worker.call(|n: &mut u32| Ok(*n)).await?, 1);
        assert_eq!(before.elapsed(), Duration::ZERO);
        let (value, took) = retried.await?;
        assert_eq!(value, 3);
        assert!(took >= SECOND * 9 / 5 && took <= SECOND * 11 / 5, "{took:?}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_time_out_around_a_call_cancels_it() {
    scope(|s: Scope| async move {
        let log = log(&s);
        assert!(timeout(SECOND / 2, log.call(PushSlowly(1))).await.is_err());
        // What was cancelled is out of the way at once.
        assert_eq!(log.call(push(2)).await?, 1);
        Ok(())
    })
    .await
    .unwrap();
}

/// C29: waiting for a limit was unfair and polled, and a large request starved.
#[tokio::test(start_paused = true)]
async fn a_call_that_needs_all_of_a_limit_is_not_starved_by_small_ones() {
    scope(|s: Scope| async move {
        let limit = ConcurrencyLimit::new(NonZeroU32::new(4).unwrap());
        let worker: Worker<()> = Worker::builder("w").copies(super::n(8)).start(&s, || ());
        let served = Arc::new(AtomicUsize::new(0));
        let (mut small, mut large) = (Vec::new(), None);
        for number in 0..40 {
            let (limit, served) = (limit.clone(), Arc::clone(&served));
            let weight = if number == 8 { 4 } else { 1 };
            let worker = worker.clone();
            let handle = s.spawn_value(async move {
                let _permit = limit.acquire_many(weight).await.unwrap();
                let nap = asynchronous(|_: &mut ()| {
                    Box::pin(async {
                        sleep(SECOND).await;
                        Ok(())
                    })
                });
                worker.call(nap).await.unwrap();
                served.fetch_add(1, Ordering::SeqCst)
            });
            if number == 8 { large = Some(handle) } else { small.push(handle) }
        }
        assert_eq!(large.unwrap().await?, 8, "those before it, and nobody else");
        for handle in small {
            handle.await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_is_a_child_of_the_worker_and_inherits_from_its_scope() {
    struct Tenant(u8);
    let seen = Scope::builder().inherit(Tenant(7)).run(|s: Scope| async move {
        let log = log(&s);
        let inner = Scope::builder().inherit(Tenant(8)).run(|_: Scope| async move {
            let tenant = |_: &mut Vec<u32>| Ok(rejoin::inherited::<Tenant>().unwrap().0);
            log.call(tenant).await
        });
        Ok(inner.await.unwrap())
    });
    assert_eq!(seen.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_lets_the_call_go_on_and_a_dropped_call_stops_it() {
    scope(|s: Scope| async move {
        let log = log(&s);
        drop(log.submit(PushSlowly(1)).await.unwrap());
        let mut dropped = Box::pin(log.call(PushSlowly(2)));
        assert!(futures_util::FutureExt::now_or_never(dropped.as_mut()).is_none());
        drop(dropped);
        assert_eq!(log.call(push(3)).await?, 2);
        assert_eq!(read(&log).await, [1, 3]);
        let closed = log.clone();
        closed.close();
        let refused = log.call(push(4)).await.unwrap_err();
        assert_eq!(refused.cancelled().unwrap().source(), CancelSource::Refused);
        Ok(())
    })
    .await
    .unwrap();
}
