//! The barrier: all or nobody, no count of those who left (X7), and broken for all (B11).
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::num::NonZeroUsize;
use std::time::Duration;

use rejoin::sync::Barrier;
use rejoin::{Scope, scope, timeout, wait};

const SECOND: Duration = Duration::from_secs(1);

fn barrier(members: usize) -> Barrier {
    Barrier::new(NonZeroUsize::new(members).unwrap())
}

async fn arrive(barrier: Barrier) -> Result<usize, rejoin::sync::Broken> {
    barrier.wait().await
}

#[tokio::test(start_paused = true)]
async fn all_go_on_together_round_after_round() {
    let barrier = barrier(3);
    for _ in 0..3 {
        let places = wait((0..3).map(|_| arrive(barrier.clone()))).await;
        let mut places: Vec<_> = places.into_iter().map(Result::unwrap).collect();
        places.sort_unstable();
        assert_eq!(places, [0, 1, 2]);
        assert_eq!(barrier.waiting(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_was_cancelled_has_not_arrived() {
    let barrier = barrier(2);
    for _ in 0..10 {
        assert!(timeout(SECOND, barrier.wait()).await.is_err());
        assert_eq!(barrier.waiting(), 0);
    }
    let (one, two) = tokio::join!(barrier.wait(), barrier.wait());
    assert_eq!((one, two), (Ok(0), Ok(1)));
}

#[tokio::test(start_paused = true)]
async fn where_it_is_said_so_one_who_leaves_breaks_it_for_all() {
    let barrier = barrier(4).breaks_on_leave();
    scope(|s: Scope| async move {
        let two = [barrier.clone(), barrier.clone()].map(|barrier| s.spawn_value(arrive(barrier)));
        assert!(timeout(Duration::from_millis(10), barrier.wait()).await.is_err());
        for one in two {
            assert!(one.await?.is_err());
        }
        assert!(barrier.is_broken() && barrier.wait().await.is_err());
        barrier.reset();
        let all = [(); 4].map(|()| s.spawn_value(arrive(barrier.clone())));
        for one in all {
            assert!(one.await?.is_ok(), "who has gone on does not break it");
        }
        assert!(!barrier.is_broken());
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_broken_barrier_is_broken_for_all_until_it_is_reset() {
    let barrier = barrier(4);
    let breaks = async {
        assert!(timeout(SECOND, barrier.wait()).await.is_err());
        barrier.abort();
    };
    let (one, two, ()) = tokio::join!(barrier.wait(), barrier.wait(), breaks);
    assert!(one.is_err() && two.is_err() && barrier.wait().await.is_err());
    assert_eq!(one.unwrap_err().to_string(), "the barrier is broken");
    assert!(barrier.is_broken());
    barrier.reset();
    let arrivals = wait((0..4).map(|_| arrive(barrier.clone()))).await;
    assert!(arrivals.iter().all(Result::is_ok));
}
