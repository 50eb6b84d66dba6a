//! A model checker in Tokio's place: shuttle runs every task, and picks the order.
//!
//! Time is the checker's choice too. A sleeper is ready whenever the checker says so, and the clock
//! then stands at its deadline: so a deadline can pass between any two steps of the program.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

pub(crate) use shuttle::future::{JoinHandle, yield_now};
use shuttle::rand::Rng;
pub(crate) use shuttle::sync::atomic::{AtomicU64, AtomicUsize};
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
pub(crate) use shuttle::thread_local;

use super::Instant;

shuttle::lazy_static! {
    /// The clock of one execution. It moves only when a sleeper wakes.
    static ref CLOCK: std::sync::Mutex<Instant> = std::sync::Mutex::new(Instant::now());
    static ref LIVE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
}

/// Starts `future` as a task of the checker.
#[track_caller]
pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    shuttle::future::spawn(future)
}

/// Any, for every call: nothing may depend on it.
pub(crate) fn thread_number() -> usize {
    shuttle::rand::thread_rng().gen_range(0..1024)
}

/// Half of the scopes.
pub(crate) fn is_crowded() -> bool {
    shuttle::rand::thread_rng().gen_bool(0.5)
}

/// Nothing: what is in one order with all others needs no fence beside it, but for one of the checkers.
pub(crate) const fn fence_for_checker() {}

/// A future that is ready at some time; the clock has come to `deadline` then.
pub(crate) fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline }
}

/// Polls a timer.
pub(crate) fn poll_sleep(
    sleep: std::pin::Pin<&mut Sleep>,
    cx: &mut std::task::Context<'_>,
) -> std::task::Poll<()> {
    sleep.poll(cx)
}

pub(crate) fn now() -> Instant {
    *CLOCK.lock().expect("nothing panics while it holds the clock")
}

pub(crate) fn live_tasks() -> usize {
    LIVE.load(std::sync::atomic::Ordering::SeqCst)
}

pub(crate) struct Sleep {
    deadline: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut clock = CLOCK.lock().expect("nothing panics while it holds the clock");
        if *clock >= self.deadline {
            return Poll::Ready(());
        }
        if shuttle::rand::thread_rng().gen_bool(0.2) {
            *clock = self.deadline + Duration::from_nanos(1);
            return Poll::Ready(());
        }
        drop(clock);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

pin_project! {
    /// What runs in a task, counted for as long as it is there.
    pub(crate) struct Counted<F> {
        // Dropped before the count goes down.
        #[pin]
        future: F,
        _alive: Alive,
    }
}

/// Counts what runs in a task, which may end a few steps later.
pub(crate) fn counted<F>(future: F) -> Counted<F> {
    Counted { future, _alive: Alive::new() }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

struct Alive;

impl Alive {
    fn new() -> Self {
        LIVE.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Alive
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
    }
}
