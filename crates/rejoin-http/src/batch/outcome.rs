//! [`Outcome`]: how one request of a batch ended.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use rejoin::{CancelReason, Panic};

use crate::error::{Error, TimeLimit};
use crate::hop::Hop;
use crate::response::Response;

/// How one request of a [`Batch`](crate::Batch) ended. Every request has exactly one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The position in the batch, from 0.
    pub index: usize,
    /// The tag that it was given.
    pub tag: Option<String>,
    /// The method that was asked for.
    pub method: Method,
    /// The URL that was asked for, without credentials.
    pub url: String,
    /// How often it was tried; 0 if it never began.
    pub attempts: u32,
    /// From the start of the first attempt's wait for a place to the end.
    pub elapsed: Duration,
    /// Whether there is a response whose status is within the policy.
    pub good: bool,
    /// The response, of whatever status, or why there is none.
    pub result: Result<Response, Failed>,
}

impl Outcome {
    /// The redirects that were followed, first to last, also when it failed in the end.
    pub fn hops(&self) -> &[Hop] {
        match &self.result {
            Ok(response) => &response.hops,
            Err(Failed::Request(error)) => error.hops(),
            Err(_) => &[],
        }
    }
}

/// Why a request of a batch has no response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Failed {
    /// The last attempt failed.
    Request(Error),
    /// The host has failed so often that it is not asked for now.
    BreakerOpen {
        /// When it may be asked again.
        retry_after: Duration,
    },
    /// What prepares [each request](crate::Batch::prepare) has refused it.
    Prepare(Arc<dyn StdError + Send + Sync>),
    /// The time of the batch was up.
    TimedOut,
    /// It was told to stop.
    Cancelled(CancelReason),
    /// Code that the caller has supplied panicked.
    Panicked(Panic),
}

impl Failed {
    /// Whether a time limit passed, that of the request or that of the batch.
    pub fn is_timeout(&self) -> bool {
        match self {
            Failed::Request(error) => error.is_timeout(),
            Failed::TimedOut => true,
            _ => false,
        }
    }

    /// The time limit that passed, if one did.
    pub fn time_limit(&self) -> Option<TimeLimit> {
        match self {
            Failed::Request(error) => error.time_limit(),
            Failed::TimedOut => Some(TimeLimit::Batch),
            _ => None,
        }
    }

    /// What went wrong, without method and URL.
    pub fn message(&self) -> String {
        match self {
            Failed::Request(error) => error.message().to_owned(),
            Failed::BreakerOpen { retry_after } => format!(
                "not asked: the host has failed too often, and may be asked again in {retry_after:?}"
            ),
            Failed::Prepare(why) => format!("not sent: preparing it failed: {why}"),
            Failed::TimedOut => "the time of the batch was up".to_owned(),
            Failed::Cancelled(reason) => reason.to_string(),
            Failed::Panicked(panic) => panic.to_string(),
        }
    }

    /// A stable name for programs, such as `connect`, `timeout` or `cancelled`.
    pub fn kind(&self) -> &'static str {
        match self {
            Failed::Request(error) => error.kind().as_str(),
            Failed::BreakerOpen { .. } => "breaker_open",
            Failed::Prepare(_) => "prepare",
            Failed::TimedOut => "timeout",
            Failed::Cancelled(_) => "cancelled",
            Failed::Panicked(_) => "panicked",
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl StdError for Failed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Failed::Request(error) => error.source(),
            Failed::Prepare(why) => Some(&**why),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.method, self.url)?;
        match &self.result {
            Ok(response) => write!(f, "status {}", response.status)?,
            Err(failed) => failed.fmt(f)?,
        }
        if self.attempts > 1 {
            write!(f, " ({} attempts)", self.attempts)?;
        }
        Ok(())
    }
}

/// An outcome that is not good is the error of a join.
impl StdError for Outcome {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.result.as_ref().err().and_then(StdError::source)
    }
}
