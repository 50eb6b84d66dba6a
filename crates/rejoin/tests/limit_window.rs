//! The sliding window: no window of its length contains more.

#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use rejoin::limit::{LimitError, WindowLimit};
use rejoin::{Scope, scope, timeout};
use tokio::time::{Instant, sleep};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("it is not zero")
}

#[tokio::test(start_paused = true)]
async fn each_comes_back_one_window_after_it_was_taken() {
    let limit = WindowLimit::new(n(3), ms(100));
    let start = Instant::now();
    limit.acquire().await;
    sleep(ms(30)).await;
    limit.acquire_many(2).await.unwrap();
    assert_eq!(limit.try_acquire(1).unwrap_err(), LimitError::Full);
    limit.acquire().await;
    assert_eq!(start.elapsed(), ms(100));
    limit.acquire_many(2).await.unwrap();
    assert_eq!(start.elapsed(), ms(130));
    let too_much = LimitError::TooMuch { wanted: 4, most: 3 };
    assert_eq!(limit.acquire_many(4).await.unwrap_err(), too_much);
    assert!(limit.acquire_many(0).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn another_window_holds_for_those_who_wait_too() {
    let limit = WindowLimit::new(n(2), ms(1000));
    let start = Instant::now();
    limit.acquire_many(2).await.unwrap();
    let change = async {
        sleep(ms(100)).await;
        limit.set_rate(n(3), ms(400));
    };
    tokio::join!(limit.acquire(), change);
    assert_eq!(start.elapsed(), ms(100), "there is room for one more at once");
    limit.acquire().await;
    assert_eq!(start.elapsed(), ms(400));
    limit.set_rate(n(1), ms(400));
    assert!(matches!(limit.acquire_many(2).await, Err(LimitError::TooMuch { .. })));
    limit.acquire().await;
    assert_eq!(start.elapsed(), ms(800));
}

#[tokio::test(start_paused = true)]
async fn what_was_really_used_is_what_counts() {
    let limit = WindowLimit::new(n(10), ms(1000));
    let start = Instant::now();
    limit.acquire_many(10).await.unwrap().settle(2);
    let eight = limit.acquire_many(8).await.unwrap();
    assert_eq!(start.elapsed(), ms(0), "the other eight came back");
    sleep(ms(500)).await;
    eight.settle(18);
    limit.acquire().await;
    assert_eq!(start.elapsed(), ms(1500), "ten more, counted from when that was said");

    // What has left the window cannot be given back, and nothing overflows.
    let late = limit.acquire_many(9).await.unwrap();
    sleep(ms(5000)).await;
    late.settle(0);
    limit.acquire().await.settle(u32::MAX);
    limit.try_acquire(1).unwrap_err();
    assert!(timeout(ms(999), limit.acquire()).await.is_err());
    assert!(timeout(ms(1), limit.acquire()).await.is_ok());
}

#[test]
#[should_panic(expected = "a window has some length")]
fn a_window_without_length_is_refused() {
    let _ = WindowLimit::new(n(1), Duration::ZERO);
}

proptest! {
    #![proptest_config(seeded::cases(200))]

    #[test]
    fn no_window_has_more(
        requests in prop::collection::vec((0_u64..80, 1_u32..4, prop::option::of(0_u64..40), 0_u32..4), 1..60),
        count in 3_u32..8,
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        let used = runtime.block_on(async {
            let limit = WindowLimit::new(n(count), ms(20));
            let used = Arc::new(Mutex::new(Vec::new()));
            let (begin, seen) = (Instant::now(), Arc::clone(&used));
            scope(|s: Scope| async move {
                for (at, weight, patience, less) in requests {
                    let (limit, seen) = (limit.clone(), Arc::clone(&seen));
                    drop(s.spawn_value(async move {
                        sleep(ms(at)).await;
                        let acquired = limit.acquire_many(weight);
                        let got = match patience {
                            Some(patience) => timeout(ms(patience), acquired).await.ok(),
                            None => Some(acquired.await),
                        };
                        if let Some(Ok(got)) = got {
                            let now = begin.elapsed().as_millis() as u64;
                            sleep(ms(3)).await;
                            let used = weight.saturating_sub(less);
                            got.settle(used);
                            seen.lock().unwrap().push((now, used));
                        }
                    }));
                }
                Ok(())
            })
            .await
            .unwrap();
            std::mem::take(&mut *used.lock().unwrap())
        });
        for (from, _) in &used {
            let window = used.iter().filter(|(at, _)| (*from..from + 20).contains(at));
            let sum: u32 = window.map(|(_, used)| used).sum();
            prop_assert!(sum <= count, "{used:?}");
        }
    }
}
