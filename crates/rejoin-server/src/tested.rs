//! What passes between the tests of a program and its routes besides HTTP, in the extensions of requests and responses.

use rejoin_value::{Object, Value};

/// Parts of a request as a test writes them, which HTTP would change: put into its extensions, they are what the route sees.
#[derive(Clone, Debug)]
pub struct AsWritten {
    /// What is behind the `?`; nothing in it is encoded.
    pub query: String,
    /// The headers, whatever the case of their names.
    pub headers: Object,
    /// The cookies, if they are no header.
    pub cookies: Option<Value>,
}

/// The whole final state of a route, `setCookies` and `setHeaders` included: in the extensions of the response to a
/// request with [`AsWritten`].
#[derive(Clone, Debug)]
pub struct FinalState(pub Value);
