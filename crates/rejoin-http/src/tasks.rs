//! [`ConnectionTasks`]: the one place of the crate that spawns.
//!
//! A pooled connection has to be read and written by someone while no request uses it, and serves
//! many requests one after the other (HTTP/2: at once). So its task cannot belong to the scope of the
//! request that happened to open it: it belongs to the pool. The tasks end when the pool is dropped,
//! when their connection closes, or at [`stop`](ConnectionTasks::stop), and they can be counted.

use std::future::Future;
use std::pin::Pin;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks that drive the connections of one client.
#[derive(Clone, Default)]
pub(crate) struct ConnectionTasks {
    tracker: TaskTracker,
    stopped: CancellationToken,
}

impl ConnectionTasks {
    /// How many tasks there are.
    pub(crate) fn count(&self) -> usize {
        self.tracker.len()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    /// Drops every task where it stands, which closes its connection, and waits until all are gone.
    pub(crate) async fn stop(&self) {
        self.stopped.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

impl hyper::rt::Executor<Task> for ConnectionTasks {
    fn execute(&self, task: Task) {
        let stopped = self.stopped.clone();
        self.tracker.spawn(async move { stopped.run_until_cancelled_owned(task).await });
    }
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
