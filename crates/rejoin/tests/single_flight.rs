//! One run for all who ask, and nobody who leaves spoils it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin::single_flight::{Audience, SingleFlight};
use rejoin::{Scope, TaskError, deadline, live_tasks, scope, timeout, wait};
use tokio::time::sleep;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

type Flights = Arc<SingleFlight<&'static str, usize, String>>;

fn only(who: &'static str) -> Audience {
    Audience::Only(who.into())
}

/// Asks, with a run that takes 50 ms and counts how often it was started.
async fn ask(
    flights: Flights,
    runs: Arc<AtomicUsize>,
    audience: Audience,
    key: &'static str,
) -> Result<usize, TaskError<String>> {
    let run = || async move {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        sleep(ms(50)).await;
        Ok(run)
    };
    flights.run(audience, key, run).await
}

#[tokio::test(start_paused = true)]
async fn all_who_ask_at_once_share_a_run_and_the_next_starts_another() {
    let (flights, runs) = (Flights::default(), Arc::new(AtomicUsize::new(0)));
    for round in 0..2 {
        let asks = (0..10).map(|_| {
            let ask = ask(Arc::clone(&flights), Arc::clone(&runs), Audience::Everybody, "price");
            async move { ask.await.map_err(drop) }
        });
        assert!(wait(asks).await.into_iter().all(|outcome| outcome.unwrap() == round));
        assert_eq!(flights.under_way(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn other_keys_and_other_people_have_runs_of_their_own() {
    let (flights, runs) = (Flights::default(), Arc::new(AtomicUsize::new(0)));
    let asks = [
        (only("ann"), "/me"),
        (only("bob"), "/me"),
        (Audience::Everybody, "/me"),
        (only("ann"), "/inbox"),
        (only("ann"), "/me"),
    ];
    let asks = asks.map(|(audience, key)| {
        let ask = ask(Arc::clone(&flights), Arc::clone(&runs), audience, key);
        async move { ask.await.map_err(drop) }
    });
    let outcomes: Vec<_> = wait(asks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes, [0, 1, 2, 3, 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_started_it_may_leave() {
    let (flights, runs) = (Flights::default(), Arc::new(AtomicUsize::new(0)));
    let value = scope(|s: Scope<String>| async move {
        let everybody = Audience::Everybody;
        let leader = s.spawn_outcome(ask(
            Arc::clone(&flights),
            Arc::clone(&runs),
            everybody.clone(),
            "price",
        ));
        sleep(ms(10)).await;
        let follower = s.spawn_outcome(ask(Arc::clone(&flights), runs, everybody, "price"));
        sleep(ms(10)).await;
        leader.cancel("its client has gone");
        assert!(leader.await.unwrap_err().is_cancelled());
        assert_eq!(flights.under_way(), 1);
        follower.await
    });
    assert_eq!(value.await.unwrap(), 0);
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn scopes_in_a_run_are_not_stopped_with_the_caller_that_opened_them() {
    let flights: Arc<SingleFlight<u8, u8, String>> = Arc::default();
    let run = || async {
        assert!(deadline().is_none(), "the deadline of a caller is not that of the run");
        scope(|s: Scope| async move {
            s.spawn_value(async {
                sleep(ms(50)).await;
                7
            })
            .await
        })
        .await
        .map_err(|error| error.to_string())
    };
    let leader = timeout(ms(20), flights.run(Audience::Everybody, 1, run));
    let follower = flights.run(Audience::Everybody, 1, run);
    let (led, followed) = futures_util::future::join(leader, follower).await;
    assert!(led.is_err());
    assert_eq!(followed.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn when_the_last_has_left_the_run_is_dropped() {
    let flights: Arc<SingleFlight<u8, (), ()>> = Arc::default();
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let run = || async move {
        let _held = held;
        pending().await
    };
    assert!(timeout(ms(5), flights.run(Audience::Everybody, 1, run)).await.is_err());
    assert_eq!((Arc::strong_count(&alive), flights.under_way()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn errors_and_panics_are_the_outcome_of_all() {
    let flights: Arc<SingleFlight<u8, (), String>> = Arc::default();
    let fail = || async {
        sleep(ms(1)).await;
        Err("down".to_owned())
    };
    let everybody = Audience::Everybody;
    let both = futures_util::future::join(
        flights.run(everybody.clone(), 1, fail),
        flights.run(everybody.clone(), 1, fail),
    );
    let (one, other) = both.await;
    assert_eq!(one.unwrap_err().failed(), other.unwrap_err().failed());

    let break_down = || async {
        sleep(ms(1)).await;
        panic!("broken")
    };
    let both = futures_util::future::join(
        flights.run(everybody.clone(), 1, break_down),
        flights.run(everybody, 1, break_down),
    );
    let (one, other) = both.await;
    assert!(one.unwrap_err().is_panic() && other.unwrap_err().is_panic());
    assert_eq!(flights.under_way(), 0);
}

/// A run that breaks while it is polled, and once more while it is dropped.
struct Rotten;

impl Future for Rotten {
    type Output = Result<(), String>;

    fn poll(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        panic!("broken")
    }
}

impl Drop for Rotten {
    fn drop(&mut self) {
        panic!("and again")
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_panic_is_the_outcome_of_all_whatever_the_destructor_does() {
    let flights: SingleFlight<u8, (), String> = SingleFlight::new();
    let ask = || flights.run(Audience::Everybody, 1, || Rotten);
    let (one, other) = futures_util::future::join(ask(), ask()).await;
    for outcome in [one, other] {
        assert_eq!(outcome.unwrap_err().to_string(), "panicked: broken");
    }
    assert_eq!(flights.under_way(), 0);
}

/// A key that looks at the flights it was used for when it goes.
#[derive(Clone)]
struct Looks(u8, Arc<SingleFlight<Looks, u8, String>>);

impl PartialEq for Looks {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Looks {}

impl std::hash::Hash for Looks {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Drop for Looks {
    fn drop(&mut self) {
        let _ = self.1.under_way();
    }
}

#[tokio::test(start_paused = true)]
async fn the_destructor_of_a_key_may_ask_for_anything() {
    let flights = Arc::default();
    let ask = |n, ms_| {
        let flights: Arc<SingleFlight<Looks, u8, String>> = Arc::clone(&flights);
        async move {
            let run = || async move {
                sleep(ms(ms_)).await;
                Ok(n)
            };
            flights
                .run(Audience::Everybody, Looks(n, Arc::clone(&flights)), run)
                .await
                .map_err(drop)
        }
    };
    let asks = [ask(1, 5), ask(1, 5), ask(2, 1), ask(2, 9)];
    assert!(wait(asks).await.into_iter().all(|outcome| outcome.is_ok()));
    assert!(ask(1, 1).await.is_ok());
    assert_eq!(flights.under_way(), 0);
}
