//! [`Client`]: one pool of connections, shared by all who clone it.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::header::USER_AGENT;

use crate::builder::ClientBuilder;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::gate::Gate;
use crate::pool::Pool;
use crate::request::Request;
use crate::response::Response;

/// An HTTP client with a pool of connections. Cloning it is cheap and shares the pool.
///
/// See the [crate's page](crate) for what it does by itself. A client works on the runtime on which
/// [`send`](Client::send) is called; its connections live there.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

/// What all clones of a client share.
pub(crate) struct Shared {
    pub(crate) pool: Pool,
    /// What a request has that says nothing of its own.
    pub(crate) headers: HeaderMap,
    pub(crate) max_redirects: u32,
    pub(crate) decompress: bool,
}

impl Client {
    /// A client with the default settings.
    pub fn new() -> Client {
        Client::builder().build()
    }

    /// Begins a client with other settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn from_shared(shared: Shared) -> Client {
        Client { shared: Arc::new(shared) }
    }

    /// Sends `request` and waits for the whole response, whatever its status.
    ///
    /// # Errors
    ///
    /// When there is no complete response: see [`ErrorKind`](crate::ErrorKind).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the exchange at once. An HTTP/1 connection in mid-exchange is closed,
    /// an HTTP/2 stream is reset; neither goes back to the pool with anything unread.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let mut response = self.send_through(None, request).await?;
        response.keep()?;
        Ok(response)
    }

    /// Sends `request`, asking `gate` before each redirect is followed. A file is not yet in its
    /// place: [`Response::keep`] moves it there.
    pub(crate) async fn send_through(
        &self,
        gate: Option<&dyn Gate>,
        request: Request,
    ) -> Result<Response, Error> {
        Exchange::new(&self.shared, gate, request).run().await
    }

    /// How many connections of this client are open at the moment, in use or not.
    pub fn connections(&self) -> usize {
        self.shared.pool.live.connections()
    }

    /// Closes every connection at once, those in use too, and waits until nothing of them is left.
    /// Requests under way and later ones fail with
    /// [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown).
    ///
    /// A client that is dropped closes its connections too, but nobody can wait for it.
    ///
    /// # Cancel safety
    ///
    /// The connections are closed by the call itself, even if the future is dropped or never polled.
    pub fn shutdown(&self) -> impl Future<Output = ()> + Send + '_ {
        self.shared.pool.live.stop()
    }
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("user_agent", &self.shared.headers[USER_AGENT])
            .field("max_redirects", &self.shared.max_redirects)
            .field("decompress", &self.shared.decompress)
            .field("connections", &self.connections())
            .field("connect", &self.shared.pool.setup)
            .finish()
    }
}
