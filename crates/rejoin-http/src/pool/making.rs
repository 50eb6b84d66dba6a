//! A new connection, from the look-up of its host to what is ready for requests.

use std::sync::Arc;

use http::Uri;

use super::connection::Connection;
use super::http1::Http1;
use super::http2::Http2;
use super::idle::Idle;
use super::no_answer::NoAnswer;
use crate::connect::{Connected, Setup};
use crate::live::{Live, Open};

/// Connects to the host of `url`. One of HTTP/2 is shared with all from the moment it is there.
pub(super) fn making(
    setup: &Arc<Setup>,
    idle: &Arc<Idle>,
    live: &Live,
    url: &Uri,
) -> impl Future<Output = Result<Connection, NoAnswer>> + Send + use<> {
    let making = make(Arc::clone(setup), Arc::clone(idle), live.clone(), url.clone());
    let making = live.stoppable(Open::Pool, making);
    async move { making.await.unwrap_or(Err(NoAnswer::Closed { reused: false })) }
}

async fn make(
    setup: Arc<Setup>,
    idle: Arc<Idle>,
    live: Live,
    url: Uri,
) -> Result<Connection, NoAnswer> {
    let Connected { io, info, http2 } =
        setup.connect(&url).await.map_err(NoAnswer::NotConnected)?;
    let made = match http2 {
        false => Http1::new(io, info, &live, idle.bell()).await.map(Connection::Http1),
        true => Http2::new(io, info, &live)
            .await
            .map(|connection| Connection::Http2(idle.share(&url, connection))),
    };
    made.map_err(|error| NoAnswer::Exchange { error, reused: false })
}
