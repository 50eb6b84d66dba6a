//! Interrupts a program at each of its awaits in turn.
#![allow(dead_code, reason = "each test file uses its part")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Runs on a runtime of its own, with paused time.
#[track_caller]
pub(crate) fn on_virtual_time<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

/// Polls `future` as often as it asks to be, but at most `polls` times. `None`: not ready by then.
pub(crate) async fn poll_at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // Not polled again at once: only when it has been woken, except for the last time.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// For n = 0, 1, 2, …: runs `program` and drops it after n polls, until it ends by itself. After
/// each, lets what was left behind come to its end and calls `check` with the number of values
/// that `program` has still alive (it is handed a counter for its [`Counted`] values).
#[track_caller]
pub(crate) fn drop_at_every_await<F: Future>(
    program: impl Fn(Counter) -> F,
    check: impl Fn(usize),
) {
    for polls in 0..10_000 {
        let counter = Counter::default();
        let ended = on_virtual_time(async {
            let ended = poll_at_most(polls, program(counter.clone())).await.is_some();
            // Cut-off tasks are dropped as soon as they are polled; no time has to pass.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            assert_eq!(rejoin::live_tasks(), 0, "tasks are left after {polls} polls");
            ended
        });
        check(counter.alive());
        if ended {
            assert!(polls > 1, "the program never waited, so nothing was tested");
            return;
        }
    }
    panic!("the program did not end within 10,000 polls");
}

/// Counts the [`Counted`] values that are alive.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn alive(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn value(&self) -> Counted {
        self.0.fetch_add(1, Ordering::SeqCst);
        Counted(self.clone())
    }
}

/// A value whose destructor is seen.
pub(crate) struct Counted(Counter);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
