//! A scope whose future is put aside while it is under way: its children do not outlive the scope that it is inside.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rejoin::{CancelSource, Scope, cancelled, gather, live_tasks, scope, timeout};
use tokio::time::sleep;

type Kept<T> = Arc<Mutex<Option<Pin<Box<dyn Future<Output = T> + Send>>>>>;

/// A scope with a child that never ends; the future of the scope is put into `kept`.
async fn put_aside(kept: &Kept<Result<(), rejoin::ScopeError<String>>>) {
    let mut inner =
        Box::pin(scope(|s: Scope<String>| async move { s.spawn_value(pending::<()>()).await }));
    assert!(futures_util::poll!(inner.as_mut()).is_pending());
    tokio::task::yield_now().await;
    assert_eq!(live_tasks(), 1);
    *kept.lock().unwrap() = Some(inner);
}

#[derive(Clone, Copy)]
enum End {
    Well,
    Badly,
    Stopped,
    WithAChild,
}

#[tokio::test(start_paused = true)]
async fn its_children_end_with_the_outer_one_however_that_ends() {
    for end in [End::Well, End::Badly, End::Stopped, End::WithAChild] {
        let kept = Kept::default();
        let ended = scope(async |s: Scope<String>| {
            put_aside(&kept).await;
            match end {
                End::Well => Ok(()),
                End::Badly => Err("no".to_owned().into()),
                End::Stopped => {
                    s.cancel("enough");
                    pending().await
                }
                End::WithAChild => {
                    s.spawn(async { Err::<(), _>("no".to_owned()) });
                    pending().await
                }
            }
        });
        assert_eq!(ended.await.is_ok(), matches!(end, End::Well));
        assert_eq!(live_tasks(), 0);
        // Whoever has it hears what became of it.
        let inner = kept.lock().unwrap().take().unwrap();
        let error = inner.await.unwrap_err();
        assert_eq!(error.cancelled().unwrap().source(), CancelSource::Parent, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_may_also_be_forgotten_or_dropped_later() {
    let kept = Kept::default();
    scope(async |_: Scope<String>| {
        put_aside(&kept).await;
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(live_tasks(), 0);
    drop(kept.lock().unwrap().take());
    scope(async |_: Scope<String>| {
        put_aside(&kept).await;
        // As good as forgotten.
        Box::leak(Box::new(kept.lock().unwrap().take()));
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(live_tasks(), 0);
}

/// Several deep, and put aside by a child.
#[tokio::test(start_paused = true)]
async fn also_in_time_outs_of_joins_that_a_child_has_opened() {
    let kept: Kept<bool> = Kept::default();
    let aside = Arc::clone(&kept);
    let outer = scope(async |s: Scope<String>| {
        s.spawn_value(async move {
            let clean_up = async {
                cancelled().await;
                Ok::<_, String>(())
            };
            let join = timeout(Duration::from_secs(60), gather([clean_up]));
            let mut join = Box::pin(async { join.await.is_ok_and(|joined| joined.is_ok()) });
            assert!(futures_util::poll!(join.as_mut()).is_pending());
            *aside.lock().unwrap() = Some(join);
        })
        .await
    });
    outer.await.unwrap();
    assert_eq!(live_tasks(), 0);
    // Its child has ended by itself when it was told to.
    let join = kept.lock().unwrap().take().unwrap();
    assert!(join.await);
}

/// Without children nothing outlives anything.
#[tokio::test(start_paused = true)]
async fn a_time_out_that_was_moved_out_goes_on() {
    let kept: Kept<bool> = Kept::default();
    scope(async |_: Scope<String>| {
        let nap = timeout(Duration::from_secs(60), sleep(Duration::from_secs(1)));
        let mut nap = Box::pin(async { nap.await.is_ok() });
        assert!(futures_util::poll!(nap.as_mut()).is_pending());
        *kept.lock().unwrap() = Some(nap);
        Ok(())
    })
    .await
    .unwrap();
    let nap = kept.lock().unwrap().take().unwrap();
    assert!(nap.await);
}

/// Who is inside may have it.
#[tokio::test(start_paused = true)]
async fn one_that_a_child_polls_goes_on() {
    let outer = scope(async |s: Scope<String>| {
        let nap = async {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, String>(())
        };
        let mut join = Box::pin(gather([nap]));
        assert!(futures_util::poll!(join.as_mut()).is_pending());
        s.spawn_value(async move { assert!(join.await.is_ok()) });
        Ok(())
    });
    outer.await.unwrap();
}
