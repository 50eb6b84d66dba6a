//! Joins in the calling task: they borrow, they poll all that they have started, and they end.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rejoin::{in_task, live_tasks, timeout};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

const TWO: NonZeroUsize = NonZeroUsize::new(2).expect("it is not zero");

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[tokio::test(start_paused = true)]
async fn children_borrow_from_the_caller() {
    let texts = vec!["a".to_owned(), "bc".to_owned()];
    let total = in_task::scope(|s| {
        let texts = &texts;
        async move {
            let lengths: Vec<_> =
                texts.iter().map(|text| s.spawn(async move { text.len() })).collect();
            let mut total = 0;
            for length in lengths {
                total += length.await;
            }
            total
        }
    })
    .await;
    assert_eq!(total, 3);
    assert_eq!(texts.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_child_may_spawn_and_nobody_is_left_behind() {
    let ended = std::sync::atomic::AtomicUsize::new(0);
    let start = Instant::now();
    in_task::scope(|s| {
        let ended = &ended;
        async move {
            let inner = s.clone();
            drop(s.spawn(async move {
                sleep(ms(10)).await;
                drop(inner.spawn(async move {
                    sleep(ms(20)).await;
                    ended.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                }));
                ended.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }));
        }
    })
    .await;
    assert_eq!(ended.into_inner(), 2);
    assert_eq!(start.elapsed(), ms(30));
}

/// Two branches of a `select!` that share a lock: the loser holds it and is not polled any more.
/// Here both are children, and go on until both have ended.
#[tokio::test(start_paused = true)]
async fn a_child_that_holds_a_lock_is_polled_on_while_another_waits_for_it() {
    let lock = Mutex::new(0);
    let done = in_task::scope(|s| {
        let lock = &lock;
        async move {
            drop(s.spawn(async move {
                let mut guard = lock.lock().await;
                sleep(ms(50)).await;
                *guard += 1;
            }));
            // What the winning branch would do, while the loser sits on the lock.
            sleep(ms(10)).await;
            *lock.lock().await += 1;
            true
        }
    });
    assert!(timeout(ms(1000), done).await.unwrap());
    assert_eq!(lock.into_inner(), 2);
}

/// A `buffered` stream stops polling its futures while its consumer waits for what one of them holds.
#[tokio::test(start_paused = true)]
async fn a_map_polls_all_of_its_futures_while_one_waits_for_another() {
    let lock = Mutex::new(());
    let lock = &lock;
    let mapped = in_task::map(0..4, TWO, |n| async move {
        let _guard = lock.lock().await;
        sleep(ms(10)).await;
        Ok::<_, ()>(n)
    });
    assert_eq!(timeout(ms(1000), mapped).await.unwrap(), Ok(vec![0, 1, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn order_limit_and_failure() {
    let (live, most) = (Cell::new(0), Cell::new(0));
    let pulled = Cell::new(0);
    let items = std::iter::repeat_with(|| {
        pulled.set(pulled.get() + 1);
        pulled.get()
    });
    let (live, most) = (&live, &most);
    let failed = in_task::map(items, TWO, |n| async move {
        live.set(live.get() + 1);
        most.set(most.get().max(live.get()));
        sleep(ms(1)).await;
        live.set(live.get() - 1);
        if n == 7 { Err(n) } else { Ok(n) }
    });
    assert_eq!(failed.await, Err(7));
    assert_eq!(most.get(), 2);
    assert!(pulled.get() <= 9);

    let naps = [30_u64, 10, 20];
    let in_order = in_task::wait(naps.iter().map(|n| async move {
        sleep(ms(*n)).await;
        *n
    }));
    assert_eq!(in_order.await, naps);
    assert!(in_task::wait(Vec::<std::future::Ready<()>>::new()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_first_to_settle_and_its_place() {
    let naps = [30_u64, 10, 20].iter().map(|n| sleep(ms(*n)));
    assert_eq!(in_task::race(naps).await, Some((1, ())));
    assert_eq!(in_task::race(Vec::<std::future::Ready<()>>::new()).await, None);
}

#[tokio::test(start_paused = true)]
async fn dropped_it_drops_everything_polled_or_not() {
    let kept = Arc::new(());
    let scope = in_task::scope(|s| {
        let kept = Arc::clone(&kept);
        async move {
            let other = Arc::clone(&kept);
            drop(s.spawn(async move {
                sleep(ms(1000)).await;
                drop(other);
            }));
            sleep(ms(1000)).await;
            drop(kept);
        }
    });
    assert!(timeout(ms(5), scope).await.is_err());
    assert_eq!(Arc::strong_count(&kept), 1);
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn outputs_need_not_be_send_outside_a_scope() {
    let shared = Rc::new(Cell::new(0));
    let added = in_task::gather((1..=3).map(|n| {
        let shared = &shared;
        async move {
            shared.set(shared.get() + n);
            Ok::<_, ()>(Rc::clone(shared))
        }
    }));
    assert_eq!(added.await.unwrap().len(), 3);
    assert_eq!(shared.get(), 6);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "scope that has ended")]
async fn a_clone_that_got_out_cannot_spawn() {
    let escaped = in_task::scope(|s| async move { s }).await;
    drop(escaped.spawn(async {}));
}

/// Nobody polls the scope when a child comes from a task of its own: the child itself has to wake it.
#[tokio::test(start_paused = true)]
async fn a_child_that_another_task_spawns_is_polled() {
    let scope = in_task::scope(|s| async move {
        let elsewhere = tokio::spawn(async move {
            sleep(ms(10)).await;
            s.spawn(async { 7 }).await
        });
        elsewhere.await.unwrap()
    });
    assert_eq!(timeout(ms(1000), scope).await, Ok(7));
}
