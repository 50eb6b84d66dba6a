//! A finished child leaves nothing behind while its scope is open (L6).
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rejoin::{OnError, Scope, cancelled, scope, timeout};
use tokio::sync::Mutex;

/// The memory is the process's: who watches it grow does that alone.
static WATCHED: Mutex<()> = Mutex::const_new(());

/// The memory of this process, in pages.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_million_children_take_no_more_memory_than_ten_at_once() {
    let _watched = WATCHED.lock().await;
    let grown = Scope::builder()
        .on_error(OnError::IgnoreErrors)
        .limit(NonZeroUsize::new(10).unwrap())
        .run(|s: rejoin::LimitedScope<String>| async move {
            let mut settled = 0;
            for n in 0..1_000_000_u32 {
                if n == 100_000 {
                    settled = resident();
                }
                // Half of them fail: their errors are not kept either.
                drop(
                    s.spawn(async move { if n % 2 == 0 { Ok(()) } else { Err(n.to_string()) } })
                        .await,
                );
            }
            Ok(resident().saturating_sub(settled))
        })
        .await
        .unwrap();
    // A page is 4 KiB at least: 900,000 children that left a byte each would be 220 of them.
    assert!(grown < 200, "the process has grown by {grown} pages");
}

/// However it has come to be known: it has waited, listened for a stop, or opened a scope.
#[tokio::test]
async fn those_of_whom_more_was_known_leave_nothing_behind() {
    let _watched = WATCHED.lock().await;
    let grown = scope(|s: Scope| async move {
        let mut settled = 0;
        for n in 0..110_000_u32 {
            if n == 10_000 {
                settled = resident();
            }
            let task = s.spawn_value(async move {
                match n % 3 {
                    0 => tokio::task::yield_now().await,
                    1 => drop(futures_util::poll!(pin!(cancelled()))),
                    _ => drop(timeout(Duration::from_secs(3600), async {}).await),
                }
            });
            task.await?;
        }
        Ok(resident().saturating_sub(settled))
    });
    let grown = grown.await.unwrap();
    // A third of them with thirty bytes each would be 250.
    assert!(grown < 200, "the process has grown by {grown} pages");
}

/// Of one of whom nothing is known but that it is there, a mark is kept until it is swept up; a name is more.
#[tokio::test]
async fn the_name_of_a_child_goes_with_it() {
    let name: Arc<str> = Arc::from("brief");
    let given = Arc::clone(&name);
    scope(|s: Scope| async move {
        for _ in 0..3 {
            s.task(Arc::clone(&given)).spawn_value(async {}).await?;
        }
        drop(given);
        assert_eq!(Arc::strong_count(&name), 1);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn children_that_have_ended_are_not_counted_whoever_has_noticed() {
    scope(|s: Scope| async move {
        let handles: Vec<_> = (0..100).map(|n| s.spawn_value(async move { n })).collect();
        assert_eq!(s.live(), 100);
        for (n, handle) in (0..).zip(handles) {
            assert_eq!(handle.await?, n);
        }
        assert_eq!(s.live(), 0);
        let idle = s.spawn_value(std::future::pending::<()>());
        assert_eq!(s.live(), 1);
        idle.cancel("enough");
        Ok(idle.await.unwrap_err().is_cancelled())
    })
    .await
    .unwrap();
}
