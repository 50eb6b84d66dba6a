//! Scopes: who owns children, and when everything has ended.

mod builder;
mod cancel_when;
mod child;
mod childless;
pub(crate) mod context;
pub(crate) mod core;
mod eager;
mod error;
#[cfg(not(any(shuttle, rejoin_loom)))]
pub(crate) mod guest;
mod handle;
mod inherited;
mod limited;
mod limited_task;
#[cfg(all(feature = "tracing", not(any(shuttle, rejoin_loom))))]
mod overdue;
mod ready;
mod run;
mod serve;
mod task;

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

pub(crate) use self::builder::deadline_after;
pub use self::builder::{LimitedScopeBuilder, ScopeBuilder};
pub(crate) use self::child::Deliver;
use self::child::{Child, ToHandle};
pub(crate) use self::childless::Childless;
pub(crate) use self::core::wake;
use self::core::{Core, Member, Place, StopCause};
pub(crate) use self::error::Refusal;
pub use self::error::{Cause, Failure, ScopeError, SpawnError};
pub use self::handle::{TaskHandle, TaskId};
pub use self::inherited::inherited;
pub use self::limited::LimitedScope;
pub use self::limited_task::LimitedTaskBuilder;
pub use self::ready::{NotReady, Ready};
#[cfg(not(any(shuttle, rejoin_loom)))]
pub(crate) use self::run::run as run_in;
pub(crate) use self::run::run as run_scope;
pub use self::task::TaskBuilder;
pub(crate) use self::task::until;
use crate::cancel::{CancelReason, Canceller, WhenCancelled};
use crate::inspect::{self, Tree};
use crate::name::Name;
use crate::outcome::{Outcome, TaskError};
use crate::seam::{self, Instant};

/// What a failure does to the others in its scope. A panic is a failure, and so is the time-out of a
/// child that has a deadline of its own.
///
/// ```
/// use rejoin::{OnError, Scope};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let all = Scope::builder().on_error(OnError::CollectAll).run(|s: Scope<u32>| async move {
///     for n in 1..=3 {
///         s.spawn(async move { Err::<(), _>(n) });
///     }
///     Ok(())
/// });
/// assert_eq!(all.await.unwrap_err().failures().len(), 3);
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnError {
    /// The first failure stops the other children and the body. The scope ends in an error.
    #[default]
    FailFast,
    /// Nothing is stopped. The scope ends in an error that has all failures.
    CollectAll,
    /// Nothing is stopped, and a child's failure is seen by its handle alone: the scope gives the
    /// body's value. This is also the policy for scopes that live long, because the others keep
    /// every failure until the end.
    IgnoreErrors,
}

