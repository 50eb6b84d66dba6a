//! An output for each item of a stream, so many at once.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use futures_util::stream::{FusedStream, FuturesUnordered};
use pin_project_lite::pin_project;

use crate::outcome::Outcome;
use crate::scope::{Scope, TaskHandle};

/// Calls `f` for each item of `source` and runs what it returns as a child of `scope`, up to `limit` of
/// them at once. The outcomes come in the order of the source. (The `futures` crate has `buffered`, whose
/// futures stand still while their reader is busy; these are tasks.)
///
/// An item is pulled when the stream is read and a child less than the limit is under way or waits for
/// those before it. So one that takes long holds up those behind it, up to the limit;
/// [`map_unordered`] gives them out before it.
///
/// ```
/// use std::num::NonZeroUsize;
/// use futures_util::{TryStreamExt, stream};
/// use rejoin::{Scope, scope, stream::map};
/// # async fn thumbnail(page: u32) -> Result<u32, std::io::Error> { Ok(page * 10) }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let four = NonZeroUsize::new(4).expect("it is not 0");
/// let all = scope(|s: Scope<std::io::Error>| async move {
///     map(&s, four, stream::iter(1..=6), thumbnail).try_collect::<Vec<_>>().await
/// });
/// assert_eq!(all.await.unwrap(), [10, 20, 30, 40, 50, 60]);
/// # });
/// ```
///
/// A failure is the child's: it is an item here, and the scope does about it what it does about any other
/// child's. When the scope is told to stop, a last item says so, and the stream ends.
///
/// # Panics
///
/// Reading it panics outside a Tokio runtime, and if `source` or `f` panics.
///
/// # Cancel safety
///
/// A read that is given up loses nothing. Dropping the stream tells the children that are under way to
/// stop; their scope waits for them.
pub fn map<S, F, Fut, T, E>(
    scope: &Scope<E>,
    limit: NonZeroUsize,
    source: S,
    f: F,
) -> Map<S, F, T, E>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    let running = Running::InOrder(VecDeque::new());
    Map { source, f, scope: scope.clone(), limit: limit.get(), ended: false, running }
}

/// As [`map`], with the outcomes in the order of completion. (Also known as `buffer_unordered`.)
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use futures_util::{TryStreamExt, stream};
/// use rejoin::{Scope, scope, stream::map_unordered};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let naps = scope(|s: Scope<String>| async move {
///     let nap = |ms| async move {
///         tokio::time::sleep(Duration::from_millis(ms)).await;
///         Ok(ms)
///     };
///     let two = NonZeroUsize::new(2).expect("it is not 0");
///     map_unordered(&s, two, stream::iter([30, 10, 10, 40]), nap).try_collect::<Vec<_>>().await
/// });
/// assert_eq!(naps.await.unwrap(), [10, 10, 30, 40]);
/// # });
/// ```
///
/// # Panics
///
/// As [`map`].
///
/// # Cancel safety
///
/// As [`map`].
pub fn map_unordered<S, F, Fut, T, E>(
    scope: &Scope<E>,
    limit: NonZeroUsize,
    source: S,
    f: F,
) -> Map<S, F, T, E>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    let running = Running::AsCompleted(FuturesUnordered::new());
    Map { source, f, scope: scope.clone(), limit: limit.get(), ended: false, running }
}

pin_project! {
    /// The stream that [`map`] and [`map_unordered`] return.
    #[must_use = "nothing starts until it is read"]
    pub struct Map<S, F, T, E> {
        #[pin]
        source: S,
        f: F,
        scope: Scope<E>,
        limit: usize,
        // The source has ended, or the scope takes no more children.
        ended: bool,
        running: Running<T, E>,
    }
}

/// Children whose outcomes have not been given out. They are stopped when nobody asks for them any more.
enum Running<T, E> {
    InOrder(VecDeque<TaskHandle<T, E>>),
    AsCompleted(FuturesUnordered<TaskHandle<T, E>>),
}

impl<T, E> Running<T, E> {
    fn len(&self) -> usize {
        match self {
            Running::InOrder(children) => children.len(),
            Running::AsCompleted(children) => children.len(),
        }
    }

    fn add(&mut self, child: TaskHandle<T, E>) {
        match self {
            Running::InOrder(children) => children.push_back(child),
            Running::AsCompleted(children) => children.push(child),
        }
    }

    /// The next outcome; nothing if there is no child.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outcome<T, E>>> {
        match self {
            Running::InOrder(children) => {
                let Some(first) = children.front_mut() else { return Poll::Ready(None) };
                let outcome = ready!(Pin::new(first).poll(cx));
                children.pop_front();
                Poll::Ready(Some(outcome))
            }
            Running::AsCompleted(children) => Pin::new(children).poll_next(cx),
        }
    }
}

impl<T, E> Drop for Running<T, E> {
    fn drop(&mut self) {
        let stop = |child: &TaskHandle<T, E>| {
            child.cancel("nobody reads the stream any longer");
        };
        match self {
            Running::InOrder(children) => children.iter().for_each(stop),
            Running::AsCompleted(children) => children.iter().for_each(stop),
        }
    }
}

impl<S, F, Fut, T, E> Stream for Map<S, F, T, E>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    type Item = Outcome<T, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Outcome<T, E>>> {
        let mut this = self.project();
        while !*this.ended && this.running.len() < *this.limit {
            match this.source.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    let child = this.scope.try_spawn((this.f)(item)).unwrap_or_else(|refused| {
                        *this.ended = true;
                        // A handle that says why.
                        this.scope.spawn(refused.into_future())
                    });
                    this.running.add(child);
                }
                Poll::Ready(None) => *this.ended = true,
                Poll::Pending => break,
            }
        }
        match this.running.poll_next(cx) {
            // The source has a waker.
            Poll::Ready(None) if !*this.ended => Poll::Pending,
            next => next,
        }
    }
}

impl<S, F, Fut, T, E> FusedStream for Map<S, F, T, E>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    fn is_terminated(&self) -> bool {
        self.ended && self.running.len() == 0
    }
}

impl<S, F, T, E> fmt::Debug for Map<S, F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("limit", &self.limit)
            .field("under_way", &self.running.len())
            .finish_non_exhaustive()
    }
}
