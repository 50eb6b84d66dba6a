//! [`Response`]: what came back.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Version};

use crate::error::Error;
use crate::hop::Hop;
use crate::save::Part;
use crate::url::Url;

/// A complete response, of whatever status.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// The method that was answered: after redirects GET, mostly.
    pub method: Method,
    /// The status.
    pub status: StatusCode,
    /// The version of HTTP that was spoken.
    pub version: Version,
    /// The headers. If the body was decompressed here, `content-encoding` and `content-length` are
    /// taken out, as they no longer describe it.
    pub headers: HeaderMap,
    /// The whole body, decompressed; empty if there was none, or if it was saved to a file.
    pub body: Bytes,
    /// How many bytes the body has, decompressed, wherever it is.
    pub body_bytes: u64,
    /// How many bytes of body came over the connection.
    pub received_bytes: u64,
    /// The file that has the body, if it was [saved](crate::Request::save_to).
    pub saved: Option<PathBuf>,
    /// The URL that answered: the last one, if there were redirects.
    pub url: Url,
    /// Where the time went.
    pub timings: Timings,
    /// The address that answered; the proxy's if there was one.
    pub remote_addr: Option<SocketAddr>,
    /// The redirects that were followed, first to last; empty if there was none.
    pub hops: Vec<Hop>,
    /// How many times a request was put on a connection: 1, and one more for every redirect and for
    /// every repeat after a pooled connection turned out to be closed.
    pub attempts: u32,
    /// The file on its way to its place.
    pub(crate) part: Option<Arc<Part>>,
}

impl Response {
    /// Moves a saved body to its place.
    pub(crate) fn keep(&mut self) -> Result<(), Error> {
        let Some(part) = self.part.take() else { return Ok(()) };
        if let Err(failure) = part.keep() {
            let hops = std::mem::take(&mut self.hops);
            return Err(failure.of(&self.method, &self.url, self.attempts, hops));
        }
        self.saved = Some(part.target().to_owned());
        Ok(())
    }
}

/// Where the time of a request went.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Timings {
    /// How the connection was made; `None` if the last hop used one from the pool.
    pub connect: Option<ConnectTimings>,
    /// From the start to the head of the last response.
    pub head: Duration,
    /// From the start to the end of the body.
    pub total: Duration,
}

/// What it took to make a connection.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ConnectTimings {
    /// Resolving the host name.
    pub resolve: Duration,
    /// Connecting the socket, and the tunnel if there is a proxy.
    pub connect: Duration,
    /// The TLS handshake; `None` for `http`.
    pub tls: Option<Duration>,
}

/// The values of headers and the body are left out: they may hold secrets, and be long.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().collect();
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("version", &self.version)
            .field("url", &self.url)
            .field("headers", &names)
            .field("body_bytes", &self.body_bytes)
            .field("saved", &self.saved)
            .field("timings", &self.timings)
            .field("hops", &self.hops)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
