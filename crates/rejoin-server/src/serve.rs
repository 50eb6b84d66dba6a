//! The server: accepts connections until it is told to stop, then drains.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rejoin::{CancelReason, OnError, Scope};
use rejoin_engine::Level;
use tokio::net::{TcpListener, TcpSocket, lookup_host};
use tokio::sync::Semaphore;

use crate::config::ServerConfig;
use crate::connection::{self, Connections};
use crate::service::Service;
use crate::stop::{Stop, Stopper};

/// A server that listens. Connections wait in line until [`run`](Self::run) accepts them.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    service: Service,
    stopper: Stopper,
    stop: Stop,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// How many requests and detached tasks were cancelled because they did not end in time.
    pub cut_off: usize,
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// The pause after an accept that failed for want of resources.
const EXHAUSTED: Duration = Duration::from_millis(50);
/// How long connections may take to send what is to be sent after all requests have ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How often a draining server looks whether it is done.
const LOOK: Duration = Duration::from_millis(5);

impl Server {
    /// Listens on `host` (a name or an address) and `port`; port 0 picks a free one.
    ///
    /// # Errors
    /// If the host is unknown, or the port is in use or not allowed.
    pub async fn bind(host: &str, port: u16, service: Service) -> io::Result<Self> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let mut last = None;
        for address in lookup_host((bare, port)).await? {
            match listen(address) {
                Ok(listener) => {
                    let address = listener.local_addr()?;
                    let (stopper, stop) = Stopper::new();
                    return Ok(Self { listener, address, service, stopper, stop });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last
            .unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What tells it to stop.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Accepts and serves until it is told to stop; then lets what is under way come to its end, for at most
    /// `config server { drain }`, and cancels the rest. When it returns, no connection is left; the requests
    /// run in the scope of the app's host, and all that were under way have been told to stop or have ended.
    pub async fn run(self) -> Drained {
        let Self { listener, service, stop, .. } = self;
        let config = service.shared.current.get().config.clone();
        let run = Scope::builder().name("connections").on_error(OnError::IgnoreErrors).run({
            let service = service.clone();
            |scope: Scope| async move {
                let connections =
                    Arc::new(Connections::new(service.clone(), &config, scope.clone()));
                let places = Arc::new(Semaphore::new(config.max_connections));
                accept(&listener, &connections, &scope, &places, stop.clone()).await;
                drop(listener);
                let drained = drain(&service, &scope, &config, stop).await;
                scope.cancel_children(CancelReason::shutdown("the server has stopped"));
                Ok(drained)
            }
        });
        run.await.unwrap_or(Drained { cut_off: 0 })
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that restarts must not wait for the last connections of the one before.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Connections>,
    scope: &Scope,
    places: &Arc<Semaphore>,
    stop: Stop,
) {
    let mut stopping = stop.clone();
    let accept = async {
        loop {
            // Beyond the limit clients wait in the listener's line.
            let place = places.clone().acquire_owned().await.expect("the places are never closed");
            match listener.accept().await {
                Ok((stream, peer)) => {
                    // Answers are written whole; waiting to fill packets would only delay them.
                    let _ = stream.set_nodelay(true);
                    connection::spawn(connections, scope, stream, peer, stop.clone(), place);
                }
                // The client left while it was waiting in line.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    connections.say(Level::Error, &format!("cannot accept a connection: {error}"));
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    };
    tokio::select! {
        () = stopping.draining() => {}
        () = accept => {}
    }
}

/// Waits for what is under way, cancels what takes too long.
async fn drain(
    service: &Service,
    connections: &Scope,
    config: &ServerConfig,
    mut stop: Stop,
) -> Drained {
    let work = &service.shared.scope;
    let ended = async {
        while work.live() > 0 || connections.live() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = ended => return Drained { cut_off: 0 },
        () = stop.cutting() => {}
        () = tokio::time::sleep(config.drain) => {}
    }
    service.stop();
    let cut_off = work.live();
    work.cancel_children(CancelReason::shutdown("the server is shutting down"));
    let said = async {
        while work.live() > 0 || connections.live() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    };
    // Whoever does not take its answer in that time does not get it.
    let _ = tokio::time::timeout(LAST_WORDS, said).await;
    if cut_off > 0 {
        let log = &service.shared.log;
        log.line(Level::Warn, "shut down before everything had ended", |line| {
            line.number("cut_off", cut_off as u64);
        });
    }
    Drained { cut_off }
}
