//! Tokio, as the crate uses it.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use ::tokio::runtime::{Builder, Handle, RuntimeFlavor};

pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize};
pub(crate) use std::sync::{Mutex, MutexGuard};

pub(crate) use ::tokio::task::JoinHandle;
pub(crate) use ::tokio::time::Sleep;

use super::Instant;

/// Starts `future` as a task of the current runtime, in the caller's tracing span.
#[track_caller]
pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[cfg(feature = "tracing")]
    let future = ::tracing::Instrument::in_current_span(future);
    ::tokio::spawn(future)
}

/// Starts `work` on one of the runtime's threads for work that blocks. A paused clock stands still
/// while it runs.
#[track_caller]
pub(crate) fn spawn_blocking<F, T>(work: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    #[cfg(feature = "tracing")]
    let work = {
        let span = ::tracing::Span::current();
        move || span.in_scope(work)
    };
    ::tokio::task::spawn_blocking(|| {
        MAY_BLOCK.set(true);
        // The thread runs nothing but such work, so nobody has to set it back.
        work()
    })
}

thread_local! {
    /// Whether this is one of the runtime's threads for work that blocks.
    static MAY_BLOCK: Cell<bool> = const { Cell::new(false) };
}

/// Why a thread cannot wait for a future.
pub(crate) enum Blocked {
    /// It is the only thread of its runtime.
    OneThread,
    /// It has no runtime, and none could be made.
    NoRuntime(io::Error),
}

/// Blocks the thread until `future` is ready.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, Blocked> {
    let Ok(runtime) = Handle::try_current() else {
        let runtime = Builder::new_current_thread().enable_all().build();
        return Ok(runtime.map_err(Blocked::NoRuntime)?.block_on(future));
    };
    if MAY_BLOCK.get() {
        Ok(runtime.block_on(future))
    } else if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        Err(Blocked::OneThread)
    } else {
        Ok(::tokio::task::block_in_place(|| runtime.block_on(future)))
    }
}

/// A number for each thread, so that threads which do the same at the same time can do it apart.
#[inline]
pub(crate) fn thread_number() -> usize {
    thread_local! {
        static NUMBER: usize = {
            static THREADS: AtomicUsize = AtomicUsize::new(0);
            THREADS.fetch_add(1, Ordering::Relaxed)
        };
    }
    // A thread that is about to end has none of its own any more.
    NUMBER.try_with(|number| *number).unwrap_or(0)
}

/// Whether a scope is to do from its opening what it does otherwise when workers have met at its lock.
#[inline]
pub(crate) const fn is_crowded() -> bool {
    false
}

/// Nothing: what is in one order with all others needs no fence beside it, but for one of the checkers.
#[inline]
pub(crate) const fn fence_for_checker() {}

/// A future that is ready at `deadline`.
pub(crate) fn sleep_until(deadline: Instant) -> Sleep {
    ::tokio::time::sleep_until(deadline)
}

/// Polls a timer also for work that has used up what its task may do at a time. Otherwise work that never waits would use it up at
/// every turn, and its deadline would never be seen to pass.
pub(crate) fn poll_sleep(sleep: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<()> {
    Pin::new(&mut ::tokio::task::unconstrained(sleep)).poll(cx)
}

/// The present moment on the clock that [`sleep_until`] uses.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What runs in a task. A checker counts it; the runtime counts tasks itself.
pub(crate) type Counted<F> = F;

#[inline]
pub(crate) fn counted<F>(future: F) -> Counted<F> {
    future
}

/// How many tasks the current runtime still holds.
pub(crate) fn live_tasks() -> usize {
    ::tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Lets other tasks run.
pub(crate) async fn yield_now() {
    ::tokio::task::yield_now().await;
}

/// Keeps a paused clock where it is, until it is dropped: for waiting on something real. A clock that
/// runs is not affected.
#[cfg(all(feature = "process", unix))]
pub(crate) struct ClockStands(
    #[expect(dead_code, reason = "dropping it is the message")] std::sync::mpsc::Sender<()>,
);

/// A clock that is paused advances only when nothing runs, and a thread that waits is something.
#[cfg(all(feature = "process", unix))]
pub(crate) fn hold_clock() -> ClockStands {
    let (held, released) = std::sync::mpsc::channel();
    drop(spawn_blocking(move || released.recv()));
    ClockStands(held)
}
