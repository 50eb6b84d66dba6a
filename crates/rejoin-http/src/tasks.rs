//! [`ConnectionTasks`]: the one place of the crate that spawns.
//!
//! A pooled connection has to be read and written by someone while no request uses it, and serves
//! many requests one after the other (HTTP/2: at once). So its task cannot belong to the scope of the
//! request that happened to open it: it belongs to the pool. The tasks end when the pool is dropped,
//! when their connection closes, or at [`stop`](ConnectionTasks::stop), and they can be counted.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{AbortHandle, Abortable};
use slab::Slab;
use tokio_util::task::TaskTracker;

/// The tasks that drive the connections of one client.
///
/// The tracker counts them and is closed when they have to stop. A task is polled several times a
/// request, so what stops it is its own flag: nothing that is shared is touched when it is polled.
#[derive(Clone, Default)]
pub(crate) struct ConnectionTasks {
    tracker: TaskTracker,
    handles: Arc<Mutex<Slab<AbortHandle>>>,
}

impl ConnectionTasks {
    /// How many tasks there are.
    pub(crate) fn count(&self) -> usize {
        self.tracker.len()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.tracker.is_closed()
    }

    /// Drops every task where it stands, which closes its connection; the future is ready when all
    /// are gone, and need not be awaited.
    pub(crate) fn stop(&self) -> impl Future<Output = ()> + '_ {
        self.tracker.close();
        for (_, handle) in lock(&self.handles).iter() {
            handle.abort();
        }
        self.tracker.wait()
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

impl hyper::rt::Executor<Task> for ConnectionTasks {
    fn execute(&self, task: Task) {
        let (handle, registration) = AbortHandle::new_pair();
        let key = lock(&self.handles).insert(handle.clone());
        // Who closes the tracker does so before looking for handles: one of the two sees the other.
        if self.is_stopped() {
            handle.abort();
        }
        let listed = Listed { handles: Arc::clone(&self.handles), key };
        self.tracker.spawn(async move {
            let _listed = listed;
            // Aborted or done: either way it is over.
            let _ = Abortable::new(task, registration).await;
        });
    }
}

/// A task's place in the list, given up when the task is dropped.
struct Listed {
    handles: Arc<Mutex<Slab<AbortHandle>>>,
    key: usize,
}

impl Drop for Listed {
    fn drop(&mut self) {
        lock(&self.handles).remove(self.key);
    }
}

/// No code that can panic runs under this lock, so that it is never poisoned in earnest.
fn lock(handles: &Mutex<Slab<AbortHandle>>) -> MutexGuard<'_, Slab<AbortHandle>> {
    handles.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work`, which blocks, on the runtime's threads for such work. It cannot be stopped, so it
/// has to be short.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
