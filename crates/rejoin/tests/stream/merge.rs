use std::collections::HashMap;

use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use rejoin::stream::merge;
use tokio::time::Instant;

use crate::every_await::{Counter, ms, on_virtual_time};
use crate::{paused, silent};

#[tokio::test(start_paused = true)]
async fn of_nothing_it_ends_at_once_and_stays_ended() {
    let mut merged = merge(Vec::<stream::Empty<u8>>::new());
    assert_eq!(merged.next().now_or_never(), Some(None));
    assert_eq!(merged.next().now_or_never(), Some(None));
    let empty = merge([stream::empty::<u8>(), stream::empty()]);
    assert!(empty.collect::<Vec<_>>().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn items_come_as_they_arrive() {
    let start = Instant::now();
    let merged = merge([paused("a", vec![10, 30]), paused("b", vec![20, 5])]);
    let seen: Vec<_> = merged.map(|item| (item, start.elapsed())).collect().await;
    let expected =
        [(("a", 0), 10), (("b", 0), 20), (("b", 1), 25), (("a", 1), 40)].map(|(i, t)| (i, ms(t)));
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_always_has_something_holds_up_nobody() {
    let merged = merge([stream::repeat(1).boxed(), stream::iter([2, 2]).boxed()]);
    assert_eq!(merged.take(6).collect::<Vec<_>>().await, [1, 2, 1, 2, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_sources() {
    let merged = merge((0..1000_u64).map(|n| paused(n, vec![1000 - n, 1])));
    let seen: Vec<_> = merged.collect().await;
    assert_eq!(seen.len(), 2000);
    assert_eq!((seen[0], seen[1999]), ((999, 0), (0, 1)));
}

#[tokio::test(start_paused = true)]
async fn every_value_is_data() {
    let merged = merge([stream::iter(vec![Some(1), None, Some(2)]), stream::iter(vec![None])]);
    assert_eq!(merged.collect::<Vec<_>>().await, [Some(1), None, None, Some(2)]);
}

#[tokio::test(start_paused = true)]
async fn an_ended_source_is_dropped_while_the_others_go_on() {
    let counter = Counter::default();
    let value = counter.value();
    let ending = stream::iter([1]).map(move |n| (n, &value).0);
    let mut merged = merge([ending.boxed(), silent()]);
    assert_eq!(merged.next().await, Some(1));
    assert_eq!(merged.next().now_or_never(), None);
    assert_eq!(counter.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_is_gone_and_the_others_can_be_read() {
    let panicking = stream::iter([1, 0]).map(|n| 10 / n);
    let mut merged = merge([panicking.boxed(), paused(0, vec![0, 1, 1]).map(|_| 7).boxed()]);
    assert_eq!(merged.next().await, Some(10));
    assert_eq!(merged.next().await, Some(7));
    let next = std::panic::AssertUnwindSafe(merged.next()).catch_unwind().await;
    assert!(next.is_err());
    assert_eq!(merged.collect::<Vec<_>>().await, [7, 7]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_wakes_itself_lets_other_tasks_run() {
    let busy = stream::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        std::task::Poll::<Option<()>>::Pending
    });
    let mut merged = merge([busy]);
    let other = tokio::time::timeout(ms(1), tokio::task::yield_now());
    tokio::select! {
        biased;
        _ = merged.next() => unreachable!("it has nothing"),
        done = other => done.unwrap(),
    }
}

#[tokio::test(start_paused = true)]
async fn it_borrows() {
    let text = String::from("a b");
    let merged = merge([text.split(" "), text.split("b")].map(stream::iter));
    assert_eq!(merged.collect::<Vec<_>>().await, ["a", "a ", "b", ""]);
}

fn sources() -> impl Strategy<Value = Vec<Vec<u64>>> {
    prop::collection::vec(prop::collection::vec(0..4_u64, 0..8), 0..8)
}

proptest! {
    #![proptest_config(crate::seeded::cases(256))]

    #[test]
    fn every_item_once_in_the_order_of_its_source_and_the_same_each_time(sources in sources()) {
        let run = || {
            on_virtual_time(
                merge(sources.clone().into_iter().enumerate().map(|(n, pauses)| paused(n, pauses)))
                    .collect::<Vec<_>>(),
            )
        };
        let seen = run();
        prop_assert_eq!(&seen, &run());
        let mut next: HashMap<usize, usize> = HashMap::new();
        for (source, index) in seen {
            let next = next.entry(source).or_default();
            prop_assert_eq!(index, *next);
            *next += 1;
        }
        for (source, pauses) in sources.iter().enumerate() {
            prop_assert_eq!(next.get(&source).copied().unwrap_or(0), pauses.len());
        }
    }
}
