//! A new connection, unless somebody is done with another one first.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::Either;
use http::Uri;

use super::http1::Http1;
use super::http2::Http2;
use super::idle::Idle;
use super::{Connection, NoAnswer, Pool};
use crate::connect::{Connected, Setup};
use crate::live::{Live, Open};

/// Connects to the host of `url`.
///
/// When there are more requests than connections, some of them will do before a new one is made. The first to wait
/// takes the first of them; what it was connecting comes to its end all the same and rests in the pool, as otherwise
/// there would never be enough. HTTP/2 needs one connection only: who comes later waits for it.
pub(super) async fn connect(pool: &Pool, url: &Uri) -> Result<Connection, NoAnswer> {
    let Pool { setup, live, idle } = pool;
    let making = make(Arc::clone(setup), Arc::clone(idle), live.clone(), url.clone());
    if let Some(turn) = idle.turn(url, setup.http2_only) {
        let _turn = turn.lock().await;
        return match idle.take(url) {
            Some(connection) => Ok(connection),
            None => making.await,
        };
    }
    let mut waiting = idle.wait(url);
    let mut making = Box::pin(making);
    let freed = poll_fn(|cx| match waiting.poll(cx) {
        Poll::Ready(connection) => Poll::Ready(Either::Left(connection)),
        Poll::Pending => making.as_mut().poll(cx).map(Either::Right),
    });
    match freed.await {
        Either::Left(connection) => {
            if let Connection::Http1(_) = connection {
                live.spawn(Open::Pool, finish(making, Arc::clone(idle), url.clone()));
            }
            Ok(connection)
        }
        Either::Right(made) => made,
    }
}

/// Brings to its end what nobody waits for any longer, for those who come next.
async fn finish(
    making: impl Future<Output = Result<Connection, NoAnswer>>,
    idle: Arc<Idle>,
    url: Uri,
) {
    if let Ok(Connection::Http1(connection)) = making.await {
        idle.put(&url, connection);
    }
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
