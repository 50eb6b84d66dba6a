//! What running code inherits from the scopes around it.

use std::any::Any;
use std::sync::Arc;

use super::context;

/// The value of type `T` that the scopes around the calling code were given with
/// [`ScopeBuilder::inherit`](crate::ScopeBuilder::inherit): that of the innermost one which has one.
/// `None` outside scopes, or if none has.
///
/// Children see the values of the scope that they were spawned in, not those of the code that
/// spawned them. Give a value a type of its own, as below: it is found by its type alone.
///
/// ```
/// use rejoin::{Scope, inherited};
///
/// struct RequestId(u64);
///
/// async fn log(text: &str) -> String {
///     let id = inherited::<RequestId>().map_or(0, |id| id.0);
///     format!("[{id}] {text}")
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let line = Scope::builder()
///     .inherit(RequestId(7))
///     .run(|s: Scope| async move { s.spawn_value(log("started")).await })
///     .await;
/// assert_eq!(line.unwrap(), "[7] started");
/// # });
/// ```
///
/// # Cost
///
/// A step for each scope on the way out, without locks, and one reference count.
pub fn inherited<T: Any + Send + Sync>() -> Option<Arc<T>> {
    context::with(|place| place.and_then(|place| place.core.inherited()))
}
