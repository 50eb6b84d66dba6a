//! A time-out that passed is a time-out, whatever the future inside makes of being stopped.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

use std::future::pending;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::FutureExt;
use rejoin::retry::{AttemptError, Hedge, Retry};
use rejoin::{
    CancelSource, Map, OnError, Scope, ScopeError, TaskError, Until, any, as_completed, for_each,
    gather, gather_by_key, gather_tuple, map, quorum, race, scope, shield, timeout, wait,
    wait_until,
};
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);

async fn slow(n: u64) -> Result<u64, String> {
    sleep(1000 * MS).await;
    Ok(n)
}

fn two() -> NonZeroUsize {
    NonZeroUsize::new(2).unwrap()
}

/// The time-out, and the same as a deadline of a scope, and as that of a child.
macro_rules! times_out {
    ($($name:ident: $future:expr;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            let start = Instant::now();
            assert!(timeout(50 * MS, $future).await.is_err());
            assert_eq!(start.elapsed(), 50 * MS);

            let body = Scope::builder().timeout(50 * MS).run(|_: Scope| $future.map(|_| Ok(())));
            assert!(body.await.unwrap_err().is_timed_out());
            assert!(shield(50 * MS, $future).await.is_err());

            let local = Scope::builder().on_error(OnError::IgnoreErrors);
            let child = local.run(|s: Scope| async move {
                let child = s.task("child").timeout(50 * MS).spawn_value($future.map(|_| ()));
                Ok(child.await)
            });
            assert!(child.await.unwrap().unwrap_err().is_timed_out());
            assert_eq!(start.elapsed(), 200 * MS);
            assert_eq!(rejoin::live_tasks(), 0);
        }
    )*};
}

times_out! {
    a_gather: gather([1, 2].map(slow));
    a_tuple: gather_tuple((slow(1), slow(2)));
    a_map_by_key: gather_by_key::<Vec<_>, _, _, _, _, _>([("one", slow(1))]);
    a_race: race([1, 2].map(slow));
    a_first_success: any([1, 2].map(slow));
    a_quorum: quorum(2, [1, 2, 3].map(slow));
    a_wait: wait([1, 2].map(slow));
    a_wait_whose_answer_is_counted: async { wait([1, 2].map(slow)).await.len() };
    a_wait_with_more_time: wait_until([1, 2].map(slow), Until::all().timeout(500 * MS));
    a_bounded_map: map(0..10, two(), slow);
    a_bounded_for_each: for_each(0..10, two(), |n| slow(n).map(|n| n.map(|_| ())));
    a_map_of_outcomes: Map::new(0..10, slow).limit(two()).wait();
    completions: as_completed([1, 2].map(slow), two(), |mut all| async move {
        while all.next().await.is_some() {}
        Ok(())
    });
    a_scope: scope(|s: Scope<String>| async move { s.spawn(slow(1)).await });
    a_scope_in_a_scope: scope(|_: Scope| async move {
        let _ = scope(|s: Scope<String>| async move { s.spawn(slow(1)).await }).await;
        Ok(())
    });
    a_hedge: async { Hedge::after(10 * MS).run(|_| slow(1)).await };
    a_retry_over_a_join: async { Retry::new(3).run(|_| gather([1, 2].map(slow))).await };
    a_join_whose_error_is_mapped: gather([1, 2].map(slow)).map(|all| all.map_err(|e| e.to_string()));
    a_join_whose_error_gets_a_value: gather([1, 2].map(slow)).map(|all| all.unwrap_or_default());
    two_joins_at_once: futures_util::future::join(gather([slow(1)]), race([slow(2)]));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_and_an_item_time_out_too() {
    let retried = Retry::new(2).attempt_timeout(50 * MS).run(|_| gather([1, 2].map(slow))).await;
    let errors = retried.unwrap_err();
    assert!(
        errors.attempts().iter().all(|attempt| matches!(attempt.error, AttemptError::TimedOut)),
        "{errors:?}"
    );
    let all = Map::new([1, 2], |n| gather([slow(n)])).item_timeout(50 * MS).wait().await;
    assert!(
        all.done.iter().all(|(_, outcome)| outcome.as_ref().is_err_and(TaskError::is_timed_out))
    );
}

/// Whose deadline it was that passed, further out or further in, is known to both.
#[tokio::test(start_paused = true)]
async fn the_outer_one_says_me_and_the_inner_one_says_not_me() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let outer = Scope::builder().timeout(50 * MS).run(|_: Scope| async move {
        let inner: Result<(), ScopeError<std::convert::Infallible>> = Scope::builder()
            .timeout(5000 * MS)
            .run(|_: Scope| async { Ok(sleep(1000 * MS).await) })
            .await;
        tell.send(inner.unwrap_err()).unwrap();
        Ok(())
    });
    assert!(outer.await.unwrap_err().is_timed_out());
    let inner = told.await.unwrap();
    assert!(!inner.is_timed_out());
    assert_eq!(inner.cancelled().unwrap().source(), CancelSource::Deadline);
}

/// What ended by itself has made it: in time, by an error of its own, or behind a shield.
#[tokio::test(start_paused = true)]
async fn what_was_not_cut_short_keeps_its_value() {
    let in_time =
        timeout(50 * MS, gather([1, 2].map(|n| sleep(49 * MS).map(move |()| Ok::<_, String>(n)))));
    assert_eq!(in_time.await.unwrap().unwrap(), [1, 2]);

    let failed = timeout(50 * MS, async {
        let failed = gather([async { Err::<(), _>("bad") }]).await.unwrap_err();
        failed.to_string()
    });
    assert_eq!(failed.await.unwrap(), "task 0: bad");

    let shielded =
        timeout(50 * MS, shield(100 * MS, gather([sleep(80 * MS).map(Ok::<_, String>)])));
    assert!(shielded.await.unwrap().is_ok());
}

/// A stop by hand is told from the value in the same way.
#[tokio::test(start_paused = true)]
async fn a_body_that_was_cut_short_by_hand_was_cancelled() {
    let error = scope(|s: Scope| async move {
        let stopper = s.clone();
        drop(s.spawn_value(async move { stopper.cancel("enough") }));
        Ok(wait([1, 2].map(slow)).await.len())
    });
    let error = error.await.unwrap_err();
    assert_eq!(error.cancelled().unwrap().text(), "enough");
    let kept = Scope::builder().on_error(OnError::IgnoreErrors).run(|s: Scope| async move {
        s.cancel("enough");
        Ok(pending::<()>().now_or_never())
    });
    assert_eq!(kept.await.unwrap(), None, "nothing that it waited for was cut short");
}
