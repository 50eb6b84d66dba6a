//! [`Answer`]: the head of a response, and [`Body`], which still has to come.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::response::Parts;
use http_body::{Body as _, Frame};
use hyper::body::Incoming;

use super::connection::Connection;
use crate::response::ConnectTimings;

pub(crate) struct Answer {
    pub(crate) head: Parts,
    pub(crate) body: Body,
    pub(crate) remote: SocketAddr,
    /// How the connection was made, if this is its first answer.
    pub(crate) connect: Option<ConnectTimings>,
}

/// The body of an answer. Dropping it before its end closes an HTTP/1 connection, and resets an HTTP/2 stream.
pub(crate) struct Body {
    incoming: Incoming,
    /// What it comes over.
    pub(super) connection: Connection,
}

impl Answer {
    pub(super) fn new(response: http::Response<Incoming>, connection: Connection) -> Answer {
        let (head, incoming) = response.into_parts();
        let info = connection.info();
        let (remote, connect) = (info.remote, info.answered().then_some(info.timings));
        Answer { head, body: Body { incoming, connection }, remote, connect }
    }
}

/// Why a body did not come to its end; `None` if the connection was closed from here.
pub(crate) type Broken = Option<hyper::Error>;

impl Body {
    /// How many bytes it has, if that was said.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// The next piece, or trailers; `None` at the end.
    pub(crate) async fn frame(&mut self) -> Option<Result<Frame<Bytes>, Broken>> {
        poll_fn(|cx| self.poll_frame(cx)).await
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let Body { incoming, connection } = self;
        let mut incoming = |cx: &mut Context<'_>| Pin::new(&mut *incoming).poll_frame(cx);
        let frame = match connection {
            Connection::Http1(connection) => connection.poll_body(cx, incoming),
            Connection::Http2(_) => incoming(cx).map(Some),
        };
        frame.map(|frame| match frame {
            Some(frame) => frame.map(|frame| frame.map_err(Some)),
            None => Some(Err(None)),
        })
    }
}
