//! Contract 4: cancellation is level-triggered, travels down only, and says why.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use every_await::{Counter, ms};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rejoin::retry::Hedge;
use rejoin::{
    CancelReason, CancelSource, OnError, Scope, ScopeError, TaskError, any, cancelled, checkpoint,
    gather, map, quorum, race, scope, shield, timeout,
};
use tokio::time::{Instant, sleep};

/// Nobody is dropped before a poll could show the signal, and what has started is polled again.
#[tokio::test(start_paused = true)]
async fn a_child_that_stops_its_scope_in_its_first_poll_is_polled_once_more() {
    let mut polls = 0;
    let ended = scope(|s: Scope| async move {
        let canceller = s.canceller();
        let task = s.spawn_value(std::future::poll_fn(move |_| {
            polls += 1;
            canceller.cancel("enough");
            if polls == 2 { std::task::Poll::Ready(polls) } else { std::task::Poll::Pending }
        }));
        assert_eq!(task.await?, 2);
        Ok(())
    });
    ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn once_cancelled_always_cancelled() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let entries = Arc::clone(&log);
    let result = scope(|s: Scope| async move {
        let task = s.spawn_value(async move {
            cancelled().await;
            entries.lock().unwrap().push("seen");
            cancelled().await;
            assert!(checkpoint().await.is_err());
            entries.lock().unwrap().push("seen again");
            // Swallowed; the next wait does not return.
            sleep(ms(1)).await;
            entries.lock().unwrap().push("went on");
        });
        sleep(ms(1)).await;
        task.cancel("enough");
        task.await
    })
    .await;
    assert!(result.is_err());
    assert_eq!(*log.lock().unwrap(), ["seen", "seen again"]);
}

#[tokio::test(start_paused = true)]
async fn it_reaches_every_kind_of_wait_on_the_same_turn() {
    let start = Instant::now();
    let counter = Counter::default();
    let inside = counter.clone();
    let result = scope(|s: Scope| async move {
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        let _held = Arc::clone(&lock).lock_owned().await;
        let (_send, mut receive) = tokio::sync::mpsc::channel::<()>(1);
        let values: Vec<_> = (0..7).map(|_| inside.value()).collect();
        let mut values = values.into_iter();
        let mut next = || values.next().unwrap();

        let value = next();
        s.spawn_value(async move { (sleep(ms(100_000)).await, value).0 });
        let value = next();
        s.spawn_value(async move { (drop(lock.lock().await), value).0 });
        let value = next();
        s.spawn_value(async move { (receive.recv().await, value).0 });
        let value = next();
        s.spawn_value(async move { (std::future::pending::<()>().await, value).0 });
        let value = next();
        s.spawn_value(async move { (timeout(ms(90_000), sleep(ms(100_000))).await, value).0 });
        let value = next();
        s.spawn_value(async move {
            let nested = scope(|t: Scope| async move {
                t.spawn_value(sleep(ms(100_000)));
                Ok(std::future::pending::<()>().await)
            });
            (nested.await.is_ok(), value).0
        });
        let value = next();
        let others = s.clone();
        s.spawn_value(async move {
            let other = others.spawn_value(sleep(ms(100_000)));
            (other.await.is_ok(), value).0
        });
        sleep(ms(10)).await;
        assert_eq!(inside.alive(), 7);
        s.cancel("enough");
        Ok(())
    })
    .await;
    assert!(result.is_err());
    assert_eq!((start.elapsed(), counter.alive()), (ms(10), 0));
}

#[tokio::test(start_paused = true)]
async fn it_travels_down_and_never_up_or_sideways() {
    let value = scope(|s: Scope| async move {
        let inner = s.spawn_value(async {
            let result = scope(|t: Scope| async move {
                t.spawn_value(sleep(ms(1000)));
                t.cancel("only this one");
                Ok(())
            });
            assert!(result.await.is_err());
            // This task goes on.
            assert!(checkpoint().await.is_ok());
            sleep(ms(5)).await;
            1
        });
        let sibling = s.spawn_value(async {
            sleep(ms(20)).await;
            2
        });
        Ok(inner.await? + sibling.await?)
    });
    assert_eq!(value.await.unwrap(), 3);
}

