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
