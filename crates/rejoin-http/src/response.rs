//! [`Response`]: what came back.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};

use crate::url::Url;

/// A complete response, of whatever status.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The version of HTTP that was spoken.
    pub version: Version,
    /// The headers. If the body was decompressed here, `content-encoding` and `content-length` are
    /// taken out, as they no longer describe it.
    pub headers: HeaderMap,
    /// The whole body, decompressed; empty if there was none.
    pub body: Bytes,
    /// The URL that answered: the last one, if there were redirects.
    pub url: Url,
    /// Where the time went.
    pub timings: Timings,
    /// The address that answered; the proxy's if there was one.
    pub remote_addr: Option<SocketAddr>,
    /// How many redirects were followed.
    pub redirects: u32,
    /// How many times a request was put on a connection: 1, and one more for every redirect and for
    /// every repeat after a pooled connection turned out to be closed.
    pub attempts: u32,
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
            .field("body_bytes", &self.body.len())
            .field("timings", &self.timings)
            .field("redirects", &self.redirects)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
