//! The child that a worker is in its scope: it keeps the state until the worker ends.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use super::line::Shared;
use crate::inspect::{self, Wait};
use crate::outcome::Outcome;
use crate::scope::core::Place;
use crate::scope::run_scope;

/// Runs the worker's scope. It ends when no more calls are taken and the last has ended; when nobody
/// in the scope around it is left who could call; or when it is stopped.
pub(super) fn host<S: Send + 'static>(shared: Arc<Shared<S>>) -> impl Future<Output = ()> + Send {
    let mut hosted = Hosted { shared, running: false };
    async move {
        hosted.running = true;
        let shared = Arc::clone(&hosted.shared);
        let release = Release(Arc::clone(&shared));
        let body = async move {
            poll_fn(|cx| shared.poll_end(cx)).await;
            drop(release);
            Outcome::<(), std::convert::Infallible>::Ok(())
        };
        // How it ended is seen by the calls.
        let _ = run_scope(Arc::clone(&hosted.shared.core), || body).await;
    }
}

impl<S> Shared<S> {
    fn poll_end(&self, cx: &Context<'_>) -> Poll<()> {
        let mut line = self.line();
        let Place { core, member } = &self.host;
        let over = core.is_over_or_wakes(*member, cx.waker());
        if line.unfinished == 0 && (line.closed || over) {
            return Poll::Ready(());
        }
        line.owner = Some(cx.waker().clone());
        drop(line);
        inspect::note(|| Wait::Other("calls".into()));
        Poll::Pending
    }

    /// The scope did not take the worker.
    pub(super) fn never_started(&self) {
        self.line().released = true;
        self.release();
        self.ended.close();
    }

    /// Lets go of everything: what comes back from now on is dropped, who waits is told.
    fn release(&self) {
        let mut line = self.line();
        line.closed = true;
        if !std::mem::replace(&mut line.released, true) && line.unfinished == 0 {
            self.host.core.leave_rest();
        }
        let copies = std::mem::take(&mut line.free);
        let waiting = std::mem::take(&mut line.waiting);
        drop(line);
        self.places.close();
        drop(waiting);
        // Each of them, whatever the destructor of another does.
        let dropped = copies.into_iter().map(|copy| catch_unwind(AssertUnwindSafe(|| drop(copy))));
        let panicked = dropped.filter_map(Result::err).reduce(|first, _| first);
        if let Some(payload) = panicked
            && !thread::panicking()
        {
            resume_unwind(payload);
        }
    }
}

struct Release<S>(Arc<Shared<S>>);

impl<S> Drop for Release<S> {
    fn drop(&mut self) {
        self.0.release();
    }
}

struct Hosted<S> {
    shared: Arc<Shared<S>>,
    /// Somebody else sees to it that the scope ends.
    running: bool,
}

impl<S> Drop for Hosted<S> {
    fn drop(&mut self) {
        if !self.running {
            self.shared.core.abandon();
        }
        let _last = Ended(&self.shared);
        self.shared.release();
    }
}

/// Tells those who wait for the end, also when a destructor of a state panics.
struct Ended<'a, S>(&'a Shared<S>);

impl<S> Drop for Ended<'_, S> {
    fn drop(&mut self) {
        self.0.ended.close();
    }
}
