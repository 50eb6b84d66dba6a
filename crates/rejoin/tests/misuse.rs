//! Misuse that the types do not rule out gets an error that says what it is, and never a hang. What
//! they do rule out is in the page on guarantees, as programs that do not compile.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use every_await::{Counter, ms};
use futures_util::FutureExt;
use rejoin::limit::{CapacityLimiter, ConcurrencyLimit, LimitError};
use rejoin::single_flight::{Audience, SingleFlight};
use rejoin::{
    CancelReason, Ending, Joiner, OnError, Outcome, Scope, TaskError, TaskHandle, Until, join_with,
    live_tasks, scope, timeout, wait_handles,
};
use tokio::time::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(3600);

fn message<T>(outcome: Outcome<T, std::convert::Infallible>) -> String {
    match outcome {
        Err(TaskError::Panicked(panic)) => panic.message().to_owned(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it succeeded"),
    }
}

/// Where a task finds its own handle.
type Slot = Arc<Mutex<Option<TaskHandle<(), std::convert::Infallible>>>>;

/// Starts a task that gets its own handle, and gives the outcome that others see.
async fn with_its_own_handle<F, Fut>(f: F) -> String
where
    F: FnOnce(TaskHandle<(), std::convert::Infallible>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let opened = Scope::builder().on_error(OnError::IgnoreErrors).run(|s: Scope| async move {
        let slot: Slot = Arc::default();
        let (mine, seen) = (Arc::clone(&slot), tokio::sync::oneshot::channel());
        let task = s.spawn_value(async move {
            let own = mine.lock().unwrap().take().expect("it was put there");
            let ended = AssertUnwindSafe(f(own)).catch_unwind().await;
            let payload = ended.expect_err("it was refused");
            let text = payload.downcast_ref::<&str>().expect("a text");
            seen.0.send((*text).to_owned()).unwrap();
        });
        *slot.lock().unwrap() = Some(task);
        Ok(seen.1.await.unwrap())
    });
    tokio::time::timeout(HOUR, opened).await.expect("it does not hang").unwrap()
}

const OWN: &str = "a task awaits its own handle, which is ready only when it has ended";

#[tokio::test(start_paused = true)]
async fn a_task_that_awaits_itself_panics() {
    assert_eq!(with_its_own_handle(|own| async move { drop(own.await) }).await, OWN);
}

#[tokio::test(start_paused = true)]
async fn also_from_a_scope_inside_it_and_by_way_of_a_wait() {
    let inside = with_its_own_handle(|own| async move {
        drop(scope(|_: Scope| own).await);
    });
    assert_eq!(inside.await, OWN);
    let by_wait = with_its_own_handle(|own| async move {
        wait_handles(&mut [own], Until::all()).await;
    });
    assert_eq!(by_wait.await, OWN);
}

#[tokio::test(start_paused = true)]
async fn awaiting_a_sibling_of_the_same_seat_is_fine() {
    let opened = scope(|s: Scope| async move {
        let mut last = s.spawn_value(async { 0 });
        for n in 1..50 {
            let before = last;
            last = s.spawn_value(async move { before.await.unwrap() + n });
            sleep(ms(1)).await;
        }
        last.await
    });
    assert_eq!(opened.await.unwrap(), (1..50).sum::<i32>());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_asks_for_its_own_key_panics() {
    let flights = Arc::new(SingleFlight::<u8, u8, std::convert::Infallible>::new());
    let again = Arc::clone(&flights);
    let outcome = flights.run(Audience::Everybody, 1, || async move {
        // Another key is another run.
        let two = again.run(Audience::Everybody, 2, || async { Ok(2) }).await.unwrap();
        let one = again.run(Audience::Everybody, 1, || async { Ok(1) }).await.unwrap();
        Ok(one + two)
    });
    let outcome = tokio::time::timeout(HOUR, outcome).await.expect("it does not hang");
    let text = "a run of a single flight asks for its own key, and would wait for itself";
    assert_eq!(message(outcome), text);
    assert_eq!(flights.under_way(), 0);
    // Nothing is left of it.
    let next = flights.run(Audience::Everybody, 1, || async { Ok(1) });
    assert_eq!(next.await.unwrap(), 1);
}

/// Asks for `keys`, each inside the run of the one before.
fn nested(
    flights: Arc<SingleFlight<u8, u8, String>>,
    keys: &'static [u8],
) -> std::pin::Pin<Box<dyn Future<Output = Outcome<u8, String>> + Send>> {
    Box::pin(async move {
        let Some((key, inside)) = keys.split_first() else { return Ok(0) };
        let run = Arc::clone(&flights);
        let run = || async move {
            sleep(ms(1)).await;
            nested(run, inside).await.map_err(|error| error.to_string())
        };
        flights.run(Audience::Everybody, *key, run).await
    })
}

#[tokio::test(start_paused = true)]
async fn runs_that_ask_for_each_other_panic_at_the_one_that_closes_the_circle() {
    let text = "panicked: a run of a single flight asks for one that waits for it, and would wait for itself";
    for circle in [&[&[1_u8, 2] as &[u8], &[2, 1]] as &[&[u8]], &[&[1, 2], &[2, 3], &[3, 1]]] {
        let flights = Arc::default();
        let asks = circle.iter().map(|keys| nested(Arc::clone(&flights), keys));
        let asks = asks.collect::<Vec<_>>();
        let ended = tokio::time::timeout(HOUR, rejoin::wait(asks)).await;
        for outcome in ended.expect("it does not hang") {
            assert!(outcome.unwrap_err().to_string().contains(text));
        }
        assert_eq!(flights.under_way(), 0);
    }
    // Whoever asks for the same without a circle gets it.
    let flights = Arc::default();
    let asks = [&[1_u8, 2, 3] as &'static [u8], &[2, 3], &[1, 3], &[3], &[4, 2]];
    let asks = asks.map(|keys| nested(Arc::clone(&flights), keys));
    assert!(rejoin::wait(asks).await.into_iter().all(|outcome| outcome.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_no_longer_waits_for_another_may_be_asked_for_by_it() {
    let flights = Arc::new(SingleFlight::<u8, u8, String>::new());
    let (one, two) = (Arc::clone(&flights), Arc::clone(&flights));
    let text = |error: TaskError<String>| error.to_string();
    let first = flights.run(Audience::Everybody, 1, || async move {
        let slow = one.run(Audience::Everybody, 2, || async { Ok(sleep(HOUR).await).map(|()| 2) });
        assert!(timeout(ms(10), slow).await.is_err());
        sleep(ms(20)).await;
        Ok(1)
    });
    let second = async {
        sleep(ms(15)).await;
        let asks = || async move {
            two.run(Audience::Everybody, 1, || async { Ok(0) }).await.map_err(text)
        };
        flights.run(Audience::Everybody, 2, asks).await
    };
    let (first, second) = futures_util::future::join(first, second).await;
    assert_eq!((first.unwrap(), second.unwrap()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_has_given_its_outcome_panics() {
    let text = scope(|s: Scope| async move {
        let mut task = s.spawn_value(async { 7 });
        assert_eq!((&mut task).await?, 7);
        let again = AssertUnwindSafe(&mut task).catch_unwind().await.unwrap_err();
        Ok((*again.downcast_ref::<&str>().unwrap()).to_owned())
    });
    assert_eq!(text.await.unwrap(), "a task handle was polled after it had given its outcome");
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_has_ended_takes_nothing() {
    let ended = scope(|s: Scope| async move { Ok(s) }).await.unwrap();
    let refused = ended.try_spawn(async { Ok(()) }).unwrap_err();
    assert_eq!(refused.to_string(), "the scope has ended");
    let reason = ended.spawn_value(async { 7 }).await.unwrap_err();
    assert_eq!(reason.cancelled().unwrap().text(), "the scope has ended");
    let ready = ended.spawn_ready(|ready| async move { Ok(ready.signal(())) }).await;
    assert!(ready.is_err());
    assert!(!ended.move_deadline(Instant::now() + ms(1)));
    assert!(!ended.cancel("too late") && !ended.cancel_children("too late"));
}

#[tokio::test(start_paused = true)]
async fn more_than_there_can_be_is_an_error_and_so_is_a_second_loan() {
    let two = std::num::NonZeroU32::new(2).unwrap();
    let limit = ConcurrencyLimit::new(two);
    let too_much = limit.acquire_many(3).await.unwrap_err();
    assert_eq!(too_much, LimitError::TooMuch { wanted: 3, most: 2 });
    let limiter = CapacityLimiter::new(two);
    let _first = limiter.acquire("me").await.unwrap();
    assert_eq!(limiter.acquire("me").await.unwrap_err(), LimitError::AlreadyBorrowed);
}

/// A joiner that never has enough.
struct Never {
    settled: usize,
}

impl Joiner<u32, ()> for Never {
    type Output = (usize, Ending);

    fn settle(&mut self, _: usize, _: Outcome<u32, ()>) -> ControlFlow<CancelReason> {
        self.settled += 1;
        ControlFlow::Continue(())
    }

    fn finish(self, ending: Ending) -> Self::Output {
        (self.settled, ending)
    }
}

async fn ends_or_not(n: u32) -> Result<u32, ()> {
    if n > 1 { std::future::pending().await } else { Ok(n) }
}

#[tokio::test(start_paused = true)]
async fn a_joiner_that_never_settles_ends_with_its_children_or_with_the_time() {
    let (settled, ending) = join_with((0..2).map(ends_or_not), Never { settled: 0 }).await;
    assert_eq!((settled, ending), (2, Ending::Complete));

    let start = Instant::now();
    let opened = Scope::builder().timeout(HOUR).run(|_: Scope| async move {
        let (settled, ending) = join_with((0..5).map(ends_or_not), Never { settled: 0 }).await;
        // It hears of every child, and why there was an end.
        assert_eq!(settled, 5);
        assert!(matches!(ending, Ending::Cancelled(_)), "{ending:?}");
        Ok(())
    });
    drop(opened.await);
    assert_eq!((start.elapsed(), live_tasks()), (HOUR, 0));
}

/// A joiner that panics over the first outcome, or at the end.
struct Broken {
    at_the_end: bool,
}

impl Joiner<u32, ()> for Broken {
    type Output = ();

    fn settle(&mut self, _: usize, _: Outcome<u32, ()>) -> ControlFlow<CancelReason> {
        assert!(self.at_the_end, "broken");
        ControlFlow::Break(CancelReason::from("enough"))
    }

    fn finish(self, _: Ending) {
        panic!("broken at the end");
    }
}

#[tokio::test(start_paused = true)]
async fn a_joiner_that_panics_does_so_after_its_children_have_ended() {
    for at_the_end in [false, true] {
        let counter = Counter::default();
        let futures: Vec<_> = (0..5)
            .map(|n| {
                let value = counter.value();
                async move { (ends_or_not(n).await, value).0 }
            })
            .collect();
        let joined = join_with(futures, Broken { at_the_end });
        assert!(AssertUnwindSafe(joined).catch_unwind().await.is_err());
        assert_eq!((counter.alive(), live_tasks()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_out_that_is_polled_after_its_end_panics() {
    for breaks in [false, true] {
        let mut over = pin!(timeout(HOUR, async move { assert!(!breaks, "broken") }));
        let ended = AssertUnwindSafe(&mut over).catch_unwind().await;
        assert_eq!(ended.is_err(), breaks);
        let again = timeout(HOUR, AssertUnwindSafe(over).catch_unwind()).await;
        let payload = again.expect("it does not hang").unwrap_err();
        let text = payload.downcast_ref::<&str>();
        assert_eq!(text, Some(&"a scope was polled after it had given its result"));
    }
}