/// Opens a scope, runs `body` in it, and waits until every child has ended.
///
/// The body gets the [`Scope`] and spawns children with it. Children are tasks and run in parallel;
/// the body runs in the calling task and may borrow from it. When the body has returned, the scope
/// waits for the children that are left; only then does this future resolve. If a child or the body
/// fails, the others are stopped first ([`OnError`] has the other policies, [`Scope::builder`] the
/// other settings).
///
/// ```
/// use rejoin::{ScopeError, scope};
/// # async fn price(item: &str) -> Result<u32, std::num::ParseIntError> { item.len().to_string().parse() }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let total = scope(|s| async move {
///     let pear = s.spawn(price("pear"));
///     let apple = s.spawn(price("apple"));
///     Ok(pear.await? + apple.await?)
/// })
/// .await?;
/// assert_eq!(total, 9);
/// # Ok::<(), ScopeError<std::num::ParseIntError>>(()) }).unwrap();
/// ```
///
/// An async closure borrows what it uses, and still owns its scope:
///
/// ```
/// use rejoin::{Scope, ScopeError, scope};
/// # async fn price(item: &str) -> Result<u32, std::num::ParseIntError> { item.len().to_string().parse() }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let mut asked = vec!["plum"];
/// let total = scope(async |s: Scope<_>| {
///     let pear = s.spawn(price("pear"));
///     asked.push("pear");
///     pear.await
/// });
/// assert_eq!(total.await?, 4);
/// assert_eq!(asked, ["plum", "pear"]);
/// # Ok::<(), ScopeError<std::num::ParseIntError>>(()) }).unwrap();
/// ```
///
/// `?` in the body passes on what a handle gave, or an error of the children's own type. When no
/// child can fail, say so with `|s: Scope|`.
///
/// A scope is inside the scope in which its future is first polled, also when that future is moved to
/// another task later: from there come stops, deadlines and inherited values. When the outer one ends and nobody in
/// it is left to poll it, its children are stopped and awaited as if it had been dropped.
///
/// # Errors
///
/// [`ScopeError`] if the body or a child failed, or if the scope was cancelled or timed out and
/// that interrupted anybody.
///
/// # Panics
///
/// If the body panics: after every child has ended, with the same payload. What children failed with is
/// lost then, but for the handles that have been awaited. A child's panic is an
/// [`Outcome`] and panics nobody else.
///
/// # Cancel safety
///
/// Dropping this future stops the children at once. It cannot wait for them; the nearest living
/// scope around it does.
pub async fn scope<F, Fut, R, E>(body: F) -> Result<R, ScopeError<E>>
where
    F: FnOnce(Scope<E>) -> Fut,
    Fut: Future<Output = Outcome<R, E>>,
    E: Send + Sync + 'static,
{
    Scope::builder().run(body).await
}

/// The owner of children. [`scope`] and [`ScopeBuilder::run`] open one and wait for it.
///
/// `E` is the error of its children; a plain `Scope` has children that cannot fail. Clones are the
/// same scope. A clone may go anywhere, and spawn from there for as long as the scope is open, but
/// it does not keep the scope open.
pub struct Scope<E = Infallible> {
    core: Arc<Core>,
    // Errors go in and come out of the record; a scope owns none.
    _errors: PhantomData<fn(E) -> E>,
}

impl Scope {
    /// Settings for a scope: name, deadline, grace, policy, limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rejoin::{OnError, Scope};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let slow = Scope::builder()
    ///     .name("report")
    ///     .timeout(Duration::from_secs(2))
    ///     .on_error(OnError::CollectAll)
    ///     .run(|s: Scope| async move {
    ///         s.spawn_value(tokio::time::sleep(Duration::from_secs(60))).await
    ///     })
    ///     .await;
    /// assert!(slow.is_err_and(|error| error.is_timed_out()));
    /// # });
    /// ```
    pub fn builder() -> ScopeBuilder {
        ScopeBuilder::default()
    }
}

impl<E> Scope<E> {
    pub(crate) fn new(core: &Arc<Core>) -> Self {
        Scope { core: Arc::clone(core), _errors: PhantomData }
    }

    /// Stops the scope: body, children, and the scopes inside it. The scope then ends in
    /// [`Cause::Cancelled`], unless that interrupted nobody. False if it was stopping or had ended.
    pub fn cancel(&self, reason: impl Into<CancelReason>) -> bool {
        self.core.stop(reason.into(), StopCause::Asked)
    }

    /// Stops the children of this moment, and nothing else: the scope goes on, can spawn again, and
    /// does not fail because of it. False if there was nobody to stop.
    pub fn cancel_children(&self, reason: impl Into<CancelReason>) -> bool {
        self.core.stop_children(reason.into())
    }

    /// A handle that can do nothing but cancel this scope, and may be cloned and kept anywhere.
    pub fn canceller(&self) -> Canceller {
        Canceller::new(Place { core: Arc::clone(&self.core), member: Member::BODY })
    }

