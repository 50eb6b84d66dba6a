//! A new connection, unless somebody is done with another one first.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::Either;
use http::Uri;

use super::connection::Connection;
use super::idle::Idle;
use super::in_turn::in_turn;
use super::making::making;
use super::no_answer::NoAnswer;
use super::waiting::Waiting;
use crate::connect::Setup;
use crate::live::{Live, Open};

/// Connects to the host of `url`; with `no_rested` nothing else will do.
///
/// When there are more requests than connections, some of them will do before a new one is made. The first to wait
/// takes the first of them; what it was connecting comes to its end all the same and rests in the pool, as otherwise
/// there would never be enough. HTTP/2 needs one connection only: who comes later waits for it.
pub(super) async fn connect(
    setup: &Arc<Setup>,
    idle: &Arc<Idle>,
    live: &Live,
    url: &Uri,
    no_rested: bool,
) -> Result<Connection, NoAnswer> {
    if let Some(turn) = idle.turn(url, setup.http2_only)
        && let Some(end) = in_turn(turn, setup, idle, live, url, no_rested).await
    {
        return end;
    }
    let mut making = Box::pin(making(setup, idle, live, url));
    if no_rested {
        return making.await;
    }
    let mut waiting = Waiting::new(idle, url);
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
        Either::Right(end) => end,
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
