use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use rejoin::stream::{batch, buffer, merge};
use rejoin::{OnError, Scope, ScopeError, TaskError, live_tasks, scope, shield};
use tokio::time::{Instant, sleep};

use crate::every_await::{Counter, ms, on_virtual_time};
use crate::{paused, silent, size};

#[tokio::test(start_paused = true)]
async fn the_source_goes_on_while_the_reader_is_busy() {
    let start = Instant::now();
    let seen = scope(|s: Scope| async move {
        let mut items = buffer(&s, size(3), paused((), vec![10; 3]));
        sleep(ms(30)).await;
        let mut seen = Vec::new();
        while let Some((_, n)) = items.try_next().await? {
            seen.push(n);
        }
        assert!(matches!(items.next().now_or_never(), Some(None)), "it stays ended");
        Ok(seen)
    });
    assert_eq!((seen.await.unwrap(), start.elapsed()), (vec![0, 1, 2], ms(30)));
}

#[tokio::test(start_paused = true)]
async fn it_reads_no_further_ahead_than_its_capacity() {
    for capacity in [1, 2, 7] {
        let pulled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&pulled);
        let result = scope(|s: Scope| async move {
            let source = stream::iter(0..100).inspect(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
            });
            let mut items = buffer(&s, size(capacity), source);
            for read in 0..5 {
                sleep(ms(1)).await;
                assert_eq!(pulled.load(Ordering::SeqCst), read + capacity);
                items.try_next().await?;
            }
            Ok(())
        });
        result.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn every_value_is_data() {
    let result: Result<_, ScopeError<&str>> = scope(|s| async move {
        let options = buffer(&s, size(2), stream::iter([Some(1), None, Some(2)]));
        assert_eq!(options.try_collect::<Vec<_>>().await?, [Some(1), None, Some(2)]);
        let results = buffer(&s, size(9), stream::iter([Ok(1), Err("down"), Ok(2)]));
        sleep(ms(1)).await;
        assert_eq!(results.try_collect::<Vec<_>>().await?, [Ok(1), Err("down"), Ok(2)]);
        Ok(())
    })
    .await;
    result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panic_comes_after_the_items_before_it_and_is_the_readers_to_pass_on() {
    let result = scope(|s: Scope| async move {
        let mut items = buffer(&s, size(9), stream::iter([2, 1, 0, 3]).map(|n| 2 / n));
        sleep(ms(1)).await;
        assert_eq!(items.try_next().await?, Some(1));
        assert_eq!(items.try_next().await?, Some(2));
        let error = items.next().await.unwrap().unwrap_err();
        assert!(matches!(&error, TaskError::Panicked(p) if p.message().contains("zero")));
        assert!(items.next().await.is_none());
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panic_that_nobody_reads_is_the_scope_s() {
    let panicking = || stream::iter([1, 0]).map(|n| 1 / n);
    let dropped = scope(|s: Scope| async move {
        let items = buffer(&s, size(9), panicking());
        sleep(ms(1)).await;
        drop(items);
        sleep(ms(1)).await;
        Ok(())
    });
    let error = dropped.await.unwrap_err();
    assert!(error.failures()[0].error().is_panic());

    let stopped = scope(|s: Scope| async move {
        let _items = buffer(&s, size(9), panicking());
        sleep(ms(1)).await;
        s.cancel("enough");
        Ok(sleep(ms(1)).await)
    });
    let error = stopped.await.unwrap_err();
    assert!(error.failures()[0].error().is_panic());
}

#[tokio::test(start_paused = true)]
async fn a_stopped_producer_is_never_taken_for_an_end() {
    let result = scope(|s: Scope| async move {
        let source = stream::iter([1, 2]).chain(silent());
        let mut items = buffer(&s, size(9), source);
        sleep(ms(1)).await;
        s.cancel_children("enough");
        assert_eq!(items.try_next().await?, Some(1));
        assert_eq!(items.try_next().await?, Some(2));
        let error = items.next().await.unwrap().unwrap_err();
        assert_eq!(error.cancelled().unwrap().text(), "enough");
        assert!(items.next().await.is_none());
        Ok(s)
    });
    let ended = result.await.unwrap();
    let mut refused = buffer(&ended, size(1), stream::iter([1]));
    assert!(refused.next().await.unwrap().unwrap_err().is_cancelled());
    assert!(refused.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn dropping_it_ends_the_producer_full_or_waiting_at_once_also_in_a_grace() {
    let counter = Counter::default();
    let inside = counter.clone();
    let start = Instant::now();
    let result = Scope::builder().grace(ms(1000)).run(|s: Scope| async move {
        let value = inside.value();
        let full = buffer(&s, size(1), stream::repeat(1).map(move |n| (n, &value).0));
        let value = inside.value();
        let waiting = buffer(&s, size(1), silent::<u8>().map(move |n| (n, &value).0));
        sleep(ms(1)).await;
        drop((full, waiting));
        tokio::task::yield_now().await;
        assert_eq!((inside.alive(), s.live(), live_tasks()), (0, 0, 0));
        Ok(())
    });
    result.await.unwrap();
    assert_eq!((start.elapsed(), counter.alive()), (ms(1), 0));
}

#[tokio::test(start_paused = true)]
async fn it_is_the_cure_for_a_source_that_holds_what_its_reader_needs() {
    let result = scope(|s: Scope| async move {
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        let locked = Arc::clone(&lock);
        // Holds the lock across a wait in every item.
        let source = stream::iter(0..3).then(move |n| {
            let lock = Arc::clone(&locked);
            async move {
                let held = lock.lock().await;
                sleep(ms(10)).await;
                drop(held);
                n
            }
        });
        let mut items = pin!(batch(size(9), buffer(&s, size(3), source)).within(ms(5)));
        let mut seen = 0;
        while let Some(list) = items.next().await {
            drop(lock.lock().await);
            seen += list.len();
        }
        assert_eq!(seen, 3);
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panic_does_not_stop_the_others_that_the_reader_merges() {
    let result = Scope::builder().on_error(OnError::FailFast).run(|s: Scope| async move {
        let sources = [stream::iter([1, 0]), stream::iter([1, 1])];
        let merged = merge(sources.map(|source| buffer(&s, size(1), source.map(|n| 1 / n))));
        let seen: Vec<_> = merged.collect().await;
        assert_eq!(seen.iter().filter(|item| item.is_ok()).count(), 3);
        assert_eq!(seen.len(), 4);
        Ok(())
    });
    result.await.unwrap();
}

proptest! {
    #![proptest_config(crate::seeded::cases(256))]

    #[test]
    fn every_item_once_in_the_order_of_its_source(
        sources in prop::collection::vec(prop::collection::vec(0..4_u64, 0..8), 0..6),
        rests in prop::collection::vec(0..4_u64, 48),
        capacity in 1..4_usize,
    ) {
        let expected: Vec<usize> = sources.iter().map(Vec::len).collect();
        let next = on_virtual_time(scope(|s: Scope| async move {
            let mut next = vec![0; sources.len()];
            let sources = sources.into_iter().enumerate();
            let mut merged =
                merge(sources.map(|(n, pauses)| buffer(&s, size(capacity), paused(n, pauses))));
            let mut rests = rests.into_iter();
            while let Some((source, index)) = merged.try_next().await? {
                assert_eq!(index, next[source]);
                next[source] += 1;
                sleep(ms(rests.next().unwrap())).await;
            }
            Ok(next)
        }));
        prop_assert_eq!(next.unwrap(), expected);
    }
}

/// The scope is stopped while the panic lies in the buffer: it is the child's, and the reader who
/// comes to it all the same hears of it once.
#[tokio::test(start_paused = true)]
async fn a_panic_that_was_not_read_before_a_stop_is_told_once() {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    let result = scope(|s: Scope| async move {
        let source = stream::iter([1, 2]).map(|n| if n == 2 { panic!("two") } else { n });
        let mut items = buffer(&s, size(4), source);
        drop(s.spawn_value(async move {
            let _ = shield(ms(1000), async {
                sleep(ms(10)).await;
                while let Some(item) = items.next().await {
                    count.fetch_add(usize::from(item.is_err()), Ordering::SeqCst);
                }
            })
            .await;
        }));
        sleep(ms(5)).await;
        s.cancel("enough");
        Ok(())
    });
    drop(result.await);
    assert_eq!((heard.load(Ordering::SeqCst), live_tasks()), (1, 0));
}
