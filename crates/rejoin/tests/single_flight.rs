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
