//! A wait that says it was given up has taken nothing: no item, no place, no arrival. Whatever it
//! waited for comes in the very moment in which it is given up, ten thousand times.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::pin;
use std::sync::Arc;

use every_await::{ms, on_virtual_time};
use futures_util::future::{join, join3};
use rejoin::limit::{ConcurrencyLimit, LimitSet};
use rejoin::sync::Barrier;
use rejoin::{Scope, as_completed, scope, timeout};
use tokio::sync::mpsc;
use tokio::time::sleep;

const ROUNDS: usize = 10_000;

/// Which of two timers of one moment is first depends on the order in which they were set.
async fn at_the_same_moment(round: usize) {
    if round.is_multiple_of(3) {
        tokio::task::yield_now().await;
    }
    sleep(ms(1)).await;
    if round.is_multiple_of(2) {
        tokio::task::yield_now().await;
    }
}

#[test]
fn an_item_of_a_channel() {
    on_virtual_time(async {
        let (send, mut receive) = mpsc::channel(1);
        let (mut got, mut given_up) = (Vec::new(), 0);
        scope(|s: Scope| {
            let (got, given_up) = (&mut got, &mut given_up);
            async move {
                s.spawn_value(async move {
                    for round in 0..ROUNDS {
                        at_the_same_moment(round).await;
                        send.send(round).await.unwrap();
                    }
                });
                loop {
                    match timeout(ms(1), receive.recv()).await {
                        Ok(Some(item)) => got.push(item),
                        Ok(None) => break Ok(()),
                        Err(_) => *given_up += 1,
                    }
                }
            }
        })
        .await
        .unwrap();
        assert!(got.iter().copied().eq(0..ROUNDS), "every item once, in order");
        assert!(given_up > ROUNDS / 10, "only {given_up} waits were given up");
    });
}

#[test]
fn an_item_that_comes_as_its_receiver_is_cancelled() {
    on_virtual_time(async {
        let (send, receive) = mpsc::channel(ROUNDS);
        let receive = Arc::new(tokio::sync::Mutex::new(receive));
        let got = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (source, taken) = (Arc::clone(&receive), Arc::clone(&got));
        scope(|s: Scope| async move {
            for round in 0..ROUNDS {
                let (source, taken) = (Arc::clone(&source), Arc::clone(&taken));
                let receiver = s.spawn_value(async move {
                    let item = source.lock().await.recv().await;
                    taken.lock().unwrap().push(item.unwrap());
                });
                tokio::task::yield_now().await;
                if round.is_multiple_of(2) {
                    send.send(round).await.unwrap();
                    receiver.cancel("enough");
                } else {
                    receiver.cancel("enough");
                    send.send(round).await.unwrap();
                }
                drop(receiver.await);
            }
            Ok(())
        })
        .await
        .unwrap();
        let mut got = std::mem::take(&mut *got.lock().unwrap());
        let mut receive = receive.lock().await;
        while let Ok(left) = receive.try_recv() {
            got.push(left);
        }
        assert!(got.into_iter().eq(0..ROUNDS), "every item once, in order");
    });
}

#[test]
fn an_outcome() {
    on_virtual_time(async {
        let eight = NonZeroUsize::new(8).unwrap();
        let naps = (0..ROUNDS).map(|n| async move {
            at_the_same_moment(n).await;
            Ok::<_, ()>(n)
        });
        let (mut seen, mut given_up) = (vec![0; ROUNDS], 0);
        as_completed(naps, eight, |mut results| {
            let (seen, given_up) = (&mut seen, &mut given_up);
            async move {
                loop {
                    match timeout(ms(1), results.next()).await {
                        Ok(Some((index, outcome))) => {
                            assert_eq!(outcome.unwrap(), index);
                            seen[index] += 1;
                        }
                        Ok(None) => break Ok(()),
                        Err(_) => *given_up += 1,
                    }
                }
            }
        })
        .await
        .unwrap();
        assert!(seen.into_iter().all(|times| times == 1));
        assert!(given_up > 0, "no wait was given up");
    });
}

#[test]
fn a_place() {
    on_virtual_time(async {
        let one = NonZeroU32::MIN;
        let (limit, other) = (ConcurrencyLimit::new(one), ConcurrencyLimit::new(one));
        let both = LimitSet::new().and(&limit, 1).and(&other, 1);
        let (mut got, mut given_up) = (0, 0);
        for round in 0..ROUNDS {
            let held = limit.acquire().await;
            let holder = async {
                at_the_same_moment(round).await;
                drop(held);
            };
            let wait = async {
                if round.is_multiple_of(2) {
                    timeout(ms(1), limit.acquire()).await.map(drop).is_ok()
                } else {
                    timeout(ms(1), both.acquire()).await.map(drop).is_ok()
                }
            };
            let (_, waited) = join(holder, wait).await;
            if waited {
                got += 1
            } else {
                given_up += 1
            }
            assert_eq!((limit.in_use(), other.in_use()), (0, 0), "in round {round}");
        }
        assert!(got > ROUNDS / 10 && given_up > ROUNDS / 10, "{got} got it, {given_up} did not");
    });
}

#[test]
fn an_arrival_at_a_barrier() {
    on_virtual_time(async {
        let barrier = Barrier::new(NonZeroUsize::new(2).unwrap());
        let (mut met, mut given_up) = (0, 0);
        for round in 0..ROUNDS {
            let first = timeout(ms(1), barrier.wait());
            let second = async {
                at_the_same_moment(round).await;
                // Waits for ever if the first has given up and was counted, or was not and has not.
                barrier.wait().await
            };
            let third = async {
                sleep(ms(5)).await;
                if barrier.waiting() == 1 { barrier.wait().await.is_ok() } else { false }
            };
            let (second, third) = (pin!(second), pin!(third));
            // Whoever is polled first at that moment decides.
            let (first, second, third) = if round % 4 < 2 {
                join3(first, second, third).await
            } else {
                let (second, first, third) = join3(second, first, third).await;
                (first, second, third)
            };
            assert!(second.is_ok());
            assert_eq!(first.is_ok(), !third, "one of the two met the second");
            if first.is_ok() {
                met += 1
            } else {
                given_up += 1
            }
            assert_eq!(barrier.waiting(), 0);
        }
        assert!(met > 0 && given_up > 0, "{met} met, {given_up} gave up");
    });
}
