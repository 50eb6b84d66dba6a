//! Closing one closes every source, wherever it happens.

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use rejoin::stream::{batch, buffer, item_timeout, merge, throttle};
use rejoin::{Scope, scope};
use tokio::time::sleep;

use crate::every_await::{Counted, Counter, drop_at_every_await, ms};
use crate::{paused, silent, size};

/// Items that are seen when they are lost, from a source that is.
fn counted(counter: &Counter) -> BoxStream<'static, Counted> {
    let (source, counter) = (counter.value(), counter.clone());
    paused((), vec![0, 3, 0, 5]).map(move |_| (counter.value(), &source).0).boxed()
}

fn pipeline(counter: &Counter) -> BoxStream<'static, Vec<Result<Counted, rejoin::TimedOut>>> {
    let merged = merge([counted(counter), counted(counter), counted(counter)]);
    let paced = throttle(ms(2), item_timeout(ms(1), merged));
    batch(size(4), paced).within(ms(7)).boxed()
}

#[test]
fn the_reader_is_dropped_at_every_await() {
    drop_at_every_await(
        |counter| async move {
            let lists: Vec<_> = pipeline(&counter).collect().await;
            let items = lists.iter().flatten().filter(|item| item.is_ok()).count();
            assert_eq!((items, counter.alive()), (12, 12));
        },
        |alive| assert_eq!(alive, 0),
    );
}

#[test]
fn a_scope_with_buffers_is_dropped_at_every_await() {
    drop_at_every_await(
        |counter| async move {
            let result = scope(|s: Scope| async move {
                let sources = [counted(&counter), counted(&counter)];
                let mut merged = merge(sources.map(|source| buffer(&s, size(2), source)));
                let mut items = Vec::new();
                while let Some(item) = merged.try_next().await? {
                    items.push(item);
                    sleep(ms(1)).await;
                }
                assert_eq!(items.len(), 8);
                Ok(())
            });
            result.await.unwrap();
        },
        |alive| assert_eq!(alive, 0),
    );
}

#[tokio::test(start_paused = true)]
async fn the_reader_stops_after_every_item() {
    for stop in 0..=8 {
        let counter = Counter::default();
        let inside = counter.clone();
        let result = scope(|s: Scope| async move {
            let sources = [counted(&inside), counted(&inside)];
            let merged = merge(sources.map(|source| buffer(&s, size(1), source)));
            let read = merged.take(stop).collect::<Vec<_>>().await;
            assert_eq!(read.len(), stop);
            drop(read);
            // The scope waits for the producers.
            Ok(())
        });
        result.await.unwrap();
        assert_eq!((counter.alive(), rejoin::live_tasks()), (0, 0), "after {stop} items");
    }
}

#[tokio::test(start_paused = true)]
async fn the_scope_is_stopped_after_every_millisecond() {
    for stop in 0..20 {
        let counter = Counter::default();
        let inside = counter.clone();
        let result = Scope::builder().timeout(ms(stop)).run(|s: Scope| async move {
            let endless = stream::select(counted(&inside), silent());
            let mut items = buffer(&s, size(1), endless);
            while items.try_next().await?.is_some() {
                sleep(ms(2)).await;
            }
            Ok(())
        });
        assert!(result.await.unwrap_err().is_timed_out());
        assert_eq!((counter.alive(), rejoin::live_tasks()), (0, 0), "after {stop} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_one_drops_its_sources_on_the_spot() {
    let counter = Counter::default();
    let mut lists = pipeline(&counter);
    assert!(lists.next().await.is_some());
    drop(lists);
    assert_eq!((counter.alive(), rejoin::live_tasks()), (0, 0));
}
