//! The one place of the crate that spawns: [`Tasks`] for what a connection cannot do without, and [`blocking`] work.

use std::future::Future;

use tokio_util::task::TaskTracker;

/// The tasks of one client. They can be waited for.
///
/// No scope of a request could own them: one task serves all requests on an HTTP/2 connection, one watches all
/// connections that rest.
#[derive(Clone, Default)]
pub(crate) struct Tasks(TaskTracker);

impl Tasks {
    pub(crate) fn spawn(&self, task: impl Future<Output: Send> + Send + 'static) {
        self.0.spawn(async move {
            task.await;
        });
    }

    /// Says that everything has to stop. It stops nothing by itself.
    pub(crate) fn close(&self) {
        self.0.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Waits until they are closed and gone.
    pub(crate) async fn wait(&self) {
        self.0.wait().await;
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
