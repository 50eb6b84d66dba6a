//! Very many scopes inside each other, and very many side by side in one task.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use rejoin::{CancelSource, Outcome, Scope, cancelled, live_tasks, scope, timeout};
use tokio::time::sleep;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

type Kept = Arc<Mutex<Option<Scope<()>>>>;
type Nested = Pin<Box<dyn Future<Output = Outcome<(), ()>> + Send>>;

/// A task in a scope in a task, so many times. The innermost scope is kept.
fn nest(levels: u32, kept: Kept) -> Nested {
    Box::pin(async move {
        let ended = scope(|s: Scope<()>| async move {
            if levels == 0 {
                *kept.lock().unwrap() = Some(s);
                return Ok(());
            }
            s.spawn_outcome(nest(levels - 1, kept)).await
        });
        ended.await.map_err(|error| error.into_task_error())
    })
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_kept_longer_than_those_around_it_is_dropped_on_a_small_stack() {
    let kept = Kept::default();
    nest(20_000, Arc::clone(&kept)).await.unwrap();
    let innermost = kept.lock().unwrap().take().unwrap();
    let small = std::thread::Builder::new().stack_size(64 << 10);
    small.spawn(move || drop(innermost)).unwrap().join().unwrap();
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn those_that_are_left_of_many_in_one_task_hear_of_its_stop() {
    let heard = scope(|s: Scope| async move {
        let task = s.spawn_value(async {
            // They end in an order of their own, and others are opened in their places.
            join_all((0..1000_u64).map(|n| async move {
                let _ = timeout(ms(n * 7919 % 1000), pending::<()>()).await;
                let _ = timeout(ms(n * 104_729 % 1000), pending::<()>()).await;
                timeout(ms(100_000), async { cancelled().await.source() }).await
            }))
            .await
        });
        sleep(ms(5000)).await;
        task.cancel("enough");
        task.await
    });
    let heard = heard.await;
    // All of them see it in the one poll that is left, so the task comes back with it.
    let heard = heard.unwrap();
    assert_eq!(heard.len(), 1000);
    assert!(heard.iter().all(|source| *source == Ok(CancelSource::Parent)), "{heard:?}");
}
