//! Contract 6: results come in the order written, whatever the order of completion; and what the
//! joiners do with nothing, with one, and with ties.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;
#[path = "../../../tests/seeded.rs"]
mod seeded;

use std::collections::BTreeMap;

use every_await::{ms, on_virtual_time};
use proptest::prelude::*;
use rejoin::{
    Cause, OnError, Outcome, Scope, ScopeError, Until, Won, any, gather, quorum, race, scope, wait,
    wait_handles, wait_until,
};
use tokio::time::{Instant, sleep};

/// Ends after `time`, with its number as a value or as an error.
async fn end(number: usize, (time, ok): (u64, bool)) -> Result<usize, usize> {
    sleep(ms(time)).await;
    if ok { Ok(number) } else { Err(number) }
}

fn all(
    children: &[(u64, bool)],
) -> Vec<impl Future<Output = Result<usize, usize>> + Send + 'static> {
    children.iter().copied().enumerate().map(|(n, child)| end(n, child)).collect()
}

fn value<T: Copy>(won: Won<T>) -> (usize, T) {
    (won.index, won.value)
}

fn plain(outcome: &Outcome<usize, usize>) -> Result<usize, usize> {
    outcome.as_ref().copied().map_err(|error| *error.failed().expect("a failure"))
}

fn failed(error: &ScopeError<usize>) -> Vec<usize> {
    error.failures().iter().map(|failure| failure.index().expect("a child")).collect()
}

#[test]
fn of_nothing() {
    on_virtual_time(async {
        assert!(wait(all(&[])).await.is_empty());
        assert!(gather(all(&[])).await.unwrap().is_empty());
        let waited = wait_until(all(&[]), Until::first_completed()).await;
        assert!(waited.done.is_empty() && waited.not_done.is_empty());
        assert_eq!(race(all(&[])).await.unwrap_err().cause(), &Cause::Empty);
        assert_eq!(any(all(&[])).await.unwrap_err().cause(), &Cause::Empty);
        assert_eq!(quorum(1, all(&[])).await.unwrap_err().cause(), &Cause::Empty);
        assert!(quorum(0, all(&[])).await.unwrap().is_empty());
        let split = wait_handles::<(), ()>([], Until::first_completed()).await;
        assert!(split.done.is_empty() && split.not_done.is_empty());
    });
}

#[test]
fn of_one() {
    on_virtual_time(async {
        let (good, bad) = ([(1, true)], [(1, false)]);
        assert_eq!(plain(&wait(all(&bad)).await[0]), Err(0));
        assert_eq!(gather(all(&good)).await.unwrap(), [0]);
        assert_eq!(value(race(all(&good)).await.unwrap()), (0, 0));
        assert_eq!(failed(&race(all(&bad)).await.unwrap_err()), [0]);
        assert_eq!(value(any(all(&good)).await.unwrap()), (0, 0));
        let error = any(all(&bad)).await.unwrap_err();
        assert_eq!(error.cause(), &Cause::TooFewSucceeded { wanted: 1, succeeded: 0 });
        assert_eq!(error.to_string(), "none succeeded: task 0: 0");
    });
}

#[test]
fn a_quorum_of_more_than_there_are_says_so() {
    on_virtual_time(async {
        let error = quorum(3, all(&[(10, true)])).await.unwrap_err();
        let text = "0 succeeded where 3 were wanted";
        assert_eq!(error.to_string(), text);
        assert_eq!(error.into_task_error().to_string(), format!("cancelled: {text}"));
    });
}

#[test]
fn a_quorum_gives_up_as_soon_as_it_cannot_be_reached() {
    on_virtual_time(async {
        let start = Instant::now();
        let children = [(10, false), (1000, true), (20, false), (5, true)];
        let error = quorum(3, all(&children)).await.unwrap_err();
        assert_eq!(start.elapsed(), ms(20));
        assert_eq!(error.cause(), &Cause::TooFewSucceeded { wanted: 3, succeeded: 1 });
        assert_eq!((failed(&error), error.stopped()), (vec![0, 2], 1));
        // One that never can starts nothing.
        let error = quorum(5, all(&children)).await.unwrap_err();
        assert_eq!((start.elapsed(), error.failures().len()), (ms(20), 0));
    });
}

#[test]
fn wait_until_tells_done_from_not_done() {
    on_virtual_time(async {
        let children = [(30, true), (10, true), (20, false), (10, false), (1000, true)];
        let start = Instant::now();
        let waited = wait_until(all(&children), Until::first_completed()).await;
        let done: Vec<_> = waited.done.iter().map(|(n, outcome)| (*n, plain(outcome))).collect();
        assert_eq!(done, [(1, Ok(1)), (3, Err(3))]);
        assert_eq!((waited.not_done, start.elapsed()), (vec![0, 2, 4], ms(10)));

        let fine = [(30, true), (10, true)];
        let waited = wait_until(all(&fine), Until::first_failed()).await;
        assert_eq!((waited.done.len(), start.elapsed()), (2, ms(40)));

        let waited = wait_until(all(&children), Until::all().timeout(ms(25))).await;
        assert_eq!((waited.done.len(), waited.not_done), (3, vec![0, 4]));
        assert_eq!(start.elapsed(), ms(65));
    });
}

#[test]
fn the_time_out_of_a_child_that_has_its_own_is_a_failure() {
    on_virtual_time(async {
        let start = Instant::now();
        let late = Scope::builder().on_error(OnError::IgnoreErrors).run(async |s: Scope<usize>| {
            let slow = s.task("slow").timeout(ms(10)).spawn(end(0, (1000, true)));
            let mut tasks = [s.spawn(end(1, (50, true))), slow];
            let split = wait_handles(&mut tasks, Until::first_failed()).await;
            assert_eq!((split.done, split.not_done), (vec![1], vec![0]));
            assert_eq!(start.elapsed(), ms(10));
            Ok(())
        });
        late.await.unwrap();
    });
}

