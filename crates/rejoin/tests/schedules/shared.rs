//! What tasks share: limits, flights, barriers, buffers. Random programs use them, give up and are
//! cancelled at any step; then all of them come to an end, and nothing is held or waited for any more.

use std::convert::Infallible;
use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use rejoin::limit::{
    AdaptiveLimit, CapacityLimiter, ConcurrencyLimit, LimitSet, RateLimit, WindowLimit,
};
use rejoin::retry::Hedge;
use rejoin::single_flight::{Audience, SingleFlight};
use rejoin::stream::{buffer, merge};
use rejoin::sync::Barrier;
use rejoin::{Map, Scope, in_task, live_tasks, scope, timeout};
use shuttle::Runner;
use shuttle::future::block_on;
use shuttle::scheduler::RandomScheduler;

use super::{SECOND, explore, roomy, steps};

#[path = "../../../../tests/seeded.rs"]
mod seeded;

/// No limit is ever larger than this, nor smaller than what is asked of it.
const MOST: u32 = 3;

#[derive(Clone, Debug)]
enum Action {
    Steps(usize),
    /// Some places of a limit; fewer after a step.
    Places(usize, u32, u32),
    /// Some of each limit, those in time too.
    Set([u32; 4]),
    /// Some of a limit in time, and what was used of it.
    Rate(u32, u32),
    Window(u32, u32),
    Resize(usize, u32),
    /// A place of a limit that learns, and how the call went.
    Adaptive(bool),
    Borrow(u8),
    /// A run that may be shared, of so many steps.
    Flight(u8, usize),
    Meet,
    /// So many items through buffers of their own, of which so many are read.
    Streams(usize, usize),
    /// How many copies fail.
    Hedge(u32),
    Map(usize),
    GiveUp(Box<Action>),
}

fn action() -> impl Strategy<Value = Action> {
    let plain = prop_oneof![
        (0..4_usize).prop_map(Action::Steps),
        (0..2_usize, 0..3_u32, 0..3_u32).prop_map(|(at, n, keep)| Action::Places(at, n, keep)),
        [0..3_u32, 0..3, 0..3, 0..3].prop_map(Action::Set),
        (0..3_u32, 0..4_u32).prop_map(|(n, used)| Action::Rate(n, used)),
        (0..3_u32, 0..4_u32).prop_map(|(n, used)| Action::Window(n, used)),
        (0..2_usize, 2..=MOST).prop_map(|(at, to)| Action::Resize(at, to)),
        any::<bool>().prop_map(Action::Adaptive),
        (0..3_u8).prop_map(Action::Borrow),
        (0..2_u8, 0..3_usize).prop_map(|(key, n)| Action::Flight(key, n)),
        Just(Action::Meet),
        (0..3_usize, 0..5_usize).prop_map(|(n, read)| Action::Streams(n, read)),
        (0..3_u32).prop_map(Action::Hedge),
        (0..4_usize).prop_map(Action::Map),
    ];
    (plain, prop::bool::weighted(0.3)).prop_map(|(action, gives_up)| match gives_up {
        true => Action::GiveUp(Box::new(action)),
        false => action,
    })
}

/// What a task does, one after the other, and after how many steps somebody cancels it.
type Task = (Vec<Action>, Option<usize>);

fn tasks() -> impl Strategy<Value = Vec<Task>> {
    let cancelled = prop::option::weighted(0.4, 0..6_usize);
    prop::collection::vec((prop::collection::vec(action(), 1..4), cancelled), 2..5)
}

#[derive(Clone)]
struct Shared {
    limits: [ConcurrencyLimit; 2],
    /// What the tasks know that they hold.
    held: [Arc<AtomicU32>; 2],
    rate: RateLimit,
    window: WindowLimit,
    adaptive: AdaptiveLimit,
    borrowers: CapacityLimiter<u8>,
    flights: Arc<SingleFlight<u8, u8, Infallible>>,
    barrier: Barrier,
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("it is not zero")
}

