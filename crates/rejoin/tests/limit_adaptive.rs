//! Limits that learn, and limits that know their borrowers.

#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use rejoin::limit::{AdaptiveLimit, AdaptivePermit, CapacityLimiter, LimitError};
use rejoin::{Scope, scope, timeout};
use tokio::time::sleep;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("it is not zero")
}

fn all(limit: &AdaptiveLimit) -> Vec<AdaptivePermit> {
    std::iter::from_fn(|| limit.try_acquire().ok()).collect()
}

#[tokio::test(start_paused = true)]
async fn up_by_one_a_round_and_down_by_a_factor_once_a_round() {
    let limit = AdaptiveLimit::new(n(2)..=n(9)).starting_at(n(8));
    all(&limit).into_iter().for_each(AdaptivePermit::succeeded);
    assert_eq!(limit.limit(), 8, "the last four were fewer than half, and told nothing");
    all(&limit).into_iter().for_each(AdaptivePermit::succeeded);
    assert_eq!(limit.limit(), 9);
    for _ in 0..4 {
        all(&limit).into_iter().for_each(AdaptivePermit::succeeded);
    }
    assert_eq!(limit.limit(), 9, "the upper bound");

    let old = all(&limit);
    old.into_iter().for_each(AdaptivePermit::overloaded);
    assert_eq!(limit.limit(), 4, "nine at once met the same overload");
    for expected in [2, 2] {
        limit.acquire().await.overloaded();
        assert_eq!(limit.limit(), expected);
    }
    drop(all(&limit));
    assert_eq!((limit.limit(), limit.in_use()), (2, 0), "who tells nothing changes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_slow_success_is_an_overload_and_an_error_too() {
    let limit =
        AdaptiveLimit::new(n(1)..=n(100)).starting_at(n(40)).slow_after(ms(10)).decrease(0.75);
    let call = |time| async move {
        sleep(ms(time)).await;
        Ok::<_, Infallible>(())
    };
    limit.run(call(10)).await.unwrap();
    assert_eq!(limit.limit(), 40);
    limit.run(call(11)).await.unwrap();
    assert_eq!(limit.limit(), 30);
    assert_eq!(limit.run(async { Err::<(), _>("busy") }).await, Err("busy"));
    assert_eq!(limit.limit(), 22);
    assert!(timeout(ms(5), limit.run(call(1000))).await.is_err());
    assert_eq!((limit.limit(), limit.in_use()), (22, 0));
}

#[tokio::test(start_paused = true)]
async fn it_finds_out_what_a_service_can_take() {
    let limit = AdaptiveLimit::new(n(1)..=n(200));
    let (busy, refused) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (outer, total_refused) = (limit.clone(), Arc::clone(&refused));
    scope(|s: Scope| async move {
        for _ in 0..5000 {
            let (limit, busy, refused) = (limit.clone(), Arc::clone(&busy), Arc::clone(&refused));
            drop(s.spawn_value(async move {
                let call = async {
                    let now = busy.fetch_add(1, Ordering::SeqCst) + 1;
                    sleep(ms(10)).await;
                    busy.fetch_sub(1, Ordering::SeqCst);
                    if now > 20 { Err(()) } else { Ok(()) }
                };
                if limit.run(call).await.is_err() {
                    refused.fetch_add(1, Ordering::SeqCst);
                }
            }));
        }
        sleep(ms(1000)).await;
        for _ in 0..100 {
            assert!((10..=21).contains(&limit.limit()), "{}", limit.limit());
            sleep(ms(10)).await;
        }
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(outer.in_use(), 0);
    let refused = total_refused.load(Ordering::SeqCst);
    assert!((1..100).contains(&refused), "{refused} of 5000");
}

#[test]
#[should_panic(expected = "not above the upper one")]
fn bounds_the_wrong_way_round_are_refused() {
    let _ = AdaptiveLimit::new(n(2)..=n(1));
}

#[test]
#[should_panic(expected = "between 0 and 1")]
fn a_decrease_that_is_none_is_refused() {
    let _ = AdaptiveLimit::new(n(1)..=n(2)).decrease(1.0);
}

#[tokio::test(start_paused = true)]
async fn nobody_borrows_twice_and_all_are_known() {
    let limiter = CapacityLimiter::new(n(1));
    let one = limiter.try_acquire(1).unwrap();
    assert_eq!(one.borrower(), &1);
    assert_eq!(limiter.try_acquire(1).unwrap_err(), LimitError::AlreadyBorrowed);
    assert_eq!(limiter.try_acquire(2).unwrap_err(), LimitError::Full);
    let inside = limiter.clone();
    scope(|s: Scope| async move {
        let other = inside.clone();
        let two = s.spawn_value(async move { other.acquire(2).await.map(|two| *two.borrower()) });
        sleep(ms(1)).await;
        assert_eq!((inside.borrowers(), inside.waiting()), (vec![1], vec![2]));
        assert_eq!(inside.acquire(2).await.unwrap_err(), LimitError::AlreadyBorrowed);
        assert!(timeout(ms(1), inside.acquire(3)).await.is_err());
        assert_eq!(inside.waiting(), [2], "whoever gave up is forgotten");
        drop(one);
        assert_eq!(two.await?, Ok(2));
        Ok(())
    })
    .await
    .unwrap();
    assert!(limiter.borrowers().is_empty() && limiter.waiting().is_empty());
    limiter.resize(n(2));
    let _both = (limiter.try_acquire(1).unwrap(), limiter.try_acquire(2).unwrap());
    assert_eq!((limiter.limit(), limiter.borrowers().len()), (2, 2));
}

/// A borrower that looks at the limiter when it is copied, and when it goes.
#[derive(Debug)]
struct Looks(u8, CapacityLimiter<Looks>);

impl Clone for Looks {
    fn clone(&self) -> Self {
        let _ = self.1.limit();
        assert!(self.1.waiting().is_empty());
        Looks(self.0, self.1.clone())
    }
}

impl PartialEq for Looks {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Looks {}

impl std::hash::Hash for Looks {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Drop for Looks {
    fn drop(&mut self) {
        assert!(self.1.waiting().is_empty());
    }
}

#[test]
fn borrowers_are_copied_and_dropped_unlocked() {
    let limiter = CapacityLimiter::new(n(2));
    let borrow = |who| limiter.try_acquire(Looks(who, limiter.clone()));
    let one = borrow(1).unwrap();
    assert_eq!(borrow(1).unwrap_err(), LimitError::AlreadyBorrowed);
    assert_eq!(limiter.borrowers()[0].0, 1);
    drop(one);
    assert!(limiter.borrowers().is_empty());
}

proptest! {
    #![proptest_config(seeded::cases(200))]

    #[test]
    fn it_stays_within_its_bounds_and_no_more_start(
        (least, most) in (1_u32..6).prop_flat_map(|least| (Just(least), least..12)),
        start in 1_u32..20,
        factor in 0.01_f64..0.99,
        calls in prop::collection::vec((0_u64..40, 0_u64..10, 0_u8..3), 1..80),
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limit = AdaptiveLimit::new(n(least)..=n(most)).starting_at(n(start)).decrease(factor);
            let outer = limit.clone();
            scope(|s: Scope| async move {
                for (at, time, report) in calls {
                    let limit = limit.clone();
                    drop(s.spawn_value(async move {
                        sleep(ms(at)).await;
                        let permit = limit.acquire().await;
                        assert!(limit.in_use() <= most);
                        sleep(ms(time)).await;
                        match report {
                            0 => drop(permit),
                            1 => permit.succeeded(),
                            _ => permit.overloaded(),
                        }
                        assert!((least..=most).contains(&limit.limit()));
                    }));
                }
                Ok(())
            })
            .await
            .unwrap();
            assert_eq!(outer.in_use(), 0);
        });
    }
}
