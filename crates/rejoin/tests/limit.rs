//! Limits: what is granted when, in which order, and what a dropped wait leaves behind.

#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;
use proptest::prelude::*;
use rejoin::limit::{ConcurrencyLimit, LimitError, LimitSet, RateLimit};
use rejoin::{Scope, live_tasks, scope, timeout};
use tokio::time::{Instant, sleep};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("it is not zero")
}

#[tokio::test(start_paused = true)]
async fn never_more_at_once_than_the_limit_and_all_get_through() {
    let limit = ConcurrencyLimit::new(n(3));
    let (live, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let start = Instant::now();
    scope(|s: Scope| async move {
        for _ in 0..10 {
            let (limit, live, most) = (limit.clone(), Arc::clone(&live), Arc::clone(&most));
            drop(s.spawn_value(async move {
                let _permit = limit.acquire().await;
                most.fetch_max(live.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                assert!(live.load(Ordering::SeqCst) <= 3);
                sleep(ms(10)).await;
                live.fetch_sub(1, Ordering::SeqCst);
            }));
        }
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(start.elapsed(), ms(40));
}

#[tokio::test(start_paused = true)]
async fn a_request_for_all_is_not_overtaken_by_small_ones() {
    let limit = ConcurrencyLimit::new(n(2));
    let order = Arc::new(Mutex::new(Vec::new()));
    let first = limit.acquire().await;
    let seen = Arc::clone(&order);
    scope(|s: Scope| async move {
        for (name, weight) in [("all", 2), ("one", 1), ("another", 1)] {
            let (limit, seen) = (limit.clone(), Arc::clone(&seen));
            drop(s.spawn_value(async move {
                let _permit = limit.acquire_many(weight).await.unwrap();
                seen.lock().unwrap().push(name);
                sleep(ms(1)).await;
            }));
            sleep(ms(1)).await;
        }
        // There is a free place, but somebody waits.
        assert_eq!(limit.try_acquire(1).unwrap_err(), LimitError::Full);
        drop(first);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(*order.lock().unwrap(), ["all", "one", "another"]);
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_had_is_an_error_at_once() {
    let too_much = LimitError::TooMuch { wanted: 3, most: 2 };
    let limit = ConcurrencyLimit::new(n(2));
    assert_eq!(limit.acquire_many(3).await.unwrap_err(), too_much);
    assert_eq!(limit.try_acquire(3).unwrap_err(), too_much);
    let rate = RateLimit::new(n(1), ms(10)).burst(n(2));
    assert_eq!(rate.acquire_many(3).await.unwrap_err(), too_much);
    assert_eq!(too_much.to_string(), "3 can never be had at once, the limit is 2");
}

#[tokio::test(start_paused = true)]
async fn a_time_out_of_zero_gets_what_is_free() {
    let limit = ConcurrencyLimit::new(n(1));
    assert!(timeout(Duration::ZERO, limit.acquire()).await.is_ok());
    let rate = RateLimit::new(n(1), ms(10));
    assert!(timeout(Duration::ZERO, rate.acquire()).await.is_ok());
    assert!(timeout(Duration::ZERO, rate.acquire()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_smaller_limit_takes_effect_and_a_larger_one_wakes_those_who_wait() {
    let limit = ConcurrencyLimit::new(n(4));
    let mut permits = Vec::new();
    for _ in 0..4 {
        permits.push(limit.acquire().await);
    }
    limit.resize(n(1));
    assert_eq!((limit.limit(), limit.in_use()), (1, 4));
    for left in [3, 2, 1] {
        permits.pop();
        assert_eq!(limit.in_use(), left);
        assert!(limit.try_acquire(1).is_err());
    }
    permits.pop();
    let one = limit.try_acquire(1).unwrap();
    assert!(limit.try_acquire(1).is_err());

    let waiter = tokio::spawn({
        let limit = limit.clone();
        async move { drop(limit.acquire().await) }
    });
    tokio::task::yield_now().await;
    limit.resize(n(2));
    waiter.await.unwrap();
    drop(one);

    // Smaller and larger again while in use: no place is made up, none is lost.
    let both = limit.acquire_many(2).await.unwrap();
    limit.resize(n(1));
    limit.resize(n(2));
    drop(both);
    assert_eq!(limit.in_use(), 0);
    let _two = limit.try_acquire(2).unwrap();
    assert!(limit.try_acquire(1).is_err());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_more_than_there_is_now_gets_an_error_and_holds_up_nobody() {
    let too_much = LimitError::TooMuch { wanted: 4, most: 2 };
    let limit = ConcurrencyLimit::new(n(4));
    let first = limit.acquire().await;
    let shared = limit.clone();
    scope(|s: Scope| async move {
        let [one, other, third] = [shared.clone(), shared.clone(), shared.clone()];
        let big = s.spawn_value(async move { one.acquire_many(4).await.map(drop) });
        sleep(ms(1)).await;
        let set = LimitSet::new().and(&other, 4).and(&RateLimit::new(n(1), ms(1)), 1);
        let set = s.spawn_value(async move { set.acquire().await.map(drop) });
        let small = s.spawn_value(async move { drop(third.acquire().await) });
        sleep(ms(1)).await;
        shared.resize(n(2));
        assert_eq!(big.await?, Err(too_much));
        assert_eq!(set.await?, Err(too_much));
        small.await
    })
    .await
    .unwrap();
    drop(first);
    assert_eq!(limit.in_use(), 0);
    assert!(limit.try_acquire(2).is_ok(), "somebody still waits");
}

#[tokio::test(start_paused = true)]
async fn a_permit_can_be_given_back_in_parts() {
    let limit = ConcurrencyLimit::new(n(4));
    let mut permit = limit.acquire_many(4).await.unwrap();
    permit.shrink(1);
    assert_eq!((permit.weight(), limit.in_use()), (1, 1));
    permit.shrink(3);
    assert_eq!(permit.weight(), 1);
    drop(permit);
    assert_eq!(limit.in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn starts_are_even_and_in_the_order_of_arrival() {
    let rate = RateLimit::new(n(50), ms(1000));
    let begin = Instant::now();
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&times);
    scope(|s: Scope| async move {
        for index in 0..100 {
            let (rate, seen) = (rate.clone(), Arc::clone(&seen));
            drop(s.spawn_value(async move {
                rate.acquire().await;
                seen.lock().unwrap().push((index, begin.elapsed()));
            }));
        }
        Ok(())
    })
    .await
    .unwrap();
    let expected: Vec<_> = (0..100).map(|index| (index, ms(20 * index))).collect();
    assert_eq!(*times.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_burst_after_a_quiet_time_and_no_more() {
    let rate = RateLimit::new(n(10), ms(1000)).burst(n(3));
    sleep(ms(10_000)).await;
    let start = Instant::now();
    for _ in 0..5 {
        rate.acquire().await;
    }
    assert_eq!(start.elapsed(), ms(200));
}

#[tokio::test(start_paused = true)]
async fn what_was_really_used_is_what_counts() {
    let rate = RateLimit::new(n(10), ms(1000)).burst(n(10));
    let start = Instant::now();
    rate.acquire_many(10).await.unwrap().settle(2);
    rate.acquire_many(8).await.unwrap();
    assert_eq!(start.elapsed(), ms(0), "the other eight came back");

    rate.acquire().await.settle(11);
    rate.acquire().await;
    assert_eq!(start.elapsed(), ms(1200), "ten more than asked for, and one");

    // As much as a program can say: it waits long, and nothing overflows.
    rate.acquire().await.settle(u32::MAX);
    assert!(timeout(ms(1_000_000), rate.acquire()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn another_rate_holds_for_those_who_wait_too() {
    let rate = RateLimit::new(n(1), ms(1000)).burst(n(4));
    let start = Instant::now();
    rate.acquire_many(4).await.unwrap();
    let change = async {
        sleep(ms(500)).await;
        rate.set_rate(n(10), ms(1000));
    };
    // Half a token has come back when the rate changes, the other half takes 50 ms.
    tokio::join!(rate.acquire(), change);
    assert_eq!(start.elapsed(), ms(550));
    rate.set_rate(n(1), ms(60_000));
    rate.acquire().await;
    assert_eq!(start.elapsed(), ms(60_550));
    assert_eq!(format!("{rate:?}"), "RateLimit { gap: 60s, burst: 4 }");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_takes_nothing_and_passes_the_turn_on() {
    let rate = RateLimit::new(n(10), ms(1000));
    rate.acquire().await;
    assert!(timeout(ms(50), rate.acquire()).await.is_err());
    let start = Instant::now();
    rate.acquire().await;
    assert_eq!(start.elapsed(), ms(50));
}

#[tokio::test]
async fn what_is_granted_to_somebody_who_has_gone_goes_to_the_next_one() {
    let limit = ConcurrencyLimit::new(n(2));
    let all = limit.acquire_many(2).await.unwrap();
    let mut line: Vec<_> = (0..3).map(|_| Box::pin(limit.acquire())).collect();
    for one in &mut line {
        assert!(poll!(one).is_pending());
    }
    drop(all);
    assert_eq!(limit.in_use(), 2, "the first two have their places before they come for them");
    drop(line.remove(0));
    assert_eq!(limit.in_use(), 2);
    let places = join_all(line).await;
    assert_eq!((places.len(), limit.in_use()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn of_a_rate_too() {
    let rate = RateLimit::new(n(1), ms(1000)).burst(n(2));
    let reserved = rate.acquire_many(2).await.unwrap();
    let mut one = Box::pin(rate.acquire());
    assert!(poll!(&mut one).is_pending());
    // As if nothing had been used.
    reserved.settle(0);
    drop(one);
    rate.try_acquire(2).unwrap();
    assert_eq!(rate.try_acquire(1).unwrap_err(), LimitError::Full);
}

#[test]
#[should_panic(expected = "at least a nanosecond")]
fn a_rate_without_time_is_refused() {
    let _ = RateLimit::new(n(1000), Duration::from_nanos(999));
}

/// Requests of random weights, some of which give up while they wait.
fn requests() -> impl Strategy<Value = Vec<(u64, u32, u64, Option<u64>)>> {
    let patience = prop::option::of(0_u64..30);
    prop::collection::vec((0_u64..40, 1_u32..4, 0_u64..20, patience), 1..60)
}

fn on_paused_clock<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(seeded::cases(200))]

    #[test]
    fn no_place_is_lost_or_made_up(requests in requests(), sizes in prop::collection::vec(3_u32..6, 0..5)) {
        on_paused_clock(async {
            let limit = ConcurrencyLimit::new(n(4));
            let outer = limit.clone();
            scope(|s: Scope| async move {
                for (at, weight, holds, patience) in requests {
                    let limit = limit.clone();
                    drop(s.spawn_value(async move {
                        sleep(ms(at)).await;
                        let acquired = limit.acquire_many(weight);
                        let permit = match patience {
                            Some(patience) => timeout(ms(patience), acquired).await.ok(),
                            None => Some(acquired.await),
                        };
                        if permit.is_some() {
                            assert!(limit.in_use() <= 5);
                            sleep(ms(holds)).await;
                        }
                    }));
                }
                for size in sizes {
                    sleep(ms(7)).await;
                    limit.resize(n(size));
                }
                Ok(())
            })
            .await
            .unwrap();
            assert_eq!((outer.in_use(), live_tasks()), (0, 0));
            assert!(outer.try_acquire(outer.limit()).is_ok());
        });
    }

    #[test]
    fn no_window_has_more_than_burst_and_rate(requests in requests(), burst in 3_u32..8) {
        let granted = on_paused_clock(async {
            let rate = RateLimit::new(n(100), ms(1000)).burst(n(burst));
            let granted = Arc::new(Mutex::new(Vec::new()));
            let (begin, seen) = (Instant::now(), Arc::clone(&granted));
            scope(|s: Scope| async move {
                for (at, weight, _, patience) in requests {
                    let (rate, seen) = (rate.clone(), Arc::clone(&seen));
                    drop(s.spawn_value(async move {
                        sleep(ms(at)).await;
                        let acquired = rate.acquire_many(weight);
                        let granted = match patience {
                            Some(patience) => timeout(ms(patience), acquired).await.is_ok(),
                            None => acquired.await.is_ok(),
                        };
                        if granted {
                            let now = begin.elapsed().as_millis() as u64;
                            seen.lock().unwrap().push((now, weight));
                        }
                    }));
                }
                Ok(())
            })
            .await
            .unwrap();
            std::mem::take(&mut *granted.lock().unwrap())
        });
        for (first, (from, _)) in granted.iter().enumerate() {
            let mut sum = 0;
            for (to, weight) in &granted[first..] {
                sum += u64::from(*weight);
                // One every 10 ms; the clock moves in whole milliseconds.
                assert!(sum <= u64::from(burst) + (to - from + 1) / 10, "{granted:?}");
            }
        }
    }
}
