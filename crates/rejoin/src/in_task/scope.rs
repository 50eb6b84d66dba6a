//! A scope whose children are polled by the task that opened it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::oneshot;

type Boxed<'env> = Pin<Box<dyn Future<Output = ()> + Send + 'env>>;

/// Opens a scope whose children run in the calling task, and may borrow whatever outlives the call.
///
/// The body and the children are polled together until all have ended; then this resolves to what
/// the body returned. The module says when to use it, and when not to.
///
/// ```
/// use rejoin::in_task;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let name = String::from("world");
/// let length = in_task::scope(|s| {
///     let name = &name;
///     async move {
///         let half = s.spawn(async move { name.len() / 2 });
///         let other = s.spawn(async move { name.len() - name.len() / 2 });
///         half.await + other.await
///     }
/// })
/// .await;
/// assert_eq!(length, name.len());
/// # });
/// ```
///
/// # Panics
///
/// If the body or a child panics; the others are dropped.
///
/// # Cancel safety
///
/// Dropping it drops the body and all children.
pub async fn scope<'env, F, Fut>(body: F) -> Fut::Output
where
    F: FnOnce(InTask<'env>) -> Fut,
    Fut: Future,
{
    let new = New { children: Some(Vec::new()), sleeper: None };
    let scope = InTask { new: Arc::new(Mutex::new(new)) };
    let _end = End(Arc::clone(&scope.new));
    let new = Arc::clone(&scope.new);
    let mut body = pin!(body(scope));
    let mut result = None;
    let mut children = FuturesUnordered::new();
    poll_fn(|cx| {
        loop {
            if result.is_none()
                && let Poll::Ready(output) = body.as_mut().poll(cx)
            {
                result = Some(output);
            }
            // Children may spawn children, and end what the body waits for.
            while children.poll_next_unpin(cx) == Poll::Ready(Some(())) {}
            let ends = result.is_some() && children.is_empty();
            match take(&new, ends, cx) {
                Some(started) => children.extend(started),
                None => return if ends { Poll::Ready(()) } else { Poll::Pending },
            }
        }
    })
    .await;
    result.expect("the body has returned")
}

struct New<'env> {
    /// Those that were spawned and not polled yet; `None` when the scope has ended.
    children: Option<Vec<Boxed<'env>>>,
    /// The scope, when it has nothing to poll. A clone of the owner may be in another task, and what
    /// that one spawns has nobody else to wake it.
    sleeper: Option<Waker>,
}

type Shared<'env> = Arc<Mutex<New<'env>>>;

fn lock<'a, 'env>(new: &'a Shared<'env>) -> MutexGuard<'a, New<'env>> {
    new.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the new ones. If there are none, the scope ends or is woken by the next.
fn take<'env>(new: &Shared<'env>, ends: bool, cx: &Context<'_>) -> Option<Vec<Boxed<'env>>> {
    let waker = cx.waker().clone();
    let mut new = lock(new);
    let started = new.children.as_mut().map(std::mem::take).filter(|started| !started.is_empty());
    let old = match started {
        Some(_) => new.sleeper.take(),
        None => {
            new.children = new.children.take().filter(|_| !ends);
            new.sleeper.replace(waker)
        }
    };
    drop(new);
    drop(old);
    started
}

/// Closes the scope, also when it is dropped: what was spawned and never polled is dropped here.
struct End<'env>(Shared<'env>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut new = lock(&self.0);
        let left = (new.children.take(), new.sleeper.take());
        drop(new);
        // Outside the lock: a destructor may try to spawn.
        drop(left);
    }
}

/// The owner of children in the calling task; [`scope`] gives it to its body. Clones are the same.
pub struct InTask<'env> {
    new: Shared<'env>,
}

impl<'env> InTask<'env> {
    /// Adds a child, which is polled with the others from now on, whether or not it is awaited.
    ///
    /// # Panics
    ///
    /// If the scope has ended, which only a clone that was taken out of it can see.
    pub fn spawn<F>(&self, future: F) -> Spawned<F::Output>
    where
        F: Future + Send + 'env,
        F::Output: Send + 'env,
    {
        let (sender, output) = oneshot::channel();
        let child = Box::pin(future.map(|output| {
            // Nobody may want the output.
            let _ = sender.send(output);
        }));
        let mut new = lock(&self.new);
        let Some(children) = &mut new.children else {
            drop(new);
            panic!("a child was spawned into an in-task scope that has ended");
        };
        children.push(child);
        let sleeper = new.sleeper.take();
        drop(new);
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
        Spawned { output }
    }
}

impl Clone for InTask<'_> {
    fn clone(&self) -> Self {
        InTask { new: Arc::clone(&self.new) }
    }
}

impl fmt::Debug for InTask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InTask").finish_non_exhaustive()
    }
}

/// A child of an in-task [`scope`]. Awaiting it gives its output; dropping it leaves the child
/// running.
///
/// # Panics
///
/// Awaiting it after the scope has ended without the child's output, which only a handle that was
/// taken out of a dropped scope can do.
#[derive(Debug)]
pub struct Spawned<T> {
    output: oneshot::Receiver<T>,
}

impl<T> Future for Spawned<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.output)
            .poll(cx)
            .map(|output| output.expect("the scope polls its children until they have ended"))
    }
}
