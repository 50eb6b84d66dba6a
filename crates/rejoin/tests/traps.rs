//! The traps that are known of in-task combinators, each shown to be real where it can be, and the
//! same program without it.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use every_await::ms;
use futures_util::{StreamExt, stream};
use rejoin::single_flight::{Audience, SingleFlight};
use rejoin::stream::buffer;
use rejoin::{Scope, as_completed, live_tasks, scope, timeout};
use tokio::sync::Semaphore;
use tokio::time::sleep;

const TWO: NonZeroUsize = NonZeroUsize::new(2).expect("it is not zero");
const HOUR: Duration = Duration::from_secs(3600);

/// What an item of the loop needs, and what the loop's body needs as well: the only place.
async fn with_a_place(places: Arc<Semaphore>) -> Result<(), ()> {
    let _place = places.acquire().await.expect("it is never closed");
    sleep(ms(10)).await;
    Ok(())
}

/// The trap itself: the place goes to the next future of the stream, and while the body waits for it
/// nobody polls that one.
#[tokio::test(start_paused = true)]
async fn buffered_waits_for_itself() {
    let places = Arc::new(Semaphore::new(1));
    let items = stream::iter(0..6).map(|_| with_a_place(Arc::clone(&places)));
    let mut items = pin!(items.buffered(2));
    let hung = async {
        while items.next().await.is_some() {
            with_a_place(Arc::clone(&places)).await.unwrap();
        }
    };
    let ended = tokio::time::timeout(HOUR, hung).await;
    assert!(ended.is_err(), "the trap is none any more, and the documents should not warn of it");
}

