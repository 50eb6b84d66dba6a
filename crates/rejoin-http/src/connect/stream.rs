//! [`Transport`]: the bytes of a connection, and [`ConnectionInfo`], what is known about it.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::header::HOST;
use http::{HeaderValue, Request, Uri};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

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
    /// What `host` says on it.
    host: HeaderValue,
    /// Whether requests go to a proxy, which wants the whole URL.
    to_proxy: bool,
    used: AtomicBool,
}

impl ConnectionInfo {
    pub(crate) fn new(
        remote: SocketAddr,
        timings: ConnectTimings,
        host: HeaderValue,
        to_proxy: bool,
    ) -> ConnectionInfo {
        ConnectionInfo { remote, timings, host, to_proxy, used: AtomicBool::new(false) }
    }

    /// `request`, which has its whole URL, as it is written over HTTP/1.
    pub(crate) fn addressed<B>(&self, mut request: Request<B>) -> Request<B> {
        request.headers_mut().entry(HOST).or_insert_with(|| self.host.clone());
        if !self.to_proxy {
            let path = request.uri().path_and_query().cloned();
            *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        }
        request
    }

    /// Notes that a response has begun; true for the first.
    pub(crate) fn answered(&self) -> bool {
        // Only tells: it publishes nothing else.
        !self.used.swap(true, Ordering::Relaxed)
    }

    /// Whether a response has come over this connection before.
    pub(crate) fn was_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
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
