//! Defaults of the process: they hold where nothing else is said, and are set once.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[cfg(all(feature = "process", unix))]
use rejoin::Outcome;
use rejoin::configure::{ConfigureError, Defaults, configure};
use rejoin::{Map, Scope, scope, timeout};
use tokio::time::{Instant, sleep};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// One test: the defaults are the process's.
#[tokio::test(start_paused = true)]
async fn defaults_hold_where_nothing_else_is_said_and_are_set_once() {
    let three = NonZeroUsize::new(3).unwrap();
    let defaults = Defaults::new().threads(three).limit(three);
    let long = configure(defaults.clone().grace(Duration::MAX)).unwrap_err();
    assert!(matches!(long, ConfigureError::Grace(Duration::MAX)));
    assert!(long.to_string().ends_with("is longer than an hour: set a shorter one"));
    #[cfg(all(feature = "process", unix))]
    let defaults = defaults.processes(three);
    configure(defaults.clone().grace(ms(30))).unwrap();

    // The grace, in a plain scope and in a time-out, and a scope's own instead of it.
    let start = Instant::now();
    let plain = scope(|s: Scope| async move {
        let task = s.spawn_value(sleep(ms(1000)));
        sleep(ms(10)).await;
        task.cancel("enough");
        Ok(task.await.is_err())
    });
    assert!(plain.await.unwrap());
    assert_eq!(start.elapsed(), ms(40));
    assert!(timeout(ms(10), sleep(ms(1000))).await.is_err());
    assert_eq!(start.elapsed(), ms(80));
    let own = Scope::builder().grace(ms(0)).timeout(ms(10)).run(|_: Scope| async {
        sleep(ms(1000)).await;
        Ok(())
    });
    assert!(own.await.is_err());
    assert_eq!(start.elapsed(), ms(90));

    // The limit of a map.
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let naps = Map::new(0..10, |_| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(ms(1)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, ()>(())
        }
    });
    naps.gather().await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 3);

    // The children of a pool.
    #[cfg(all(feature = "process", unix))]
    {
        let pool = rejoin::process::ProcessPool::builder("pool");
        let children = pool.open(|pool| async move { Outcome::<_, ()>::Ok(pool.processes()) });
        assert_eq!(children.await.unwrap(), three);
    }

    let again = configure(defaults).unwrap_err();
    assert_eq!(again, ConfigureError::InUse);
    assert!(again.to_string().starts_with("the defaults are in use already"));
}
