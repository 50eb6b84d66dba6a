//! Work that belongs to no scope: started on purpose, listed, and awaited at the end of the program.
//!
//! Nothing detaches by accident here: a handle that is dropped leaves its child with the scope. What
//! must outlive the scope that asks for it (a record to write after the answer has gone out) is
//! started with [`detach`], and whoever ends the program calls [`shutdown`]:
//!
//! ```
//! use std::time::Duration;
//! use rejoin::detach::{detach, detached, shutdown};
//! # use tokio::time::sleep;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! detach("audit record", sleep(Duration::from_millis(200))).expect("nobody has shut down");
//! assert_eq!(detached(), ["audit record"]);
//!
//! // A second to finish, and half a second more to clean up after being told to stop.
//! let left = shutdown(Duration::from_secs(1), Duration::from_millis(500)).await;
//! assert!(left.is_empty(), "{left}");
//! # });
//! ```
//!
//! Detached work is a scope of its own: [`cancelled`](crate::cancelled), time-outs and further scopes
//! work inside it, [`inspect::tree`](crate::inspect::tree()) shows it. It inherits nothing from
//! where it was started. If it panics, that ends it alone.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use slab::Slab;
use tokio::sync::Notify;

use crate::cancel::{CancelReason, Canceller};
use crate::name::Name;
use crate::outcome::Outcome;
use crate::scope::core::{Core, Left as Remains, Member, Place, remains};
use crate::scope::{ScopeBuilder, deadline_after, run_in};
use crate::seam::{self, Instant};

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { closed: false, running: Slab::new() });

/// Something has ended that nobody but a shutdown waits for.
static ENDED: Notify = Notify::const_new();

struct Registry {
    closed: bool,
    running: Slab<(Name, Arc<Core>)>,
}

/// Starts `future` as a task that belongs to no scope. The name is what a [`shutdown`] reports if it
/// is still there at the end.
///
/// What it gives can stop the task, and may be dropped.
///
/// # Errors
///
/// [`ShutDown`] hands `future` back after [`shutdown`] was called.
///
/// # Panics
///
/// Outside a Tokio runtime.
pub fn detach<F>(name: impl Into<Name>, future: F) -> Result<Canceller, ShutDown<F>>
where
    F: Future<Output = ()> + Send + 'static,
{
    let name = name.into();
    let mut registry = lock();
    if registry.closed {
        return Err(ShutDown { name, future });
    }
    let core = ScopeBuilder::default().name(name.clone()).open_outermost();
    let entry = Entry { key: registry.running.insert((name, Arc::clone(&core))) };
    drop(registry);
    let place = Place { core: Arc::clone(&core), member: Member::BODY };
    drop(seam::spawn(async move {
        let _entry = entry;
        let body = async move {
            future.await;
            Outcome::<(), std::convert::Infallible>::Ok(())
        };
        // How it ended is nobody's business any more.
        let _ = run_in(core, move || body).await;
    }));
    Ok(Canceller::new(place))
}

/// The names of the detached tasks that have not ended, in the order of their start.
pub fn detached() -> Vec<Name> {
    let registry = lock();
    let mut running: Vec<_> = registry.running.iter().map(|(_, entry)| entry).collect();
    running.sort_by_key(|(_, core)| core.id());
    running.into_iter().map(|(name, _)| name.clone()).collect()
}

/// The end of the program: takes no more detached work, gives that which runs `drain` to finish by
/// itself, tells what is left to stop, waits at most `stop` for that, and reports what is there
/// still.
///
/// It also waits for what scopes have left that were dropped outside all other scopes, and for
/// blocking work that was started outside all scopes: that cannot be stopped. Scopes that run are
/// awaited by whoever runs them and are left alone; end them first. It may be called again, and then
/// does the same for what is left.
///
/// # Panics
///
/// Outside a Tokio runtime, and in one without time.
///
/// # Cancel safety
///
/// Dropped, it has closed the registry for detached work; nothing else is lost.
pub async fn shutdown(drain: Duration, stop: Duration) -> Left {
    lock().closed = true;
    if !all_ended(deadline_after(drain)).await {
        let running: Vec<_> =
            lock().running.iter().map(|(_, (_, core))| Arc::clone(core)).collect();
        for core in running {
            let place = Place { core, member: Member::BODY };
            Canceller::new(place).cancel(CancelReason::shutdown("the program ends"));
        }
        all_ended(deadline_after(stop)).await;
    }
    let Remains { blocking, tasks } = remains(is_detached);
    Left { detached: detached(), blocking, tasks }
}

/// Waits until nothing is left that nobody waits for; false if that is not so at `deadline`.
async fn all_ended(deadline: Instant) -> bool {
    let mut passed = pin!(seam::sleep_until(deadline));
    loop {
        // Before looking: what ends afterwards is not missed.
        let mut ended = pin!(ENDED.notified());
        ended.as_mut().enable();
        let Remains { blocking, tasks } = remains(is_detached);
        if lock().running.is_empty() && blocking.is_empty() && tasks == 0 {
            return true;
        }
        if let Either::Left(_) = select(passed.as_mut(), ended).await {
            return false;
        }
    }
}

/// Told by whatever has ended and might be what a shutdown waits for.
pub(crate) fn one_has_ended() {
    ENDED.notify_waiters();
}

fn is_detached(core: &Arc<Core>) -> bool {
    lock().running.iter().any(|(_, (_, other))| Arc::ptr_eq(core, other))
}

fn lock() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A detached task's place in the registry.
struct Entry {
    key: usize,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let (_, core) = lock().running.remove(self.key);
        // A runtime that shuts down may drop it before it has run.
        core.abandon();
        one_has_ended();
    }
}

/// What was still there when a [`shutdown`] had waited long enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "what is left at the end should be told to somebody"]
pub struct Left {
    detached: Vec<Name>,
    blocking: Vec<Name>,
    tasks: usize,
}

impl Left {
    /// Whether everything has ended.
    pub fn is_empty(&self) -> bool {
        self.detached.is_empty() && self.blocking.is_empty() && self.tasks == 0
    }

    /// The names of the detached tasks that have not ended.
    pub fn detached(&self) -> &[Name] {
        &self.detached
    }

    /// The pools of blocking work that nobody waits for, one for each piece of work: that of detached
    /// tasks, of scopes that were dropped, and what was started outside all scopes.
    pub fn blocking(&self) -> &[Name] {
        &self.blocking
    }

    /// How many tasks are left of scopes that were dropped outside all other scopes.
    pub fn tasks(&self) -> usize {
        self.tasks
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing is left");
        }
        let mut parts = Vec::new();
        parts.extend(self.detached.iter().map(|name| format!("detached task `{name}`")));
        parts.extend(self.blocking.iter().map(|name| format!("blocking work of pool `{name}`")));
        match self.tasks {
            0 => {}
            1 => parts.push("1 task of a scope that was dropped".to_owned()),
            tasks => parts.push(format!("{tasks} tasks of scopes that were dropped")),
        }
        write!(f, "left: {}", parts.join(", "))
    }
}

/// Detached work was refused, because the program is [shutting down](shutdown).
pub struct ShutDown<F> {
    name: Name,
    future: F,
}

impl<F> ShutDown<F> {
    /// The work, which has not started.
    pub fn into_future(self) -> F {
        self.future
    }
}

impl<F> fmt::Debug for ShutDown<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutDown").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for ShutDown<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was not detached: the program is shutting down", self.name)
    }
}

impl<F> Error for ShutDown<F> {}
