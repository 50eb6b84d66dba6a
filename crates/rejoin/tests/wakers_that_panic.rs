//! A waker is code of whoever polls. One that panics when it is called keeps nobody else from hearing.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use rejoin::{Scope, cancelled, live_tasks, scope, shield};
use tokio::time::sleep;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker panics");
    }
}

fn panics() -> Waker {
    Waker::from(Arc::new(Panics))
}

async fn ends<F: Future>(future: F) -> F::Output {
    let output = tokio::time::timeout(ms(100_000), future).await.expect("it does not hang");
    assert_eq!(live_tasks(), 0);
    output
}

/// Waits for the signal with a waker that panics, and for nothing else.
async fn listens_badly() {
    let mut signal = pin!(cancelled());
    poll_fn(|_| signal.as_mut().poll(&mut Context::from_waker(&panics())).map(drop)).await;
    pending().await
}

#[tokio::test(start_paused = true)]
async fn the_others_hear_of_a_failure() {
    let error = ends(scope(|s: Scope<&str>| async move {
        drop(s.spawn_value(listens_badly()));
        drop(s.spawn_value(pending::<()>()));
        let failing = s.spawn(async {
            sleep(ms(10)).await;
            Err::<(), _>("no")
        });
        failing.await
    }));
    let error = error.await.unwrap_err();
    assert_eq!((error.failures().len(), error.stopped()), (1, 2));
    assert_eq!(error.failures()[0].error().failed(), Some(&"no"));
}

#[tokio::test(start_paused = true)]
async fn whoever_cancels_gets_an_answer() {
    let error = ends(scope(|s: Scope| async move {
        let one = s.spawn_value(listens_badly());
        let all = [s.spawn_value(listens_badly()), s.spawn_value(pending())];
        sleep(ms(10)).await;
        assert!(one.cancel("enough"));
        assert!(one.await.unwrap_err().is_cancelled());
        assert!(s.cancel("enough"));
        for task in all {
            task.await?;
        }
        Ok(())
    }));
    assert!(error.await.unwrap_err().cancelled().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_scope_is_waited_for() {
    ends(scope(|s: Scope| async move {
        {
            let mut inner = pin!(scope(|s: Scope| async move {
                drop(s.spawn_value(async {
                    let _ = shield(ms(1000), sleep(ms(50))).await;
                }));
                Ok(())
            }));
            for _ in 0..2 {
                let polled = inner.as_mut().poll(&mut Context::from_waker(&panics()));
                assert!(polled.is_pending());
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(s.live(), 0);
        Ok(())
    }))
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_polled_with_one_ends() {
    let mut polled_badly = pin!(scope(|s: Scope| async move {
        let task = s.spawn_value(async { sleep(ms(50)).await });
        s.move_deadline(rejoin::Instant::now() + ms(100_000));
        task.await
    }));
    let mut once = || polled_badly.as_mut().poll(&mut Context::from_waker(&panics()));
    assert!(once().is_pending());
    sleep(ms(100)).await;
    assert!(matches!(once(), Poll::Ready(Ok(()))));
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn looking_at_it_comes_back() {
    ends(scope(|s: Scope| async move {
        let mut inner =
            pin!(scope(
                |s: Scope| async move { s.spawn_value(async { sleep(ms(50)).await }).await }
            ));
        assert!(inner.as_mut().poll(&mut Context::from_waker(&panics())).is_pending());
        let mut tree = pin!(s.tree());
        let looked = poll_fn(|cx| {
            let looked = tree.as_mut().poll(cx);
            let _ = inner.as_mut().poll(cx);
            looked
        });
        let _ = looked.await;
        s.cancel_children("enough");
        Ok(())
    }))
    .await
    .unwrap();
}
