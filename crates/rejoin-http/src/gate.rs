//! [`Gate`]: who has a say before a redirect is followed.

use std::pin::Pin;

use crate::error::Failure;
use crate::url::Url;

/// What [`Gate::hop`] returns.
pub(crate) type Passing<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// Limits that hold for every hop, not only for the first: a batch counts a request at the host that
/// a redirect leads to.
pub(crate) trait Gate: Send + Sync {
    /// Waits until `url` may be asked.
    fn hop<'a>(&'a self, url: &'a Url) -> Passing<'a>;
}
