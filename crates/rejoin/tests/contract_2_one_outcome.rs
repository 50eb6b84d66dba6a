//! Contract 2: every started child has exactly one of five outcomes, and a deadline has one owner.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use std::sync::Arc;

use every_await::ms;
use rejoin::{
    CancelReason, CancelSource, Cause, OnError, Outcome, Scope, ScopeError, TaskError, checkpoint,
    race, scope,
};
use tokio::time::{Instant, sleep};

/// Runs one child in a scope where failures stay with the handle.
async fn outcome_of<T: Send + 'static>(
    spawn: impl FnOnce(&Scope<&'static str>) -> rejoin::TaskHandle<T, &'static str>,
) -> Outcome<T, &'static str> {
    let builder = Scope::builder().on_error(OnError::IgnoreErrors);
    builder.run(|s| async move { Ok(spawn(&s).await) }).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn ok() {
    assert_eq!(outcome_of(|s| s.spawn(async { Ok(1) })).await.unwrap(), 1);
    assert_eq!(outcome_of(|s| s.spawn_value(async { 2 })).await.unwrap(), 2);
    assert_eq!(outcome_of(|s| s.spawn_outcome(async { Ok(3) })).await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn failed() {
    let outcome = outcome_of(|s| s.spawn(async { Err::<(), _>("no") })).await;
    let Err(TaskError::Failed(error)) = outcome else { panic!("{outcome:?}") };
    // Nobody else holds it in a scope that ignores errors.
    assert_eq!(Arc::into_inner(error), Some("no"));
}

#[tokio::test(start_paused = true)]
async fn panicked_with_its_message_and_payload() {
    for (outcome, message) in [
        (outcome_of(|s| s.spawn_value(async { panic!("a literal") })).await, "a literal"),
        (outcome_of(|s| s.spawn_value(async { panic!("number {}", 7) })).await, "number 7"),
        (
            outcome_of(|s| s.spawn_value(async { std::panic::panic_any(7_u8) })).await,
            "a payload that is not text",
        ),
    ] {
        let Err(TaskError::Panicked(panic)) = outcome else { panic!("{outcome:?}") };
        let () = assert_eq!(panic.message(), message);
        assert!(panic.take_payload().is_some());
        assert!(panic.take_payload().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_panicking_destructor_is_a_panic_of_the_child() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    let outcome = outcome_of(|s| {
        let task = s.spawn_value(async {
            let _bomb = Bomb;
            sleep(ms(1000)).await;
        });
        let canceller = task.canceller();
        s.spawn_value(async move {
            sleep(ms(1)).await;
            canceller.cancel("enough");
        });
        task
    })
    .await;
    assert!(outcome.unwrap_err().is_panic());
    assert_eq!(rejoin::live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn cancelled_with_its_reason() {
    let outcome = outcome_of(|s| {
        let task = s.spawn_value(sleep(ms(1000)));
        task.cancel(CancelReason::client_gone("connection reset"));
        task
    })
    .await;
    let reason = outcome.unwrap_err().cancelled().cloned().unwrap();
    assert_eq!(reason.source(), CancelSource::ClientGone);
    assert_eq!(reason.to_string(), "client gone: connection reset");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_the_child_or_of_its_scope_is_a_time_out() {
    let own = outcome_of(|s| s.task("own").timeout(ms(5)).spawn_value(sleep(ms(10)))).await;
    assert!(own.unwrap_err().is_timed_out());

    let builder = Scope::builder().timeout(ms(5)).on_error(OnError::IgnoreErrors);
    let mut seen = None;
    let result = builder.run(async |s: Scope| {
        let mut task = s.spawn_value(sleep(ms(10)));
        seen = Some((&mut task).await);
        Ok(())
    });
    assert!(result.await.unwrap_err().is_timed_out());
    // The body was polled once more and may have seen it; if so, this is what it saw.
    assert!(seen.is_none_or(|outcome| outcome.unwrap_err().is_timed_out()));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_further_out_is_a_cancellation() {
    let start = Instant::now();
    let (send, receive) = tokio::sync::oneshot::channel();
    let outer = Scope::builder().timeout(ms(50)).run(|s: Scope| async move {
        s.spawn_value(async move {
            let inner = Scope::builder()
                .timeout(ms(5000))
                .run(|t: Scope| async move { t.spawn_value(sleep(ms(100_000))).await });
            send.send(inner.await).unwrap();
        });
        Ok(())
    });
    let outer = outer.await;
    // The child of the outer scope returned a value in the end, so nothing was interrupted there.
    assert!(outer.is_ok());
    let inner: Result<(), ScopeError<_>> = receive.await.unwrap();
    let error = inner.unwrap_err();
    assert_eq!(error.cancelled().map(CancelReason::source), Some(CancelSource::Deadline));
    assert_eq!(error.stopped(), 1);
    assert_eq!(start.elapsed(), ms(50));
}

/// Opens two scopes with deadlines, one in the other, and tells whose passed.
async fn who_owns(outer: u64, inner: u64) -> (Cause, u128) {
    let start = Instant::now();
    let (tell, mut told) = tokio::sync::oneshot::channel();
    let result = Scope::builder().deadline(start + ms(outer)).run(|_: Scope| async move {
        let inner = Scope::builder().deadline(start + ms(inner));
        let inner = inner.run(|_: Scope| async { Ok(sleep(ms(1000)).await) }).await;
        tell.send(inner.unwrap_err().cause().clone()).unwrap();
        Ok(())
    });
    let (result, inner) = (result.await, told.try_recv().unwrap());
    // Exactly one of them has timed out.
    assert_eq!(result.is_err_and(|error| error.is_timed_out()), inner != Cause::TimedOut);
    (inner, start.elapsed().as_millis())
}

#[tokio::test(start_paused = true)]
async fn the_minimum_keeps_its_owner_and_ties_go_outward() {
    assert_eq!(who_owns(20, 10).await, (Cause::TimedOut, 10));
    let (cause, at) = who_owns(10, 20).await;
    assert!(matches!(cause, Cause::Cancelled(r) if r.source() == CancelSource::Deadline));
    assert_eq!(at, 10);
    let (cause, at) = who_owns(10, 10).await;
    assert!(matches!(cause, Cause::Cancelled(r) if r.source() == CancelSource::Deadline));
    assert_eq!(at, 10);
}

#[tokio::test(start_paused = true)]
async fn a_childs_tie_with_its_scope_is_still_a_time_out() {
    // Both deadlines belong to "the child or the scope that started it".
    let at = Instant::now() + ms(10);
    let result = Scope::builder().deadline(at).run(|s: Scope| async move {
        let task = s.task("tied").deadline(at).spawn_value(sleep(ms(1000)));
        let outcome = task.await;
        assert!(outcome.as_ref().unwrap_err().is_timed_out(), "{outcome:?}");
        outcome
    });
    let error = result.await.unwrap_err();
    assert!(error.is_timed_out());
    assert_eq!((error.failures().len(), error.stopped()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_a_child_passes_on_is_one_only_if_it_was_cancelled() {
    // Told to stop: stopped.
    let builder = Scope::builder().on_error(OnError::CollectAll);
    let error = builder
        .run(|s: Scope| async move {
            let task = s.spawn_outcome(async {
                loop {
                    checkpoint().await.map_err(|c| TaskError::Cancelled(c.into_reason()))?;
                }
                #[allow(unreachable_code, reason = "gives the block its type")]
                Ok(())
            });
            tokio::task::yield_now().await;
            s.cancel("enough");
            task.await
        })
        .await
        .unwrap_err();
    assert_eq!((error.failures().len(), error.stopped()), (0, 1));

    // Made up: failed.
    let builder = Scope::builder().on_error(OnError::CollectAll);
    let error = builder
        .run(|s: Scope| async move {
            s.spawn_outcome(async { Err::<(), _>(TaskError::Cancelled("on my own".into())) });
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!((error.failures().len(), error.stopped()), (1, 0));
    assert!(error.failures()[0].error().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_handle_may_be_awaited_anywhere_and_waits_may_be_dropped() {
    let (send, receive) = tokio::sync::oneshot::channel();
    let elsewhere = tokio::spawn(async move {
        let mut handle: rejoin::TaskHandle<u32, std::convert::Infallible> = receive.await.unwrap();
        // Two waits that are given up do not disturb the child.
        assert!(tokio::time::timeout(ms(1), &mut handle).await.is_err());
        assert!(tokio::time::timeout(ms(1), &mut handle).await.is_err());
        assert!(!handle.is_finished());
        assert_eq!((handle.name(), handle.id().index()), (Some("late"), 0));
        handle.await
    });
    scope(|s: Scope| async move {
        let handle = s.task("late").spawn_value(async {
            sleep(ms(20)).await;
            7
        });
        send.send(handle).unwrap();
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(elsewhere.await.unwrap().unwrap(), 7);
}

#[test]
fn a_runtime_that_shuts_down_gives_every_handle_an_outcome() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    runtime.spawn(scope(|s: Scope| async move {
        send.send(s.spawn_value(sleep(ms(1_000_000)))).unwrap();
        Ok(())
    }));
    runtime.block_on(async { tokio::task::yield_now().await });
    drop(runtime);
    let outcome = every_await::on_virtual_time(receive.recv().unwrap());
    assert!(outcome.unwrap_err().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn the_outcome_of_a_loser_says_that_it_lost() {
    let (send, receive) = tokio::sync::oneshot::channel();
    let slow: std::pin::Pin<Box<dyn Future<Output = Result<u32, ()>> + Send>> =
        Box::pin(async move {
            send.send(rejoin::cancelled().await).unwrap();
            Ok(2)
        });
    let fast: std::pin::Pin<Box<dyn Future<Output = Result<u32, ()>> + Send>> = Box::pin(async {
        sleep(ms(1)).await;
        Ok(1)
    });
    assert_eq!(race([slow, fast]).await.unwrap().value, 1);
    let reason = receive.await.unwrap();
    assert_eq!(reason.to_string(), "race lost: task 1 was first");
}
