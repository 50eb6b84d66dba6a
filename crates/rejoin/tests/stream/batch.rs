use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use rejoin::stream::{batch, try_batch};
use rejoin::timeout;
use tokio::time::{Instant, sleep};

use crate::every_await::{ms, on_virtual_time, poll_at_most};
use crate::{paused, silent, size};

#[tokio::test(start_paused = true)]
async fn full_lists_and_a_shorter_last_one() {
    let lists = |n: usize| batch(size(2), stream::iter(0..n)).collect::<Vec<_>>();
    assert!(lists(0).await.is_empty());
    assert_eq!(lists(1).await, [vec![0]]);
    assert_eq!(lists(2).await, [vec![0, 1]]);
    assert_eq!(lists(3).await, [vec![0, 1], vec![2]]);
}

#[tokio::test(start_paused = true)]
async fn a_time_shorter_than_the_gaps_gives_singles_and_loses_nothing() {
    let lists = batch(size(100), paused((), vec![50; 6])).within(ms(30));
    let lists: Vec<_> = lists.map(|list| list[0].1).collect().await;
    assert_eq!(lists, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn the_time_starts_with_the_first_item() {
    let start = Instant::now();
    let lists = batch(size(100), paused((), vec![1000, 20, 500, 10, 10])).within(ms(30));
    let seen: Vec<_> = lists.map(|list| (list.len(), start.elapsed())).collect().await;
    assert_eq!(seen, [(2, ms(1030)), (3, ms(1540))]);
}

#[tokio::test(start_paused = true)]
async fn an_item_at_the_moment_in_which_the_time_is_up_belongs_to_the_list() {
    let lists = batch(size(100), paused((), vec![1, 30, 31])).within(ms(30));
    let lens: Vec<_> = lists.map(|list| list.len()).collect().await;
    assert_eq!(lens, [2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_time_without_items_gives_no_list() {
    let mut lists = batch(size(2), silent::<u8>()).within(ms(1));
    assert!(tokio::time::timeout(ms(1000), lists.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_given_up_keeps_the_list() {
    let mut lists = batch(size(3), paused((), vec![10, 10, 10]));
    for _ in 0..2 {
        assert!(tokio::time::timeout(ms(12), lists.next()).await.is_err());
    }
    assert_eq!(lists.next().await.unwrap().len(), 3);
    assert_eq!(lists.next().await, None);
    assert_eq!(lists.next().now_or_never(), Some(None));
}

#[tokio::test(start_paused = true)]
async fn the_reader_s_time_counts() {
    let start = Instant::now();
    let mut lists = batch(size(9), paused((), vec![0, 10, 100])).within(ms(50));
    assert!(poll_at_most(1, lists.next()).await.is_none());
    sleep(ms(80)).await;
    assert_eq!(lists.next().await.unwrap().len(), 2);
    assert_eq!(start.elapsed(), ms(80));
}

#[tokio::test(start_paused = true)]
async fn an_endless_source_lets_other_tasks_run() {
    let ran = Arc::new(AtomicBool::new(false));
    let run = Arc::clone(&ran);
    let other = tokio::spawn(async move { run.store(true, Ordering::SeqCst) });
    let read = Arc::clone(&ran);
    let endless =
        stream::repeat(1).take_while(move |_| std::future::ready(!read.load(Ordering::SeqCst)));
    assert!(batch(size(usize::MAX), endless).next().await.is_some());
    other.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_error_comes_after_the_items_before_it_and_ends_the_stream() {
    let items = paused((), vec![5; 4]).map(|(_, n)| if n == 2 { Err("down") } else { Ok(n) });
    let mut lists = try_batch(size(9), items.boxed()).within(ms(1000));
    let start = Instant::now();
    assert_eq!(lists.next().await, Some(Ok(vec![0, 1])));
    assert_eq!(start.elapsed(), ms(15));
    assert_eq!(lists.next().await, Some(Err("down")));
    assert_eq!(lists.next().now_or_never(), Some(None));

    let at_once = try_batch(size(2), stream::iter([Err::<u8, _>("down"), Ok(1)]));
    assert_eq!(at_once.collect::<Vec<_>>().await, [Err("down")]);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_data_where_the_name_does_not_say_otherwise() {
    let lists = batch(size(2), stream::iter([Ok(1), Err("down"), Ok(2)]));
    assert_eq!(lists.collect::<Vec<_>>().await, [vec![Ok(1), Err("down")], vec![Ok(2)]]);
}

proptest! {
    #![proptest_config(crate::seeded::cases(256))]

    #[test]
    fn every_item_once_in_order_and_no_list_too_long_or_too_old(
        pauses in prop::collection::vec(0..50_u64, 0..40),
        len in 1..6_usize,
        within in 1..60_u64,
    ) {
        on_virtual_time(async {
            let arrived = paused((), pauses.clone()).map(|(_, n)| (n, Instant::now()));
            let mut lists = std::pin::pin!(batch(size(len), arrived).within(ms(within)));
            let mut seen = Vec::new();
            while let Some(list) = lists.next().await {
                prop_assert!(!list.is_empty() && list.len() <= len);
                prop_assert!(list[0].1.elapsed() <= ms(within));
                seen.extend(list.into_iter().map(|(n, _)| n));
            }
            prop_assert_eq!(seen, (0..pauses.len()).collect::<Vec<_>>());
            Ok(())
        })?;
    }
}

/// A source that is never done with what it may give in one turn, as a channel that others fill.
#[tokio::test]
async fn a_busy_source_does_not_make_a_list_older_than_it_may_become() {
    let busy = stream::poll_fn(|cx| {
        tokio::task::coop::poll_proceed(cx).map(|turn| {
            turn.made_progress();
            Some(())
        })
    });
    let mut lists = batch(size(usize::MAX), busy).within(ms(20));
    let list = timeout(ms(5000), lists.next()).await.expect("it is old enough long before");
    assert!(!list.expect("the source does not end").is_empty());
}
