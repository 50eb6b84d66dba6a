//! `map`, `for_each` and `Map`: order, limits, what is pulled, what is left when they end.

#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::cell::Cell;
use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use proptest::prelude::*;
use rejoin::{
    CancelSource, Canceller, Cause, Map, Progress, Scope, TaskError, for_each, live_tasks, map,
    scope, timeout,
};
use tokio::time::{Instant, sleep};

fn limit(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("it is not zero")
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Says that it has fewer items than it has.
struct Understates(u32);

impl Iterator for Understates {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 += 1;
        (self.0 < 5).then_some(self.0)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (1, Some(1))
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_miscounts_itself_does_no_harm() {
    // The type of an item is known in the closure.
    let asked =
        Map::new(
            Understates(0),
            |n| async move { if n.is_multiple_of(4) { Ok(n) } else { Err(n) } },
        );
    assert!(asked.any().await.is_ok_and(|won| won.value == 4));
}

async fn nap(n: u64) -> Result<u64, String> {
    sleep(ms(n)).await;
    Ok(n)
}

#[tokio::test(start_paused = true)]
async fn outputs_come_in_the_order_of_the_items() {
    assert_eq!(map([30, 10, 20], limit(3), nap).await.unwrap(), [30, 10, 20]);
    assert_eq!(map([30, 10, 20], limit(1), nap).await.unwrap(), [30, 10, 20]);
    assert_eq!(map([7], limit(100), nap).await.unwrap(), [7]);
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_nothing_it_maps_nothing() {
    assert!(map([], limit(3), nap).await.unwrap().is_empty());
    assert!(for_each([], limit(3), |()| async { Ok::<_, ()>(()) }).await.is_ok());
    assert!(Map::new([], nap).wait().await.done.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_items() {
    let outputs = map(0..100_000_u32, limit(10), |n| async move { Ok::<_, ()>(n) }).await.unwrap();
    assert!(outputs.into_iter().eq(0..100_000));
}

#[tokio::test(start_paused = true)]
async fn an_endless_source_is_pulled_no_further_than_the_failure() {
    let pulled = Cell::new(0);
    let most = Cell::new(0);
    let items = std::iter::repeat_with(|| {
        pulled.set(pulled.get() + 1);
        most.set(most.get().max(live_tasks()));
        pulled.get()
    });
    let error = map(items, limit(10), |n| async move {
        sleep(ms(1)).await;
        if n == 50 { Err(n) } else { Ok(n) }
    })
    .await
    .unwrap_err();
    assert_eq!(error.deciding().unwrap().index(), Some(49));
    assert!(pulled.get() <= 60, "{} items were pulled", pulled.get());
    assert!(most.get() <= 10, "{} tasks were there at once", most.get());
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_the_others_and_waits_for_them() {
    let cleaned = Arc::new(AtomicUsize::new(0));
    struct Cleanup(Arc<AtomicUsize>);
    impl Drop for Cleanup {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let start = Instant::now();
    let error = map(0..4, limit(4), |n| {
        let cleanup = Cleanup(Arc::clone(&cleaned));
        async move {
            let _cleanup = cleanup;
            sleep(if n == 2 { ms(10) } else { ms(10_000) }).await;
            Err::<(), _>(n)
        }
    })
    .await
    .unwrap_err();
    assert_eq!(start.elapsed(), ms(10));
    assert_eq!(cleaned.load(Ordering::SeqCst), 4);
    assert_eq!((error.failures().len(), error.stopped()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_takes_too_long_has_timed_out_and_that_is_a_failure() {
    let error = Map::new([1, 90, 2], nap).item_timeout(ms(50)).gather().await.unwrap_err();
    assert!(error.deciding().unwrap().error().is_timed_out());
    assert_eq!(error.deciding().unwrap().index(), Some(1));

    let waited = Map::new([1, 90, 2], nap).item_timeout(ms(50)).wait().await;
    assert_eq!(waited.done.len(), 3);
    assert!(waited.done[1].1.as_ref().unwrap_err().is_timed_out());
    assert_eq!(waited.done[2].1.as_ref().unwrap(), &2);
}

#[tokio::test(start_paused = true)]
async fn when_the_time_is_up_what_there_is_comes_back() {
    let start = Instant::now();
    let waited = Map::new([10, 90, 20, 90, 30], nap).limit(limit(2)).timeout(ms(50)).wait().await;
    assert_eq!(start.elapsed(), ms(50));
    let done: Vec<_> = waited.done.iter().map(|(index, _)| *index).collect();
    assert_eq!((done, waited.not_done), (vec![0, 2], vec![1, 3]));

    let error = Map::new([10, 90], nap).timeout(ms(50)).gather().await.unwrap_err();
    assert!(error.is_timed_out());
    // Both times at the same moment: the outer one counts, which is that of the whole.
    let error =
        Map::new([90], nap).item_timeout(ms(50)).timeout(ms(50)).gather().await.unwrap_err();
    assert!(error.is_timed_out() && error.failures().is_empty(), "{error:?}");
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_was_not_exhausted_has_no_complete_output() {
    // Between two items nothing is under way: still, the map was cut short.
    let map = Map::new([1, 2, 3], nap).limit(limit(1)).pace(ms(40)).timeout(ms(50));
    assert!(map.gather().await.unwrap_err().is_timed_out());
}

#[tokio::test(start_paused = true)]
async fn a_pace_spaces_the_starts_evenly() {
    let starts = Arc::new(Mutex::new(Vec::new()));
    let begin = Instant::now();
    let seen = Arc::clone(&starts);
    Map::new(0..5, move |n| {
        seen.lock().unwrap().push(begin.elapsed());
        async move { if n == 1 { nap(35).await.map(drop) } else { Ok(()) } }
    })
    .limit(limit(1))
    .pace(ms(10))
    .each()
    .await
    .unwrap();
    // The second holds up the third, and the pace is caught up with, not exceeded.
    assert_eq!(*starts.lock().unwrap(), [ms(0), ms(10), ms(45), ms(45), ms(45)].map(|d| d));
}

/// The only one that is under way ends with the stop: nobody is interrupted, and the list is not done
/// all the same.
#[tokio::test(start_paused = true)]
async fn a_stop_between_two_items_is_not_the_end_of_the_list() {
    let stop = Arc::new(OnceLock::<Canceller>::new());
    let endless = || {
        let stop = Arc::clone(&stop);
        let stops = move |_| {
            let stop = Arc::clone(&stop);
            async move {
                stop.get().expect("it is there").cancel("enough");
                Ok::<_, ()>(())
            }
        };
        Map::new(0_u64.., stops).limit(limit(1))
    };
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (gathers, eaches, tells) = (endless(), endless(), Arc::clone(&heard));
    let result = scope(|s: Scope| async move {
        let task = s.spawn_value(async move {
            let gathered = gathers.gather().await;
            tells.lock().unwrap().push(gathered.unwrap_err().cancelled().is_some());
            let ended = eaches.each().await;
            tells.lock().unwrap().push(ended.unwrap_err().cancelled().is_some());
        });
        assert!(stop.set(task.canceller()).is_ok());
        Ok(task.await)
    });
    // It may have been interrupted before it could tell.
    assert!(!result.await.unwrap().is_err_and(|error| error.is_panic()));
    assert!(heard.lock().unwrap().iter().all(|told| *told));
}

/// A gap that no clock can hold is as good as one that nobody lives to see.
#[tokio::test(start_paused = true)]
async fn a_pace_beyond_every_clock_starts_the_first() {
    let paced = Map::new([1, 2], nap).pace(Duration::MAX).timeout(ms(50));
    let waited = paced.wait().await;
    assert_eq!(waited.done.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_at_the_start_and_after_each() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    Map::new([3, 1, 2], |n| async move {
        nap(n).await.map_err(drop)?;
        if n == 2 { Err(()) } else { Ok(()) }
    })
    .progress(move |p: Progress| told.lock().unwrap().push((p.done, p.failed, p.total, p.elapsed)))
    .wait()
    .await;
    let all = Some(3);
    let expected = [(0, 0, all, ms(0)), (1, 0, all, ms(1)), (2, 1, all, ms(2)), (3, 1, all, ms(3))];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_does_so_after_all_have_ended() {
    let joined = tokio::spawn(async {
        let map = Map::new([1, 50], nap).progress(|p| assert!(p.done == 0, "no further"));
        map.gather().await
    })
    .await;
    assert!(joined.unwrap_err().is_panic());
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_like_any_other() {
    let error = map([1, 2], limit(2), |n| async move {
        assert!(n == 1, "only one");
        pending::<Result<(), ()>>().await
    })
    .await
    .unwrap_err();
    assert!(error.deciding().unwrap().error().is_panic());
}

#[tokio::test(start_paused = true)]
async fn a_map_that_is_dropped_or_cancelled_leaves_nothing() {
    let mapped = timeout(ms(5), map(0..100, limit(7), |_| pending::<Result<(), ()>>())).await;
    assert!(mapped.is_err());
    tokio::task::yield_now().await;
    assert_eq!(live_tasks(), 0);

    let outcome = rejoin::scope(|s: rejoin::Scope| async move {
        let task = s.spawn_value(async {
            map(0..100, limit(7), |_| pending::<Result<(), ()>>()).await.unwrap_err()
        });
        tokio::task::yield_now().await;
        task.cancel("enough");
        Ok(task.await)
    })
    .await
    .unwrap();
    match outcome {
        Ok(error) => assert_eq!(error.cancelled().unwrap().source(), CancelSource::Parent),
        Err(TaskError::Cancelled(reason)) => assert_eq!(reason.text(), "enough"),
        Err(other) => panic!("{other:?}"),
    }
    assert_eq!(live_tasks(), 0);
}

async fn fails_before(good: u64, n: u64) -> Result<u64, u64> {
    sleep(ms(n + 1)).await;
    if n < good { Err(n) } else { Ok(n) }
}

/// An endless list in which each takes a millisecond more than the one before, and those before `good` fail.
macro_rules! failing_until {
    ($good:expr, $pulled:expr) => {{
        let pulled = Arc::clone($pulled);
        let items = (0_u64..).inspect(move |_| {
            pulled.fetch_add(1, Ordering::SeqCst);
        });
        Map::new(items, |n| fails_before($good, n))
    }};
}

#[tokio::test(start_paused = true)]
async fn the_first_of_a_list_without_end_is_found_without_pulling_the_rest() {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counted = |most: usize| {
        let count = pulled.swap(0, Ordering::SeqCst);
        assert!(count <= most, "{count} were pulled");
        assert_eq!(live_tasks(), 0);
    };
    let won = failing_until!(0, &pulled).limit(limit(3)).race().await.unwrap();
    assert_eq!((won.index, won.value), (0, 0));
    counted(3);
    let lost = failing_until!(1, &pulled).limit(limit(3)).race().await.unwrap_err();
    assert_eq!(lost.deciding().unwrap().index(), Some(0), "a failure can win");
    counted(3);
    let won = failing_until!(10, &pulled).limit(limit(3)).any().await.unwrap();
    assert_eq!((won.index, won.value), (10, 10));
    counted(13);
    let won = failing_until!(10, &pulled).limit(limit(3)).quorum(2).await.unwrap();
    assert_eq!(won.iter().map(|won| won.index).collect::<Vec<_>>(), [10, 11]);
    counted(14);
    assert!(failing_until!(10, &pulled).limit(limit(3)).quorum(0).await.unwrap().is_empty());
    counted(0);
    // Time, and the limit of one item, hold as for the other ends.
    let late =
        failing_until!(1000, &pulled).limit(limit(3)).timeout(ms(20)).any().await.unwrap_err();
    assert_eq!(*late.cause(), Cause::TimedOut);
    let slow = Map::new([5], nap).item_timeout(ms(1)).race().await;
    assert!(slow.unwrap_err().deciding().unwrap().error().is_timed_out());
}

#[tokio::test(start_paused = true)]
async fn when_there_cannot_be_enough_a_list_that_knows_its_length_says_so() {
    let too_few = |succeeded| Cause::TooFewSucceeded { wanted: 2, succeeded };
    let started = Arc::new(AtomicUsize::new(0));
    let map = |naps: Vec<u64>| {
        let started = Arc::clone(&started);
        Map::new(naps, move |n| {
            started.fetch_add(1, Ordering::SeqCst);
            async move {
                sleep(ms(n)).await;
                if n < 10 { Err(n) } else { Ok(n) }
            }
        })
    };
    let began = Instant::now();
    let error = map(vec![1, 2, 10_000]).quorum(2).await.unwrap_err();
    assert_eq!((error.cause(), error.failures().len()), (&too_few(0), 2));
    assert!(began.elapsed() < ms(100), "it does not wait for one that changes nothing");
    started.store(0, Ordering::SeqCst);
    assert_eq!(*map(vec![10]).quorum(2).await.unwrap_err().cause(), too_few(0));
    assert_eq!(started.load(Ordering::SeqCst), 0);
    assert_eq!(*map(vec![]).any().await.unwrap_err().cause(), Cause::Empty);
    assert_eq!(*map(vec![]).race().await.unwrap_err().cause(), Cause::Empty);
    let reasons = map(vec![3, 1, 2]).any().await.unwrap_err();
    assert_eq!(
        reasons.failures().iter().map(|f| f.index()).collect::<Vec<_>>(),
        [Some(0), Some(1), Some(2)]
    );
}

proptest! {
    #![proptest_config(seeded::cases(64))]

    /// Whatever takes how long: order, limit, one outcome each, and nobody is left.
    #[test]
    fn every_item_once_in_order_and_never_more_than_the_limit(
        naps in prop::collection::vec((0_u64..20, any::<bool>()), 0..40),
        at_once in 1_usize..8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (live, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let waited = Map::new(naps.clone(), |(n, fails)| {
                let (live, most) = (Arc::clone(&live), Arc::clone(&most));
                async move {
                    let now = live.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    sleep(ms(n)).await;
                    live.fetch_sub(1, Ordering::SeqCst);
                    if fails { Err(n) } else { Ok(n) }
                }
            })
            .limit(limit(at_once))
            .wait()
            .await;
            assert!(most.load(Ordering::SeqCst) <= at_once);
            assert_eq!(waited.done.len(), naps.len());
            for (at, (index, outcome)) in waited.done.iter().enumerate() {
                let (n, fails) = naps[at];
                assert_eq!(*index, at);
                match outcome {
                    Ok(output) => assert!(!fails && *output == n),
                    Err(error) => assert!(fails && error.failed() == Some(&n)),
                }
            }
            assert_eq!(live_tasks(), 0);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn no_turn_is_waited_for_that_nothing_will_take() {
    let start = Instant::now();
    let paced = Map::new(0..3, nap).pace(ms(1000)).gather();
    assert_eq!(paced.await.unwrap().len(), 3);
    assert!(start.elapsed() < ms(2100), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn time_outs_of_one_moment_are_all_kept() {
    let map = Map::new(0..3, |_| std::future::pending::<Result<(), &str>>()).item_timeout(ms(50));
    let error = map.gather().await.unwrap_err();
    let late: Vec<_> =
        error.failures().iter().map(|f| (f.index(), f.error().is_timed_out())).collect();
    assert_eq!(
        (late, error.stopped()),
        (vec![(Some(0), true), (Some(1), true), (Some(2), true)], 0)
    );
}
