//! The handler's side of one request: what cancels the work when the client goes, and keeps the record.
//!
//! The work of a request runs in a task of the server's scope. Whatever holds the connection (a handler, later
//! the response's body) owns the [`Exchange`] alone. There are three ends, and each writes the one line of the
//! log: the last byte was handed to the connection; the answer was dropped before that, so the client is gone
//! and the work is cancelled; or nobody is left to ask for the last byte because there is no body.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use rejoin::{CancelReason, Canceller};
use tokio::sync::mpsc;

use crate::activity::Busy;
use crate::cors::Cors;
use crate::front::Front;
use crate::log::Log;
use crate::record::Record;
use crate::request_id::REQUEST_ID;
use crate::response_body::Body;

/// What is read from a file, as it comes.
#[derive(Debug)]
pub(crate) struct FileBody {
    pub(crate) pieces: mpsc::Receiver<Bytes>,
    pub(crate) length: u64,
}

/// One request, seen from its connection. Boxed, as it goes from hand to hand: with the handler, then with the body.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) record: Record,
    pub(crate) front: Arc<Front>,
    /// Stops the work.
    pub(crate) work: Option<Canceller>,
    log: Log,
    /// Who asks, as far as browsers' rules need it.
    origin: Option<HeaderValue>,
    /// Marks the connection as busy.
    busy: Option<Busy>,
    ended: bool,
}

impl Exchange {
    pub(crate) fn new(
        head: &Parts,
        front: Arc<Front>,
        log: Log,
        record: Record,
        busy: Option<Busy>,
    ) -> Box<Self> {
        let origin = match front.config.cors {
            Cors::Off => None,
            _ => head.headers.get(ORIGIN).cloned(),
        };
        Box::new(Self { record, front, work: None, log, origin, busy, ended: false })
    }

    /// Makes the response that goes out: adds what every response has, and watches its body.
    pub(crate) fn respond(mut self: Box<Self>, response: Response<Bytes>) -> Response<Body> {
        let (mut head, mut bytes) = response.into_parts();
        if self.record.method == Method::HEAD {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            bytes.clear();
        }
        if matches!(
            head.status,
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
        ) {
            bytes.clear();
        }
        self.finish_head(&mut head);
        Response::from_parts(head, Body::new(bytes, self))
    }

    /// The same for a response whose body is read from a file.
    pub(crate) fn respond_with_file(
        mut self: Box<Self>,
        head: Response<Bytes>,
        file: FileBody,
    ) -> Response<Body> {
        let (mut head, _) = head.into_parts();
        self.finish_head(&mut head);
        let length = if self.record.method == Method::HEAD { 0 } else { file.length };
        Response::from_parts(head, Body::of_file(file.pieces, length, self))
    }

    /// What every response has.
    fn finish_head(&mut self, head: &mut http::response::Parts) {
        self.record.status = Some(head.status);
        if let Ok(id) = HeaderValue::from_str(&self.record.id) {
            head.headers.insert(REQUEST_ID, id);
        }
        self.front.config.cors.apply(self.origin.as_ref(), &mut head.headers);
    }

    /// The last byte was handed over.
    pub(crate) fn finish(mut self: Box<Self>, sent: u64) {
        self.end(sent);
    }

    /// The client went before the last byte was handed over.
    pub(crate) fn abandon(mut self: Box<Self>, sent: u64) {
        self.gone(sent);
    }

    fn gone(&mut self, sent: u64) {
        let reason = CancelReason::client_gone(match self.record.status {
            Some(_) => "the connection ended before the whole response was sent",
            None => "the connection ended before there was an answer",
        });
        self.record.cancelled = Some(reason.to_string());
        if let Some(work) = self.work.take() {
            work.cancel(reason);
        }
        self.end(sent);
    }

    fn end(&mut self, sent: u64) {
        if !std::mem::replace(&mut self.ended, true) {
            self.busy = None;
            self.record.write(&self.log, sent);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.ended {
            self.gone(0);
        }
    }
}
