//! Every way to wait, given nothing, one, a hundred thousand, and the same several times.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::collections::{BTreeMap, HashMap};
use std::future::{Ready, poll_fn, ready};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use every_await::{ms, on_virtual_time};
use futures_util::FutureExt;
use rejoin::{
    Cause, Map, Progress, Scope, Until, any, as_completed, for_each, gather, gather_by_key,
    gather_tuple, live_tasks, map, quorum, race, scope, wait, wait_handles, wait_until,
};
use tokio::time::{Instant, sleep};

const MANY: u32 = 100_000;
const TEN: NonZeroUsize = NonZeroUsize::new(10).expect("it is not zero");

type Done = Ready<Result<u32, u32>>;

fn done(count: u32) -> impl Iterator<Item = Done> {
    (0..count).map(|n| ready(Ok(n)))
}

/// What every way to wait gives for so many that all succeed.
async fn each_way(count: u32) {
    let expected: Vec<u32> = (0..count).collect();
    let indexes: Vec<usize> = (0..count as usize).collect();

    let outcomes = wait(done(count)).await;
    assert!(outcomes.into_iter().map(Result::unwrap).eq(0..count), "wait");
    let waited = wait_until(done(count), Until::first_failed()).await;
    assert!(waited.done.into_iter().map(|(n, _)| n).eq(indexes.iter().copied()), "wait_until");
    assert!(waited.not_done.is_empty(), "wait_until");
    assert_eq!(gather(done(count)).await.unwrap(), expected, "gather");
    let keyed: HashMap<u32, u32> = gather_by_key((0..count).zip(done(count))).await.unwrap();
    assert!(keyed.len() == expected.len() && keyed.iter().all(|(k, v)| k == v), "gather_by_key");
    assert_eq!(map(0..count, TEN, |n| ready(Ok::<_, ()>(n))).await.unwrap(), expected, "map");
    let sum = Arc::new(AtomicUsize::new(0));
    let each = |n: u32| {
        let sum = Arc::clone(&sum);
        async move {
            sum.fetch_add(n as usize, Ordering::Relaxed);
            Ok::<_, ()>(())
        }
    };
    for_each(0..count, TEN, each).await.unwrap();
    assert_eq!(sum.load(Ordering::Relaxed), indexes.iter().sum::<usize>(), "for_each");
    let waited = Map::new(0..count, |n| ready(Ok::<_, ()>(n))).limit(TEN).wait().await;
    assert!(waited.done.len() == expected.len() && waited.not_done.is_empty(), "Map::wait");
    let seen = as_completed(done(count), TEN, |mut results| async move {
        let mut seen = Vec::new();
        while let Some((index, outcome)) = results.next().await {
            assert_eq!(index, outcome? as usize);
            seen.push(index);
        }
        seen.sort_unstable();
        Ok(seen)
    });
    assert_eq!(seen.await.unwrap(), indexes, "as_completed");
    let split = scope(|s: Scope<u32>| async move {
        let mut handles: Vec<_> = done(count).map(|one| s.spawn(one)).collect();
        Ok(wait_handles(&mut handles, Until::all()).await)
    });
    assert_eq!(split.await.unwrap().done, indexes, "wait_handles");

    // To choose among nothing is an error; of all that are ready the first in input order wins.
    if count == 0 {
        assert_eq!(race(done(0)).await.unwrap_err().cause(), &Cause::Empty);
        assert_eq!(any(done(0)).await.unwrap_err().cause(), &Cause::Empty);
        assert_eq!(quorum(1, done(0)).await.unwrap_err().cause(), &Cause::Empty);
    } else {
        assert_eq!(race(done(count)).await.unwrap().index, 0);
        assert_eq!(any(done(count)).await.unwrap().index, 0);
        let all = quorum(count as usize, done(count)).await.unwrap();
        assert!(all.into_iter().map(|won| won.value).eq(0..count), "quorum");
    }
    assert_eq!(live_tasks(), 0);
}

#[test]
fn of_nothing() {
    on_virtual_time(each_way(0));
}

#[test]
fn of_one() {
    on_virtual_time(each_way(1));
}

#[test]
fn of_a_hundred_thousand() {
    on_virtual_time(each_way(MANY));
}

#[test]
fn tuples_of_two_to_eight_keep_their_types() {
    on_virtual_time(async {
        let a = || ready(Ok::<_, ()>(1_u8));
        let b = || ready(Ok::<_, ()>("two"));
        assert_eq!(gather_tuple((a(), b())).await.unwrap(), (1, "two"));
        assert_eq!(gather_tuple((a(), b(), a())).await.unwrap(), (1, "two", 1));
        assert_eq!(gather_tuple((a(), b(), a(), b())).await.unwrap(), (1, "two", 1, "two"));
        let five = gather_tuple((a(), b(), a(), b(), a())).await.unwrap();
        assert_eq!(five, (1, "two", 1, "two", 1));
        let six = gather_tuple((a(), b(), a(), b(), a(), b())).await.unwrap();
        assert_eq!(six, (1, "two", 1, "two", 1, "two"));
        let seven = gather_tuple((a(), b(), a(), b(), a(), b(), a())).await.unwrap();
        assert_eq!(seven, (1, "two", 1, "two", 1, "two", 1));
        let eight = gather_tuple((a(), b(), a(), b(), a(), b(), a(), b())).await.unwrap();
        assert_eq!(eight, (1, "two", 1, "two", 1, "two", 1, "two"));
    });
}

