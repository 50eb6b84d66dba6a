//! [`Live`]: everything that a client has open, so that shutting it down reaches what is in use.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{AbortHandle, Abortable};
use slab::Slab;

use crate::tasks::Tasks;

/// The open connections and running tasks of one client.
#[derive(Clone, Default)]
pub(crate) struct Live {
    /// Closed when everything has to stop.
    tasks: Tasks,
    list: Arc<Mutex<Slab<Open>>>,
}

/// What has no task that could be dropped.
pub(crate) trait Close: Send + Sync {
    fn close(&self);
}

/// One thing that is open.
pub(crate) enum Open {
    /// A connection that is driven by who waits for an answer.
    Http1(Arc<dyn Close>),
    Http2(AbortHandle),
    /// A task of an HTTP/2 connection beside that.
    Part(AbortHandle),
    /// What the pool does for itself, which is of no use without it.
    Pool(AbortHandle),
}

impl Open {
    fn close(&self) {
        match self {
            Open::Http1(connection) => connection.close(),
            Open::Http2(task) | Open::Part(task) | Open::Pool(task) => task.abort(),
        }
    }
}

impl Live {
    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        let is_one = |open: &Open| matches!(open, Open::Http1(_) | Open::Http2(_));
        lock(&self.list).iter().filter(|(_, open)| is_one(open)).count()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.tasks.is_closed()
    }

    /// Closes every connection, ends what is being connected and drops every task where it stands; the future is
    /// ready when all tasks are gone, and need not be awaited.
    pub(crate) fn stop(&self) -> impl Future<Output = ()> + '_ {
        self.tasks.close();
        let open = std::mem::take(&mut *lock(&self.list));
        for (_, open) in &open {
            open.close();
        }
        self.tasks.wait()
    }

    /// Drops the tasks of the pool, which is gone.
    pub(crate) fn abandon(&self) {
        for (_, open) in lock(&self.list).iter() {
            if let Open::Pool(task) = open {
                task.abort();
            }
        }
    }

    /// Lists `open` until what this returns is dropped. If everything has stopped it is closed instead.
    pub(crate) fn list(&self, open: Open) -> Listed {
        let mut list = lock(&self.list);
        // Who stops everything says so before taking the list: what comes too late for the one sees the other.
        let key = if self.is_stopped() {
            open.close();
            usize::MAX
        } else {
            list.insert(open)
        };
        Listed { list: Arc::clone(&self.list), key }
    }

    /// `future`, listed as what `open` makes of it; `None` if it was ended from here.
    pub(crate) fn stoppable<F: Future>(
        &self,
        open: fn(AbortHandle) -> Open,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + use<F> {
        let (handle, registration) = AbortHandle::new_pair();
        let listed = self.list(open(handle));
        let future = Abortable::new(future, registration);
        async move {
            let _listed = listed;
            future.await.ok()
        }
    }

    /// Spawns `task`, listed likewise.
    pub(crate) fn spawn<F>(&self, open: fn(AbortHandle) -> Open, task: F)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tasks.spawn(self.stoppable(open, task));
    }
}

/// The tasks that an HTTP/2 connection has beside its own.
impl<F> hyper::rt::Executor<F> for Live
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(Open::Part, task);
    }
}

/// A place in the list, given up on drop.
pub(crate) struct Listed {
    list: Arc<Mutex<Slab<Open>>>,
    key: usize,
}

impl Drop for Listed {
    fn drop(&mut self) {
        // If everything was stopped meanwhile there is nothing in it, and never will be.
        let open = lock(&self.list).try_remove(self.key);
        drop(open);
    }
}

/// What is behind it is whole whatever panics, so that a poisoned lock is as good as another.
fn lock(list: &Mutex<Slab<Open>>) -> MutexGuard<'_, Slab<Open>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
