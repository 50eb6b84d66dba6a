//! The record of one request: one line of the log, whatever happened to it.

use std::sync::Arc;

use http::{Method, StatusCode, Uri};
use rejoin::Instant;
use rejoin_engine::Level;

use crate::log::Log;

/// What is known of a request until its line is written.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) started: Instant,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) id: Arc<str>,
    /// The pattern of the route that answers.
    pub(crate) route: Option<Arc<str>>,
    /// The response's status, once there is one.
    pub(crate) status: Option<StatusCode>,
    /// The type of the error that the answer is, or the kind of problem.
    pub(crate) error: Option<Arc<str>>,
    /// More about the error, for the log alone.
    pub(crate) detail: Option<String>,
    /// Why the request was stopped before its end.
    pub(crate) cancelled: Option<String>,
}

/// The longest path that is logged.
const LONGEST_PATH: usize = 1024;

impl Record {
    /// Writes the line; `bytes` of the body were sent. The query is left out: it is where secrets are.
    pub(crate) fn write(&self, log: &Log, bytes: u64) {
        let level = match self.status {
            Some(status) if status.is_server_error() => Level::Error,
            _ => Level::Info,
        };
        log.line(level, "request", |line| {
            line.text("method", self.method.as_str());
            let path = self.uri.path();
            line.text("path", &path[..path.floor_char_boundary(LONGEST_PATH)]);
            if let Some(route) = &self.route {
                line.text("route", route);
            }
            match (self.status, &self.cancelled) {
                (Some(status), _) => line.number("status", u64::from(status.as_u16())),
                (None, _) => line.text("status", "cancelled"),
            }
            if let Some(reason) = &self.cancelled {
                line.text("cancelled", reason);
            }
            if let Some(error) = &self.error {
                line.text("error", error);
            }
            if let Some(detail) = &self.detail {
                line.text("detail", detail);
            }
            line.millis("ms", self.started.elapsed());
            line.number("bytes", bytes);
            line.text("request_id", &self.id);
        });
    }
}
