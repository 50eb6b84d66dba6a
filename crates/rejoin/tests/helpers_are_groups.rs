//! Every helper that starts something is a group: when it comes back, by a value, an error, a
//! time-out or a cancellation, nothing that it has started is alive.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::Pin;
use std::sync::Arc;

use every_await::{Counter, ms, on_virtual_time};
use futures_util::StreamExt;
use rejoin::retry::{Backoff, Hedge, Retry};
use rejoin::single_flight::{Audience, SingleFlight};
use rejoin::stream::{batch, buffer, item_timeout, merge, throttle};
use rejoin::{
    LimitedScope, Map, Scope, Until, any, as_completed, for_each, gather, gather_by_key,
    gather_tuple, live_tasks, map, quorum, race, scope, shield, timeout, wait, wait_until,
};
use tokio::time::sleep;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Success,
    Failure,
    TimeOut,
    Cancellation,
}

/// Makes the work of a program: it ends in the way that is tried, or does not end at all.
#[derive(Clone)]
struct Works {
    way: Way,
    counter: Counter,
}

impl Works {
    async fn one(self, n: u64) -> Result<u64, u64> {
        let _alive = self.counter.value();
        sleep(ms(15 + n)).await;
        match self.way {
            Way::Success => Ok(n),
            Way::Failure => Err(n),
            Way::TimeOut | Way::Cancellation => std::future::pending().await,
        }
    }

    fn some(&self) -> Vec<impl Future<Output = Result<u64, u64>> + Send + 'static> {
        (0..8).map(|n| self.clone().one(n)).collect()
    }

    fn each(&self) -> impl FnMut(u64) -> Boxed<Result<u64, u64>> + Send + 'static {
        let works = self.clone();
        move |n| Box::pin(works.clone().one(n))
    }

    /// Streams that do the work for each of their items.
    fn sources(&self) -> [Boxed<Result<u64, u64>>; 3] {
        [0, 1, 2].map(|n| Box::pin(self.clone().one(n)) as Boxed<_>)
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Program = fn(Works) -> Boxed<()>;

const THREE: NonZeroUsize = NonZeroUsize::new(3).expect("it is not zero");

/// Runs `future` and forgets what it gives.
fn forget<T>(future: impl Future<Output = T> + Send + 'static) -> Boxed<()> {
    Box::pin(async move { drop(future.await) })
}

fn programs() -> Vec<(&'static str, Program)> {
    vec![
        ("wait", |w| forget(wait(w.some()))),
        ("wait_until", |w| forget(wait_until(w.some(), Until::first_failed()))),
        ("gather", |w| forget(gather(w.some()))),
        ("gather_by_key", |w| {
            let keyed = gather_by_key::<Vec<_>, _, _, _, _, _>((0..).zip(w.some()));
            forget(keyed)
        }),
        ("gather_tuple", |w| forget(gather_tuple((w.clone().one(1), w.one(2))))),
        ("race", |w| forget(race(w.some()))),
        ("any", |w| forget(any(w.some()))),
        ("quorum", |w| forget(quorum(3, w.some()))),
        ("map", |w| forget(map(0..8, THREE, w.each()))),
        ("for_each", |w| {
            let mut each = w.each();
            forget(for_each(0..8, THREE, move |n| {
                let one = each(n);
                async move { one.await.map(drop) }
            }))
        }),
        ("Map::wait", |w| forget(Map::new(0..8, w.each()).item_timeout(ms(500)).wait())),
        ("as_completed", |w| {
            forget(as_completed(w.some(), THREE, |mut results| async move {
                while let Some((_, result)) = results.next().await {
                    result?;
                }
                Ok(())
            }))
        }),
        ("LimitedScope", |w| {
            let opened = Scope::builder().limit(THREE).run(|s: LimitedScope<u64>| async move {
                for one in w.some() {
                    s.spawn(one).await;
                }
                Ok(())
            });
            forget(opened)
        }),
        ("spawn_ready", |w| {
            forget(scope(|s: Scope<u64>| async move {
                let ready = s.spawn_ready(|ready| async move {
                    w.clone().one(1).await?;
                    ready.signal(());
                    w.one(2).await
                });
                drop(ready.await);
                Ok(())
            }))
        }),
        ("Retry", |w| {
            let policy = Retry::new(3).backoff(Backoff::constant(ms(1))).attempt_timeout(ms(500));
            forget(async move { policy.run(|n| w.clone().one(u64::from(n))).await })
        }),
        ("Hedge", |w| {
            let hedge = Hedge::after(ms(2)).copies(NonZeroU32::new(3).unwrap());
            forget(async move { hedge.run(|n| w.clone().one(u64::from(n))).await })
        }),
        ("timeout", |w| forget(timeout(ms(500), w.one(1)))),
        ("shield", |w| forget(shield(ms(30), w.one(1)))),
        ("SingleFlight", |w| {
            forget(async move {
                let flights = Arc::new(SingleFlight::new());
                let asks = (0..4).map(|_| {
                    let (flights, w) = (Arc::clone(&flights), w.clone());
                    async move {
                        let run = flights.run(Audience::Everybody, 7, || w.one(1));
                        run.await.map_err(drop)
                    }
                });
                drop(wait(asks).await);
            })
        }),
        ("merge, batch, throttle, item_timeout over buffer", |w| {
            forget(scope(|s: Scope| async move {
                let buffers =
                    w.sources().map(|one| buffer(&s, THREE, futures_util::stream::once(one)));
                let paced = throttle(ms(1), item_timeout(ms(5), merge(buffers)));
                let mut groups = batch(THREE, paced).within(ms(4));
                while groups.next().await.is_some() {}
                Ok(())
            }))
        }),
    ]
}

#[test]
fn nothing_that_a_helper_has_started_outlives_it() {
    for (name, program) in programs() {
        for way in [Way::Success, Way::Failure, Way::TimeOut, Way::Cancellation] {
            let counter = Counter::default();
            let works = Works { way, counter: counter.clone() };
            on_virtual_time(async {
                match way {
                    Way::Success | Way::Failure => program(works).await,
                    Way::TimeOut => {
                        let seen = counter.clone();
                        let timed = timeout(ms(50), program(works));
                        let watch = async {
                            sleep(ms(10)).await;
                            assert!(seen.alive() > 0, "{name}: nothing was under way");
                        };
                        let _ = futures_util::future::join(timed, watch).await;
                    }
                    Way::Cancellation => {
                        let seen = counter.clone();
                        let stopped = scope(|s: Scope| async move {
                            let task = s.spawn_value(program(works));
                            sleep(ms(10)).await;
                            assert!(seen.alive() > 0, "{name}: nothing was under way");
                            task.cancel("enough");
                            drop(task.await);
                            assert_eq!(seen.alive(), 0, "{name} was cancelled and left something");
                            Ok(())
                        });
                        stopped.await.unwrap();
                    }
                }
                assert_eq!((counter.alive(), live_tasks()), (0, 0), "{name} after {way:?}");
            });
        }
    }
}