fn size(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("it is not zero")
}

/// Counted as held for as long as it is there.
struct Holds(Arc<AtomicU32>, u32);

impl Holds {
    fn new(held: &Arc<AtomicU32>, weight: u32) -> Self {
        let before = held.fetch_add(weight, Ordering::SeqCst);
        assert!(before + weight <= MOST, "more is held than there is");
        Holds(Arc::clone(held), weight)
    }
}

impl Drop for Holds {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::SeqCst);
    }
}

impl Shared {
    fn new() -> Self {
        Shared {
            limits: [ConcurrencyLimit::new(n(2)), ConcurrencyLimit::new(n(MOST))],
            held: Default::default(),
            rate: RateLimit::new(n(1), SECOND).burst(n(2)),
            window: WindowLimit::new(n(2), SECOND),
            adaptive: AdaptiveLimit::new(n(1)..=n(2)),
            borrowers: CapacityLimiter::new(n(1)),
            flights: Arc::default(),
            barrier: Barrier::new(size(2)),
        }
    }

    fn act<'a>(&'a self, action: &'a Action) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            match action {
                Action::Steps(n) => steps(*n).await,
                Action::Places(at, weight, keep) => {
                    let held = self.limits[*at].acquire_many(*weight).await;
                    let mut held = held.expect("no limit is so small");
                    let all = Holds::new(&self.held[*at], *weight);
                    steps(1).await;
                    drop(all);
                    let _rest = Holds::new(&self.held[*at], *keep.min(weight));
                    held.shrink(*keep);
                    steps(1).await;
                }
                Action::Set(weights) => {
                    let set = LimitSet::new().and(&self.limits[1], weights[1]);
                    let set = set.and(&self.limits[0], weights[0]);
                    let set = set.and(&self.rate, weights[2]).and(&self.window, weights[3]);
                    let _held = set.acquire().await.expect("no limit is so small");
                    let _one = Holds::new(&self.held[0], weights[0]);
                    let _other = Holds::new(&self.held[1], weights[1]);
                    steps(1).await;
                }
                Action::Rate(weight, used) => {
                    let granted = self.rate.acquire_many(*weight).await;
                    steps(1).await;
                    granted.expect("no limit is so small").settle(*used);
                }
                Action::Window(weight, used) => {
                    let granted = self.window.acquire_many(*weight).await;
                    steps(1).await;
                    granted.expect("no limit is so small").settle(*used);
                }
                Action::Resize(at, to) => self.limits[*at].resize(n(*to)),
                Action::Adaptive(well) => {
                    let place = self.adaptive.acquire().await;
                    steps(1).await;
                    if *well { place.succeeded() } else { place.overloaded() }
                }
                Action::Borrow(who) => {
                    if let Ok(_place) = self.borrowers.acquire(*who).await {
                        assert_eq!(self.borrowers.borrowers(), [*who]);
                        steps(1).await;
                    }
                }
                Action::Flight(key, n) => {
                    let (key, n) = (*key, *n);
                    let run = self.flights.run(Audience::Everybody, key, || async move {
                        steps(n).await;
                        Ok(key)
                    });
                    assert_eq!(run.await.expect("it cannot fail"), key);
                }
                // Nobody may come.
                Action::Meet => drop(timeout(SECOND, self.barrier.wait()).await),
                Action::Streams(n, read) => streams(*n, *read).await,
                Action::Hedge(bad) => {
                    let bad = *bad;
                    let hedge = Hedge::after(SECOND).limit(self.limits[0].clone());
                    let held = Arc::clone(&self.held[0]);
                    let won = hedge.run(|copy| {
                        let held = Arc::clone(&held);
                        async move {
                            let _place = Holds::new(&held, 1);
                            steps(1).await;
                            if copy <= bad { Err(copy) } else { Ok(copy) }
                        }
                    });
                    // What is told to stop has no answer either.
                    let _ = won.await;
                }
                Action::Map(n) => {
                    let map = Map::new(0..*n, |n| async move {
                        steps(n).await;
                        Ok::<_, Infallible>(n)
                    });
                    if let Ok(outputs) = map.limit(size(2)).pace(SECOND).gather().await {
                        assert!(outputs.into_iter().eq(0..*n));
                    }
                }
                Action::GiveUp(action) => drop(timeout(SECOND, self.act(action)).await),
            }
        })
    }

    /// Nothing is held, nobody waits, and all can be had.
    fn assert_idle(&self) {
        for (limit, held) in self.limits.iter().zip(&self.held) {
            assert_eq!((limit.in_use(), held.load(Ordering::SeqCst)), (0, 0));
            assert!(limit.try_acquire(limit.limit()).is_ok(), "somebody still waits");
        }
        assert_eq!(self.adaptive.in_use(), 0);
        assert!(self.adaptive.try_acquire().is_ok(), "somebody still waits");
        assert!(self.borrowers.borrowers().is_empty() && self.borrowers.waiting().is_empty());
        assert!(self.borrowers.try_acquire(9).is_ok(), "somebody still waits");
        assert_eq!((self.flights.under_way(), self.barrier.waiting()), (0, 0));
        let in_time = (self.rate.try_acquire(2), self.window.try_acquire(2));
        assert!(in_time.0.is_ok() && in_time.1.is_ok(), "somebody still waits");
    }
}

