//! A task may hold a scope that it does not poll, as in a `select!` with a long branch, or hand one over
//! to another task. A stop is heard all the same, and nobody waits for ever.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use futures_util::poll;
use rejoin::{Scope, ScopeError, cancelled, live_tasks, scope, shield, timeout};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

type Opened =
    Pin<Box<dyn Future<Output = Result<(), ScopeError<std::convert::Infallible>>> + Send>>;

/// A scope that has been polled once. Its child takes 50 ms to clean up.
async fn opened(body_ends: bool, grace: Duration) -> Opened {
    let mut inner: Opened =
        Box::pin(Scope::builder().name("inner").grace(grace).run(move |s: Scope| async move {
            drop(s.task("leaf").spawn_value(async {
                cancelled().await;
                let _ = shield(ms(1000), sleep(ms(50))).await;
            }));
            tokio::task::yield_now().await;
            if body_ends { Ok(()) } else { Ok(pending().await) }
        }));
    assert!(poll!(&mut inner).is_pending());
    inner
}

/// How long it takes from the cancellation, at 10 ms, to the end of everything.
async fn time_to_end<F: Future>(future: F) -> Duration {
    let start = Instant::now();
    tokio::time::timeout(ms(100_000), future).await.expect("it does not hang");
    assert_eq!(live_tasks(), 0);
    start.elapsed() - ms(10)
}

#[tokio::test(start_paused = true)]
async fn who_holds_one_is_dropped_when_its_children_have_ended() {
    for body_ends in [false, true] {
        let alone = scope(|s: Scope| async move {
            let holder = s.spawn_value(async move {
                let _inner = opened(body_ends, ms(0)).await;
                pending::<()>().await;
            });
            sleep(ms(10)).await;
            holder.cancel("enough");
            assert!(holder.await.unwrap_err().is_cancelled());
            Ok(())
        });
        assert_eq!(time_to_end(alone).await, ms(50));

        let in_a_body = timeout(ms(10), async move {
            let _inner = opened(body_ends, ms(0)).await;
            pending::<()>().await;
        });
        assert_eq!(time_to_end(in_a_body).await, ms(50));
    }
}

/// They have left without the scope's lock, and nobody has asked after them until the stop.
#[tokio::test(start_paused = true)]
async fn who_holds_one_whose_children_have_ended_is_dropped_at_once() {
    let stopped = scope(|s: Scope| async move {
        let holder = s.spawn_value(async move {
            let mut inner: Opened = Box::pin(scope(|s: Scope| async move {
                s.spawn_value(async {}).await?;
                Ok(pending().await)
            }));
            assert!(poll!(&mut inner).is_pending());
            pending::<()>().await;
        });
        sleep(ms(10)).await;
        holder.cancel("enough");
        assert!(holder.await.unwrap_err().is_cancelled());
        Ok(())
    });
    assert_eq!(time_to_end(stopped).await, ms(0));
}

#[tokio::test(start_paused = true)]
async fn its_grace_is_over_some_time_also_where_nobody_keeps_it() {
    // In milliseconds: that of the scope outside, that of the one inside, when all have ended.
    for (outside, inside, ends) in [(0, 20, 20), (20, 0, 20), (20, 20, 20), (20, 100, 100)] {
        for alone in [true, false] {
            let stopped = Scope::builder().grace(ms(outside)).run(|s: Scope| async move {
                let holder = s.spawn_value(async move {
                    let mut inner = Box::pin(
                        Scope::builder()
                            .grace(ms(inside))
                            .run(|s: Scope| async move { s.spawn_value(pending::<()>()).await }),
                    );
                    assert!(poll!(&mut inner).is_pending());
                    pending::<()>().await;
                });
                sleep(ms(10)).await;
                if alone {
                    holder.cancel("enough");
                    assert!(holder.await.unwrap_err().is_cancelled());
                } else {
                    s.cancel("enough");
                    pending::<()>().await;
                }
                Ok(())
            });
            assert_eq!(time_to_end(stopped).await, ms(ends), "{outside}, {inside}, {alone}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_scope_gives_no_grace_inside_either() {
    let around = scope(|_: Scope| async move {
        let dropped = tokio::time::timeout(
            ms(10),
            scope(|s: Scope| async move {
                drop(s.spawn_value(async move {
                    let _inner = opened(false, ms(700)).await;
                    pending::<()>().await;
                }));
                Ok(pending::<()>().await)
            }),
        );
        assert!(dropped.await.is_err());
        Ok(())
    });
    assert_eq!(time_to_end(around).await, ms(50));
}

#[tokio::test(start_paused = true)]
async fn who_has_handed_one_over_is_dropped_when_it_has_ended() {
    let handed_over = scope(|s: Scope| async move {
        let (give, get) = oneshot::channel();
        let opener = s.spawn_value(async move {
            give.send(opened(false, ms(0)).await).ok().expect("the other task is there");
            pending::<()>().await;
        });
        let other = s.spawn_value(async move { get.await.unwrap().await.is_err() });
        sleep(ms(10)).await;
        opener.cancel("enough");
        assert!(opener.await.unwrap_err().is_cancelled());
        assert!(other.await.unwrap());
        Ok(())
    });
    assert_eq!(time_to_end(handed_over).await, ms(50));
}

#[tokio::test(start_paused = true)]
async fn one_whose_opener_has_gone_is_listed_and_hears_a_stop() {
    let handed_over = Scope::builder().grace(ms(300)).run(|s: Scope| async move {
        let (give, get) = oneshot::channel();
        let opener = s.spawn_value(async move {
            let mut heard = Box::pin(scope(|_: Scope| async move { Ok(cancelled().await) }));
            assert!(poll!(&mut heard).is_pending());
            give.send(heard).ok().expect("the other task is there");
        });
        opener.await?;
        let other = s.spawn_value(async move { get.await.unwrap().await });
        sleep(ms(10)).await;
        let tree = s.tree().await.to_string();
        assert!(tree.contains("waits for a cancellation"), "{tree}");
        s.cancel("enough");
        let heard = other.await?.unwrap();
        assert_eq!(heard.text(), "enough");
        Ok(())
    });
    assert_eq!(time_to_end(handed_over).await, ms(0));
}
