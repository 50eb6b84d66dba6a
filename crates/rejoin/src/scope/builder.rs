//! Opening a scope with a name, a deadline, a policy, a limit.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Core, Settings, Values};
use super::{LimitedScope, OnError, Scope, ScopeError, context, run};
use crate::configure::defaults;
use crate::name::Name;
use crate::outcome::Outcome;
use crate::seam::{self, Instant};

/// Opens a scope; made by [`Scope::builder`].
#[must_use = "a builder opens nothing until `run` is awaited"]
#[derive(Clone, Default)]
pub struct ScopeBuilder {
    name: Option<Name>,
    deadline: Option<Limit>,
    grace: Option<Duration>,
    on_error: OnError,
    shielded: bool,
    values: Values,
}

/// A timeout counts from the moment in which the scope starts to run, not from its building.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    At(Instant),
    After(Duration),
}

impl ScopeBuilder {
    /// A name for errors, reasons and inspection.
    pub fn name(mut self, name: impl Into<Name>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// When the scope has to have ended. The earliest deadline around it holds in any case. The
    /// last call of `deadline` or [`timeout`](Self::timeout) counts.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(Limit::At(deadline));
        self
    }

    /// How long the scope may take, counted from the first poll of [`run`](Self::run).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Some(Limit::After(timeout));
        self
    }

    /// How long members may go on after they were told to stop; none, unless
    /// the [defaults](crate::configure) say otherwise.
    ///
    /// Without a grace a member that was told to stop is polled once more, so that it can see the
    /// signal, and is dropped at the first wait that is not inside a [`shield`](crate::shield).
    /// With one it may wait for whatever it likes until the grace is over. What is begun in it is not
    /// meant to last: a scope or a join that a member opens after the signal is told to stop at once.
    /// Behind a [`shield`](crate::shield) they do their work.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// What a failure does to the others.
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// A value for all that runs in the scope: the body, the children, and the scopes inside it.
    /// [`inherited`](crate::inherited) finds it by its type. An inner scope may hide it with another
    /// of the same type; of two in one builder the last counts.
    ///
    /// A child costs nothing more for it: it is looked up through the scope, never copied.
    pub fn inherit<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.values.insert(value);
        self
    }

    /// How many children may be under way at once. Comes last, because it changes what spawning
    /// is: the body gets a [`LimitedScope`], whose `spawn` waits for a free place.
    pub fn limit(self, limit: NonZeroUsize) -> LimitedScopeBuilder {
        LimitedScopeBuilder { builder: self, limit }
    }

    /// Takes no cancellation and no deadline from outside.
    pub(crate) fn shielded(mut self) -> Self {
        self.shielded = true;
        self
    }

    fn settings(self) -> Settings {
        Settings {
            name: self.name,
            grace: self.grace.unwrap_or_else(|| defaults().grace),
            on_error: self.on_error,
            shielded: self.shielded,
            values: self.values,
        }
    }

    /// Opens the scope outside all others, for who runs it later.
    #[cfg(not(any(shuttle, rejoin_loom)))]
    pub(crate) fn open_outermost(self) -> Arc<Core> {
        Core::open(None, self.settings(), None)
    }

    /// Opens the scope, runs `body` in it, and waits until every child has ended.
    ///
    /// The body runs in the calling task and may borrow; children are tasks. See
    /// [`scope`](super::scope) for the rules.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if the body or a child failed, if the deadline passed, or if the scope was
    /// cancelled, and that interrupted anybody.
    ///
    /// # Panics
    ///
    /// If the body panics: after every child has ended, with the same payload.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future stops the children at once. It cannot wait for them; the nearest living
    /// scope around it does.
    pub async fn run<F, Fut, R, E>(self, body: F) -> Result<R, ScopeError<E>>
    where
        F: FnOnce(Scope<E>) -> Fut,
        Fut: Future<Output = Outcome<R, E>>,
        E: Send + Sync + 'static,
    {
        let core = self.open();
        let scope = Scope::new(&core);
        run::run(core, move || body(scope)).await
    }

    /// Opens the scope, here and now.
    pub(crate) fn open(self) -> Arc<Core> {
        let deadline = self.deadline.map(|limit| match limit {
            Limit::At(deadline) => deadline,
            Limit::After(timeout) => deadline_after(timeout),
        });
        Core::open(context::current(), self.settings(), deadline)
    }
}

/// `timeout` from now; a timeout that no clock can hold is as good as thirty years.
pub(crate) fn deadline_after(timeout: Duration) -> Instant {
    let now = seam::now();
    now.checked_add(timeout).unwrap_or_else(|| now + Duration::from_secs(30 * 365 * 24 * 60 * 60))
}

impl fmt::Debug for ScopeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeBuilder")
            .field("name", &self.name)
            .field("grace", &self.grace)
            .field("on_error", &self.on_error)
            .finish_non_exhaustive()
    }
}

/// Opens a scope with a limit; made by [`ScopeBuilder::limit`].
#[must_use = "a builder opens nothing until `run` is awaited"]
#[derive(Clone, Debug)]
pub struct LimitedScopeBuilder {
    builder: ScopeBuilder,
    limit: NonZeroUsize,
}

impl LimitedScopeBuilder {
    /// As [`ScopeBuilder::run`], with a scope that has a limit.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use rejoin::{LimitedScope, Scope};
    /// # use std::num::ParseIntError;
    /// # async fn load(text: &'static str) -> Result<u32, ParseIntError> { text.parse() }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let two = NonZeroUsize::new(2).unwrap();
    /// let opened = Scope::builder().limit(two).run(|s: LimitedScope<ParseIntError>| async move {
    ///     for text in ["1", "2", "3"] {
    ///         // The third waits until one of the others has ended.
    ///         s.spawn(load(text)).await;
    ///     }
    ///     Ok(())
    /// });
    /// assert!(opened.await.is_ok());
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ScopeBuilder::run`].
    ///
    /// # Panics
    ///
    /// As [`ScopeBuilder::run`].
    ///
    /// # Cancel safety
    ///
    /// As [`ScopeBuilder::run`].
    pub async fn run<F, Fut, R, E>(self, body: F) -> Result<R, ScopeError<E>>
    where
        F: FnOnce(LimitedScope<E>) -> Fut,
        Fut: Future<Output = Outcome<R, E>>,
        E: Send + Sync + 'static,
    {
        let limit = self.limit;
        self.builder.run(move |scope| body(LimitedScope::new(scope, limit))).await
    }
}
