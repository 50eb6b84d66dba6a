//! Children that start in the calling task.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin::{Scope, TaskError, checkpoint, inherited, live_tasks, scope};
use tokio::sync::Notify;
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn what_need_not_wait_has_ended_and_was_no_task() {
    let sum = scope(|s: Scope| async move {
        let before = live_tasks();
        let mut sum = 0;
        for n in 0..100 {
            let child = s.spawn_eager(async move { Ok(n) });
            assert!(child.is_finished());
            assert_eq!((s.live(), live_tasks()), (0, before));
            assert_eq!(child.id().index(), n);
            sum += child.await?;
        }
        Ok(sum)
    });
    assert_eq!(sum.await.unwrap(), 4950);
}

#[tokio::test(start_paused = true)]
async fn what_waits_goes_on_as_a_task_from_where_it_stood() {
    let steps = Arc::new(AtomicUsize::new(0));
    let told = Arc::new(Notify::new());
    let all = scope(|s: Scope| async move {
        let (count, hears) = (Arc::clone(&steps), Arc::clone(&told));
        let child = s.spawn_eager(async move {
            count.fetch_add(1, Ordering::SeqCst);
            hears.notified().await;
            count.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_secs(1)).await;
            Ok(count.load(Ordering::SeqCst))
        });
        assert_eq!(steps.load(Ordering::SeqCst), 1);
        assert!(!child.is_finished() && s.live() == 1);
        // Told before its task has been polled for the first time.
        told.notify_one();
        child.await
    });
    assert_eq!(all.await.unwrap(), 2);
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn its_panic_and_its_failure_are_its_own() {
    let ended = scope(|s: Scope<&str>| async move {
        let panicked = s.spawn_eager::<_, ()>(async { panic!("broken") });
        assert!(matches!(panicked.await, Err(TaskError::Panicked(_))));
        checkpoint().await.unwrap_err();
        Ok(())
    });
    let error = ended.await.unwrap_err();
    assert!(error.to_string().contains("broken"), "{error}");

    let ended = scope(|s: Scope<&str>| async move {
        let other = s.spawn_value(pending::<()>());
        let failed = s.spawn_eager(async { Err::<(), _>("no") });
        assert_eq!(failed.await.unwrap_err().to_string(), "no");
        assert!(other.await.unwrap_err().is_cancelled());
        Ok(())
    });
    assert_eq!(ended.await.unwrap_err().failures().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_is_stopped_like_any_other_and_never_starts_in_a_scope_that_stops() {
    let ran = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&ran);
    let ended = scope(|s: Scope| async move {
        let waits = s.spawn_eager(async {
            pending::<()>().await;
            Ok(())
        });
        assert!(waits.cancel("enough"));
        assert_eq!(waits.await.unwrap_err().to_string(), "cancelled: enough");
        s.cancel("all of it");
        let late = s.spawn_eager(async move {
            seen.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        assert_eq!(late.await.unwrap_err().to_string(), "cancelled: all of it");
        Ok(())
    });
    assert!(ended.await.is_ok());
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn it_belongs_to_its_scope_and_not_to_where_it_was_started() {
    let found = Scope::builder().inherit(1_u8).run(|outer: Scope| async move {
        let inner = Scope::builder().inherit(2_u8).run(|_: Scope| async move {
            let child = outer.spawn_eager(async { Ok(*inherited::<u8>().unwrap()) });
            let from_outside = child.await?;
            Ok::<_, TaskError<Infallible>>((from_outside, *inherited::<u8>().unwrap()))
        });
        Ok(inner.await.unwrap())
    });
    assert_eq!(found.await.unwrap(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_name_and_a_deadline_hold_also_here() {
    let ended = scope(|s: Scope<&str>| async move {
        let known = s.task("known").timeout(Duration::from_secs(1)).spawn_eager(async { Ok(1) });
        assert_eq!((known.is_finished(), known.name()), (true, Some("known")));
        let slow = s.task("slow").timeout(Duration::from_secs(1));
        let slow = slow.spawn_eager(pending::<Result<(), _>>());
        assert_eq!((slow.is_finished(), slow.name()), (false, Some("slow")));
        Ok(())
    });
    let error = ended.await.unwrap_err();
    assert_eq!((error.failures().len(), error.failures()[0].name()), (1, Some("slow")));
    assert!(error.failures()[0].error().is_timed_out());
}
