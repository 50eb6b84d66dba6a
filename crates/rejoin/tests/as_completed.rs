//! Outcomes in the order of completion, and gathering by key and by type.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin::{as_completed, gather_by_key, gather_tuple, live_tasks, timeout};
use tokio::time::{Instant, sleep};

const EIGHT: NonZeroUsize = NonZeroUsize::new(8).expect("it is not zero");
const TWO: NonZeroUsize = NonZeroUsize::new(2).expect("it is not zero");

async fn nap(ms: u64) -> Result<u64, String> {
    sleep(Duration::from_millis(ms)).await;
    if ms == 13 { Err("unlucky".to_owned()) } else { Ok(ms) }
}

#[tokio::test(start_paused = true)]
async fn outcomes_come_in_the_order_of_completion_each_once() {
    let order = as_completed([30, 13, 20, 13].map(nap), EIGHT, |mut results| async move {
        let mut order = Vec::new();
        while let Some((index, outcome)) = results.next().await {
            order.push((index, outcome.is_ok()));
        }
        assert!(results.next().await.is_none(), "and after the end there is nothing");
        Ok(order)
    });
    assert_eq!(order.await.unwrap(), [(1, false), (3, false), (2, true), (0, true)]);
}

#[tokio::test(start_paused = true)]
async fn of_nothing_nothing_comes() {
    let none = as_completed(
        Vec::<std::future::Ready<Result<(), ()>>>::new(),
        TWO,
        |mut results| async move { Ok(results.next().await.is_none()) },
    );
    assert!(none.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_the_body_leaves_is_stopped_and_awaited() {
    let ended = Arc::new(AtomicUsize::new(0));
    struct Ended(Arc<AtomicUsize>);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let start = Instant::now();
    let futures = [10, 1000, 2000].map(|ms| {
        let ended = Ended(Arc::clone(&ended));
        async move {
            let _ended = ended;
            nap(ms).await
        }
    });
    let first = as_completed(futures, EIGHT, |mut results| async move {
        let (_, nap) = results.next().await.expect("there are three");
        nap
    });
    assert_eq!(first.await.unwrap(), 10);
    assert_eq!(start.elapsed(), Duration::from_millis(10));
    assert_eq!((ended.load(Ordering::SeqCst), live_tasks()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_slows_an_endless_source_down() {
    let pulled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&pulled);
    let endless = std::iter::repeat_with(move || {
        count.fetch_add(1, Ordering::SeqCst);
        nap(1)
    });
    let taken = as_completed(endless, TWO, |mut results| async move {
        let mut taken = 0;
        while let Some((_, outcome)) = results.next().await {
            outcome?;
            taken += 1;
            sleep(Duration::from_millis(50)).await;
            if taken == 10 {
                break;
            }
        }
        Ok(taken)
    });
    assert_eq!(taken.await.unwrap(), 10);
    assert!(pulled.load(Ordering::SeqCst) <= 12);
    assert_eq!(live_tasks(), 0);
}

/// What it pulls after a stop never starts, and is told at once: without end, in one poll.
#[test]
fn a_body_that_takes_whatever_comes_is_interrupted_by_a_stop() {
    let (done, ended) = std::sync::mpsc::channel();
    // On a thread of its own: one that hangs would hang the test.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let result = runtime.block_on(async {
            let endless = std::iter::repeat_with(|| nap(10));
            let body = as_completed(endless, TWO, |mut results| async move {
                while results.next().await.is_some() {}
                Ok(())
            });
            let stopped = timeout(Duration::from_millis(25), body).await;
            (matches!(stopped, Ok(Ok(()))), live_tasks())
        });
        done.send(result).unwrap();
    });
    assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok((false, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_next_that_is_dropped_loses_nothing() {
    let seen = as_completed([10, 20, 30].map(nap), EIGHT, |mut results| async move {
        let mut seen = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = sleep(Duration::from_millis(1)) => {}
                next = results.next() => match next {
                    Some((index, outcome)) => seen.push((index, outcome?)),
                    None => break Ok(seen),
                },
            }
        }
    });
    assert_eq!(seen.await.unwrap(), [(0, 10), (1, 20), (2, 30)]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_the_body_passes_on_ends_it() {
    let error = as_completed([13, 1000].map(nap), EIGHT, |mut results| async move {
        while let Some((_, outcome)) = results.next().await {
            outcome?;
        }
        Ok(())
    })
    .await
    .unwrap_err();
    assert_eq!(error.failures()[0].error().failed().unwrap(), "unlucky");
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn keys_stay_with_their_outputs() {
    let calls = [("slow", nap(20)), ("fast", nap(10)), ("slow", nap(5))];
    let pairs: Vec<_> = gather_by_key(calls).await.unwrap();
    assert_eq!(pairs, [("slow", 20), ("fast", 10), ("slow", 5)]);

    let calls: HashMap<_, _> = [("a", nap(2)), ("b", nap(1))].into();
    let map: BTreeMap<_, _> = gather_by_key(calls).await.unwrap();
    assert_eq!(map, BTreeMap::from([("a", 2), ("b", 1)]));

    let error = gather_by_key::<Vec<_>, _, _, _, _, _>([(1, nap(40)), (2, nap(13))]);
    assert_eq!(error.await.unwrap_err().deciding().unwrap().index(), Some(1));
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_tuple_keeps_its_types_and_fails_as_one() {
    async fn text() -> Result<&'static str, String> {
        Ok("text")
    }
    let start = Instant::now();
    let (number, text_, unit) =
        gather_tuple((nap(20), text(), async { nap(20).await.map(drop) })).await.unwrap();
    assert_eq!((number, text_, unit), (20, "text", ()));
    assert_eq!(start.elapsed(), Duration::from_millis(20), "they run at the same time");

    let error = gather_tuple((pending::<Result<(), String>>(), nap(13))).await.unwrap_err();
    assert_eq!(error.deciding().unwrap().index(), Some(1));
    assert_eq!((error.stopped(), live_tasks()), (1, 0));
}