    /// Waits until the scope is told to stop, and says why; at once, if it was. Polled by whomever: what is
    /// handed a signal and waits for it in a task of its own, as servers do that end in good order, is outside of
    /// all scopes there, and [`cancelled`](crate::cancelled) would never be ready.
    ///
    /// ```
    /// use rejoin::{Scope, scope};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let ended = scope(|s: Scope| async move {
    ///     let outside = tokio::spawn(s.cancelled());
    ///     s.cancel("enough");
    ///     assert_eq!(outside.await.unwrap().text(), "enough");
    ///     s.spawn_value(std::future::pending::<()>()).await
    /// });
    /// assert!(ended.await.is_err());
    /// # });
    /// ```
    ///
    /// A scope that ends without having been told to stop leaves it waiting for ever.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub fn cancelled(&self) -> WhenCancelled {
        WhenCancelled::at(Some(Place { core: Arc::clone(&self.core), member: Member::BODY }))
    }

    /// Whether anybody here has been told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.core.is_stopping()
    }

    /// How many children have not ended. They are counted: that takes the longer, the more there
    /// have been at once.
    pub fn live(&self) -> usize {
        self.core.live()
    }

    /// The name that it was opened with.
    pub fn name(&self) -> Option<&str> {
        self.core.name().map(Name::as_str)
    }

    /// The earliest deadline that holds in this scope, its own or one further out.
    ///
    /// It takes the lock of every scope on the way out, for an instant each.
    pub fn deadline(&self) -> Option<Instant> {
        self.core.deadline()
    }

    /// Moves the scope's own deadline, to an earlier or a later time, or takes it away with `None`.
    /// One further out holds in any case. All that runs in the scope sees the move through
    /// [`deadline`](crate::deadline) and [`remaining`](crate::remaining).
    ///
    /// False, and nothing changes, if it is too late: the scope's own deadline has passed, or the
    /// scope is stopping or has ended.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rejoin::{Instant, Scope};
    /// use tokio::time::sleep;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let upload = Scope::builder()
    ///     .timeout(Duration::from_secs(2))
    ///     .run(|s: Scope| async move {
    ///         for _part in 0..5 {
    ///             // Each part that gets through buys time for the next.
    ///             sleep(Duration::from_secs(1)).await;
    ///             s.move_deadline(Instant::now() + Duration::from_secs(2));
    ///         }
    ///         Ok("sent")
    ///     })
    ///     .await;
    /// assert_eq!(upload.unwrap(), "sent");
    /// # });
    /// ```
    pub fn move_deadline(&self, deadline: impl Into<Option<Instant>>) -> bool {
        self.core.move_deadline(deadline.into())
    }

    /// The value of type `T` that holds in this scope, its own or one from further out. See
    /// [`inherited`](crate::inherited).
    pub fn inherited<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.core.inherited()
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// This scope as it is now: its tasks, the scopes inside it, and what each waits for. See
    /// [`inspect`](crate::inspect).
    ///
    /// # Panics
    ///
    /// As [`inspect::tree`](crate::inspect::tree()).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn tree(&self) -> Tree {
        inspect::look_at(vec![Arc::clone(&self.core)]).await
    }

    pub(crate) fn admit(&self, name: Option<&Name>) -> Result<(Member, u64), Refusal> {
        self.core.admit(name)
    }
}

