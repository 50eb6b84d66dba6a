//! A TCP connection that notices its client leaving even when nobody reads from it.
//!
//! The HTTP code stops reading while a pipelined request waits in its buffer, and then cannot see the end of
//! the connection behind it. Here the connection's task reads ahead in that case, into a bounded buffer that
//! later reads take first: that of a request's body, so that the next request fits in whole. Beyond the bound the
//! end is seen only when the response is written. A client that closes its sending side counts as gone: most of
//! those that do are.
//!
//! It also ends a connection whose client takes no byte of its response for too long.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::activity::Activity;

/// At least so much is read ahead, whatever the limits of requests are.
const LEAST_AHEAD: usize = 64 * 1024;
/// Nor more, so that requests of any size do not have connections hold twice as much.
const MOST_AHEAD: usize = 16 * 1024 * 1024;

/// A handle to a connection. The HTTP code has one, the connection's task another; since both run in that one
/// task, the lock is never contended.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    stream: TcpStream,
    activity: Arc<Activity>,
    ahead: BytesMut,
    /// How much is read ahead.
    most_ahead: usize,
    /// The HTTP code waits for bytes since the last [`Socket::begin_turn`]: it will see the end itself.
    reader_waits: bool,
    write_timeout: Duration,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    pub(crate) fn new(
        stream: TcpStream,
        activity: Arc<Activity>,
        write_timeout: Duration,
        largest_request: usize,
    ) -> Self {
        let inner = Inner {
            stream,
            activity,
            ahead: BytesMut::new(),
            most_ahead: largest_request.clamp(LEAST_AHEAD, MOST_AHEAD),
            reader_waits: false,
            write_timeout,
            stalled: None,
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called before the HTTP code is polled, so that [`poll_gone`](Self::poll_gone) knows what it did.
    pub(crate) fn begin_turn(&self) {
        self.lock().reader_waits = false;
    }

    /// Ready when the client is gone while a request is under way. To be called after the HTTP code was polled.
    pub(crate) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let inner = &mut *self.lock();
        if inner.reader_waits || !inner.activity.is_busy() {
            return Poll::Pending;
        }
        loop {
            if inner.ahead.len() >= inner.most_ahead {
                return Poll::Pending;
            }
            let mut chunk = [0; 4096];
            let mut buffer = ReadBuf::new(&mut chunk);
            match ready!(Pin::new(&mut inner.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    inner.ahead.extend_from_slice(buffer.filled());
                    // The HTTP code may wait for these bytes, whose arrival it now cannot hear of.
                    cx.waker().wake_by_ref();
                }
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let inner = &mut *self.lock();
        if !inner.ahead.is_empty() {
            let n = inner.ahead.len().min(buffer.remaining());
            buffer.put_slice(&inner.ahead[..n]);
            inner.ahead.advance(n);
            if inner.ahead.is_empty() {
                inner.ahead = BytesMut::new();
            }
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut inner.stream).poll_read(cx, buffer);
        inner.reader_waits = read.is_pending();
        if buffer.filled().len() > before {
            inner.activity.received();
        }
        read
    }
}

impl Inner {
    /// Passes on what a write did, unless the client has taken nothing for too long.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let timeout = self.write_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        stalled.as_mut().poll(cx).map(|()| {
            let text = "the client takes nothing of its response";
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        })
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let inner = &mut *self.lock();
        let written = Pin::new(&mut inner.stream).poll_write(cx, bytes);
        inner.watch(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let inner = &mut *self.lock();
        let written = Pin::new(&mut inner.stream).poll_write_vectored(cx, pieces);
        inner.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_shutdown(cx)
    }
}
