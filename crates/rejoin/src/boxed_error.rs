//! [`BoxedError`]: errors of any type, where one is wanted that is an [`Error`].

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Debug, Display};
use std::sync::Arc;

use crate::outcome::TaskError;
use crate::scope::ScopeError;

/// The error that a child returned, of a type that is forgotten.
///
/// A `Box<dyn Error + Send + Sync>` is no [`Error`] itself, nor are the types of crates that take in any
/// error, nor is a text. So a [`TaskError`] of one is none, and `?` passes it on nowhere outside of a scope.
/// [`TaskError::boxed`] and [`ScopeError::boxed`] make one that is:
///
/// ```
/// use std::error::Error;
/// use rejoin::{ScopeError, gather};
/// # type AnyError = Box<dyn Error + Send + Sync>;
/// # async fn load(n: u32) -> Result<u32, AnyError> { if n < 3 { Ok(n) } else { Err("no three".into()) } }
///
/// async fn report() -> Result<u32, AnyError> {
///     let parts = gather([1, 2, 3].map(load)).await.map_err(ScopeError::boxed)?;
///     Ok(parts.iter().sum())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert_eq!(report().await.unwrap_err().to_string(), "task 2: no three");
/// # });
/// ```
///
/// It is shown as the error is. What is behind a `Box<dyn Error + Send + Sync>` is its [source](Error::source), too.
#[derive(Clone)]
pub struct BoxedError(Arc<dyn Shown>);

trait Shown: Any + Debug + Display + Send + Sync {}

impl<E: Any + Debug + Display + Send + Sync> Shown for E {}

impl BoxedError {
    /// The error, if it is an `E`.
    pub fn downcast_ref<E: 'static>(&self) -> Option<&E> {
        let any: &dyn Any = &*self.0;
        any.downcast_ref()
    }
}

impl Debug for BoxedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.0, f)
    }
}

impl Display for BoxedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl Error for BoxedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.downcast_ref::<Box<dyn Error + Send + Sync>>()?.source()
    }
}

impl<E: Debug + Display + Send + Sync + 'static> TaskError<E> {
    /// The same, as an [`Error`] whatever `E` is.
    pub fn boxed(self) -> TaskError<BoxedError> {
        self.with_error(|error| Arc::new(BoxedError(error)))
    }
}

impl<E: Debug + Display + Send + Sync + 'static> ScopeError<E> {
    /// The same, as an [`Error`] whatever `E` is.
    pub fn boxed(self) -> ScopeError<BoxedError> {
        self.with_errors(TaskError::boxed)
    }
}
