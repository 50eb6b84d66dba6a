//! The body of a response: bytes in memory, handed over piece by piece.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::exchange::Exchange;

/// The body of a response. Dropping it before its end means that the client is gone, and cancels what the
/// request still has under way.
#[derive(Debug)]
pub struct Body {
    rest: Bytes,
    sent: u64,
    /// Gone with the last piece.
    exchange: Option<Exchange>,
}

/// The connection takes a piece when it has room for it. One piece for everything would be taken at once, and
/// a client that leaves while the rest waits in a buffer would go unnoticed.
const PIECE: usize = 64 * 1024;

impl Body {
    pub(crate) fn new(bytes: Bytes, exchange: Exchange) -> Self {
        let mut body = Self { rest: bytes, sent: 0, exchange: Some(exchange) };
        // Nobody asks for the pieces of a body without any.
        body.finish_if_all_sent();
        body
    }

    fn finish_if_all_sent(&mut self) {
        if self.rest.is_empty()
            && let Some(exchange) = self.exchange.take()
        {
            exchange.finish(self.sent);
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.abandon(self.sent);
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        if body.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = body.rest.split_to(body.rest.len().min(PIECE));
        body.sent += piece.len() as u64;
        body.finish_if_all_sent();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