impl<E: Send + Sync + 'static> Scope<E> {
    /// Starts `future` as a child.
    ///
    /// It starts at once and goes on whether or not the handle is awaited or kept. If the scope is
    /// stopping or has ended, `future` is dropped and the handle's outcome is
    /// [`Cancelled`](TaskError::Cancelled); [`try_spawn`](Self::try_spawn) hands it back instead.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        self.start_or_refuse(None, future, as_result)
    }

    /// As [`spawn`](Self::spawn), for a child that cannot fail.
    #[track_caller]
    pub fn spawn_value<F, T>(&self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.start_or_refuse(None, future, as_value)
    }

    /// As [`spawn`](Self::spawn), for a child that says itself how it ended: one that passes on
    /// what another handle gave, or a [`Cancelled`](crate::Cancelled) that it has seen.
    ///
    /// A child that returns `Cancelled` counts as stopped if it was told to stop, and as failed if
    /// it was not.
    #[track_caller]
    pub fn spawn_outcome<F, T>(&self, future: F) -> TaskHandle<T, E>
    where
        F: Future<Output = Outcome<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        self.start_or_refuse(None, future, as_outcome)
    }

    /// As [`spawn`](Self::spawn), if the scope takes children.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] hands the future back if the scope is stopping or has ended.
    #[track_caller]
    pub fn try_spawn<F, T>(&self, future: F) -> Result<TaskHandle<T, E>, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        match self.admit(None) {
            Ok(admitted) => Ok(self.start(admitted, None, future, as_result)),
            Err(refusal) => Err(SpawnError::new(future, refusal)),
        }
    }

    /// Settings for one child: a name, and a deadline of its own.
    pub fn task(&self, name: impl Into<Name>) -> TaskBuilder<'_, E> {
        TaskBuilder::new(self, name.into())
    }

    #[track_caller]
    pub(crate) fn start_or_refuse<F, I, T>(
        &self,
        name: Option<&Name>,
        future: F,
        interpret: I,
    ) -> TaskHandle<T, E>
    where
        F: Future + Send + 'static,
        I: FnOnce(F::Output) -> Outcome<T, E> + Copy + Send + 'static,
        T: Send + 'static,
    {
        match self.admit(name) {
            Ok(admitted) => self.start(admitted, name, future, interpret),
            Err(refusal) => {
                TaskHandle::refused(Arc::clone(&self.core), name, refusal.into_reason())
            }
        }
    }

    /// Starts a child at a seat that it has taken.
    #[track_caller]
    pub(crate) fn start<F, I, T>(
        &self,
        admitted: (Member, u64),
        name: Option<&Name>,
        future: F,
        interpret: I,
    ) -> TaskHandle<T, E>
    where
        F: Future + Send + 'static,
        I: FnOnce(F::Output) -> Outcome<T, E> + Copy + Send + 'static,
        T: Send + 'static,
    {
        let core = Arc::clone(&self.core);
        let child = Child::new(future, interpret, core, admitted.0, ToHandle);
        TaskHandle::started(Arc::clone(&self.core), admitted, name, seam::spawn(child))
    }
}

impl<E: Send + Sync + 'static> Scope<E> {
    /// Starts a child that has no handle and delivers its outcome elsewhere.
    pub(crate) fn start_silently<F, I, D, T>(&self, future: F, interpret: I, mut deliver: D)
    where
        F: Future + Send + 'static,
        I: FnOnce(F::Output) -> Outcome<T, E> + Copy + Send + 'static,
        D: Deliver<T, E> + Send + 'static,
        D::Receipt: Send + 'static,
    {
        match self.admit(None) {
            Ok((member, _)) => {
                let core = Arc::clone(&self.core);
                // Nobody awaits the task itself: what it returns is only a receipt.
                drop(seam::spawn(Child::new(future, interpret, core, member, deliver)));
            }
            Err(refusal) => {
                drop(future);
                deliver.deliver(Err(TaskError::Cancelled(refusal.into_reason())), true);
            }
        }
    }
}

// How a child's output is read.

pub(crate) fn as_result<T, E>(output: Result<T, E>) -> Outcome<T, E> {
    output.map_err(TaskError::from)
}

pub(crate) fn as_value<T, E>(output: T) -> Outcome<T, E> {
    Ok(output)
}

pub(crate) fn as_outcome<T, E>(output: Outcome<T, E>) -> Outcome<T, E> {
    output
}

impl<E> Clone for Scope<E> {
    fn clone(&self) -> Self {
        Scope { core: Arc::clone(&self.core), _errors: PhantomData }
    }
}

impl<E> fmt::Debug for Scope<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("id", &self.core.id())
            .field("name", &self.core.name())
            .field("live", &self.live())
            .finish()
    }
}
