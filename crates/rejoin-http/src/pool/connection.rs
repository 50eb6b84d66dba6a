//! [`Connection`]: of either version of HTTP.

use super::http1::Http1;
use super::http2::Http2;
use crate::connect::ConnectionInfo;

/// A connection that a request can be sent on.
pub(super) enum Connection {
    Http1(Http1),
    Http2(Http2),
}

impl Connection {
    pub(super) fn info(&self) -> &ConnectionInfo {
        match self {
            Connection::Http1(connection) => &connection.info,
            Connection::Http2(connection) => &connection.info,
        }
    }
}
