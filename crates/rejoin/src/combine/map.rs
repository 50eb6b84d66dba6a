//! A future for each item of a collection, so many at once.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Either;

use super::any::Quorum;
use super::gather::{Failures, Gather};
use super::joiner::{Ending, Joiner, ToInbox};
use super::lazy::{Flow, exact, join_lazily};
use super::progress::{Hook, Progress};
use super::race::{Race, Won};
use super::wait::{Wait, Waited};
use crate::cancel::CancelReason;
use crate::configure::defaults;
use crate::outcome::Outcome;
use crate::scope::{Cause, Scope, ScopeError, as_outcome, as_result, deadline_after, until};

/// Runs `f` on each item as a task, at most `limit` at once, and returns every output in the order
/// of the items. The first failure stops the rest, which are awaited; nothing more is pulled then.
///
/// Items are pulled when there is room for them: `items` may be endless, and only `limit` tasks
/// exist at any time. [`Map`] has more settings: a time-out for each item or for all, a pace, partial
/// results, progress. Also known as `buffered`.
///
/// ```
/// use std::num::NonZeroUsize;
/// use rejoin::map;
/// # use std::num::ParseIntError;
/// # async fn load(text: &'static str) -> Result<u32, ParseIntError> { text.parse() }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let two = NonZeroUsize::new(2).unwrap();
/// assert_eq!(map(["1", "2", "3"], two, load).await?, [1, 2, 3]);
/// # Ok::<(), rejoin::ScopeError<ParseIntError>>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// [`ScopeError`] with every failure in the order of the items, the deciding one marked.
///
/// # Panics
///
/// If `f` or the iterator panics: after every child has ended, with the same payload.
///
/// # Cancel safety
///
/// As [`join_with`](super::join_with): dropping it stops the children, and outputs are lost.
pub fn map<I, F, Fut, T, E>(
    items: I,
    limit: NonZeroUsize,
    f: F,
) -> impl Future<Output = Result<Vec<T>, ScopeError<E>>>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    Map::new(items, f).limit(limit).gather()
}

/// As [`map`], for what has no output: it keeps nothing for an item that is done, so that `items`
/// may go on for ever.
///
/// ```
/// use std::num::NonZeroUsize;
/// use rejoin::for_each;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let two = NonZeroUsize::new(2).unwrap();
/// let checked = for_each(1.., two, |n: u32| async move {
///     if n < 1000 { Ok(()) } else { Err("a thousand is enough") }
/// });
/// assert_eq!(checked.await.unwrap_err().failures().len(), 1);
/// # });
/// ```
///
/// # Errors
///
/// [`ScopeError`] with the failures; the first one stops the rest.
///
/// # Cancel safety
///
/// Dropping it stops the children.
pub fn for_each<I, F, Fut, E>(
    items: I,
    limit: NonZeroUsize,
    f: F,
) -> impl Future<Output = Result<(), ScopeError<E>>>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: Send + Sync + 'static,
{
    Map::new(items, f).limit(limit).each()
}

/// Settings for a [`map`], and the ways to end it.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use rejoin::Map;
/// # use tokio::time::sleep;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let naps = Map::new([10, 400, 20], |ms| async move {
///     sleep(Duration::from_millis(ms)).await;
///     Ok::<_, ()>(ms)
/// });
/// let waited = naps.limit(NonZeroUsize::new(2).unwrap()).timeout(Duration::from_millis(100)).wait().await;
/// assert_eq!(waited.done.len(), 2);
/// assert_eq!(waited.not_done, [1]);
/// # });
/// ```
#[must_use = "a map starts nothing until `gather`, `wait` or `each` is awaited"]
pub struct Map<I, F> {
    items: I,
    f: F,
    limit: Option<NonZeroUsize>,
    item_timeout: Option<Duration>,
    timeout: Option<Duration>,
    pace: Option<Duration>,
    progress: Option<Hook>,
}

