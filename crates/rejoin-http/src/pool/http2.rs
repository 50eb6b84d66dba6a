//! [`Http2`]: a connection that serves many requests at once, and has a task for that.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;

use super::no_answer::NoAnswer;
use crate::body::{Progress, RequestBody};
use crate::connect::{ConnectionInfo, Transport};
use crate::error::Phase;
use crate::live::{Live, Open};

/// An HTTP/2 connection, shared by all who clone it. It ends when nobody has it, and its requests are answered.
#[derive(Clone)]
pub(crate) struct Http2 {
    sender: SendRequest<RequestBody>,
    pub(super) info: Arc<ConnectionInfo>,
    gone: CancellationToken,
    /// Why it has ended, for the first request that was lost with it.
    cause: Arc<Mutex<Option<hyper::Error>>>,
}

impl Http2 {
    pub(super) async fn new(
        io: Transport,
        info: ConnectionInfo,
        live: &Live,
    ) -> Result<Http2, hyper::Error> {
        let (sender, connection) = http2::Builder::new(live.clone())
            .timer(TokioTimer::new())
            .handshake(TokioIo::new(io))
            .await?;
        let gone = CancellationToken::new();
        let open = gone.clone().drop_guard();
        let cause = Arc::<Mutex<_>>::default();
        let told = Arc::clone(&cause);
        live.spawn(Open::Http2, async move {
            // Those whose requests are on it are told by itself.
            *lock(&told) = connection.await.err();
            drop(open);
        });
        Ok(Http2 { sender, info: Arc::new(info), gone, cause })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends what `request` makes and waits for the head of the answer.
    pub(super) async fn send(
        &mut self,
        request: &impl Fn() -> Request<RequestBody>,
        progress: &Progress,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let reused = self.info.was_used();
        let mut sending = pin!(self.sender.try_send_request(request()));
        // One that fails before its first request fails again.
        let cause = || lock(&self.cause).take().filter(|_| !reused);
        match unless_lost(sending.as_mut(), self.gone.cancelled(), progress).await {
            None => {
                Err(cause().map_or(NoAnswer::Unsent, |e| NoAnswer::Exchange { error: e, reused }))
            }
            Some(Ok(response)) => Ok(response),
            Some(Err(mut error)) => Err(match error.take_message() {
                Some(_) if reused => NoAnswer::Unsent,
                Some(_) if self.is_closed() => {
                    let error = cause().unwrap_or_else(|| error.into_error());
                    NoAnswer::Exchange { error, reused }
                }
                // To hyper it is a fault of the caller if a connection ends while requests wait for a stream on it. There
                // is no other: bodies do not fail.
                None if error.error().is_user() => NoAnswer::Closed { reused },
                _ => NoAnswer::Exchange { error: error.into_error(), reused },
            }),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Awaits `sending`; `None` if its connection is `gone` and had not begun to take the request.
///
/// A connection takes its requests from a channel. Who closes a channel gives back what lies in it, but not what is
/// being put in meanwhile: the sender has been let in, and is not yet in the queue. Such a request is neither sent nor
/// given back, and would wait for an answer until its time is up.
async fn unless_lost<F: Future>(
    sending: F,
    gone: impl Future<Output = ()>,
    progress: &Progress,
) -> Option<F::Output> {
    let mut sending = pin!(sending);
    let mut gone = pin!(gone);
    let mut is_gone = false;
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = sending.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        // What has begun is answered by the connection, if only with an error.
        if is_gone || progress.phase() != Phase::Connect || gone.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        is_gone = true;
        // It may have begun since that was asked, but no longer begins now.
        if progress.phase() == Phase::Connect { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt;
    use http_body::Body;

    use super::*;

    #[tokio::test]
    async fn a_request_is_given_up_when_its_connection_goes_before_it_began() {
        let gone = CancellationToken::new();
        let progress = Progress::default();
        let mut waiting = pin!(unless_lost(pending::<()>(), gone.cancelled(), &progress));
        assert!(waiting.as_mut().now_or_never().is_none());
        gone.cancel();
        assert_eq!(waiting.await, None);
    }

    #[tokio::test]
    async fn one_that_had_begun_waits_for_its_answer() {
        let gone = CancellationToken::new();
        let progress = Arc::new(Progress::default());
        let (answer, answered) = tokio::sync::oneshot::channel::<&str>();
        let mut waiting = pin!(unless_lost(answered, gone.cancelled(), &progress));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(RequestBody::new(Default::default(), Arc::clone(&progress)).is_end_stream());
        gone.cancel();
        assert!(waiting.as_mut().now_or_never().is_none());
        answer.send("broken").expect("somebody waits");
        assert_eq!(waiting.await, Some(Ok("broken")));
    }

    #[tokio::test]
    async fn an_answer_goes_before_the_end_of_the_connection() {
        assert_eq!(unless_lost(ready(1), ready(()), &Progress::default()).await, Some(1));
    }
}