/// What a task two scopes further in sees when the outermost is cancelled for `reason`.
async fn seen_further_in(reason: CancelReason) -> CancelReason {
    let (send, receive) = tokio::sync::oneshot::channel();
    let result = scope(|s: Scope| async move {
        s.spawn_value(async move {
            let _ = scope(|t: Scope| async move {
                t.spawn_value(async move { send.send(cancelled().await).unwrap() });
                Ok(())
            })
            .await;
        });
        sleep(ms(1)).await;
        s.cancel(reason);
        Ok(())
    });
    let _ = result.await;
    receive.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn sources_that_hold_below_are_kept_and_others_become_parent() {
    use CancelSource::{ClientGone, Deadline, Explicit, Parent, RaceLost, Shutdown, SiblingFailed};
    for (given, seen) in [
        (ClientGone, ClientGone),
        (Shutdown, Shutdown),
        (Deadline, Deadline),
        (Parent, Parent),
        (Explicit, Parent),
        (SiblingFailed, Parent),
        (RaceLost, Parent),
    ] {
        let reason = seen_further_in(CancelReason::new(given, "the text")).await;
        assert_eq!((reason.source(), reason.text()), (seen, "the text"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_reason_stays() {
    let error = scope(|s: Scope| async move {
        assert!(s.cancel("first"));
        assert!(!s.cancel("second"));
        assert_eq!(s.canceller().reason().unwrap().text(), "first");
        Ok(std::future::pending::<()>().await)
    })
    .await
    .unwrap_err();
    assert_eq!(error.to_string(), "cancelled: first");
}

#[tokio::test(start_paused = true)]
async fn what_has_not_started_never_starts() {
    let polled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&polled);
    scope(|s: Scope| async move {
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let count = Arc::clone(&count);
                s.spawn_value(async move { count.fetch_add(1, Ordering::SeqCst) })
            })
            .collect();
        assert!(tasks[3].cancel("not this one"));
        assert!(s.cancel_children("nor the others"));
        for (index, task) in tasks.into_iter().enumerate() {
            let reason = task.await.unwrap_err().cancelled().unwrap().text().to_owned();
            assert_eq!(reason, if index == 3 { "not this one" } else { "nor the others" });
        }
        // The scope itself goes on.
        assert!(checkpoint().await.is_ok());
        s.spawn_value(async {}).await
    })
    .await
    .unwrap();
    assert_eq!(polled.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn cancel_tells_the_truth() {
    scope(|s: Scope| async move {
        let mut finished = s.spawn_value(async { 7 });
        sleep(ms(1)).await;
        let canceller = finished.canceller();
        assert!(!finished.cancel("too late") && !canceller.cancel("too late"));
        assert!(!canceller.is_cancelled());
        // The seat is somebody else's now, and is not touched by the old handle.
        let next = s.spawn_value(sleep(ms(10)));
        assert!(!finished.cancel("too late") && !canceller.cancel("too late"));
        next.await?;
        assert_eq!((&mut finished).await.unwrap(), 7);

        // A child that is finished all the same has its value.
        let stubborn = s.spawn_value(async { cancelled().await.text().to_owned() });
        sleep(ms(1)).await;
        assert!(stubborn.cancel("please"));
        assert_eq!(stubborn.await.unwrap(), "please");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_lost_nothing_by_its_cancellation_has_its_value() {
    let value = scope(|s: Scope| async move {
        s.cancel("enough");
        Ok(7)
    });
    assert_eq!(value.await.unwrap(), 7);

    let lost = scope(|s: Scope| async move {
        s.spawn_value(sleep(ms(10)));
        s.cancel("enough");
        Ok(7)
    });
    assert_eq!(lost.await.unwrap_err().stopped(), 1);
}

#[tokio::test(start_paused = true)]
async fn grace_lets_members_wait_until_it_is_over() {
    let start = Instant::now();
    let log = Arc::new(Mutex::new(Vec::new()));
    let entries = Arc::clone(&log);
    let result = Scope::builder().grace(ms(100)).run(|s: Scope| async move {
        for time in [30, 60, 500] {
            let entries = Arc::clone(&entries);
            s.spawn_value(async move {
                cancelled().await;
                sleep(ms(time)).await;
                entries.lock().unwrap().push(time);
            });
        }
        // Cancellation reaches further in at once, and the grace does as well.
        let entries = Arc::clone(&entries);
        s.spawn_value(async move {
            let nested = scope(|t: Scope| async move {
                t.spawn_value(async move {
                    let _ = timeout(ms(1000), cancelled()).await;
                    let _ = timeout(ms(1000), sleep(ms(40))).await;
                    entries.lock().unwrap().push(40);
                });
                Ok(())
            });
            let _ = nested.await;
        });
        sleep(ms(1)).await;
        s.cancel("enough");
        Ok(())
    });
    assert_eq!(result.await.unwrap_err().stopped(), 1);
    assert_eq!(*log.lock().unwrap(), [30, 40, 60]);
    assert_eq!(start.elapsed(), ms(101));
}

#[tokio::test(start_paused = true)]
async fn each_of_many_that_are_told_one_by_one_has_its_own_grace() {
    let start = Instant::now();
    Scope::builder()
        .grace(ms(50))
        .run(|s: Scope| async move {
            let deaf = (0..100_u64).map(|_| s.spawn_value(std::future::pending::<()>()));
            let deaf: Vec<_> = deaf.collect();
            // One that goes before its grace is over, and one that is told at the same time as all.
            let quick = s.spawn_value(async { cancelled().await.source() });
            let waits = s.task("waits").spawn_value(std::future::pending::<()>());
            sleep(ms(1)).await;
            assert!(quick.cancel("enough"));
            assert_eq!(quick.await.unwrap(), CancelSource::Explicit);
            for task in &deaf {
                assert!(task.cancel("enough"));
                sleep(ms(1)).await;
            }
            for (n, task) in deaf.into_iter().enumerate() {
                let ended = 51 + n as u64;
                assert_eq!(task.is_finished(), ended < 101, "{n}");
                assert!(task.await.unwrap_err().is_cancelled());
                assert_eq!(start.elapsed(), ms(ended.max(101)));
            }
            assert!(s.cancel_children("enough"));
            assert!(waits.await.unwrap_err().is_cancelled());
            assert_eq!(start.elapsed(), ms(200));
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn grace_holds_for_a_single_child_too() {
    let start = Instant::now();
    Scope::builder()
        .grace(ms(100))
        .run(|s: Scope| async move {
            let deaf = s.spawn_value(sleep(ms(1000)));
            let polite = s.spawn_value(async {
                cancelled().await;
                sleep(ms(20)).await;
                7
            });
            sleep(ms(10)).await;
            deaf.cancel("enough");
            polite.cancel("enough");
            assert_eq!((polite.await?, start.elapsed()), (7, ms(30)));
            assert!(deaf.await.unwrap_err().is_cancelled());
            assert_eq!(start.elapsed(), ms(110));
            Ok(())
        })
        .await
        .unwrap();
}

/// None of its children starts, and nobody is interrupted: that is a stop all the same, no failure.
#[tokio::test(start_paused = true)]
async fn a_join_that_begins_in_the_grace_says_that_it_was_stopped() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tells = Arc::clone(&told);
    let result = Scope::builder().grace(ms(100)).run(|s: Scope| async move {
        let task = s.spawn_value(async move {
            cancelled().await;
            let two = || [1, 2].map(|n| async move { Ok::<_, ()>(n) });
            let limit = NonZeroUsize::MIN;
            let f = |n: u8| async move { Ok::<_, ()>(n) };
            let tell = |name, error: Option<ScopeError<()>>| {
                let stopped = error.is_some_and(|error| error.cancelled().is_some());
                tells.lock().unwrap().push((name, stopped));
            };
            tell("gather", gather(two()).await.err());
            tell("race", race(two()).await.err());
            tell("any", any(two()).await.err());
            tell("quorum", quorum(2, two()).await.err());
            tell("map", map([1, 2], limit, f).await.err());
            tell("hedge", Hedge::after(ms(1)).run(|_| f(1)).await.err());
        });
        sleep(ms(5)).await;
        task.cancel("enough");
        Ok(task.await)
    });
    drop(result.await);
    let names = ["gather", "race", "any", "quorum", "map", "hedge"];
    assert_eq!(*told.lock().unwrap(), names.map(|name| (name, true)));
}

#[tokio::test(start_paused = true)]
async fn losers_are_awaited() {
    let start = Instant::now();
    let won = race([5, 1].map(|time| async move {
        tokio::select! {
            () = sleep(ms(time)) => {}
            _ = cancelled() => { let _ = shield(ms(1000), sleep(ms(30))).await; }
        }
        Ok::<_, ()>(time)
    }));
    assert_eq!(won.await.unwrap().value, 1);
    assert_eq!(start.elapsed(), ms(31));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_from_outside_ends_a_server_of_many_requests() {
    let start = Instant::now();
    let (send, receive) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(async move {
        let builder = Scope::builder().name("server").on_error(OnError::IgnoreErrors);
        builder
            .run(|s: Scope| async move {
                send.send((s.clone(), s.canceller())).unwrap();
                Ok(std::future::pending::<()>().await)
            })
            .await
    });
    let (accept, shutdown) = receive.await.unwrap();
    let records = Arc::new(Mutex::new(Vec::new()));
    let requests: Vec<_> = (0..100)
        .map(|n| {
            let records = Arc::clone(&records);
            accept.spawn_value(async move {
                let request = Scope::builder().name("request").run(|s: Scope| async move {
                    let upstream = s.spawn_value(sleep(ms(if n == 0 { 5 } else { 10_000 })));
                    upstream.await
                });
                // The work is cancelled, the record is kept.
                let record = match request.await {
                    Ok(()) => CancelSource::Explicit,
                    Err(error) => error.cancelled().unwrap().source(),
                };
                records.lock().unwrap().push(record);
            })
        })
        .collect();
    sleep(ms(10)).await;
    requests[1].canceller().cancel(CancelReason::client_gone("reset"));
    sleep(ms(10)).await;
    assert_eq!(accept.live(), 98);
    assert!(shutdown.cancel(CancelReason::shutdown("SIGTERM")));
    let error = server.await.unwrap().unwrap_err();
    assert_eq!(error.cancelled().unwrap().to_string(), "shutting down: SIGTERM");
    assert_eq!(start.elapsed(), ms(20));
    let records = records.lock().unwrap();
    assert_eq!(records.len(), 100);
    assert_eq!(records[1], CancelSource::ClientGone);
    assert_eq!(records.iter().filter(|r| **r == CancelSource::Shutdown).count(), 98);
    assert_eq!(rejoin::live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_signal_is_seen_deep_inside_in_task_combinators() {
    // A combinator polls only what was woken, so the watch itself has to be.
    let sum = scope(|s: Scope| async move {
        let task = s.spawn_value(async {
            let watches: FuturesUnordered<_> =
                (0..5).map(|n| async move { (cancelled().await, n).1 }).collect();
            watches.fold(0, |sum, n| async move { sum + n }).await
        });
        sleep(ms(1)).await;
        task.cancel("enough");
        task.await
    });
    assert_eq!(sum.await.unwrap(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_dropped_leaves_nothing_behind() {
    scope(|s: Scope| async move {
        let task = s.spawn_value(async {
            for _ in 0..1000 {
                assert!(tokio::time::timeout(ms(1), cancelled()).await.is_err());
            }
            cancelled().await.text().to_owned()
        });
        sleep(ms(5000)).await;
        task.cancel("enough");
        assert_eq!(task.await?, "enough");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn outside_scopes_there_is_nothing_to_see() {
    assert!(checkpoint().await.is_ok());
    assert!(tokio::time::timeout(ms(1000), cancelled()).await.is_err());
    assert_eq!((rejoin::deadline(), rejoin::remaining()), (None, None));
}

#[test]
fn scopes_may_be_nested_deep() {
    fn nest(depth: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
        Box::pin(async move {
            if depth == 0 {
                return cancelled().await.text().len() as u32;
            }
            scope(|s: Scope| async move { s.spawn_value(nest(depth - 1)).await }).await.unwrap_or(0)
        })
    }
    every_await::on_virtual_time(async {
        let result = scope(|s: Scope| async move {
            let task = s.spawn_value(nest(2000));
            sleep(ms(10)).await;
            task.cancel("enough");
            Ok(task.await.is_ok())
        });
        result.await.unwrap();
        assert_eq!(rejoin::live_tasks(), 0);
    });
}

/// What it opens between two waits has ended when it waits again, and holds it no longer.
#[tokio::test(start_paused = true)]
async fn whoever_goes_on_opening_scopes_is_dropped_where_it_waits() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    scope(|s: Scope| async move {
        let stubborn = s.spawn_value(async move {
            cancelled().await;
            loop {
                let _ = scope(|_: Scope| async { Ok(()) }).await;
                let _ = shield(ms(100), async {}).await;
                assert!(count.fetch_add(1, Ordering::SeqCst) < 1_000, "it is never dropped");
                tokio::task::yield_now().await;
            }
        });
        sleep(ms(1)).await;
        stubborn.cancel("enough");
        Ok(assert!(matches!(stubborn.await, Err::<(), _>(TaskError::Cancelled(_)))))
    })
    .await
    .unwrap();
}

/// Something outside says when: a token, a signal of the system.
#[tokio::test(start_paused = true)]
async fn a_signal_cancels_the_scope_and_does_not_keep_it_open() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let ended = scope(|s: Scope<String>| async move {
        s.cancel_when(stopped, CancelReason::shutdown("the operator"));
        s.spawn_value(async move { stop.send(()) });
        std::future::pending::<()>().await;
        Ok(())
    });
    let error = ended.await.unwrap_err();
    assert_eq!(error.cancelled().unwrap().source(), CancelSource::Shutdown);

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let ended = scope(|s: Scope<String>| async move {
        s.cancel_when(stopped, "never");
        s.cancel_when(std::future::pending::<()>(), "neither");
        assert_eq!(s.live(), 2);
        s.spawn_value(sleep(ms(5))).await
    });
    ended.await.unwrap();
    assert!(stop.is_closed(), "nobody listens any more");

    // Nor does it start where there is nothing to cancel any more.
    let ended = scope(|s: Scope<String>| async move {
        s.cancel("first");
        s.cancel_when(std::future::ready(()), "second");
        assert_eq!(s.live(), 0);
        Ok(())
    });
    ended.await.unwrap();
}
