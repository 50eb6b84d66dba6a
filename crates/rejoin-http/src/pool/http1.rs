//! [`Http1`]: a connection that serves one request after the other, and has no task of its own.
//!
//! Who waits for something that comes over it drives it: sends, receives, notices its end. So all of it happens in the
//! scope of the request, which is woken once for what arrives, and a request that is dropped closes its connection
//! there and then.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::Write as _;
use hyper_util::rt::TokioIo;
use tokio::task::coop::unconstrained;

use super::alarm::Bell;
use super::no_answer::NoAnswer;
use crate::body::RequestBody;
use crate::connect::{ConnectionInfo, Transport};
use crate::live::{Close, Listed, Live, Open};

type Connection = http1::Connection<TokioIo<Transport>, RequestBody>;

/// An HTTP/1 connection. It is closed when this is dropped.
pub(crate) struct Http1 {
    sender: SendRequest<RequestBody>,
    driver: Arc<Driver>,
    pub(super) info: Box<ConnectionInfo>,
    /// Whether it has rested, so that the server may have closed it meanwhile.
    rested: bool,
    bell: Arc<Bell>,
    /// The bell, as what wakes it wants it.
    watcher: Waker,
    _listed: Listed,
}

/// What moves the bytes, where also [`Live`] reaches it.
struct Driver(Mutex<Option<Driven>>);

struct Driven {
    connection: Connection,
    /// Who drove it last, and has to know if somebody else closes it.
    driven_by: Waker,
}

impl Driver {
    /// Moves what can be moved; ready when the connection has ended, which is closed then.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut driven = self.lock();
        let Some(Driven { connection, driven_by }) = driven.as_mut() else {
            return Poll::Ready(());
        };
        // Why it ended is told to whom it concerns, with the answer or the body.
        if Pin::new(connection).poll(cx).is_ready() {
            *driven = None;
            return Poll::Ready(());
        }
        driven_by.clone_from(cx.waker());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Option<Driven>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Close for Driver {
    /// Closes the connection, and tells who drives it.
    fn close(&self) {
        let driven = self.lock().take();
        if let Some(Driven { connection, driven_by }) = driven {
            say_goodbye(connection);
            driven_by.wake();
        }
    }
}

impl Http1 {
    pub(super) async fn new(
        io: Transport,
        info: ConnectionInfo,
        live: &Live,
        bell: Arc<Bell>,
    ) -> Result<Http1, hyper::Error> {
        let (sender, connection) = http1::handshake(TokioIo::new(io)).await?;
        let driven = Driven { connection, driven_by: Waker::noop().clone() };
        let driver = Arc::new(Driver(Mutex::new(Some(driven))));
        let listed = live.list(Open::Http1(Arc::clone(&driver) as Arc<dyn Close>));
        let watcher = Waker::from(Arc::clone(&bell));
        let info = Box::new(info);
        Ok(Http1 { sender, driver, info, rested: false, bell, watcher, _listed: listed })
    }

    /// Sends what `request` makes, which has its whole URL, and waits for the head of the answer.
    pub(super) async fn send(
        &mut self,
        request: &impl Fn() -> Request<RequestBody>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let reused = self.rested;
        let sending = self.sender.try_send_request(self.info.addressed(request()));
        // Nothing but this task makes it ready, in `drive`: a budget that is spent must not end the wait for it.
        let mut answer = pin!(unconstrained(sending));
        let driver = &self.driver;
        match poll_fn(|cx| drive(driver, cx, |noop| answer.as_mut().poll(noop))).await {
            Some(Ok(response)) => Ok(response),
            Some(Err(mut error)) => Err(match error.take_message() {
                Some(_) if reused => NoAnswer::Unsent,
                _ => NoAnswer::Exchange { error: error.into_error(), reused },
            }),
            None => Err(NoAnswer::Closed { reused }),
        }
    }

    /// Polls for the next frame of `body`, which is that of the last answer; `None` inside if the connection was closed.
    pub(super) fn poll_body<T>(
        &self,
        cx: &mut Context<'_>,
        mut frame: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        // Most often it has come together with the head.
        match frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(frame) => Poll::Ready(Some(frame)),
            Poll::Pending => drive(&self.driver, cx, frame),
        }
    }

    /// Whether it is ready for another request: whatever was asked is answered, what was answered is read, nothing came
    /// that was not asked for, and the server will have more. What comes from now on rings the bell.
    pub(super) fn rests(&self) -> bool {
        self.bell.arm();
        self.driver.poll(&mut Context::from_waker(&self.watcher)).is_pending()
            && self.sender.is_ready()
    }

    /// Whether something came since it [`rests`](Self::rests).
    pub(super) fn has_rung(&self) -> bool {
        self.bell.has_rung()
    }

    /// Takes it out of its rest.
    pub(super) fn begin(&mut self) {
        self.rested = true;
        self.bell.turn_off();
    }
}

impl Drop for Http1 {
    fn drop(&mut self) {
        // Nobody waits for it any longer.
        let driven = self.driver.lock().take();
        if let Some(driven) = driven
            && self.bell.is_on()
        {
            say_goodbye(driven.connection);
        }
    }
}

/// Closes a connection that is in no exchange in good order, as far as that needs no waiting: TLS has a word for it.
fn say_goodbye(connection: Connection) {
    let mut io = connection.into_parts().io;
    let _ = Pin::new(&mut io).poll_shutdown(&mut Context::from_waker(Waker::noop()));
}

/// Drives the connection, and polls what it makes ready. As both happen in the same task, that needs no waker.
/// `None` if it has ended without making it ready.
fn drive<T>(
    driver: &Driver,
    cx: &mut Context<'_>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<Option<T>> {
    let ended = driver.poll(cx).is_ready();
    match poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if ended => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    }
}
