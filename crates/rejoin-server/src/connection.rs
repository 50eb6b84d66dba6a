//! One connection: HTTP/1.1 or HTTP/2 without TLS, whichever the client begins to speak.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Version};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rejoin_engine::Level;
use rejoin_value::Str;
use tokio::net::TcpStream;
use tokio::time::MissedTickBehavior;

use crate::activity::{Activity, Overdue};
use crate::config::ServerConfig;
use crate::service::{Arrival, Service};
use crate::socket::Socket;
use crate::stop::Stop;

/// How many requests a client may have under way on one connection of HTTP/2.
const STREAMS: u32 = 256;
/// How often a silent connection of HTTP/2 with requests under way is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);

/// What all connections of a server have in common.
#[derive(Debug)]
pub(crate) struct Connections {
    http: auto::Builder<ScopeExecutor>,
    service: Service,
    head_timeout: Duration,
    keep_alive: Duration,
    write_timeout: Duration,
    largest_request: usize,
}

impl Connections {
    pub(crate) fn new(service: Service, config: &ServerConfig, scope: rejoin::Scope) -> Self {
        let mut http = auto::Builder::new(ScopeExecutor(scope));
        http.http1()
            .timer(TokioTimer::new())
            // The connection watches its own clock: hyper's would end idle connections as well.
            .header_read_timeout(None)
            // `pipeline_flush` stays off: with it hyper buffers whole responses whatever their size, so that a
            // client that leaves half-way goes unnoticed, and drops its own answers to malformed requests.
            .max_buf_size(config.max_header);
        http.http2()
            .timer(TokioTimer::new())
            .max_header_list_size(config.max_header as u32)
            .max_concurrent_streams(STREAMS)
            .keep_alive_interval(PING);
        Self {
            http,
            service,
            head_timeout: config.head_timeout,
            keep_alive: config.keep_alive,
            write_timeout: config.write_timeout,
            largest_request: config.max_header.saturating_add(config.max_body),
        }
    }

    /// Serves one connection until it ends. When the server stops, it ends after the requests under way.
    pub(crate) async fn serve(&self, stream: TcpStream, peer: SocketAddr, mut stop: Stop) {
        let activity = Activity::new();
        let address = Str::from(peer.ip().to_canonical().to_string());
        let socket =
            Socket::new(stream, activity.clone(), self.write_timeout, self.largest_request);
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            let busy = activity.begin(request.version() == Version::HTTP_2);
            let peer = Some(address.clone());
            self.service.answer(request, Arrival { peer, busy: Some(busy) })
        });
        let mut http = pin!(self.http.serve_connection(TokioIo::new(socket.clone()), service));
        let mut clock = tokio::time::interval(self.head_timeout.min(self.keep_alive) / 2);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut draining = pin!(stop.draining());
        // After it was told to end, it is not told again.
        let mut told = false;

        let ended = poll_fn(|cx| {
            if !told && draining.as_mut().poll(cx).is_ready() {
                told = true;
                http.as_mut().graceful_shutdown();
            }
            while clock.poll_tick(cx).is_ready() {
                match activity.overdue(self.head_timeout, self.keep_alive) {
                    Some(Overdue::Head) => return Poll::Ready(Ok(())),
                    Some(Overdue::Idle) if !told => {
                        told = true;
                        http.as_mut().graceful_shutdown();
                    }
                    _ => {}
                }
            }
            socket.begin_turn();
            if let Poll::Ready(ended) = http.as_mut().poll(cx) {
                return Poll::Ready(ended);
            }
            // Dropping the connection drops its handlers, which cancels their requests.
            socket.poll_gone(cx).map(Ok)
        });
        if let Err(error) = ended.await {
            self.report(&*error, peer);
        }
    }

    /// Writes a line of the server's log.
    pub(crate) fn say(&self, level: Level, message: &str) {
        self.service.shared.log.say(level, message);
    }

    /// A client that leaves is normal, one that speaks no HTTP is worth a line.
    fn report(&self, error: &(dyn std::error::Error + Send + Sync + 'static), peer: SocketAddr) {
        let http = error.downcast_ref::<hyper::Error>();
        if http.is_some_and(hyper::Error::is_parse) {
            self.service.shared.log.line(Level::Info, "a connection did not speak HTTP", |line| {
                line.text("peer", &peer.to_string());
                line.text("error", &error.to_string());
            });
        }
    }
}

/// Lets the streams of HTTP/2 run in the connections' scope, so that none outlives it.
#[derive(Clone, Debug)]
struct ScopeExecutor(rejoin::Scope);

impl<F> hyper::rt::Executor<F> for ScopeExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        // The scope waits for it.
        drop(self.0.spawn_value(future));
    }
}

/// Serves `stream` as a child of `scope`.
pub(crate) fn spawn(
    connections: &Arc<Connections>,
    scope: &rejoin::Scope,
    stream: TcpStream,
    peer: SocketAddr,
    stop: Stop,
    permit: tokio::sync::OwnedSemaphorePermit,
) {
    let connections = connections.clone();
    drop(scope.spawn_value(async move {
        connections.serve(stream, peer, stop).await;
        drop(permit);
    }));
}
