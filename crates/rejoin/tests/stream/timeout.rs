use std::task::Poll;

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use rejoin::stream::item_timeout;
use tokio::time::{Instant, sleep};

use crate::every_await::{ms, on_virtual_time};
use crate::paused;

#[tokio::test(start_paused = true)]
async fn it_tells_of_every_time_out_and_gives_the_item_when_it_comes() {
    let start = Instant::now();
    let items = item_timeout(ms(10), paused((), vec![5, 25, 10]));
    let seen: Vec<_> = items.map(|item| (item.is_ok(), start.elapsed())).collect().await;
    let expected = [(true, 5), (false, 15), (false, 25), (true, 30), (true, 40)];
    assert_eq!(seen, expected.map(|(ok, at)| (ok, ms(at))));
}

#[tokio::test(start_paused = true)]
async fn the_reader_s_time_does_not_count() {
    let mut items = Box::pin(item_timeout(ms(10), paused((), vec![5, 5, 5])));
    while let Some(item) = items.try_next().await.unwrap() {
        sleep(ms(100)).await;
        assert!(item.1 < 3);
    }
    assert_eq!(items.next().now_or_never(), Some(None));
}

#[tokio::test(start_paused = true)]
async fn of_nothing_it_ends() {
    assert_eq!(item_timeout(ms(0), stream::empty::<u8>()).next().await, None);
}

/// A source that uses up the task's turn in each poll and gives nothing, as a filter over a channel that
/// others fill.
#[tokio::test(start_paused = true)]
async fn a_source_that_is_busy_in_vain_is_long_in_coming() {
    let vain = stream::poll_fn(|cx| {
        while let Poll::Ready(turn) = tokio::task::coop::poll_proceed(cx) {
            turn.made_progress();
        }
        Poll::<Option<()>>::Pending
    });
    let reads = tokio::spawn(async move { item_timeout(ms(20), vain).next().await });
    tokio::task::yield_now().await;
    tokio::time::advance(ms(25)).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(reads.is_finished(), "the time is up, and nobody says so");
    assert!(reads.await.unwrap().is_some_and(|item| item.is_err()));
}

proptest! {
    #![proptest_config(crate::seeded::cases(256))]

    #[test]
    fn every_item_once_in_order_however_late(
        pauses in prop::collection::vec(0..50_u64, 0..30),
        timeout in 1..60_u64,
    ) {
        let len = pauses.len();
        let late = pauses.iter().map(|pause| pause.saturating_sub(1) / timeout).sum::<u64>();
        let items = on_virtual_time(item_timeout(ms(timeout), paused((), pauses)).collect::<Vec<_>>());
        prop_assert_eq!(items.iter().filter(|item| item.is_err()).count() as u64, late);
        let seen: Vec<_> = items.into_iter().flatten().map(|(_, n)| n).collect();
        prop_assert_eq!(seen, (0..len).collect::<Vec<_>>());
    }
}
