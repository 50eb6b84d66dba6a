//! Different futures in one list.

use std::future::Future;
use std::pin::Pin;

/// A future of which only the output is known, so that calls of different functions make one list.
///
/// A join takes futures of one type, and each `async` function and block has a type of its own.
/// [`gather_tuple`](crate::gather_tuple) takes different ones as they are; for the other joins:
///
/// ```
/// use rejoin::{boxed, race};
/// # async fn from_cache(id: u32) -> Result<String, std::io::Error> { Ok(format!("user {id}")) }
/// # async fn from_service(id: u32) -> Result<String, std::io::Error> { std::future::pending().await }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let first = race([boxed(from_cache(7)), boxed(from_service(7)), boxed(async { Ok("nobody".to_owned()) })]);
/// assert_eq!(first.await.unwrap().value, "user 7");
/// # });
/// ```
///
/// It is the `boxed` of the `futures` crate, for those who do not have that: one allocation.
///
/// # Cancel safety
///
/// As that of `future`.
pub fn boxed<'a, F>(future: F) -> Pin<Box<dyn Future<Output = F::Output> + Send + 'a>>
where
    F: Future + Send + 'a,
{
    Box::pin(future)
}
