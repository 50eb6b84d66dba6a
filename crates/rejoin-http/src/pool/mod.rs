//! [`Pool`]: from a request to the head of its answer, on a connection that rests or on a new one.

mod alarm;
mod answer;
mod connecting;
mod http1;
mod http2;
mod idle;

use std::sync::Arc;

use http::{Request, Uri};

use self::http1::Http1;
use self::http2::Http2;
use self::idle::Idle;
use crate::body::{Progress, RequestBody};
use crate::connect::Setup;
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
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// There is no connection.
    NotConnected(Failure),
    /// The connection closed before it began to take the request, which can be sent on another one.
    Unsent,
    /// Something went wrong on a connection that had answered another request before, if it is `reused`: it may then
    /// have been closed for having been idle, which says nothing about this request.
    Exchange { error: hyper::Error, reused: bool },
    /// The connection was closed from here.
    Closed,
}

impl Pool {
    pub(crate) fn new(setup: Setup, limits: Limits) -> Pool {
        let live = Live::default();
        let idle = Arc::new(Idle::new(limits, live.clone()));
        Pool { setup: Arc::new(setup), live, idle }
    }

    /// Sends what `request` makes, whose URL is `url`, on another connection as long as it is lost on its way there.
    pub(crate) async fn send(
        &self,
        url: &Uri,
        request: impl Fn() -> Request<RequestBody>,
        progress: &Progress,
    ) -> Result<Answer, NoAnswer> {
        loop {
            let connection = match self.idle.take(url) {
                Some(connection) => connection,
                // Large, and rare.
                None => Box::pin(connecting::connect(self, url)).await?,
            };
            let sent = match connection {
                Connection::Http1(mut connection) => connection
                    .send(&request)
                    .await
                    .map(|response| Answer::new(response, &connection.info))
                    .map(|answer| answer.over(connection)),
                Connection::Http2(mut connection) => connection
                    .send(&request, progress)
                    .await
                    .map(|response| Answer::new(response, &connection.info)),
            };
            match sent {
                Err(NoAnswer::Unsent) => {}
                sent => return sent,
            }
        }
    }

    /// Takes back the connection of an answer that was read to its end, if it can be used again.
    pub(crate) fn put_back(&self, url: &Uri, body: Body) {
        if let Some(connection) = body.connection {
            self.idle.put(url, connection);
        }
    }
}

/// No request is under way then, as each of them holds the client.
impl Drop for Pool {
    fn drop(&mut self) {
        self.live.abandon();
    }
}
