//! Contract 1: nothing outlives its scope.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::convert::Infallible;
use std::future::{Future, Ready};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use every_await::{Counter, drop_at_every_await, ms};
use futures_util::FutureExt;
use rejoin::{
    CancelReason, OnError, Outcome, Scope, TaskError, any, cancelled, gather, live_tasks, quorum,
    race, scope, shield, timeout, wait,
};
use tokio::time::{Instant, sleep};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A tree of scopes, `depth` deep and three wide, whose leaves sleep.
fn tree(depth: u32, counter: Counter) -> Boxed<()> {
    Box::pin(async move {
        let _alive = counter.value();
        if depth == 0 {
            return sleep(ms(100)).await;
        }
        let _ = scope(|s: Scope| async move {
            for _ in 0..3 {
                s.spawn_value(tree(depth - 1, counter.clone()));
            }
            Ok(())
        })
        .await;
    })
}

#[tokio::test(start_paused = true)]
async fn leaving_by_value_waits_for_the_whole_tree() {
    let counter = Counter::default();
    let start = Instant::now();
    tree(4, counter.clone()).await;
    assert_eq!(start.elapsed(), ms(100));
    assert_eq!((counter.alive(), live_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn leaving_by_error_ends_the_whole_tree() {
    let counter = Counter::default();
    let start = Instant::now();
    let inside = counter.clone();
    let result = scope(|s| async move {
        s.spawn_value(tree(4, inside.clone()));
        sleep(ms(10)).await;
        assert!(inside.alive() > 81);
        Err::<(), _>(TaskError::from("enough"))
    })
    .await;
    assert!(result.is_err());
    assert_eq!(start.elapsed(), ms(10));
    assert_eq!((counter.alive(), live_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn leaving_by_cancellation_ends_the_whole_tree() {
    let counter = Counter::default();
    let inside = counter.clone();
    let result = scope(|s: Scope| async move {
        s.spawn_value(tree(4, inside));
        let canceller = s.canceller();
        sleep(ms(10)).await;
        assert!(canceller.cancel("enough"));
        sleep(ms(10)).await;
        unreachable!("a cancelled body is dropped where it waits");
        #[allow(unreachable_code, reason = "gives the block its type")]
        Ok(())
    })
    .await;
    assert_eq!(result.unwrap_err().cancelled(), Some(&CancelReason::from("enough")));
    assert_eq!((counter.alive(), live_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn leaving_waits_for_clean_up_at_every_depth() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let entry = Arc::clone(&log);
    let start = Instant::now();
    let result = scope(|s: Scope| async move {
        s.spawn_value(async move {
            let inner = scope(|t: Scope| async move {
                t.spawn_value(async move {
                    cancelled().await;
                    let clean_up = async {
                        sleep(ms(50)).await;
                        entry.lock().unwrap().push("cleaned up");
                    };
                    shield(ms(1000), clean_up).await.unwrap();
                    // The shield is down: this wait is never left.
                    sleep(ms(1)).await;
                    entry.lock().unwrap().push("went on");
                });
                Ok(())
            });
            let _ = inner.await;
            // Waits again, and is cut off here.
            sleep(ms(1)).await;
        });
        sleep(ms(10)).await;
        s.cancel("enough");
        Ok(())
    })
    .await;
    assert!(result.is_err());
    assert_eq!(*log.lock().unwrap(), ["cleaned up"]);
    assert_eq!((start.elapsed(), live_tasks()), (ms(60), 0));
}

#[tokio::test(start_paused = true)]
async fn a_result_that_nobody_takes_is_dropped_before_the_scope_ends() {
    let counter = Counter::default();
    let inside = counter.clone();
    scope(|s: Scope| async move {
        s.spawn_value(async move {
            sleep(ms(5)).await;
            inside.value()
        });
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(counter.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn finished_children_are_forgotten_while_the_scope_lives() {
    let counter = Counter::default();
    let inside = counter.clone();
    let builder = Scope::builder().on_error(OnError::IgnoreErrors);
    let result = builder.run(|s: Scope| async move {
        for round in 0..1000 {
            let value = inside.value();
            s.spawn_value(async move {
                sleep(ms(1)).await;
                drop(value);
            });
            if round % 10 == 9 {
                assert_eq!((s.live(), inside.alive()), (10, 10));
                sleep(ms(2)).await;
                assert_eq!((s.live(), inside.alive(), live_tasks()), (0, 0, 0));
            }
        }
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_scope_is_awaited_by_the_nearest_living_one() {
    let counter = Counter::default();
    let inside = counter.clone();
    let start = Instant::now();
    scope(|s: Scope| async move {
        // Two scopes inside each other are dropped at once, with a child that cleans up.
        let dropped = scope(|_: Scope| {
            scope(move |t: Scope| async move {
                t.spawn_value(async move {
                    let _value = inside.value();
                    cancelled().await;
                    let _ = shield(ms(500), sleep(ms(70))).await;
                })
                .await
            })
            .into_outcome()
        });
        assert!(tokio::time::timeout(ms(10), dropped).await.is_err());
        assert_eq!(s.live(), 0);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!((start.elapsed(), counter.alive(), live_tasks()), (ms(80), 0, 0));
}

/// A scope's result as the outcome of the body around it.
trait IntoOutcome {
    fn into_outcome(self) -> Boxed<rejoin::Outcome<(), std::convert::Infallible>>;
}

impl<F> IntoOutcome for F
where
    F: Future<Output = Result<(), rejoin::ScopeError<std::convert::Infallible>>> + Send + 'static,
{
    fn into_outcome(self) -> Boxed<rejoin::Outcome<(), std::convert::Infallible>> {
        Box::pin(async move { self.await.map_err(rejoin::ScopeError::into_task_error) })
    }
}

#[tokio::test(start_paused = true)]
async fn spawning_into_a_closed_scope_starts_nothing_and_hands_the_work_back() {
    let escaped = scope(|s: Scope<&str>| async move { Ok(s) }).await.unwrap();
    let counter = Counter::default();
    let value = counter.value();
    let refused = escaped.try_spawn(async move {
        let _value = value;
        unreachable!("it never starts");
        #[allow(unreachable_code, reason = "gives the block its type")]
        Ok(())
    });
    let error = refused.unwrap_err();
    assert!(error.is_closed() && !error.is_full());
    assert_eq!(error.to_string(), "the scope has ended");
    assert_eq!(counter.alive(), 1);
    drop(error.into_future());
    assert_eq!(counter.alive(), 0);

    let outcome = escaped.spawn(async { Ok(()) }).await;
    assert!(outcome.unwrap_err().is_cancelled());
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_clone_of_the_scope_spawns_from_outside_while_it_is_open() {
    let (send, receive) = tokio::sync::oneshot::channel();
    let outside = tokio::spawn(async move {
        let s: Scope<()> = receive.await.unwrap();
        s.spawn(async {
            sleep(ms(30)).await;
            Ok(7)
        })
        .await
    });
    let start = Instant::now();
    scope(|s| async move {
        send.send(s.clone()).unwrap();
        sleep(ms(1)).await;
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(start.elapsed(), ms(30));
    assert_eq!(outside.await.unwrap().unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_body_panics_after_its_children_have_ended() {
    let counter = Counter::default();
    let inside = counter.clone();
    let caught = tokio::spawn(scope(|s: Scope| async move {
        s.spawn_value(tree(2, inside));
        sleep(ms(5)).await;
        panic!("the body has had it");
        #[allow(unreachable_code, reason = "gives the block its type")]
        Ok(())
    }));
    let payload = caught.await.unwrap_err().into_panic();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the body has had it"));
    assert_eq!((counter.alive(), live_tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn so_does_one_that_panics_before_it_is_a_future() {
    let counter = Counter::default();
    let alive = counter.value();
    let ended = scope(|s: Scope| -> Ready<Outcome<(), Infallible>> {
        s.spawn_value(async move {
            let _alive = alive;
            sleep(ms(5)).await;
        });
        panic!("the body has had it")
    });
    let payload = AssertUnwindSafe(ended).catch_unwind().await.unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the body has had it"));
    assert_eq!((counter.alive(), live_tasks()), (0, 0));
}

/// Work of a child: it waits in several ways, fails, panics or succeeds.
async fn work(n: u64, counter: Counter) -> Result<u64, u64> {
    let _alive = counter.value();
    sleep(ms(n % 3)).await;
    tokio::task::yield_now().await;
    let _ = timeout(ms(2), sleep(ms(n))).await;
    match n % 4 {
        3 => Err(n),
        2 => panic!("{n}"),
        _ => Ok(n),
    }
}

#[test]
fn dropped_at_every_await_nothing_is_left() {
    let works = |counter: &Counter| {
        let counter = counter.clone();
        (0..8).map(move |n| work(n, counter.clone()))
    };
    let none = |alive| assert_eq!(alive, 0);
    drop_at_every_await(|c| async move { drop(wait(works(&c)).await) }, none);
    drop_at_every_await(|c| async move { drop(gather(works(&c)).await) }, none);
    drop_at_every_await(|c| async move { drop(race(works(&c)).await) }, none);
    drop_at_every_await(|c| async move { drop(any(works(&c).skip(2)).await) }, none);
    drop_at_every_await(|c| async move { drop(quorum(4, works(&c)).await) }, none);
    drop_at_every_await(|c| async move { tree(2, c).await }, none);
    drop_at_every_await(
        |c| async move {
            let outer = scope(|s| async move {
                let first = s.spawn(work(4, c.clone()));
                let _value = c.value();
                let nested = scope(|t| {
                    let c = c.clone();
                    async move { t.spawn(work(5, c)).await }
                });
                let nested = nested.await.map_err(rejoin::ScopeError::into_task_error)?;
                Ok(first.await? + nested)
            });
            drop(outer.await);
        },
        none,
    );
}

#[test]
fn cancelled_at_every_await_nothing_is_left() {
    let none = |alive| assert_eq!(alive, 0);
    for polls in 0..60 {
        let counter = Counter::default();
        let inside = counter.clone();
        every_await::on_virtual_time(async move {
            let result = scope(|s: Scope| async move {
                let task = s.spawn_value(async move {
                    let works = (0..8).map(|n| work(n, inside.clone()));
                    drop(gather(works).await);
                    tree(2, inside).await;
                });
                for _ in 0..polls {
                    tokio::task::yield_now().await;
                    if polls > 30 {
                        tokio::time::advance(ms(1)).await;
                    }
                }
                task.cancel("enough");
                // Ended, or cancelled; never anything else, and never stuck.
                let outcome = task.await;
                assert!(outcome.is_ok() || outcome.is_err_and(|error| error.is_cancelled()));
                assert_eq!(live_tasks(), 0, "after {polls} polls");
                Ok(())
            });
            result.await.unwrap();
            assert_eq!(live_tasks(), 0);
        });
        none(counter.alive());
    }
}
