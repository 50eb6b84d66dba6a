//! A service under a scope: a `tower` layer. Feature `tower`.
//!
//! ```
//! use std::time::Duration;
//! use rejoin::tower::ScopeLayer;
//! use rejoin::{Scope, TaskError, remaining};
//! use tower_layer::Layer;
//! use tower_service::Service;
//! # use std::convert::Infallible;
//! # use std::future::poll_fn;
//! # use std::task::{Context, Poll};
//!
//! #[derive(Clone)]
//! struct Report;
//!
//! impl Service<&'static str> for Report {
//! #   type Response = String;
//! #   type Error = Infallible;
//! #   type Future = std::pin::Pin<Box<dyn Future<Output = Result<String, Infallible>> + Send>>;
//! #   fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { Poll::Ready(Ok(())) }
//!     // …
//!     fn call(&mut self, title: &'static str) -> Self::Future {
//!         Box::pin(async move { Ok(format!("{title}, {:?} left", remaining())) })
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let layer = ScopeLayer::new(Scope::builder().name("report").timeout(Duration::from_secs(2)));
//! let mut service = layer.layer(Report);
//! poll_fn(|cx| service.poll_ready(cx)).await?;
//! assert_eq!(service.call("sales").await?, "sales, Some(2s) left");
//! # Ok::<(), TaskError<Infallible>>(()) }).unwrap();
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tower_layer::Layer;
use tower_service::Service;

use crate::limit::{ConcurrencyLimit, Permit};
use crate::outcome::{Outcome, TaskError};
use crate::scope::{Scope, ScopeBuilder};

/// Runs every call of a service as the body of a scope.
///
/// Whatever the service does in a call sees that scope: [`deadline`](crate::deadline) and
/// [`cancelled`](crate::cancelled), what it [inherits](crate::inherited), and scopes opened in the
/// call are inside it. Dropping the call stops it.
///
/// Its error is a [`TaskError`] of that of the service. If that is a `Box<dyn Error + Send + Sync>`, as behind most
/// of tower's own layers, `map_err(TaskError::boxed)` makes it one that further layers take.
#[derive(Clone, Debug)]
pub struct ScopeLayer {
    scope: ScopeBuilder,
    limit: Option<ConcurrencyLimit>,
}

impl ScopeLayer {
    /// A layer whose calls run in scopes with the settings of `scope`. A
    /// [`timeout`](ScopeBuilder::timeout) counts for each call, from when its future is first polled.
    pub fn new(scope: ScopeBuilder) -> Self {
        ScopeLayer { scope, limit: None }
    }

    /// Each call takes a place of `limit`, which all clones of the service share, with whatever else
    /// uses it. A full limit makes the service not ready; a waiter keeps its place in the line.
    pub fn limit(mut self, limit: ConcurrencyLimit) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl<S> Layer<S> for ScopeLayer {
    type Service = Scoped<S>;

    fn layer(&self, service: S) -> Scoped<S> {
        Scoped { service, layer: self.clone(), place: Place::None }
    }
}

/// A service whose calls run in scopes of their own; made by [`ScopeLayer`].
///
/// # Errors
///
/// A call ends as a child does: [`Failed`](TaskError::Failed) with the service's own error,
/// [`TimedOut`](TaskError::TimedOut) at the layer's deadline, [`Cancelled`](TaskError::Cancelled) if
/// something further out was stopped or an earlier deadline there passed.
///
/// # Panics
///
/// If a call panics in the service, awaiting it panics with the same payload. Calling a service that
/// was not ready panics if it has a limit.
///
/// # Cancel safety
///
/// Dropping a call stops it and gives its place back. A service that was ready and is dropped without
/// a call gives its place back too.
///
/// # Cost
///
/// A scope and a box for each call; a box more for each wait for a place.
pub struct Scoped<S> {
    service: S,
    layer: ScopeLayer,
    place: Place,
}

type Waiting = Pin<Box<dyn Future<Output = Permit> + Send + Sync>>;

/// The place of the next call.
enum Place {
    None,
    Waiting(Waiting),
    Taken(Permit),
}

impl<S> Scoped<S> {
    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(limit) = &self.layer.limit else { return Poll::Ready(()) };
        loop {
            match &mut self.place {
                Place::Taken(_) => return Poll::Ready(()),
                Place::Waiting(waiting) => {
                    self.place = Place::Taken(ready!(waiting.as_mut().poll(cx)));
                }
                Place::None => {
                    let limit = limit.clone();
                    self.place = Place::Waiting(Box::pin(async move { limit.acquire().await }));
                }
            }
        }
    }
}

impl<S, R> Service<R> for Scoped<S>
where
    S: Service<R> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send + 'static,
    S::Error: Send + Sync + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = TaskError<S::Error>;
    type Future = Pin<Box<dyn Future<Output = Outcome<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // The service first: a place that is held while it is not ready is of use to nobody.
        ready!(self.service.poll_ready(cx)).map_err(TaskError::from)?;
        self.poll_place(cx).map(Ok)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let place = match std::mem::replace(&mut self.place, Place::None) {
            Place::Taken(place) => Some(place),
            Place::None | Place::Waiting(_) if self.layer.limit.is_some() => {
                panic!("a service was called that was not ready")
            }
            Place::None | Place::Waiting(_) => None,
        };
        // The one that is ready answers, the clone waits for the next call.
        let clone = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, clone);
        let scope = self.layer.scope.clone();
        Box::pin(async move {
            let run = scope.run(|_: Scope<S::Error>| async move {
                service.call(request).await.map_err(TaskError::from)
            });
            let outcome = run.await.map_err(|error| error.into_task_error());
            drop(place);
            outcome
        })
    }
}

// A place belongs to the one that has waited for it.
impl<S: Clone> Clone for Scoped<S> {
    fn clone(&self) -> Self {
        let (service, layer) = (self.service.clone(), self.layer.clone());
        Scoped { service, layer, place: Place::None }
    }
}

impl<S: fmt::Debug> fmt::Debug for Scoped<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped")
            .field("service", &self.service)
            .field("layer", &self.layer)
            .finish_non_exhaustive()
    }
}
