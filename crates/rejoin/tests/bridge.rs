//! Async code from blocking code, and back: in scopes, without deadlock.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::time::Duration;

use rejoin::bridge::{BlockOnError, block_on, to_async, to_sync};
use rejoin::pool::ThreadPool;
use rejoin::{CancelSource, Cause, Scope, TaskError, cancelled, live_tasks, scope, to_thread};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime")
}

fn sum() -> Result<u32, BlockOnError> {
    block_on(|s: Scope| async move {
        let (left, right) = (s.spawn_value(async { 40 }), s.spawn_value(async { 2 }));
        Ok(left.await? + right.await?)
    })
}

#[test]
fn without_a_runtime_one_is_made() {
    assert_eq!(sum().unwrap(), 42);
}

#[test]
fn on_a_pool_thread_the_runtime_around_it_does_the_work() {
    for runtime in [one_thread(), two_threads()] {
        runtime.block_on(async {
            assert_eq!(to_thread(sum).await.unwrap().unwrap(), 42);
            // Nested: a thread waits for a task that waits for a thread.
            let nested =
                to_thread(|| block_on(|_: Scope| async { Ok(to_thread(sum).await?.unwrap()) }));
            assert_eq!(nested.await.unwrap().unwrap(), 42);
        });
    }
}

#[test]
fn on_a_thread_of_several_the_others_go_on() {
    let runtime = two_threads();
    let (ask, asked) = oneshot::channel::<oneshot::Sender<u32>>();
    let answer = runtime.block_on(async {
        scope(|s: Scope| async move {
            // It needs a task of the same runtime to go on.
            s.spawn_value(async move { asked.await.unwrap().send(42).unwrap() });
            let blocks = s.spawn_value(async move {
                block_on(|_: Scope| async move {
                    let (reply, answer) = oneshot::channel();
                    ask.send(reply).unwrap();
                    Ok(answer.await.unwrap())
                })
            });
            blocks.await
        })
        .await
    });
    assert_eq!(answer.unwrap().unwrap(), 42);
}

#[test]
fn the_only_thread_gets_an_error_and_nothing_starts() {
    let refused = one_thread().block_on(async {
        block_on(|_: Scope| async { unreachable!("it is not called") as Result<(), _> })
    });
    let refused = refused.unwrap_err();
    assert!(matches!(refused, BlockOnError::OneThread));
    assert!(refused.to_string().contains("`to_thread`"), "{refused}");
}

#[test]
fn failures_and_panics_come_through() {
    let failed = block_on(|_: Scope<&str>| async { Err::<(), _>(TaskError::from("no")) });
    let Err(BlockOnError::Scope(error)) = failed else { panic!("{failed:?}") };
    assert_eq!(error.cause(), &Cause::Failed);

    let panicked = std::panic::catch_unwind(|| {
        block_on(|_: Scope| async { panic!("broken") as Result<(), TaskError<Infallible>> })
    });
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"broken"));
}

#[test]
fn a_time_out_is_its_own() {
    let late = Scope::builder().timeout(Duration::ZERO).block_on(|_: Scope| async {
        std::future::pending::<()>().await;
        Ok(())
    });
    let Err(BlockOnError::Scope(error)) = late else { panic!("{late:?}") };
    assert_eq!(error.cause(), &Cause::TimedOut);
}

#[test]
fn cancellation_reaches_what_a_pool_thread_waits_for() {
    one_thread().block_on(async {
        let (tell, mut told) = oneshot::channel();
        let ended = scope(|s: Scope| async move {
            let around = s.clone();
            s.spawn_outcome(to_thread(move || {
                block_on(|inner: Scope| async move {
                    inner.spawn_value(async move {
                        around.cancel("enough");
                        tell.send(cancelled().await.source()).unwrap();
                    });
                    std::future::pending::<()>().await;
                    Ok(())
                })
            }));
            std::future::pending::<()>().await;
            Ok(())
        })
        .await;
        assert!(matches!(ended.unwrap_err().cause(), Cause::Cancelled(_)));
        // Whoever waited below was told, and has ended: the scope waited for the thread.
        assert_eq!(told.try_recv(), Ok(CancelSource::Parent));
        assert_eq!(live_tasks(), 0);
    });
}

#[test]
fn adapters_go_both_ways_and_nest() {
    let runtime = one_thread();
    let pool = ThreadPool::new("test", NonZeroUsize::MIN);
    let double = to_sync(|n: u32| async move { n.checked_mul(2).ok_or("too large") });
    assert_eq!(double(21).unwrap(), 42);
    let Err(BlockOnError::Scope(error)) = double(u32::MAX) else { panic!("it fails") };
    assert_eq!(error.failures()[0].error().failed(), Some(&"too large"));

    let parse = to_async(&pool, |text: String| text.parse::<u32>());
    runtime.block_on(async {
        assert_eq!(parse("42".into()).await.unwrap(), 42);
        assert!(parse("x".into()).await.unwrap_err().failed().is_some());
    });
}