/// Two buffers of `n` items each, read as one, up to `read` of them. A stop is told in one.
async fn streams(n: usize, read: usize) {
    let result = scope(|s: Scope| async move {
        let one = buffer(&s, size(1), stream::iter(0..n));
        let other = buffer(&s, size(2), stream::iter(0..n));
        merge([one, other]).take(read).try_collect::<Vec<_>>().await
    });
    if let Ok(items) = result.await {
        assert_eq!(items.len(), read.min(2 * n));
    }
}

proptest! {
    #![proptest_config(seeded::cases(60))]

    #[test]
    fn whatever_is_shared_is_given_back_and_nobody_waits_for_ever(tasks in tasks()) {
        let tasks = Arc::new(tasks);
        // In random orders alone, which are fair: a hedge that waits for a place keeps the time, and
        // would keep a processor that it is never taken away from.
        let program = move || block_on(run(Arc::clone(&tasks)));
        Runner::new(RandomScheduler::new(25), roomy()).run(program);
    }
}

async fn run(tasks: Arc<Vec<Task>>) {
    let shared = Shared::new();
    let used = shared.clone();
    scope(|s: Scope| async move {
        for at in 0..tasks.len() {
            let (tasks, shared, cancel) = (Arc::clone(&tasks), used.clone(), tasks[at].1);
            let task = s.spawn_value(async move {
                for action in &tasks[at].0 {
                    shared.act(action).await;
                }
            });
            if let Some(after) = cancel {
                drop(s.spawn_value(async move {
                    steps(after).await;
                    task.cancel("enough");
                }));
            }
        }
        Ok(())
    })
    .await
    .unwrap();
    // What was used comes back in time.
    assert!(timeout(SECOND * 100, std::future::pending::<()>()).await.is_err());
    shared.assert_idle();
    assert_eq!(live_tasks(), 0, "tasks outlived their scope");
}

/// Whoever spawns may be anywhere, and the scope asleep, awake or about to sleep.
#[test]
fn what_another_task_spawns_in_a_task_is_polled() {
    explore(500, || async {
        let sum = in_task::scope(|inner| async move {
            let result = scope(|s: Scope| async move {
                let tasks = [1, 2].map(|n| {
                    let inner = inner.clone();
                    s.spawn_value(async move {
                        steps(n).await;
                        inner
                            .spawn(async move {
                                steps(1).await;
                                n
                            })
                            .await
                    })
                });
                let [one, two] = tasks;
                Ok(one.await? + two.await?)
            });
            result.await.unwrap()
        });
        assert_eq!(sum.await, 3);
    });
}
