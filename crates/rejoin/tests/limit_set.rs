//! Several limits at once: all or nothing, in whatever order they are named.

#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use rejoin::limit::{
    AdaptiveLimit, CapacityLimiter, ConcurrencyLimit, LimitError, LimitSet, RateLimit, WindowLimit,
};
use rejoin::{Scope, live_tasks, scope, timeout};
use tokio::time::{Instant, sleep};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("it is not zero")
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_one_has_taken_nothing_of_the_others() {
    let (a, b) = (ConcurrencyLimit::new(n(2)), ConcurrencyLimit::new(n(1)));
    let tokens = RateLimit::new(n(1), ms(1000)).burst(n(5));
    let busy = b.acquire().await;
    let set = LimitSet::new().and(&a, 1).and(&b, 1).and(&tokens, 5);
    assert_eq!(set.try_acquire().unwrap_err(), LimitError::Full);
    assert_eq!((a.in_use(), b.in_use()), (0, 1));
    assert!(timeout(ms(10), set.acquire()).await.is_err());
    assert_eq!((a.in_use(), b.in_use()), (0, 1));
    assert!(a.try_acquire(2).is_ok(), "whoever gave up has left the line");
    drop(busy);
    let held = set.try_acquire().unwrap();
    assert_eq!((a.in_use(), b.in_use()), (1, 1));
    assert!(tokens.try_acquire(1).is_err());
    drop(held);
    assert_eq!((a.in_use(), b.in_use()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn two_that_name_them_in_different_orders_do_not_block_each_other() {
    let (a, b) = (ConcurrencyLimit::new(n(1)), ConcurrencyLimit::new(n(1)));
    let start = Instant::now();
    scope(|s: Scope| async move {
        for index in 0..100 {
            let set = LimitSet::new();
            let set =
                if index % 2 == 0 { set.and(&a, 1).and(&b, 1) } else { set.and(&b, 1).and(&a, 1) };
            drop(s.spawn_value(async move {
                let _held = set.acquire().await.unwrap();
                sleep(ms(1)).await;
            }));
        }
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(start.elapsed(), ms(100));
}

#[tokio::test(start_paused = true)]
async fn a_set_is_not_starved_by_small_requests_for_its_parts() {
    let (a, b) = (ConcurrencyLimit::new(n(1)), ConcurrencyLimit::new(n(1)));
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    scope(|s: Scope| async move {
        let both = LimitSet::new().and(&a, 1).and(&b, 1);
        for index in 0..8 {
            for (name, limit) in [("a", &a), ("b", &b)] {
                let (limit, seen) = (limit.clone(), Arc::clone(&seen));
                drop(s.spawn_value(async move {
                    let _permit = limit.acquire().await;
                    seen.lock().unwrap().push(name);
                    sleep(ms(10)).await;
                }));
                sleep(ms(1)).await;
            }
            if index == 1 {
                let (both, seen) = (both.clone(), Arc::clone(&seen));
                drop(s.spawn_value(async move {
                    let _held = both.acquire().await.unwrap();
                    seen.lock().unwrap().push("both");
                }));
            }
        }
        Ok(())
    })
    .await
    .unwrap();
    let order = order.lock().unwrap();
    let at = order.iter().position(|name| *name == "both").unwrap();
    assert_eq!((at, order.len()), (4, 17), "after those that came before it: {order:?}");
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_had_together_is_an_error_at_once() {
    let a = ConcurrencyLimit::new(n(2));
    let twice = LimitSet::new().and(&a, 1).and(&a.clone(), 2);
    let too_much = LimitError::TooMuch { wanted: 3, most: 2 };
    assert_eq!(twice.acquire().await.unwrap_err(), too_much);
    assert_eq!(twice.try_acquire().unwrap_err(), too_much);
    let held = LimitSet::new().and(&a, 1).and(&a.clone(), 1).acquire().await.unwrap();
    assert_eq!((held.weight(&a), a.in_use()), (2, 2));
    assert!(LimitSet::new().acquire().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_set_is_settled_by_limit() {
    let (places, other) = (ConcurrencyLimit::new(n(4)), ConcurrencyLimit::new(n(1)));
    let tokens = RateLimit::new(n(10), ms(1000)).burst(n(10));
    let quota = WindowLimit::new(n(10), ms(1000));
    let set = LimitSet::new().and(&places, 4).and(&tokens, 10).and(&quota, 10);
    let mut held = set.acquire().await.unwrap();
    held.settle(&places, 1).unwrap();
    held.settle(&places, 9).unwrap();
    held.settle(&tokens, 2).unwrap();
    held.settle(&quota, 3).unwrap();
    assert_eq!(held.settle(&other, 1), Err(LimitError::NotHeld));
    assert_eq!((held.weight(&places), held.weight(&tokens), held.weight(&other)), (1, 2, 0));
    assert_eq!(places.in_use(), 1);
    assert!(tokens.try_acquire(8).is_ok() && tokens.try_acquire(1).is_err());
    assert!(quota.try_acquire(7).is_ok() && quota.try_acquire(1).is_err());
    drop(held);
    assert_eq!(places.in_use(), 0);
}

/// What was charged beyond the grant comes back as well.
#[tokio::test(start_paused = true)]
async fn the_last_word_on_what_was_used_is_what_counts() {
    let window = WindowLimit::new(n(10), ms(1000));
    let rate = RateLimit::new(n(10), ms(1000)).burst(n(10));
    for words in [vec![9, 3], vec![4, 8, 1], vec![5, 0, 2, 7, 4], vec![0, 0, 6, 6, 3]] {
        let mut held = LimitSet::new().and(&window, 2).and(&rate, 2).acquire().await.unwrap();
        for used in &words {
            held.settle(&window, *used).unwrap();
            held.settle(&rate, *used).unwrap();
            assert_eq!((held.weight(&window), held.weight(&rate)), (*used, *used));
        }
        let left = 10 - words.last().unwrap();
        assert!(window.try_acquire(left + 1).is_err() && rate.try_acquire(left + 1).is_err());
        let rest = window.try_acquire(left).expect("what was not used is there");
        rate.try_acquire(left).expect("what was not used is there");
        assert_eq!(rest.weight(), left);
        sleep(ms(1000)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_given_back_wakes_the_one_who_waits_for_time() {
    let tokens = RateLimit::new(n(1), ms(1000)).burst(n(10));
    let start = Instant::now();
    let first = tokens.acquire_many(10).await.unwrap();
    scope(|s: Scope| async move {
        let next = s.spawn_value(async move { drop(tokens.acquire_many(5).await.unwrap()) });
        sleep(ms(10)).await;
        first.settle(0);
        next.await
    })
    .await
    .unwrap();
    assert_eq!(start.elapsed(), ms(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_lose_no_wake_up_and_no_place() {
    let limits: Vec<_> = (0..3).map(|_| ConcurrencyLimit::new(n(2))).collect();
    let all = limits.clone();
    scope(|s: Scope| async move {
        for task in 0..8_usize {
            let limits = limits.clone();
            drop(s.spawn_value(async move {
                for round in 0..200 {
                    let (one, two) = (&limits[(task + round) % 3], &limits[(task * round) % 3]);
                    let held = LimitSet::new().and(one, 1).and(two, 1).acquire().await.unwrap();
                    assert!(limits.iter().all(|limit| limit.in_use() <= 2));
                    tokio::task::yield_now().await;
                    drop(held);
                }
            }));
        }
        Ok(())
    })
    .await
    .unwrap();
    assert!(all.iter().all(|limit| limit.in_use() == 0 && limit.try_acquire(2).is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_set_takes_a_limit_that_learns_and_reports_to_it() {
    let service = AdaptiveLimit::new(n(1)..=n(100)).starting_at(n(4)).slow_after(ms(100));
    let (other, tokens) = (AdaptiveLimit::new(n(1)..=n(9)), RateLimit::new(n(100), ms(1)));
    let set = LimitSet::new().and(&service, 1).and(&tokens, 1).and(&service, 1);
    for _ in 0..2 {
        let mut held = set.acquire().await.unwrap();
        assert_eq!((service.in_use(), held.weight(&service)), (2, 2));
        assert_eq!(held.succeeded(&other), Err(LimitError::NotHeld));
        held.succeeded(&service).unwrap();
        assert_eq!(held.overloaded(&service), Err(LimitError::NotHeld), "it was reported before");
    }
    assert_eq!((service.limit(), service.in_use()), (5, 0), "two calls at a time, and twice");
    // Two that met the same overload.
    let mut calls = [set.acquire().await.unwrap(), set.acquire().await.unwrap()];
    sleep(ms(101)).await;
    calls[0].succeeded(&service).unwrap();
    calls[1].overloaded(&service).unwrap();
    assert_eq!((service.limit(), service.in_use()), (2, 4));
    drop(calls);
    drop(set.acquire().await.unwrap());
    assert_eq!(service.limit(), 2, "what is dropped tells nothing");
    let three = LimitSet::new().and(&service, 3).try_acquire();
    assert_eq!(three.unwrap_err(), LimitError::TooMuch { wanted: 3, most: 2 });
}

#[tokio::test(start_paused = true)]
async fn a_set_takes_places_that_are_lent_to_somebody() {
    let (desks, calls) = (CapacityLimiter::new(n(2)), ConcurrencyLimit::new(n(1)));
    let of = |who: &'static str| LimitSet::new().and(desks.lent_to(who), 1).and(&calls, 1);
    let held = of("ann").acquire().await.unwrap();
    assert_eq!((desks.borrowers(), held.weight(desks.lent_to("bob"))), (vec!["ann"], 1));
    assert_eq!(of("ann").acquire().await.unwrap_err(), LimitError::AlreadyBorrowed);
    assert_eq!(desks.try_acquire("ann").unwrap_err(), LimitError::AlreadyBorrowed);
    let start = Instant::now();
    scope(async |s: Scope| {
        let waits = of("bob");
        let waiting = s.spawn_value(async move { drop(waits.acquire().await.unwrap()) });
        sleep(ms(10)).await;
        assert_eq!((desks.borrowers(), desks.waiting()), (vec!["ann"], vec!["bob"]));
        assert!(timeout(ms(10), of("eve").acquire()).await.is_err());
        assert_eq!(
            (desks.waiting(), of("eve").try_acquire().err()),
            (vec!["bob"], Some(LimitError::Full))
        );
        drop(held);
        waiting.await?;
        assert!(desks.borrowers().is_empty() && desks.waiting().is_empty());
        let twice = of("ann").and(desks.lent_to("ann"), 1);
        assert_eq!(twice.try_acquire().unwrap_err(), LimitError::AlreadyBorrowed);
        let both = of("ann").and(desks.lent_to("bob"), 1).and(desks.lent_to("nobody"), 0);
        let both = both.try_acquire().unwrap();
        assert_eq!(
            (desks.borrowers().len(), desks.try_acquire("eve").err()),
            (2, Some(LimitError::Full))
        );
        drop(both);
        assert!(desks.borrowers().is_empty());
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(start.elapsed(), ms(20));
}

/// When it comes, how much of each it wants, for how long, and how long it is ready to wait.
fn requests() -> impl Strategy<Value = Vec<(u64, [u32; 3], u64, Option<u64>)>> {
    let patience = prop::option::of(0_u64..30);
    prop::collection::vec((0_u64..40, [0_u32..3, 0..3, 0..3], 0_u64..20, patience), 1..40)
}

/// The part that has become too small is not the one that it waits for.
#[tokio::test(start_paused = true)]
async fn a_wish_that_cannot_be_granted_any_more_holds_up_nobody() {
    scope(|s: Scope| async move {
        let (wide, narrow) = (ConcurrencyLimit::new(n(4)), ConcurrencyLimit::new(n(1)));
        let held = narrow.acquire().await;
        let both = LimitSet::new().and(&wide, 4).and(&narrow, 1);
        let waits = s.spawn_value(async move { both.acquire().await.map(drop) });
        sleep(ms(1)).await;
        let other = wide.clone();
        let behind = s.spawn_value(async move { drop(other.acquire().await) });
        sleep(ms(1)).await;
        wide.resize(n(2));
        let refused = waits.await?.unwrap_err();
        assert_eq!(refused, LimitError::TooMuch { wanted: 4, most: 2 });
        behind.await?;
        drop(held);
        Ok(())
    })
    .await
    .unwrap();
}

proptest! {
    #![proptest_config(seeded::cases(200))]

    #[test]
    fn all_get_through_and_nothing_is_lost_or_made_up(
        requests in requests(),
        sizes in prop::collection::vec((0_usize..2, 2_u32..5), 0..5),
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limits = [ConcurrencyLimit::new(n(3)), ConcurrencyLimit::new(n(2))];
            let rate = RateLimit::new(n(500), ms(1000)).burst(n(2));
            let outer = limits.clone();
            let end = scope(|s: Scope| async move {
                for (index, (at, [x, y, z], holds, patience)) in requests.into_iter().enumerate() {
                    let (limits, set) = (limits.clone(), LimitSet::new());
                    let set = match index % 3 {
                        0 => set.and(&limits[0], x).and(&limits[1], y).and(&rate, z),
                        1 => set.and(&limits[1], y).and(&rate, z).and(&limits[0], x),
                        _ => set.and(&rate, z).and(&limits[0], x).and(&limits[1], y),
                    };
                    drop(s.spawn_value(async move {
                        sleep(ms(at)).await;
                        let held = match patience {
                            Some(patience) => timeout(ms(patience), set.acquire()).await.ok(),
                            None => Some(set.acquire().await),
                        };
                        if let Some(held) = held {
                            let _held = held.unwrap();
                            assert!(limits.iter().all(|limit| limit.in_use() <= 4));
                            sleep(ms(holds)).await;
                        }
                    }));
                }
                for (which, size) in sizes {
                    sleep(ms(7)).await;
                    limits[which].resize(n(size));
                }
                Ok(())
            });
            timeout(ms(1_000_000), end).await.unwrap().unwrap();
            assert_eq!((outer[0].in_use(), outer[1].in_use(), live_tasks()), (0, 0, 0));
            assert!(outer.iter().all(|limit| limit.try_acquire(limit.limit()).is_ok()));
        });
    }
}
