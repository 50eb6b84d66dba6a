//! The other checker in Tokio's place: loom goes through every order of a small program, and through
//! every value that the memory model lets an atomic load return. A task is a thread of its own.
//!
//! Time stands still: no deadline passes but one that has passed when it is set.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

pub(crate) use loom::sync::atomic::{AtomicU64, AtomicUsize};
pub(crate) use loom::sync::{Mutex, MutexGuard};

use super::Instant;

// Loom's own does not know the `const` form.
macro_rules! per_thread {
    ($(#[$attr:meta])* static $name:ident: $t:ty = const { $init:expr };) => {
        loom::thread_local! { $(#[$attr])* static $name: $t = $init; }
    };
}
pub(crate) use per_thread as thread_local;

/// Starts `future` on a thread of the checker.
pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let slot = Arc::new(Mutex::new(Slot { output: None, waiter: None }));
    let filled = Arc::clone(&slot);
    loom::thread::spawn(move || {
        let output = loom::future::block_on(future);
        let mut slot = filled.lock().expect("nothing panics while it holds the slot");
        slot.output = Some(output);
        let waiter = slot.waiter.take();
        drop(slot);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    });
    JoinHandle { slot }
}

/// Threads of a small program meet at everything.
pub(crate) fn thread_number() -> usize {
    0
}

std::thread_local! {
    // All threads of a program are run by one of the process.
    static CROWDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the scopes of the program that is checked next are crowded.
pub(crate) fn set_crowded(crowded: bool) {
    CROWDED.set(crowded);
}

/// Whether a scope is to do from its opening what it does otherwise when workers have met at its lock.
pub(crate) fn is_crowded() -> bool {
    CROWDED.get()
}

/// Loom takes an access that is in one order with all others for a weaker one, unless a fence stands beside it.
pub(crate) fn fence_for_checker() {
    loom::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

/// Where a task leaves its output.
struct Slot<T> {
    output: Option<T>,
    waiter: Option<Waker>,
}

pub(crate) struct JoinHandle<T> {
    slot: Arc<Mutex<Slot<T>>>,
}

/// Never made: no task of this runtime is dropped before its end.
#[derive(Debug)]
pub(crate) enum JoinError {}

impl<T> JoinHandle<T> {
    pub(crate) fn is_finished(&self) -> bool {
        self.slot.lock().expect("nothing panics while it holds the slot").output.is_some()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.slot.lock().expect("nothing panics while it holds the slot");
        match slot.output.take() {
            Some(output) => Poll::Ready(Ok(output)),
            None => {
                slot.waiter = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

pub(crate) type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits for ever, or not at all.
pub(crate) fn sleep_until(deadline: Instant) -> Sleep {
    if deadline <= now() { Box::pin(ready(())) } else { Box::pin(pending()) }
}

/// Polls a timer.
pub(crate) fn poll_sleep(
    sleep: std::pin::Pin<&mut Sleep>,
    cx: &mut std::task::Context<'_>,
) -> std::task::Poll<()> {
    sleep.poll(cx)
}

pub(crate) fn now() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// What runs in a task. The other checker counts it.
pub(crate) type Counted<F> = F;

pub(crate) fn counted<F>(future: F) -> Counted<F> {
    future
}

/// Not counted here: a thread that is left over is found by the checker itself.
pub(crate) fn live_tasks() -> usize {
    0
}

/// Lets other threads run.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        loom::thread::yield_now();
        Poll::Pending
    })
    .await;
}
