//! A request that was put on a connection in the very moment in which that closed.
//!
//! A connection takes its requests from a channel. Who closes a channel gives back what lies in it, but not what is
//! being put in meanwhile: the sender has been let in, and is not yet in the queue. Such a request is neither sent nor
//! given back, and would wait for an answer until its time is up. So it is watched whether its connection is there.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::CaptureConnection;

use crate::body::Progress;
use crate::connect::ConnectionInfo;
use crate::error::Phase;

/// Awaits `sending`; `None` if the connection that it waits for is gone and had not begun to take the request, which
/// can then be put on another one. `connection` tells which connection that is, if it is on one.
pub(crate) async fn unless_lost<F: Future>(
    sending: F,
    connection: impl Fn() -> Option<Arc<ConnectionInfo>>,
    progress: &Progress,
) -> Option<F::Output> {
    let mut sending = pin!(sending);
    let mut gone = pin!(None);
    let mut watched: Option<Arc<ConnectionInfo>> = None;
    poll_fn(|cx: &mut Context<'_>| {
        if let Poll::Ready(output) = sending.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        // What has begun is answered by the connection, if only with an error.
        if progress.phase() != Phase::Connect {
            return Poll::Pending;
        }
        let Some(current) = connection() else { return Poll::Pending };
        if !watched.as_ref().is_some_and(|watched| Arc::ptr_eq(watched, &current)) {
            gone.set(Some(current.gone()));
            watched = Some(current);
        }
        let Some(ended) = gone.as_mut().as_pin_mut() else { return Poll::Pending };
        if ended.poll(cx).is_pending() {
            return Poll::Pending;
        }
        gone.set(None);
        // It may have begun since that was asked, but no longer begins now.
        if progress.phase() == Phase::Connect { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// The connection that a request is on, as the pool tells it.
pub(crate) fn of(captured: &CaptureConnection) -> Option<Arc<ConnectionInfo>> {
    let mut extensions = http::Extensions::new();
    captured.connection_metadata().as_ref()?.get_extras(&mut extensions);
    extensions.remove()
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Mutex;

    use futures_util::FutureExt;
    use http_body::Body;

    use super::*;
    use crate::body::RequestBody;

    fn connection() -> Arc<ConnectionInfo> {
        let remote = "127.0.0.1:1".parse().expect("an address");
        Arc::new(ConnectionInfo::new(remote, Default::default(), None))
    }

    #[tokio::test]
    async fn a_request_is_given_up_when_its_connection_goes_before_it_began() {
        let connection = connection();
        let guard = connection.while_open();
        let progress = Progress::default();
        let mut waiting =
            pin!(unless_lost(pending::<()>(), || Some(Arc::clone(&connection)), &progress));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(guard);
        assert_eq!(waiting.await, None);
    }

    #[tokio::test]
    async fn one_that_had_begun_waits_for_its_answer() {
        let connection = connection();
        let guard = connection.while_open();
        let progress = Arc::new(Progress::default());
        let (answer, answered) = tokio::sync::oneshot::channel::<&str>();
        let on = || Some(Arc::clone(&connection));
        let mut waiting = pin!(unless_lost(answered, on, &progress));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(RequestBody::new(Default::default(), Arc::clone(&progress)).is_end_stream());
        drop(guard);
        assert!(waiting.as_mut().now_or_never().is_none());
        answer.send("broken").expect("somebody waits");
        assert_eq!(waiting.await, Some(Ok("broken")));
    }

    #[tokio::test]
    async fn the_connection_that_counts_is_the_latest() {
        let (first, second) = (connection(), connection());
        let (first_open, second_open) = (first.while_open(), second.while_open());
        let on = Mutex::new(Arc::clone(&first));
        let now = || Some(Arc::clone(&on.lock().expect("no panic")));
        let progress = Progress::default();
        let mut waiting = pin!(unless_lost(pending::<()>(), now, &progress));
        assert!(waiting.as_mut().now_or_never().is_none());
        *on.lock().expect("no panic") = Arc::clone(&second);
        drop(first_open);
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(second_open);
        assert_eq!(waiting.await, None);
    }

    #[tokio::test]
    async fn an_answer_goes_before_the_end_of_the_connection() {
        let connection = connection();
        drop(connection.while_open());
        let on = || Some(Arc::clone(&connection));
        assert_eq!(unless_lost(ready(1), on, &Progress::default()).await, Some(1));
    }
}
