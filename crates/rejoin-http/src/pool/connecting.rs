//! A new connection, unless somebody is done with another one first.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::Either;
use http::Uri;
use tokio::time::Instant;

use super::connection::Connection;
use super::http1::Http1;
use super::http2::Http2;
use super::idle::Idle;
use super::no_answer::NoAnswer;
use super::waiting::Waiting;
use crate::connect::{Connected, Setup};
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
    let making = make(Arc::clone(setup), Arc::clone(idle), live.clone(), url.clone());
    let mut making = Box::pin(live.stoppable(Open::Pool, making));
    let began = Instant::now();
    if let Some(turn) = idle.turn(url, setup.http2_only) {
        let mut turn = turn.lock().await;
        if let Some(connection) = idle.take(url, no_rested) {
            return Ok(connection);
        }
        match &turn.failed {
            Some((at, failure)) if *at >= began => {
                return Err(NoAnswer::NotConnected(failure.clone()));
            }
            _ if turn.over => {}
            _ => {
                let made = made(making.await);
                match &made {
                    Ok(Connection::Http1(_)) => {
                        turn.over = true;
                        idle.end_turns(url);
                    }
                    Ok(Connection::Http2(_)) => {}
                    Err(NoAnswer::NotConnected(failure)) => {
                        turn.failed = Some((Instant::now(), failure.clone()));
                    }
                    Err(_) => {}
                }
                return made;
            }
        }
    }
    if no_rested {
        return made(making.await);
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
        Either::Right(end) => made(end),
    }
}

/// What was made, if that was not ended from here.
fn made(made: Option<Result<Connection, NoAnswer>>) -> Result<Connection, NoAnswer> {
    made.unwrap_or(Err(NoAnswer::Closed { reused: false }))
}

/// Brings to its end what nobody waits for any longer, for those who come next.
async fn finish(
    making: impl Future<Output = Option<Result<Connection, NoAnswer>>>,
    idle: Arc<Idle>,
    url: Uri,
) {
    if let Some(Ok(Connection::Http1(connection))) = making.await {
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