impl<I: IntoIterator, F> Map<I, F> {
    /// Calls `f` on each of `items`, 16 at once unless [`limit`](Self::limit) says otherwise.
    // The bound is for the compiler, which then knows what a closure is given.
    pub fn new<Fut>(items: I, f: F) -> Self
    where
        F: FnMut(I::Item) -> Fut,
    {
        Map { items, f, limit: None, item_timeout: None, timeout: None, pace: None, progress: None }
    }

    /// How many may be under way at once.
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How long each may take from its start. One that takes longer has
    /// [`TimedOut`](crate::TaskError::TimedOut), which is a failure.
    pub fn item_timeout(mut self, timeout: Duration) -> Self {
        self.item_timeout = Some(timeout);
        self
    }

    /// How long all of it may take. [`wait`](Self::wait) then returns what there is,
    /// [`gather`](Self::gather) and [`each`](Self::each) fail.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Starts one every `gap` at most, evenly: ten a second are `Duration::from_millis(100)`. After
    /// a time in which the limit held them back they may follow closer, but never so that there were
    /// more of them since the beginning than the pace allows.
    pub fn pace(mut self, gap: Duration) -> Self {
        self.pace = Some(gap);
        self
    }

    /// Calls `hook` once at the start and after every completion, in the calling task: it must not
    /// block. If it panics, so does the map, after every child has ended.
    pub fn progress(mut self, hook: impl FnMut(Progress) + Send + 'static) -> Self {
        self.progress = Some(Box::new(hook));
        self
    }

    /// Every output in the order of the items; the first failure stops the rest. See [`map`].
    ///
    /// # Errors
    ///
    /// [`ScopeError`] with every failure, or because the time was up.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the children, and outputs are lost.
    pub fn gather<Fut, T, E>(self) -> impl Future<Output = Result<Vec<T>, ScopeError<E>>>
    where
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + Sync + 'static,
    {
        self.join_with(Gather::pulling())
    }

    /// Every outcome; a failure stops nobody. When the time is up, what has ended is in `done`, and
    /// what had started is in `not_done`; items that were never pulled are in neither.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the children, and outcomes are lost.
    pub fn wait<Fut, T, E>(self) -> impl Future<Output = Waited<T, E>>
    where
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + Sync + 'static,
    {
        self.join_with(Wait::with_own_timeouts()).map(Wait::split)
    }

    /// As [`gather`](Self::gather), and keeps no outputs. See [`for_each`].
    ///
    /// # Errors
    ///
    /// As [`gather`](Self::gather).
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the children.
    pub fn each<Fut, E>(self) -> impl Future<Output = Result<(), ScopeError<E>>>
    where
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Send + Sync + 'static,
    {
        self.join_with(Each { failures: Failures::with_own_timeouts() })
    }

    /// The first to settle, success or failure; the rest are stopped and awaited, and nothing more is
    /// pulled. As [`race`](super::race()), for a list of any length: what is beyond the limit takes
    /// part when there is room for it.
    ///
    /// # Errors
    ///
    /// As [`race`](super::race()), or because the time was up.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the children.
    pub fn race<Fut, T, E>(self) -> impl Future<Output = Result<Won<T>, ScopeError<E>>>
    where
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + Sync + 'static,
    {
        self.join_with(Race::pulling())
    }

    /// The first success; the rest are stopped and awaited, and nothing more is pulled. As
    /// [`any`](super::any()), for a list of any length. Every failure is kept until there is a success.
    ///
    /// # Errors
    ///
    /// As [`any`](super::any()), or because the time was up.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the children.
    pub fn any<Fut, T, E>(self) -> impl Future<Output = Result<Won<T>, ScopeError<E>>>
    where
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + Sync + 'static,
    {
        self.quorum(1).map(|won| Ok(won?.pop().expect("a quorum of one has one member")))
    }