/// One future at three positions gives three outputs, each with its own position.
#[test]
fn the_same_several_times() {
    on_virtual_time(async {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let shared = async move {
            sleep(ms(5)).await;
            counted.fetch_add(1, Ordering::SeqCst);
            Ok::<_, u32>(7)
        }
        .shared();
        let three = || [shared.clone(), shared.clone(), shared.clone()];
        assert_eq!(gather(three()).await.unwrap(), [7, 7, 7]);
        assert_eq!(wait(three()).await.len(), 3);
        assert_eq!(race(three()).await.unwrap().index, 0);
        let seen = as_completed(three(), TEN, |mut results| async move {
            let mut seen = Vec::new();
            while let Some((index, value)) = results.next().await {
                seen.push((index, value?));
            }
            Ok(seen)
        });
        assert_eq!(seen.await.unwrap(), [(0, 7), (1, 7), (2, 7)]);
        assert_eq!(runs.load(Ordering::SeqCst), 1);

        // Items that are equal are items all the same; of equal keys a list keeps both, a map the last.
        assert_eq!(map([4, 4, 4], TEN, |n| ready(Ok::<_, ()>(n))).await.unwrap(), [4, 4, 4]);
        let pairs = || [("a", ready(Ok::<_, ()>(1))), ("a", ready(Ok(2)))];
        let list: Vec<_> = gather_by_key(pairs()).await.unwrap();
        assert_eq!(list, [("a", 1), ("a", 2)]);
        let by_key: BTreeMap<_, _> = gather_by_key(pairs()).await.unwrap();
        assert_eq!(by_key, BTreeMap::from([("a", 2)]));
    });
}

/// A future that somebody wrote by hand is as good as any.
struct ByHand(u32);

impl Future for ByHand {
    type Output = Result<u32, ()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0 -= 1;
        cx.waker().wake_by_ref();
        if self.0 == 0 { Poll::Ready(Ok(0)) } else { Poll::Pending }
    }
}

#[test]
fn whatever_can_be_awaited_can_be_waited_for() {
    on_virtual_time(async {
        assert_eq!(gather([ByHand(3), ByHand(1)]).await.unwrap(), [0, 0]);
        let joined = tokio::spawn(async { 1 }).map(|joined| joined.map_err(drop));
        let boxed: Pin<Box<dyn Future<Output = Result<u32, ()>> + Send>> = Box::pin(joined);
        assert_eq!(gather([boxed, Box::pin(ready(Ok(2)))]).await.unwrap(), [1, 2]);
    });
}

/// An error is an error by its place, not by what it looks like: also `()`, zero, and nothing.
#[test]
fn an_error_that_looks_like_nothing_is_one() {
    on_virtual_time(async {
        let nothing = gather([ready(Err::<(), _>(()))]).await.unwrap_err();
        assert_eq!(nothing.failures().len(), 1);
        let zero = gather([ready(Ok(())), ready(Err(0))]).await.unwrap_err();
        assert_eq!(zero.deciding().unwrap().error().failed(), Some(&0));
        let none = wait([ready(Err::<(), Option<u8>>(None))]).await;
        assert_eq!(none[0].as_ref().unwrap_err().failed(), Some(&None));
    });
}

/// Of two that end on the same turn the first in input order wins, a thousand times of a thousand;
/// what the other made is dropped before the race comes back.
#[test]
fn a_tie_goes_to_the_first_in_input_order() {
    struct Made(usize, Arc<Mutex<Vec<usize>>>);
    impl Drop for Made {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    on_virtual_time(async {
        for _ in 0..1000 {
            let dropped = Arc::new(Mutex::new(Vec::new()));
            let made = Arc::clone(&dropped);
            let won = race((0..2).map(|n| {
                let made = Made(n, Arc::clone(&made));
                async move {
                    sleep(ms(3)).await;
                    Ok::<_, ()>(made)
                }
            }));
            let won = won.await.unwrap();
            assert_eq!((won.index, won.value.0), (0, 0));
            assert_eq!(*dropped.lock().unwrap(), [1]);
        }
    });
}

/// Waiting is being woken: neither how long it lasts nor how many there are makes for more polls.
#[test]
fn nothing_polls_while_it_waits() {
    for (count, hours) in [(10, 1), (10, 1000), (10_000, 1000)] {
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&polls);
        on_virtual_time(async move {
            let hour = ms(3_600_000);
            let start = Instant::now();
            let all = (0..count).map(|n| {
                let polls = Arc::clone(&counted);
                let mut nap = Box::pin(sleep(hour * if n == 7 { hours } else { hours + 1 }));
                poll_fn(move |cx| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    nap.as_mut().poll(cx).map(|()| Ok::<_, ()>(n))
                })
            });
            let mut driver = Box::pin(wait_until(all, Until::first_completed()));
            let mut driven = 0;
            let waited = poll_fn(|cx| {
                driven += 1;
                driver.as_mut().poll(cx)
            });
            assert_eq!(waited.await.done.len(), 1);
            assert_eq!(start.elapsed(), hour * hours);
            assert!(driven <= 4, "{driven} polls of what waits for {count}");
        });
        // Once each to start, once for the end of one, and once more each to see the stop.
        let polls = polls.load(Ordering::Relaxed);
        assert!(polls <= 2 * count as usize + 1, "{polls} polls of {count}");
    }
}

#[test]
fn a_hook_is_called_once_for_each_completion() {
    on_virtual_time(async {
        let told = Arc::new(Mutex::new(Vec::new()));
        let calls = Arc::clone(&told);
        // All are ready before anybody looks.
        let all = Map::new(0..50, |n| ready(Ok::<_, ()>(n)))
            .limit(TEN)
            .progress(move |progress: Progress| calls.lock().unwrap().push(progress.done));
        all.gather().await.unwrap();
        assert!(told.lock().unwrap().iter().copied().eq(0..=50));
    });
}
