//! A progress bar shows how far a join has come.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::num::NonZeroUsize;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};
use rejoin::{Map, progress_bar};
use tokio::time::sleep;

fn hidden() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
}

#[tokio::test(start_paused = true)]
async fn a_bar_counts_and_is_finished_at_the_end() {
    let bar = hidden();
    let seen = bar.clone();
    let naps = Map::new(0..4_u64, move |n| {
        let bar = seen.clone();
        async move {
            sleep(Duration::from_millis(10 * (n + 1))).await;
            // One at a time: so many are done before this one.
            assert_eq!((bar.position(), bar.length()), (n, Some(4)));
            if n == 2 { Err("odd one out") } else { Ok(()) }
        }
    });
    let one = NonZeroUsize::MIN;
    let waited = naps.limit(one).progress(progress_bar(bar.clone())).wait().await;
    assert_eq!(waited.done.len(), 4);
    assert_eq!((bar.position(), bar.is_finished()), (4, true));
    assert_eq!(bar.message(), "1 failed");
}

#[tokio::test(start_paused = true)]
async fn a_bar_is_left_standing_when_the_join_ends_before() {
    let bar = hidden();
    let naps = Map::new(0..4_u64, |n| async move {
        sleep(Duration::from_millis(10)).await;
        if n == 1 { Err(()) } else { Ok(()) }
    });
    let bars = naps.limit(NonZeroUsize::MIN).progress(progress_bar(bar.clone()));
    assert!(bars.gather().await.is_err());
    assert_eq!((bar.position(), bar.length(), bar.is_finished()), (2, Some(4), true));
}
