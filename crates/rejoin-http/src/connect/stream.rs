//! [`Connection`]: an established connection, plain or TLS, with what is known about it.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use hyper::rt::ReadBufCursor;
use hyper_util::client::legacy::connect::{Connected, Connection as Describe};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

use super::resting::Rest;
use crate::response::ConnectTimings;

/// The bytes: a socket, TLS over a socket, or TLS inside a tunnel that is itself TLS.
pub(crate) enum Transport {
    Tcp(TcpStream),
    Tls(Box<TlsStream<Transport>>),
}

/// What is known about a connection for as long as it lives.
#[derive(Debug)]
pub(crate) struct ConnectionInfo {
    pub(crate) remote: SocketAddr,
    pub(crate) timings: ConnectTimings,
    /// None for HTTP/2, where requests do not follow each other.
    pub(crate) rest: Option<Arc<Rest>>,
    responses: AtomicU64,
    gone: CancellationToken,
}

impl ConnectionInfo {
    pub(crate) fn new(
        remote: SocketAddr,
        timings: ConnectTimings,
        rest: Option<Arc<Rest>>,
    ) -> ConnectionInfo {
        let gone = CancellationToken::new();
        ConnectionInfo { remote, timings, rest, responses: AtomicU64::new(0), gone }
    }

    /// What the connection itself holds: when it is dropped, the connection is gone.
    pub(crate) fn while_open(&self) -> DropGuard {
        self.gone.clone().drop_guard()
    }

    /// Ready when the connection is gone.
    pub(crate) fn gone(&self) -> WaitForCancellationFutureOwned {
        self.gone.clone().cancelled_owned()
    }

    /// A response was taken to its end.
    pub(crate) fn taken(&self) {
        if let Some(rest) = &self.rest {
            rest.taken();
        }
    }

    /// Counts a response; true for the first.
    pub(crate) fn count_response(&self) -> bool {
        // Only counts: it publishes nothing else.
        self.responses.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// Whether a response has come over this connection before.
    pub(crate) fn was_used(&self) -> bool {
        self.responses.load(Ordering::Relaxed) > 0
    }
}

/// What the connector hands to the pool.
pub(crate) struct Connection {
    pub(crate) io: TokioIo<Transport>,
    pub(crate) info: Arc<ConnectionInfo>,
    /// Dropped last, when nothing more is read or written.
    pub(crate) _open: DropGuard,
    /// Whether requests go to a proxy, which wants the whole URL.
    pub(crate) to_proxy: bool,
    pub(crate) http2: bool,
}

impl Describe for Connection {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.to_proxy).extra(Arc::clone(&self.info));
        if self.http2 { connected.negotiated_h2() } else { connected }
    }
}

impl hyper::rt::Read for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        match &self.info.rest {
            // As if the other side had closed it.
            Some(rest) if polled.is_pending() && rest.is_unwanted(cx.waker()) => {
                Poll::Ready(Ok(()))
            }
            Some(rest) if polled.is_ready() => {
                rest.read();
                polled
            }
            _ => polled,
        }
    }
}

impl Connection {
    fn written(&self) {
        if let Some(rest) = &self.info.rest {
            rest.written();
        }
    }
}

impl hyper::rt::Write for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written();
        hyper::rt::Write::poll_write(Pin::new(&mut self.io), cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        hyper::rt::Write::poll_flush(Pin::new(&mut self.io), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        hyper::rt::Write::poll_shutdown(Pin::new(&mut self.io), cx)
    }

    fn is_write_vectored(&self) -> bool {
        hyper::rt::Write::is_write_vectored(&self.io)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.written();
        hyper::rt::Write::poll_write_vectored(Pin::new(&mut self.io), cx, bufs)
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Tcp(io) => Pin::new(io).poll_read(cx, buf),
            Transport::Tls(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Tcp(io) => Pin::new(io).poll_write(cx, buf),
            Transport::Tls(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Tcp(io) => Pin::new(io).poll_flush(cx),
            Transport::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Tcp(io) => Pin::new(io).poll_shutdown(cx),
            Transport::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Transport::Tcp(io) => io.is_write_vectored(),
            Transport::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Tcp(io) => Pin::new(io).poll_write_vectored(cx, bufs),
            Transport::Tls(io) => Pin::new(io).poll_write_vectored(cx, bufs),
        }
    }
}