#[test]
fn wait_handles_takes_nothing_and_stops_nobody() {
    on_virtual_time(async {
        let start = Instant::now();
        let sum = scope(|s: Scope<usize>| async move {
            let mut tasks: Vec<_> = [30, 10, 20]
                .into_iter()
                .enumerate()
                .map(|(n, t)| s.spawn(end(n, (t, true))))
                .collect();
            let first = wait_handles(&mut tasks, Until::first_completed()).await;
            assert_eq!((first.done, first.not_done), (vec![1], vec![0, 2]));
            // What has finished counts again.
            let again = wait_handles(&mut tasks, Until::first_completed()).await;
            assert_eq!((again.done, start.elapsed()), (vec![1], ms(10)));
            let timed = wait_handles(&mut tasks, Until::all().timeout(ms(15))).await;
            assert_eq!((timed.done, start.elapsed()), (vec![1, 2], ms(25)));
            let mut sum = 0;
            for task in tasks {
                sum += task.await?;
            }
            Ok(sum)
        });
        assert_eq!((sum.await.unwrap(), start.elapsed()), (3, ms(30)));
    });
}

#[test]
fn handles_may_come_from_anywhere() {
    on_virtual_time(async {
        let all = scope(|s: Scope<usize>| async move {
            let nap = |n, time| s.spawn(end(n, (time, true)));
            let (mut one, mut other) = (nap(0, 20), nap(1, 10));
            let picked = wait_handles([&mut one, &mut other], Until::first_completed()).await;
            assert_eq!(picked.done, [1]);
            let mut by_name = BTreeMap::from([("b", nap(2, 10)), ("a", nap(3, 20))]);
            let of_a_map = wait_handles(by_name.values_mut(), Until::first_completed()).await;
            assert_eq!((of_a_map.done, of_a_map.not_done), (vec![1], vec![0]));
            let mut maybe = [None, Some(nap(4, 10))];
            let some = wait_handles(maybe.iter_mut().flatten(), Until::all()).await;
            assert_eq!(some.done, [0]);
            Ok(one.await? + other.await?)
        });
        assert_eq!(all.await.unwrap(), 1);
    });
}

#[test]
fn the_first_of_ten_thousand_is_noticed_without_looking_at_the_others() {
    on_virtual_time(async {
        scope(|s: Scope| async move {
            let mut tasks: Vec<_> = (0..10_000)
                .map(|n| s.spawn_value(sleep(ms(if n == 7000 { 5 } else { 60_000 }))))
                .collect();
            let split = wait_handles(&mut tasks, Until::first_completed()).await;
            assert_eq!(split.done, [7000]);
            s.cancel_children("enough");
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(rejoin::live_tasks(), 0);
    });
}

fn children() -> impl Strategy<Value = Vec<(u64, bool)>> {
    prop::collection::vec((0u64..6, prop::bool::weighted(0.7)), 1..20)
}

proptest! {
    #![proptest_config(seeded::cases(300))]

    #[test]
    fn wait_keeps_input_order(children in children()) {
        let outcomes = on_virtual_time(wait(all(&children)));
        let got: Vec<_> = outcomes.iter().map(plain).collect();
        let expected: Vec<_> =
            children.iter().enumerate().map(|(n, (_, ok))| if *ok { Ok(n) } else { Err(n) }).collect();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn gather_has_all_in_order_or_the_earliest_failure(children in children()) {
        let result = on_virtual_time(gather(all(&children)));
        let earliest = children
            .iter()
            .enumerate()
            .filter(|(_, (_, ok))| !ok)
            .min_by_key(|(n, (time, _))| (*time, *n));
        match (result, earliest) {
            (Ok(outputs), None) => prop_assert_eq!(outputs, (0..children.len()).collect::<Vec<_>>()),
            (Err(error), Some((first, (time, _)))) => {
                prop_assert_eq!(error.deciding().unwrap().index(), Some(first));
                // Those of the same moment are all kept, in order; later ones were stopped.
                let same: Vec<_> =
                    (0..children.len()).filter(|n| children[*n] == (*time, false)).collect();
                prop_assert_eq!(failed(&error), same);
            }
            (result, earliest) => prop_assert!(false, "{:?} but {:?}", result, earliest),
        }
    }

    #[test]
    fn race_any_and_quorum_choose_by_time_then_by_input_order(
        children in children(),
        k in 1usize..5,
    ) {
        let mut by_time: Vec<_> = (0..children.len()).collect();
        by_time.sort_by_key(|n| (children[*n].0, *n));
        let good: Vec<_> = by_time.iter().copied().filter(|n| children[*n].1).collect();

        match on_virtual_time(race(all(&children))) {
            Ok(won) => {
                prop_assert_eq!(won.index, by_time[0]);
                prop_assert!(children[won.index].1);
            }
            Err(error) => prop_assert_eq!(error.deciding().unwrap().index(), Some(by_time[0])),
        }
        match on_virtual_time(any(all(&children))) {
            Ok(won) => prop_assert_eq!(won.index, good[0]),
            Err(error) => {
                prop_assert!(good.is_empty());
                prop_assert_eq!(failed(&error), (0..children.len()).collect::<Vec<_>>());
            }
        }
        match on_virtual_time(quorum(k, all(&children))) {
            Ok(won) => {
                let mut expected = good[..k].to_vec();
                expected.sort_unstable();
                prop_assert_eq!(won.iter().map(|w| w.index).collect::<Vec<_>>(), expected);
            }
            Err(error) => {
                prop_assert!(good.len() < k);
                prop_assert!(failed(&error).is_sorted());
            }
        }
    }
}
