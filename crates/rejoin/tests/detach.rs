//! Contracts 1 and 10: detached work is listed, and a shutdown waits with a bound and says what is left.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::time::Duration;

use rejoin::detach::{detach, detached, shutdown};
use rejoin::pool::ThreadPool;
use rejoin::{Scope, cancelled, scope, shield};
use tokio::time::{Instant, sleep};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// One test: the registry is the process's, and a shutdown closes it for good.
#[tokio::test(start_paused = true)]
async fn a_shutdown_refuses_drains_stops_and_reports() {
    let start = Instant::now();
    // It belongs to no scope: not to the one that it was started in.
    scope(|s: Scope| async move {
        s.spawn_value(async { detach("short", sleep(ms(10))).unwrap() }).await?;
        detach("told", async {
            cancelled().await;
            shield(ms(100), sleep(ms(20))).await.unwrap();
        })
        .unwrap();
        Ok(())
    })
    .await
    .unwrap();
    detach("deaf", async {
        let _ = shield(Duration::from_secs(60), pending::<()>()).await;
    })
    .unwrap();
    let stopped = detach("stopped", pending()).unwrap();
    detach("panics", async { panic!("on purpose") }).unwrap();
    assert_eq!(start.elapsed(), ms(0));
    assert_eq!(detached(), ["short", "told", "deaf", "stopped", "panics"]);
    stopped.cancel("not needed");
    sleep(ms(1)).await;
    assert_eq!(detached(), ["short", "told", "deaf"]);
    let tree = rejoin::inspect::tree().await.to_string();
    assert!(tree.contains("`deaf`: waits outside the library"), "{tree}");

    let left = shutdown(ms(100), ms(50)).await;
    assert_eq!(start.elapsed(), ms(151));
    assert_eq!(left.detached(), ["deaf"]);
    assert_eq!(left.to_string(), "left: detached task `deaf`");

    let refused = detach("late", async {}).unwrap_err();
    assert_eq!(refused.to_string(), "`late` was not detached: the program is shutting down");
    refused.into_future().await;

    let dropped = scope(|s: Scope| async move {
        // Its own child has ended, and is not left.
        let deaf = scope(|s: Scope| async move {
            s.spawn_value(async {}).await?;
            pending::<()>().await;
            Ok(())
        });
        s.spawn_value(async { shield(ms(600_000), deaf).await.is_ok() }).await
    });
    assert!(tokio::time::timeout(ms(1), dropped).await.is_err());
    // Again, for what is left; and blocking work that nobody waits for has a name.
    let (let_go, work) = mpsc::channel::<()>();
    let pool = ThreadPool::new("disks", NonZeroUsize::MIN);
    let stray = pool.try_run(move || work.recv()).map_err(drop).unwrap();
    drop(stray);
    // Real time would stand still while the thread works: none has to pass here.
    let left = shutdown(ms(0), ms(0)).await;
    assert_eq!(left.blocking(), ["disks"]);
    assert_eq!(left.tasks(), 1);
    let_go.send(()).unwrap();

    let left = shutdown(Duration::from_secs(3600), ms(0)).await;
    assert!(left.is_empty(), "{left}");
    assert_eq!(left.to_string(), "nothing is left");
    assert!(detached().is_empty());
}
