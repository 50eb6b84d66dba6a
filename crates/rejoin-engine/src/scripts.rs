//! The pool on which programs run that could spin: Lua, and jq beyond what is known to end soon.
//!
//! Async workers must stay free, so such programs run on threads that may block, a few at once; whoever comes
//! when all are busy waits. A caller that goes away raises the script's [`StopFlag`], which the interpreters
//! look at all the time.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many scripts at most are beside those that run: they wait for something outside, or nobody waits for them any more and
/// they have not heard it yet.
const ASIDE: usize = 64;
/// What interpreters take of a stack at most, and a little.
const DEEPEST: usize = (1 << 20) + (1 << 18);
/// The stack that they get where there is less.
const NEW_STACK: usize = 2 << 20;

/// Tells a running script that nobody waits for it any more.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Whether to stop.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for interpreters that take one.
    pub fn shared(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }
}

/// A place among those that run, of a script and of who waits for it.
type Place = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

fn take(place: &Place) -> Option<OwnedSemaphorePermit> {
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// When the waiting future is dropped: raises the flag, and lets another run. An interpreter may be inside one long operation, in
/// which it does not look at the flag; the scripts of others must not stand still as long.
struct GiveUpOnDrop(StopFlag, Place);

impl Drop for GiveUpOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::SeqCst);
        take(&self.1);
    }
}

/// A script's place among those that run. It ends when this is dropped, or when nobody waits for the script any more.
#[derive(Debug)]
pub struct Turn {
    stop: StopFlag,
    running: Arc<Semaphore>,
    place: Place,
    /// The thread, which it has from its beginning to its end.
    _thread: OwnedSemaphorePermit,
}

impl Turn {
    /// Whether and how to stop.
    pub fn stop(&self) -> &StopFlag {
        &self.stop
    }

    /// Blocks in `wait` and lets another script run meanwhile.
    pub fn aside<R>(&self, wait: impl FnOnce() -> R) -> R {
        drop(take(&self.place));
        let waited = wait();
        let turn = self.running.clone().acquire_owned();
        let turn = Handle::current().block_on(turn).expect("nothing closes the pool");
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
        // Who gave up before has found no place to give back.
        if self.stop.0.load(Ordering::SeqCst) {
            take(&self.place);
        }
        waited
    }
}

/// Room for scripts on the runtime's blocking threads, shared by everything in a process.
///
/// The threads are Tokio's, because a test's virtual clock stands still while one of them works; on threads
/// of our own it would run on and let deadlines pass that no real time has reached.
#[derive(Debug)]
pub struct ScriptPool {
    /// One permit for each job that has a thread.
    threads: Arc<Semaphore>,
    /// One permit for each job that runs.
    running: Arc<Semaphore>,
}

/// The script's thread died of a panic inside the interpreter; the pool goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptPanicked(pub String);

impl fmt::Display for ScriptPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the script interpreter panicked: {}", self.0)
    }
}

impl std::error::Error for ScriptPanicked {}

impl ScriptPool {
    /// At most `threads` scripts run at once; further submitters wait their turn, in order.
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        Self {
            threads: Arc::new(Semaphore::new(threads + ASIDE)),
            running: Arc::new(Semaphore::new(threads)),
        }
    }

    /// As many as the machine has cores.
    pub fn for_this_machine() -> Self {
        Self::new(thread::available_parallelism().map_or(2, |n| n.get()))
    }

    /// Runs `job` here and now. Only for what is known to end at once: it holds up whoever shares the thread.
    ///
    /// # Errors
    /// If the job panicked.
    pub fn in_place<R>(job: impl FnOnce() -> R) -> Result<R, ScriptPanicked> {
        // The calling code may have come deep already.
        let run = || stacker::maybe_grow(DEEPEST, NEW_STACK, job);
        catch_unwind(AssertUnwindSafe(run)).map_err(|payload| ScriptPanicked(panic_text(&*payload)))
    }

    /// Runs `job` on a thread that may block, when it is its turn, and waits for it.
    ///
    /// # Errors
    /// If the job panicked.
    ///
    /// # Cancel safety
    /// Dropping the future takes a waiting job out of the line and raises the flag of a running one; the job
    /// must look at the flag. Others can run from then on, but it has its thread up to its end, and there are only so many.
    pub async fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce(Turn) -> R + Send + 'static,
    ) -> Result<R, ScriptPanicked> {
        let place = |of: &Arc<Semaphore>| of.clone().acquire_owned();
        let thread = place(&self.threads).await.expect("nothing closes the pool");
        let permit = place(&self.running).await.expect("nothing closes the pool");
        let turn = Turn {
            stop: StopFlag::default(),
            running: self.running.clone(),
            place: Arc::new(Mutex::new(Some(permit))),
            _thread: thread,
        };
        let waits = GiveUpOnDrop(turn.stop.clone(), turn.place.clone());
        let ended =
            tokio::task::spawn_blocking(move || (!turn.stop.is_raised()).then(|| job(turn))).await;
        drop(waits);
        match ended {
            Ok(Some(value)) => Ok(value),
            Ok(None) => unreachable!("the flag is raised only when nobody waits"),
            Err(error) if error.is_panic() => Err(ScriptPanicked(panic_text(&*error.into_panic()))),
            Err(_) => Err(ScriptPanicked("the runtime is shutting down".into())),
        }
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_script_that_does_not_hear_that_it_was_given_up_holds_up_nobody() {
        let pool = ScriptPool::new(1);
        let (end, ended) = mpsc::channel::<()>();
        let (begins, begun) = tokio::sync::oneshot::channel();
        let deaf = pool.run(move |turn| {
            begins.send(()).expect("somebody listens");
            ended.recv().ok();
            drop(turn);
        });
        {
            let mut deaf = std::pin::pin!(deaf);
            tokio::select! {
                biased;
                _ = &mut deaf => unreachable!("it waits to be let go"),
                _ = begun => {}
            }
        }
        // It still runs, but nobody waits for it.
        assert_eq!(pool.run(|_| 7).await, Ok(7));
        assert_eq!(pool.threads.available_permits(), ASIDE, "it has its thread");
        drop(end);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_that_waits_outside_while_it_is_given_up_takes_no_place() {
        let pool = ScriptPool::new(1);
        let (end, ended) = mpsc::channel::<()>();
        let (begins, begun) = tokio::sync::oneshot::channel();
        let (over, is_over) = tokio::sync::oneshot::channel();
        let waiting = pool.run(move |turn| {
            turn.aside(|| {
                begins.send(()).expect("somebody listens");
                ended.recv().ok();
            });
            over.send(turn).ok();
        });
        {
            let mut waiting = std::pin::pin!(waiting);
            tokio::select! {
                biased;
                _ = &mut waiting => unreachable!("it waits to be let go"),
                _ = begun => {}
            }
        }
        drop(end);
        let turn = is_over.await.expect("it ends");
        assert_eq!(pool.running.available_permits(), 1);
        drop(turn);
    }
}