#[tokio::test(start_paused = true)]
async fn as_completed_goes_on_while_the_body_waits() {
    let places = Arc::new(Semaphore::new(1));
    let items: Vec<_> = (0..6).map(|_| with_a_place(Arc::clone(&places))).collect();
    let ended = as_completed(items, TWO, |mut results| async move {
        let mut count = 0;
        while let Some((_, result)) = results.next().await {
            result?;
            with_a_place(Arc::clone(&places)).await?;
            count += 1;
        }
        Ok(count)
    });
    assert_eq!(tokio::time::timeout(HOUR, ended).await.unwrap().unwrap(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_buffered_stream_inside_a_buffer_goes_on_while_the_body_waits() {
    let places = Arc::new(Semaphore::new(1));
    let ended = scope(|s: Scope| async move {
        let held = Arc::clone(&places);
        let items = stream::iter(0..6).map(move |_| with_a_place(Arc::clone(&held)));
        let mut items = buffer(&s, TWO, items.buffered(2));
        let mut count = 0;
        while items.next().await.is_some() {
            with_a_place(Arc::clone(&places)).await.unwrap();
            count += 1;
        }
        Ok(count)
    });
    assert_eq!(tokio::time::timeout(HOUR, ended).await.unwrap().unwrap(), 6);
}

/// `select!` drops the branch that was not ready: what that one had under way must come again.
#[tokio::test(start_paused = true)]
async fn select_loses_no_outcome() {
    let naps = (0..100).map(|n| async move {
        sleep(ms(n % 7)).await;
        Ok::<_, ()>(n)
    });
    let mut ticks = 0;
    let seen = as_completed(naps, NonZeroUsize::new(10).unwrap(), |mut results| {
        let ticks = &mut ticks;
        async move {
            let mut seen = Vec::new();
            loop {
                tokio::select! {
                    next = results.next() => match next {
                        Some((index, outcome)) => seen.push((index as u64, outcome?)),
                        None => break Ok(seen),
                    },
                    () = sleep(ms(1)) => *ticks += 1,
                }
            }
        }
    });
    let mut seen = seen.await.unwrap();
    seen.sort_unstable();
    assert!(seen.into_iter().eq((0..100).map(|n| (n, n))));
    assert!(ticks > 0, "no branch was ever dropped");
}

#[tokio::test(start_paused = true)]
async fn select_on_a_handle_neither_stops_the_child_nor_loses_its_value() {
    let value = scope(|s: Scope| async move {
        let mut task = s.spawn_value(async {
            sleep(ms(10)).await;
            7
        });
        let mut ticks = 0;
        let value = loop {
            tokio::select! {
                value = &mut task => break value?,
                () = sleep(ms(3)) => ticks += 1,
            }
        };
        assert_eq!(ticks, 3);
        Ok(value)
    });
    assert_eq!(value.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_buffered_item_is_not_lost_by_a_time_out() {
    let items = scope(|s: Scope| async move {
        let slow = stream::iter(0..20).then(|n| async move {
            sleep(ms(3)).await;
            n
        });
        let mut slow = buffer(&s, TWO, slow);
        let (mut items, mut given_up) = (Vec::new(), 0);
        loop {
            match timeout(ms(1), slow.next()).await {
                Ok(Some(item)) => items.push(item?),
                Ok(None) => break Ok((items, given_up)),
                Err(_) => given_up += 1,
            }
        }
    });
    let (items, given_up) = items.await.unwrap();
    assert!(items.into_iter().eq(0..20));
    assert!(given_up >= 20);
}

/// Who came first and started the call is cancelled; the others must not get its cancellation.
#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cancelled_poisons_nobody() {
    let flights = Arc::new(SingleFlight::new());
    let ask = |flights: &Arc<SingleFlight<u8, u8, ()>>| {
        let flights = Arc::clone(flights);
        async move {
            let call = || async {
                sleep(ms(20)).await;
                Ok(7)
            };
            flights.run(Audience::Everybody, 1, call).await
        }
    };
    scope(|s: Scope<()>| async move {
        let leader = s.spawn_outcome(ask(&flights));
        sleep(ms(5)).await;
        let followers: Vec<_> = (0..3).map(|_| s.spawn_outcome(ask(&flights))).collect();
        // One has a deadline of its own, and it passes.
        let hasty = s.task("hasty").timeout(ms(2)).spawn_outcome(ask(&flights));
        sleep(ms(5)).await;
        leader.cancel("its client has gone");
        assert!(leader.await.unwrap_err().is_cancelled());
        for follower in followers {
            assert_eq!(follower.await?, 7);
        }
        assert!(hasty.await.unwrap_err().is_timed_out());
        assert_eq!(flights.under_way(), 0);
        Ok(())
    })
    .await
    // The child's own time-out is its failure, and fails the scope.
    .unwrap_err();
    assert_eq!(live_tasks(), 0);
}

/// A future that leaves its waker where it can be called after its task has ended.
async fn leaves_a_waker(at: Arc<Mutex<Option<Waker>>>, polls: Arc<Mutex<u32>>) -> u32 {
    poll_fn(|cx| {
        *polls.lock().unwrap() += 1;
        *at.lock().unwrap() = Some(cx.waker().clone());
        if *polls.lock().unwrap() == 2 { Poll::Ready(2) } else { Poll::Pending }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_that_comes_too_late_polls_nobody() {
    let (at, polls) = (Arc::new(Mutex::new(None::<Waker>)), Arc::new(Mutex::new(0)));
    let (waker, count) = (Arc::clone(&at), Arc::clone(&polls));
    let wake = move || waker.lock().unwrap().clone().expect("it was polled").wake();
    scope(|s: Scope| async move {
        let task = s.spawn_value(leaves_a_waker(at, polls));
        sleep(ms(1)).await;
        wake();
        assert_eq!(task.await?, 2);
        // Its seat is somebody else's, who must not be polled for it.
        let seen = Arc::new(Mutex::new(0));
        let mine = Arc::clone(&seen);
        let next = s.spawn_value(poll_fn(move |_| {
            *mine.lock().unwrap() += 1;
            Poll::<()>::Pending
        }));
        sleep(ms(1)).await;
        for _ in 0..10 {
            wake();
            tokio::task::yield_now().await;
        }
        assert_eq!((*seen.lock().unwrap(), *count.lock().unwrap()), (1, 2));
        next.cancel("enough");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_during_a_poll_is_not_lost() {
    let polls = scope(|s: Scope| async move {
        let mut polls = 0;
        let task = s.spawn_value(poll_fn(move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls == 100 { Poll::Ready(polls) } else { Poll::Pending }
        }));
        task.await
    });
    assert_eq!(tokio::time::timeout(HOUR, polls).await.unwrap().unwrap(), 100);
}

/// The second to poll a handle is the one whom its end wakes.
#[tokio::test(start_paused = true)]
async fn a_handle_that_moves_wakes_who_has_it_now() {
    let value = scope(|s: Scope| async move {
        let mut task = s.spawn_value(async {
            sleep(ms(10)).await;
            7
        });
        assert!(tokio::time::timeout(ms(1), &mut task).await.is_err());
        let other = s.spawn_outcome(task);
        tokio::time::timeout(HOUR, other).await.expect("somebody was woken")
    });
    assert_eq!(value.await.unwrap(), 7);
}
