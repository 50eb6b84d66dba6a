//! The body of a response, handed over piece by piece: bytes in memory, or a file as it is read.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

use crate::exchange::Exchange;

/// The body of a response. Dropping it before its end means that the client is gone, and cancels what the
/// request still has under way.
#[derive(Debug)]
pub struct Body {
    rest: Bytes,
    file: Option<Coming>,
    sent: u64,
    /// Gone with the last piece.
    exchange: Option<Box<Exchange>>,
}

/// Pieces of a file on their way.
#[derive(Debug)]
struct Coming {
    pieces: mpsc::Receiver<Bytes>,
    /// How many bytes are still to come.
    left: u64,
}

/// The connection takes a piece when it has room for it. One piece for everything would be taken at once, and
/// a client that leaves while the rest waits in a buffer would go unnoticed.
const PIECE: usize = 64 * 1024;

impl Body {
    pub(crate) fn new(bytes: Bytes, exchange: Box<Exchange>) -> Self {
        let mut body = Self { rest: bytes, file: None, sent: 0, exchange: Some(exchange) };
        // Nobody asks for the pieces of a body without any.
        body.finish_if_all_sent();
        body
    }

    /// So many bytes, which come as they are read.
    pub(crate) fn of_file(
        pieces: mpsc::Receiver<Bytes>,
        left: u64,
        exchange: Box<Exchange>,
    ) -> Self {
        let file = Some(Coming { pieces, left });
        let mut body = Self { rest: Bytes::new(), file, sent: 0, exchange: Some(exchange) };
        body.finish_if_all_sent();
        body
    }

    fn left(&self) -> u64 {
        self.file.as_ref().map_or(self.rest.len() as u64, |file| file.left)
    }

    fn finish_if_all_sent(&mut self) {
        if self.left() == 0
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
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        if body.left() == 0 {
            return Poll::Ready(None);
        }
        let piece = match &mut body.file {
            None => body.rest.split_to(body.rest.len().min(PIECE)),
            Some(file) => match ready!(file.pieces.poll_recv(cx)) {
                Some(piece) => {
                    file.left = file.left.saturating_sub(piece.len() as u64);
                    piece
                }
                // It cannot be read any more. Fewer bytes than were promised tell the client so.
                None => return Poll::Ready(None),
            },
        };
        body.sent += piece.len() as u64;
        body.finish_if_all_sent();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}
