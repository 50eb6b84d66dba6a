//! [`Pool`]: from a request to the head of its answer, on a connection that rests or on a new one.

mod alarm;
mod answer;
mod connecting;
mod connection;
mod hosts;
mod http1;
mod http2;
mod idle;
mod in_turn;
mod making;
mod no_answer;
mod shelf;
mod waiting;
mod watch;

use std::sync::Arc;

use http::{Request, Uri};

use self::connection::Connection;
use self::idle::Idle;
use crate::body::{Progress, RequestBody};
use crate::connect::Setup;
use crate::live::Live;

pub(crate) use self::answer::{Answer, Body, Broken};
pub(crate) use self::no_answer::NoAnswer;
pub(crate) use self::shelf::Limits;

/// The connections of one client.
pub(crate) struct Pool {
    pub(crate) setup: Arc<Setup>,
    pub(crate) live: Live,
    idle: Arc<Idle>,
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
                    let Pool { setup, live, idle } = self;
                    Box::pin(connecting::connect(setup, idle, live, url, no_rested)).await?
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

/// No request is under way then, as each of them holds the client.
impl Drop for Pool {
    fn drop(&mut self) {
        self.live.abandon();
    }
}
