//! [`RequestBody`], which also tells how far the request has come, and reading the response's body.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::error::Phase;

/// How far a request has come on its way out.
///
/// The pool does not say when a request leaves its queue, but the connection asks the body whether
/// it is empty when it writes the head, and then takes it piece by piece: that is as good.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    state: AtomicU8,
    /// Since when it is sent, if anybody wants to know.
    sent: Option<Mutex<Option<Instant>>>,
}

const CONNECTING: u8 = 0;
const SENDING: u8 = 1;
const SENT: u8 = 2;

impl Progress {
    pub(crate) fn phase(&self) -> Phase {
        match self.state.load(Ordering::Relaxed) {
            CONNECTING => Phase::Connect,
            SENDING => Phase::Send,
            _ => Phase::Wait,
        }
    }

    /// One that remembers when a request was sent.
    pub(crate) fn timed() -> Progress {
        Progress { sent: Some(Mutex::default()), ..Progress::default() }
    }

    pub(crate) fn reset(&self) {
        self.state.store(CONNECTING, Ordering::Relaxed);
        if let Some(sent) = &self.sent {
            *sent.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Since when the request is sent, if it is.
    pub(crate) fn sent_at(&self) -> Option<Instant> {
        *self.sent.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The state is only ever read by the task that waits for the response: nothing else is published
    // by it.
    fn set(&self, state: u8) {
        self.state.store(state, Ordering::Relaxed);
        if let Some(sent) = self.sent.as_ref().filter(|_| state == SENT) {
            let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.get_or_insert_with(Instant::now);
        }
    }
}

/// The body of a request: bytes that are in memory, handed over in pieces.
#[derive(Debug)]
pub(crate) struct RequestBody {
    rest: Bytes,
    progress: Arc<Progress>,
}

impl RequestBody {
    /// Large enough to cost nothing, small enough to tell "sending" from "sent".
    const PIECE: usize = 128 * 1024;

    pub(crate) fn new(bytes: Bytes, progress: Arc<Progress>) -> RequestBody {
        RequestBody { rest: bytes, progress }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            self.progress.set(SENT);
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(RequestBody::PIECE);
        let piece = self.rest.split_to(length);
        self.progress.set(if self.rest.is_empty() { SENT } else { SENDING });
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.progress.set(if self.rest.is_empty() { SENT } else { SENDING });
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
