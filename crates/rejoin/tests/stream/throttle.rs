use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::pin;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use rejoin::stream::{buffer, throttle};
use rejoin::{Scope, scope};
use tokio::time::{Instant, sleep};

use crate::every_await::{ms, on_virtual_time};
use crate::paused;

#[tokio::test(start_paused = true)]
async fn a_fast_source_is_paced_evenly() {
    let start = Instant::now();
    let paced = throttle(Duration::from_secs(1) / 50, stream::iter(0..100));
    let at: Vec<_> = paced.map(|_| start.elapsed()).collect().await;
    assert_eq!(at, (0..100).map(|n| ms(20 * n)).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_saves_nothing_up() {
    let start = Instant::now();
    // The source starts on its second item when that is due.
    let paced = throttle(ms(20), paused((), vec![0, 500, 0, 0]));
    let at: Vec<_> = paced.map(|_| start.elapsed()).collect().await;
    assert_eq!(at, [0, 520, 540, 560].map(ms));
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_allowed_after_a_pause_and_never_raises_the_rate() {
    let start = Instant::now();
    let source = paused((), vec![0, 0, 0, 0, 500, 0, 0, 0]);
    let paced = throttle(ms(20), source).burst(NonZeroU32::new(3).unwrap());
    let at: Vec<_> = paced.map(|_| start.elapsed()).collect().await;
    assert_eq!(at, [0, 0, 0, 20, 540, 540, 540, 560].map(ms));
}

#[tokio::test(start_paused = true)]
async fn no_interval_is_no_throttle_and_an_endless_one_gives_one() {
    let start = Instant::now();
    assert_eq!(throttle(Duration::ZERO, stream::iter(0..1000)).count().await, 1000);
    assert_eq!(start.elapsed(), Duration::ZERO);
    let mut paced = throttle(Duration::MAX, stream::iter([1, 2]));
    assert_eq!(paced.next().await, Some(1));
    assert!(tokio::time::timeout(ms(100_000), paced.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_knows_its_end_ends_at_once() {
    let mut paced = throttle(ms(1000), stream::iter([1]));
    assert_eq!(paced.next().await, Some(1));
    assert_eq!(paced.next().now_or_never(), Some(None));
    assert_eq!(paced.next().now_or_never(), Some(None));
}

#[tokio::test(start_paused = true)]
async fn dropping_it_takes_no_item_out_of_a_borrowed_source() {
    let mut source = stream::iter(0..10);
    for n in 0..10 {
        let mut paced = throttle(ms(20), &mut source);
        assert_eq!(paced.next().await, Some(n));
        assert_eq!(paced.next().now_or_never().flatten(), None);
    }
}

proptest! {
    #![proptest_config(crate::seeded::cases(256))]

    #[test]
    fn every_item_once_in_order_and_no_window_has_more_than_its_share(
        steps in prop::collection::vec((0..60_u64, 0..60_u64), 0..40),
        burst in 1..5_u32,
    ) {
        on_virtual_time(async {
            let (pauses, rests): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
            let burst = NonZeroU32::new(burst).unwrap();
            let mut paced = pin!(throttle(ms(20), paused((), pauses)).burst(burst));
            let mut at = Vec::new();
            while let Some((_, n)) = paced.next().await {
                prop_assert_eq!(n, at.len());
                at.push(Instant::now());
                // The reader takes its time too.
                sleep(ms(rests[n])).await;
            }
            prop_assert_eq!(at.len(), rests.len());
            let burst = burst.get() as usize;
            for (first, start) in at.iter().enumerate() {
                for (last, end) in at.iter().enumerate().skip(first + burst) {
                    let more = u32::try_from(last - first + 1 - burst).unwrap();
                    prop_assert!(*end - *start >= ms(20) * more);
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn over_a_buffer_the_source_works_while_the_throttle_waits() {
    let start = Instant::now();
    let result = scope(|s: Scope| async move {
        let source = buffer(&s, NonZeroUsize::MIN, paused((), vec![0, 15, 15, 15]));
        let paced = throttle(ms(20), source);
        Ok(paced.map(|_| start.elapsed()).collect::<Vec<_>>().await)
    });
    assert_eq!(result.await.unwrap(), [0, 20, 40, 60].map(ms));
}