    /// The first `k` successes, in the order of the items. As [`quorum`](super::quorum()), for a list of
    /// any length. That too many have failed is seen before the end only if the list says how long it
    /// is.
    ///
    /// # Errors
    ///
    /// As [`quorum`](super::quorum()), or because the time was up.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the children.
    pub fn quorum<Fut, T, E>(
        self,
        k: usize,
    ) -> impl Future<Output = Result<Vec<Won<T>>, ScopeError<E>>>
    where
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + Sync + 'static,
    {
        let Map { items, f, limit, item_timeout, timeout, pace, progress } = self;
        let items = items.into_iter();
        let count = exact(items.size_hint());
        // A quorum of zero is reached, and one of more than there are is not, before anything is started.
        let items =
            items.take(if k == 0 || count.is_some_and(|count| count < k) { 0 } else { usize::MAX });
        let map = Map { items, f, limit, item_timeout, timeout, pace, progress };
        map.join_with(Quorum::pulling(k, count))
    }

    /// Feeds what comes back to a policy of your own, as [`join_with`](super::join_with()) does. How
    /// many items there will be is not asked, so [`Joiner::begin`] is not called; after a `Break`
    /// nothing more is pulled.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use rejoin::{CancelReason, CancelSource, Ending, Joiner, Map, Outcome};
    ///
    /// /// Adds up until somebody has nothing.
    /// struct UntilZero(u32);
    ///
    /// impl<E> Joiner<u32, E> for UntilZero {
    ///     type Output = u32;
    ///
    ///     fn settle(&mut self, _index: usize, outcome: Outcome<u32, E>) -> ControlFlow<CancelReason> {
    ///         match outcome {
    ///             Ok(0) => ControlFlow::Break(CancelReason::new(CancelSource::RaceLost, "that was all")),
    ///             Ok(n) => { self.0 += n; ControlFlow::Continue(()) }
    ///             Err(_) => ControlFlow::Continue(()),
    ///         }
    ///     }
    ///
    ///     fn finish(self, _ending: Ending) -> u32 {
    ///         self.0
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// // An endless list: what is beyond the break is never made.
    /// let pages = Map::new(0.., |page: u32| async move { Ok::<_, ()>(30_u32.saturating_sub(page * 10)) });
    /// assert_eq!(pages.limit(std::num::NonZeroUsize::MIN).join_with(UntilZero(0)).await, 60);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the children; what was settled is lost with the joiner.
    pub fn join_with<J, Fut, T, E>(self, joiner: J) -> impl Future<Output = J::Output>
    where
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        J: Joiner<T, E>,
        T: Send + 'static,
        E: Send + Sync + 'static,
    {
        let Map { items, mut f, limit, item_timeout, timeout, pace, progress } = self;
        let builder = match timeout {
            Some(timeout) => Scope::builder().timeout(timeout),
            None => Scope::builder(),
        };
        let limit = limit.unwrap_or_else(|| defaults().limit);
        let flow = Flow { builder, limit, pace, progress };
        let items = items.into_iter();
        match item_timeout {
            None => {
                let start = move |scope: &Scope<E>, item, to: ToInbox<T, E>| {
                    scope.start_silently(f(item), as_result, to);
                };
                Either::Left(join_lazily(flow, items, start, joiner))
            }
            Some(limit) => {
                let start = move |scope: &Scope<E>, item, to: ToInbox<T, E>| {
                    let future = until(deadline_after(limit), None, f(item), as_result);
                    scope.start_silently(future, as_outcome, to);
                };
                Either::Right(join_lazily(flow, items, start, joiner))
            }
        }
    }
}

impl<I, F> fmt::Debug for Map<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("limit", &self.limit)
            .field("item_timeout", &self.item_timeout)
            .field("timeout", &self.timeout)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// Keeps the failures and nothing else.
struct Each<E> {
    failures: Failures<E>,
}

impl<E> Joiner<(), E> for Each<E> {
    type Output = Result<(), ScopeError<E>>;

    fn settle(&mut self, index: usize, outcome: Outcome<(), E>) -> ControlFlow<CancelReason> {
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => self.failures.settle(index, error),
        }
    }

    fn finish(self, ending: Ending) -> Self::Output {
        match ending {
            Ending::Complete if self.failures.is_empty() => Ok(()),
            ending => Err(self.failures.into_error(ending, Cause::Failed)),
        }
    }
}
