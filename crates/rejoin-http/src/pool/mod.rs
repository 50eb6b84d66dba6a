//! [`Pool`]: from a request to the head of its answer, on a connection that rests or on a new one.

mod alarm;
mod answer;
mod connecting;
mod hosts;
mod http1;
mod http2;
mod idle;
mod waiting;
mod watch;

use std::sync::Arc;

use http::{Request, Uri};

use self::http1::Http1;
use self::http2::Http2;
use self::idle::Idle;
use crate::body::{Progress, RequestBody};
use crate::connect::{ConnectionInfo, Setup};
use crate::error::Failure;
use crate::live::Live;

pub(crate) use self::answer::{Answer, Body, Broken};
pub(crate) use self::http1::Driver;
pub(crate) use self::idle::Limits;

/// The connections of one client.
pub(crate) struct Pool {
    pub(crate) setup: Arc<Setup>,
    pub(crate) live: Live,
    idle: Arc<Idle>,
}

/// A connection that a request can be sent on.
enum Connection {
    Http1(Http1),
    Http2(Http2),
}

/// Why a request has no answer.
///
/// If a connection is `reused`, it had answered another request before, and may have been closed for having been idle,
/// which says nothing about this request.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// There is no connection.
    NotConnected(Failure),
    /// The connection closed before it began to take the request, which can be sent on another one.
    Unsent,
    /// Something went wrong on a connection.
    Exchange { error: hyper::Error, reused: bool },
    /// The connection is closed, and there is nothing else to say.
    Closed { reused: bool },
}

impl NoAnswer {
    pub(crate) fn was_reused(&self) -> bool {
        match self {
            NoAnswer::NotConnected(_) | NoAnswer::Unsent => false,
            NoAnswer::Exchange { reused, .. } | NoAnswer::Closed { reused } => *reused,
        }
    }
}

/// How often a request is lost on its way to a new connection at most, before that counts as an error.
const MOST_LOST: usize = 3;

impl Pool {
    pub(crate) fn new(setup: Setup, limits: Limits) -> Pool {
        let live = Live::default();
        let idle = Arc::new(Idle::new(limits, live.clone()));
        Pool { setup: Arc::new(setup), live, idle }
    }

    /// Sends what `request` makes, whose URL is `url`, on another connection as long as it is lost on its way there.
    /// With `no_rested` it goes over none of HTTP/1 that has rested, which may have been closed meanwhile.
    pub(crate) async fn send(
        &self,
        url: &Uri,
        no_rested: bool,
        request: impl Fn() -> Request<RequestBody>,
        progress: &Progress,
    ) -> Result<Answer, NoAnswer> {
        let mut connected = 0;
        loop {
            let mut connection = match self.idle.take(url, no_rested) {
                Some(connection) => connection,
                None if connected == MOST_LOST => return Err(NoAnswer::Closed { reused: false }),
                // Large, and rare.
                None => {
                    connected += 1;
                    Box::pin(connecting::connect(self, url, no_rested)).await?
                }
            };
            let sent = match &mut connection {
                Connection::Http1(connection) => connection.send(&request).await,
                Connection::Http2(connection) => connection.send(&request, progress).await,
            };
            match sent {
                Ok(response) => return Ok(Answer::new(response, connection)),
                Err(NoAnswer::Unsent) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes back the connection of an answer that was read to its end, if it can be used again.
    pub(crate) fn put_back(&self, url: &Uri, body: Body) {
        if let Connection::Http1(connection) = body.connection {
            self.idle.put(url, connection);
        }
    }
}

impl Connection {
    fn info(&self) -> &ConnectionInfo {
        match self {
            Connection::Http1(connection) => &connection.info,
            Connection::Http2(connection) => &connection.info,
        }
    }
}

/// No request is under way then, as each of them holds the client.
impl Drop for Pool {
    fn drop(&mut self) {
        self.live.abandon();
    }
}
