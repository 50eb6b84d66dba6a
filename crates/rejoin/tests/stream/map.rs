use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use rejoin::stream::{map, map_unordered};
use rejoin::{OnError, Scope, live_tasks, scope};
use tokio::time::{Instant, sleep};

use crate::every_await::{ms, on_virtual_time};
use crate::{paused, seeded, silent, size};

/// Counts how many are under way, and the most there were.
#[derive(Clone, Default)]
struct Load(Arc<(AtomicUsize, AtomicUsize)>);

impl Load {
    async fn nap(self, time: u64) -> Result<u64, String> {
        let now = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(now, Ordering::SeqCst);
        sleep(ms(time)).await;
        self.0.0.fetch_sub(1, Ordering::SeqCst);
        Ok(time)
    }
}

#[tokio::test(start_paused = true)]
async fn outcomes_come_in_the_order_of_the_source_or_of_completion() {
    let naps = || stream::iter([30, 10, 20, 10]);
    let (ordered, unordered) = scope(|s: Scope<String>| async move {
        let (load, other) = (Load::default(), Load::default());
        let ordered = map(&s, size(2), naps(), move |time| load.clone().nap(time));
        let unordered = map_unordered(&s, size(2), naps(), move |time| other.clone().nap(time));
        Ok((ordered.try_collect::<Vec<_>>().await?, unordered.try_collect::<Vec<_>>().await?))
    })
    .await
    .unwrap();
    assert_eq!((ordered, unordered), (vec![30, 10, 20, 10], vec![10, 30, 20, 10]));
}

#[tokio::test(start_paused = true)]
async fn of_nothing_it_ends_at_once_and_stays_ended() {
    scope(|s: Scope<String>| async move {
        let mut none = map(&s, size(3), stream::empty::<u64>(), |n| Load::default().nap(n));
        assert!(none.next().await.is_none() && none.next().await.is_none());
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn children_go_on_while_the_reader_is_busy() {
    let start = Instant::now();
    scope(|s: Scope<String>| async move {
        let mut naps = map(&s, size(3), stream::iter([10, 10, 10]), |n| Load::default().nap(n));
        assert!(naps.next().now_or_never().is_none());
        sleep(ms(100)).await;
        assert_eq!(naps.by_ref().collect::<Vec<_>>().await.len(), 3);
        assert_eq!(start.elapsed(), ms(100));
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_an_item_and_the_scope_decides_what_it_does() {
    let odd = |n: u32| async move { if n.is_multiple_of(2) { Ok(n) } else { Err(n) } };
    let all = Scope::builder().on_error(OnError::IgnoreErrors).run(|s: Scope<u32>| async move {
        Ok(map(&s, size(2), stream::iter(0..4), odd).collect::<Vec<_>>().await)
    });
    let all = all.await.unwrap();
    assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, false]);
    let first = scope(|s: Scope<u32>| async move {
        map(&s, size(2), stream::iter(0..4), odd).try_collect::<Vec<_>>().await
    });
    assert_eq!(first.await.unwrap_err().deciding().unwrap().error().failed(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_stops_ends_an_endless_stream() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let owner = tokio::spawn(scope(|s: Scope<String>| async move {
        tell.send(s.clone()).unwrap();
        Ok(pending::<()>().await)
    }));
    let s = told.await.unwrap();
    let mut naps = map(&s, size(2), stream::repeat(5), |n| Load::default().nap(n));
    assert_eq!(naps.next().await.unwrap().unwrap(), 5);
    assert!(s.cancel("enough"));
    let rest = naps.by_ref().collect::<Vec<_>>().await;
    assert!((1..=3).contains(&rest.len()));
    assert!(rest.last().unwrap().as_ref().is_err_and(|error| error.is_cancelled()));
    assert!(naps.next().await.is_none());
    assert!(owner.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn who_stops_reading_stops_the_children_and_a_silent_source_holds_up_nobody() {
    let start = Instant::now();
    scope(|s: Scope<String>| async move {
        let mut naps = map(&s, size(2), stream::iter([1, 1000, 1000]), |n| Load::default().nap(n));
        assert_eq!(naps.next().await.unwrap()?, 1);
        drop(naps);
        let mut naps =
            map_unordered(&s, size(9), paused("a", vec![0]).chain(silent()), |_| async {
                pending::<Result<(), String>>().await
            });
        assert!(naps.next().now_or_never().is_none());
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!((start.elapsed(), live_tasks()), (ms(1), 0));
}

proptest! {
    #![proptest_config(seeded::cases(200))]

    #[test]
    fn never_more_at_once_and_each_once(
        naps in prop::collection::vec(0_u64..30, 0..40), limit in 1_usize..6, ordered: bool,
    ) {
        let expected = naps.clone();
        let load = Load::default();
        let most = load.clone();
        let mut seen: Vec<u64> = on_virtual_time(async move {
            let end = scope(|s: Scope<String>| async move {
                let nap = move |time| load.clone().nap(time);
                match ordered {
                    true => map(&s, size(limit), stream::iter(naps), nap).try_collect().await,
                    false => map_unordered(&s, size(limit), stream::iter(naps), nap).try_collect().await,
                }
            });
            end.await.unwrap()
        });
        let mut expected = expected;
        if !ordered {
            seen.sort_unstable();
            expected.sort_unstable();
        }
        prop_assert_eq!(&seen, &expected);
        prop_assert!(most.0.1.load(Ordering::SeqCst) <= limit);
    }
}
