//! Panics: what they do to the state, to the calls that wait, and to those that come later.

use std::num::NonZeroU32;
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin::worker::{Restart, Worker};
use rejoin::{CancelSource, Scope, live_tasks, scope};
use tokio::time::sleep;

use super::n;

type Plain = Worker<u32>;

fn bump(n: &mut u32) -> Result<u32, std::convert::Infallible> {
    *n += 1;
    Ok(*n)
}

fn boom(_: &mut u32) -> Result<u32, std::convert::Infallible> {
    panic!("boom")
}

/// C18, C19: unusual ends killed the worker and hung its futures; a dead worker was never noticed.
#[tokio::test(start_paused = true)]
async fn after_a_death_every_call_settles_and_says_so() {
    scope(|s: Scope| async move {
        let worker: Plain = Worker::builder("fragile").start(&s, || 0);
        let dying =
            worker.submit(|_: &mut u32| -> Result<u32, _> { panic_any(17_u8) }).await.unwrap();
        let waiting = worker.submit(bump).await.unwrap();
        assert!(dying.await.unwrap_err().is_panic());
        let lost = waiting.await.unwrap_err();
        let reason = lost.cancelled().unwrap();
        assert_eq!(reason.source(), CancelSource::WorkerDied);
        assert_eq!(
            reason.to_string(),
            "worker died: worker `fragile` has died: panicked: a payload that is not text"
        );
        let refused = worker.submit(bump).await.unwrap_err();
        assert_eq!(refused.died(), Some("panicked: a payload that is not text"));
        assert!(worker.try_submit(refused.into_call()).unwrap_err().died().is_some());
        let called = worker.call(bump).await.unwrap_err();
        assert_eq!(called.cancelled().unwrap().source(), CancelSource::WorkerDied);
        assert_eq!(worker.stats().copies, 0);
        worker.drain().await.unwrap();
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_restarted_worker_has_a_new_state_and_loses_no_call_that_waits() {
    scope(|s: Scope| async move {
        let worker: Plain = Worker::builder("phoenix").restart(Restart::Always).start(&s, || 0);
        assert_eq!(worker.call(bump).await?, 1);
        let dying = worker.submit(boom).await.unwrap();
        let waiting = worker.submit(bump).await.unwrap();
        assert_eq!(dying.await.unwrap_err().to_string(), "panicked: boom");
        assert_eq!(waiting.await?, 1);
        assert_eq!((worker.stats().restarts, worker.stats().copies), (1, 1));
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn at_most_so_many_restarts_in_a_stretch() {
    scope(|s: Scope| async move {
        let within = Duration::from_secs(10);
        let restart = Restart::AtMost { times: NonZeroU32::new(2).unwrap(), within };
        let worker: Plain = Worker::builder("w").restart(restart).start(&s, || 0);
        for _ in 0..5 {
            // One every six seconds is within what is allowed.
            assert!(worker.call(boom).await.unwrap_err().is_panic());
            sleep(Duration::from_secs(6)).await;
        }
        sleep(within).await;
        for _ in 0..2 {
            assert!(worker.call(boom).await.unwrap_err().is_panic());
            assert_eq!(worker.call(bump).await?, 1);
        }
        assert!(worker.call(boom).await.unwrap_err().is_panic());
        let died = worker.call(bump).await.unwrap_err();
        assert_eq!(died.cancelled().unwrap().source(), CancelSource::WorkerDied);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn of_several_copies_only_the_one_that_panicked_is_lost() {
    scope(|s: Scope| async move {
        let worker: Plain = Worker::builder("pool").copies(n(2)).start(&s, || 0);
        assert!(worker.call(boom).await.unwrap_err().is_panic());
        assert_eq!(worker.stats().copies, 1);
        assert_eq!(worker.call(bump).await?, 1);
        assert_eq!(worker.call(bump).await?, 2);
        assert!(worker.call(boom).await.unwrap_err().is_panic());
        assert!(worker.try_submit(bump).unwrap_err().died().is_some());
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_state_that_cannot_be_made_again_is_the_end() {
    scope(|s: Scope| async move {
        let made = AtomicUsize::new(0);
        let make = move || {
            assert!(made.fetch_add(1, Ordering::SeqCst) == 0, "no second one");
            0
        };
        let worker: Plain = Worker::builder("w").restart(Restart::Always).start(&s, make);
        assert!(worker.call(boom).await.unwrap_err().is_panic());
        let died = worker.call(bump).await.unwrap_err().to_string();
        let expected = "worker died: worker `w` has died: panicked: boom, and its new state panicked: no second one";
        assert_eq!(died, expected);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_broken_state_is_dropped_before_the_next_is_made() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let alive = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&alive);
    scope(|s: Scope| async move {
        let counter = Arc::clone(&seen);
        let make = move || {
            assert_eq!(counter.fetch_add(1, Ordering::SeqCst), 0);
            Counted(Arc::clone(&counter))
        };
        let worker: Worker<Counted> = Worker::builder("w").restart(Restart::Always).start(&s, make);
        let boom = |_: &mut Counted| -> Result<(), _> { panic!("boom") };
        for _ in 0..3 {
            assert!(worker.call(boom).await.unwrap_err().is_panic());
            assert_eq!(seen.load(Ordering::SeqCst), 1);
        }
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}
