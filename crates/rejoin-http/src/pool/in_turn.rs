//! One connecting after the other, where one connection serves all.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use http::Uri;
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

use super::connection::Connection;
use super::hosts::Turn;
use super::idle::Idle;
use super::making::making;
use super::no_answer::NoAnswer;
use crate::connect::Setup;
use crate::live::{Live, Open};

/// Connects when it is its `turn`, unless that gave a connection to others meanwhile, or told them that there is none.
/// `None` if there are no turns any longer.
///
/// In a task of its own: whoever has the turn, or is given it, gets on also while nobody polls the request that it is
/// for, so that no other request hangs on how that one is driven. The task ends with its request.
pub(super) async fn in_turn(
    turn: Arc<Mutex<Turn>>,
    setup: &Arc<Setup>,
    idle: &Arc<Idle>,
    live: &Live,
    url: &Uri,
    no_rested: bool,
) -> Option<Result<Connection, NoAnswer>> {
    let connecting = {
        let (setup, idle, live, url) =
            (Arc::clone(setup), Arc::clone(idle), live.clone(), url.clone());
        let began = Instant::now();
        async move {
            let mut turn = turn.lock().await;
            if let Some(connection) = idle.take(&url, no_rested) {
                return Some(Ok(connection));
            }
            match &turn.failed {
                Some((at, failure)) if *at >= began => {
                    return Some(Err(NoAnswer::NotConnected(failure.clone())));
                }
                _ if turn.over => return None,
                _ => {}
            }
            let made = making(&setup, &idle, &live, &url).await;
            match &made {
                Ok(Connection::Http1(_)) => {
                    turn.over = true;
                    idle.end_turns(&url);
                }
                Err(NoAnswer::NotConnected(failure)) => {
                    turn.failed = Some((Instant::now(), failure.clone()));
                }
                Ok(Connection::Http2(_)) | Err(_) => {}
            }
            Some(made)
        }
    };
    let (mut answer, answered) = oneshot::channel();
    live.spawn(Open::Pool, async move {
        let ended = match select(pin!(connecting), pin!(answer.closed())).await {
            Either::Left((end, _)) => end,
            Either::Right(_) => return,
        };
        // Nobody has asked any longer: then the connection is closed, or others share it.
        let _ = answer.send(ended);
    });
    answered.await.unwrap_or(Some(Err(NoAnswer::Closed { reused: false })))
}
