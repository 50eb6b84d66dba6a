//! Contract 3: failures are all kept, in submission order, the deciding one marked.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::error::Error;
use std::fmt;
use std::future::pending;

use every_await::ms;
use rejoin::{
    CancelSource, Cause, OnError, Scope, TaskError, any, cancelled, gather, scope, shield, timeout,
};
use tokio::time::{Instant, sleep};

async fn fail_after(time: u64, error: &'static str) -> Result<(), &'static str> {
    sleep(ms(time)).await;
    Err(error)
}

#[tokio::test(start_paused = true)]
async fn three_fail_at_once_and_a_fourth_in_its_clean_up() {
    let start = Instant::now();
    let error = scope(|s| async move {
        s.task("in clean-up").spawn(async {
            cancelled().await;
            let _ = shield(ms(100), sleep(ms(30))).await;
            Err::<(), _>("late")
        });
        s.spawn(fail_after(10, "a"));
        s.spawn(fail_after(10, "b"));
        s.spawn(fail_after(10, "c"));
        s.spawn(fail_after(10_000, "never"));
        Ok(sleep(ms(10_000)).await)
    })
    .await
    .unwrap_err();
    let listed: Vec<_> = error
        .failures()
        .iter()
        .map(|f| (f.index().unwrap(), *f.error().failed().unwrap(), f.is_deciding()))
        .collect();
    assert_eq!(listed, [(0, "late", false), (1, "a", true), (2, "b", false), (3, "c", false)]);
    assert_eq!((error.cause(), error.stopped()), (&Cause::Failed, 1));
    assert_eq!(start.elapsed(), ms(40));
    assert_eq!(error.to_string(), "task 1: a, and 3 more failed, 1 stopped");
}

#[tokio::test(start_paused = true)]
async fn time_outs_of_one_moment_are_all_kept() {
    let error = scope(|s| async move {
        for name in ["a", "b"] {
            drop(s.task(name).timeout(ms(10)).spawn(pending::<Result<(), _>>()));
        }
        // A part of a child whose time is up at the same moment.
        s.spawn(async { timeout(ms(10), pending::<()>()).await.map_err(|_| "late") });
        s.spawn(fail_after(10, "failed"));
        // One that had more time, which others have taken away, and one without.
        drop(s.task("c").timeout(ms(11)).spawn(pending::<Result<(), _>>()));
        drop(s.spawn(pending::<Result<(), _>>()));
        Ok(sleep(ms(10_000)).await)
    });
    let error = error.await.unwrap_err();
    let listed: Vec<_> = error.failures().iter().map(|f| f.error().to_string()).collect();
    assert_eq!(listed, ["timed out", "timed out", "late", "failed"]);
    assert_eq!((error.cause(), error.stopped()), (&Cause::Failed, 2));
    assert_eq!(error.failures().iter().filter(|f| f.is_deciding()).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_deciding_failure_is_recorded_before_siblings_hear_of_it() {
    let error = scope(|s| async move {
        let seen = s.clone();
        s.spawn_value(async move {
            let reason = cancelled().await;
            assert_eq!(reason.source(), CancelSource::SiblingFailed);
            assert_eq!(reason.text(), "task `first` failed");
            // A failure from now on is a later one.
            drop(seen);
            panic!("second");
        });
        s.task("first").spawn(fail_after(1, "first"));
        Ok(())
    })
    .await
    .unwrap_err();
    assert_eq!(error.deciding().unwrap().name(), Some("first"));
    assert_eq!(error.failures().len(), 2);
    assert!(error.failures()[0].error().is_panic());
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_after_the_first_failure() {
    let error = scope(|s| async move {
        let failing = s.spawn(fail_after(1, "no"));
        let clone = s.clone();
        s.spawn_value(async move {
            cancelled().await;
            let refused = clone.try_spawn(async { Ok(()) }).unwrap_err();
            assert_eq!(refused.cancelled().unwrap().source(), CancelSource::SiblingFailed);
        });
        failing.await
    })
    .await
    .unwrap_err();
    assert_eq!(error.failures().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_the_body_passes_on_is_listed_once() {
    let error = scope(|s| async move { s.spawn(fail_after(1, "no")).await }).await.unwrap_err();
    assert_eq!(error.failures().len(), 1);
    assert_eq!(error.failures()[0].index(), Some(0));
    assert!(error.failures()[0].is_deciding());

    let error = scope(|s| async move { s.spawn_value(async { panic!("no") }).await });
    let error: rejoin::ScopeError<()> = error.await.map(|(): ()| ()).unwrap_err();
    assert_eq!(error.failures().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failing_body_is_a_failure_and_comes_first() {
    let error = scope(|s| async move {
        s.spawn(async {
            cancelled().await;
            Err::<(), _>("child")
        });
        sleep(ms(1)).await;
        Err::<(), _>(TaskError::from("body"))
    })
    .await
    .unwrap_err();
    let indexes: Vec<_> = error.failures().iter().map(rejoin::Failure::index).collect();
    assert_eq!(indexes, [None, Some(0)]);
    assert!(error.failures()[0].is_deciding());
    assert_eq!(error.to_string(), "the body: body, and 1 more failed");
}

#[tokio::test(start_paused = true)]
async fn collect_all_stops_nobody_and_keeps_everything() {
    let start = Instant::now();
    let error = Scope::builder()
        .name("batch")
        .on_error(OnError::CollectAll)
        .run(|s| async move {
            s.task("slow").spawn(fail_after(30, "slow"));
            s.spawn(fail_after(10, "fast"));
            s.spawn_value(sleep(ms(50)));
            s.task("own deadline").timeout(ms(20)).spawn_value(sleep(ms(1000)));
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!(start.elapsed(), ms(50));
    assert_eq!((error.failures().len(), error.stopped()), (3, 0));
    assert!(error.deciding().is_none());
    assert!(error.failures()[2].error().is_timed_out());
    assert_eq!(error.to_string(), "scope `batch`: task `slow`: slow, and 2 more failed");
}

#[tokio::test(start_paused = true)]
async fn ignore_errors_leaves_failures_to_the_handles() {
    let value = Scope::builder()
        .on_error(OnError::IgnoreErrors)
        .run(|s| async move {
            let failing = s.spawn(fail_after(1, "no"));
            let panicking = s.spawn_value::<_, ()>(async { panic!("no") });
            let fine = s.spawn_value(sleep(ms(50)));
            fine.await?;
            assert!(panicking.await.unwrap_err().is_panic());
            Ok(failing.await.unwrap_err().failed().copied())
        })
        .await
        .unwrap();
    assert_eq!(value, Some("no"));
}

#[tokio::test(start_paused = true)]
async fn cancelling_one_child_is_no_failure() {
    let start = Instant::now();
    let value = scope(|s: Scope| async move {
        let one = s.spawn_value(sleep(ms(1000)));
        let other = s.spawn_value(sleep(ms(20)));
        assert!(one.cancel("not needed"));
        assert!(!one.cancel("twice"));
        assert_eq!(one.await.unwrap_err().cancelled().unwrap().text(), "not needed");
        other.await?;
        Ok(7)
    })
    .await;
    assert_eq!((value.unwrap(), start.elapsed()), (7, ms(20)));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_the_body_awaits_in_vain_fails_the_body() {
    let error = scope(|s: Scope| async move {
        let task = s.spawn_value(sleep(ms(1000)));
        task.cancel("not needed");
        task.await
    })
    .await
    .unwrap_err();
    assert_eq!(error.cause(), &Cause::Failed);
    assert_eq!(error.failures()[0].index(), None);
}

#[tokio::test(start_paused = true)]
async fn gather_lists_failures_in_input_order() {
    let start = Instant::now();
    let error = gather([(30, true), (10, false), (10_000, false), (10, false)].map(
        |(time, late)| async move {
            if late {
                cancelled().await;
                return shield(ms(1000), fail_after(time, "late")).await.unwrap();
            }
            fail_after(time, "no").await
        },
    ))
    .await
    .unwrap_err();
    let listed: Vec<_> = error.failures().iter().map(|f| (f.index(), f.is_deciding())).collect();
    assert_eq!(listed, [(Some(0), false), (Some(1), true), (Some(3), false)]);
    assert_eq!((error.stopped(), start.elapsed()), (1, ms(40)));
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read the number")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn the_chain_of_sources_goes_on_behind_the_deciding_failure() {
    let error = gather([async { "x".parse::<u8>().map_err(Outer) }]).await.unwrap_err();
    assert_eq!(error.to_string(), "task 0: cannot read the number");
    assert_eq!(error.source().unwrap().to_string(), "invalid digit found in string");
}

#[tokio::test(start_paused = true)]
async fn what_is_only_counted_is_in_the_chain_of_sources() {
    let read = || async { "x".parse::<u8>().map_err(Outer) };
    let error = any([read(), read()]).await.unwrap_err();
    let each = "none succeeded: task 0: cannot read the number; task 1: cannot read the number";
    assert_eq!(error.to_string(), each);
    assert_eq!(error.source().unwrap().to_string(), "invalid digit found in string");
    let error = any((0..5).map(|_| read())).await.unwrap_err();
    assert!(error.to_string().ends_with("task 2: cannot read the number, and 2 more failed"));
    let collect = Scope::builder().timeout(ms(10)).on_error(OnError::CollectAll);
    let error = collect.run(|s: Scope<Outer>| async move {
        drop(s.spawn(async { "x".parse::<u8>().map_err(Outer) }));
        Ok(sleep(ms(20)).await)
    });
    let error = error.await.unwrap_err();
    assert_eq!(error.to_string(), "timed out, 1 failure");
    assert_eq!(error.source().unwrap().to_string(), "cannot read the number");
}

/// That others are in their grace is no excuse: the body was not told to stop.
#[tokio::test(start_paused = true)]
async fn a_body_that_fails_while_children_are_told_to_stop_stops_the_rest() {
    let start = Instant::now();
    let failing = Scope::builder().grace(ms(1_000)).run(|s: Scope| async move {
        let quick =
            s.spawn_outcome(async { Err::<(), _>(TaskError::Cancelled(cancelled().await)) });
        let slow = s.spawn_value(async {
            cancelled().await;
            sleep(ms(100)).await;
        });
        sleep(ms(1)).await;
        s.cancel_children("not these");
        let silent = s.spawn_value(std::future::pending::<()>());
        quick.await?;
        drop((slow, silent));
        Ok(())
    });
    let ended = tokio::time::timeout(ms(10_000), failing).await.expect("it does not hang");
    let error = ended.unwrap_err();
    assert_eq!((error.cause(), error.failures().len(), error.stopped()), (&Cause::Failed, 1, 1));
    assert!(error.failures()[0].index().is_none() && error.failures()[0].is_deciding());
    assert_eq!(start.elapsed(), ms(1_001));
}
