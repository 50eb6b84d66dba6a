//! The one pooled HTTP client under Rejoin, and [batches](Batch) of requests on it.
//!
//! ```no_run
//! use std::time::Duration;
//! use rejoin_http::{Client, Request};
//!
//! # async fn example() -> Result<(), rejoin_http::Error> {
//! let client = Client::new();
//! let request = Request::get("https://example.com/")?.timeout(Duration::from_secs(5));
//! let response = client.send(request).await?;
//! println!("{}: {} bytes from {}", response.status, response.body.len(), response.url);
//! # Ok(())
//! # }
//! ```
//!
//! What a [`Client`] does by itself:
//!
//! * **Connections** are pooled per origin. A pooled connection that the server closed meanwhile is
//!   replaced and the request repeated, when repeating it is safe. HTTP/2 is spoken where a TLS
//!   server offers it, with the roots of the system trusted.
//! * **Time** is bounded: a request as a whole (30 seconds, or what [`Request::timeout`] says, or the
//!   deadline of the calling [scope](rejoin::scope)), connecting apart from it (10 seconds). What is
//!   left can be [sent upstream](Request::budget_header).
//! * **Memory** is bounded: a body may have 8 MiB, as sent and again once decompressed.
//! * **Redirects** are followed, 10 at most. Credentials stay with the origin they were meant for, and
//!   nothing goes on without the encryption it started with.
//! * **Proxies** are taken from the environment.
//! * **Request forgery** can be fenced in, by [address](ClientBuilder::deny_private_networks) and by
//!   [name](ClientBuilder::allow_hosts). Both are off unless turned on.
//! * **Dropping** the future of [`Client::send`] ends the exchange at once.
//!
//! A response of any status is a response. An [`Error`] says what kind of thing went wrong, in which
//! [`Phase`], and whether a [`Retry`] is safe.
//!
//! # Where things are
//!
//! | module | what it holds |
//! |---|---|
//! | `client`, `builder` | the client and its settings |
//! | `batch` | many requests at once: all, race, any and their kin |
//! | `request`, `response`, `url`, `error` | what goes in and comes out |
//! | `exchange` | the life of one request |
//! | `redirect`, `body`, `decode`, `classify` | its parts: the next hop, what is sent, what is read, what an error means |
//! | `pool` | connections in use and at rest |
//! | `connect` | from an origin to a connection: proxy, TCP, TLS |
//! | `save` | a body on its way to a file |
//! | `gate` | what a batch has to say before a redirect is followed |
//! | `resolve`, `address` | from names to addresses, and which of them may be reached |
//! | `duration` | lengths of time as people write them |
//! | `live` | everything that is open, for shutting it down |
//! | `tasks` | the one place that spawns |

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod address;
mod batch;
mod body;
mod builder;
mod classify;
mod client;
mod connect;
mod credentials;
mod deadline;
mod decode;
mod duration;
mod error;
mod exchange;
mod gate;
mod hop;
mod live;
mod patience;
mod pool;
mod redirect;
mod request;
mod resolve;
mod response;
mod save;
mod tasks;
mod url;

pub use crate::batch::{
    Batch, Failed, InOrder, Outcome, Outcomes, RequestSpec, Requests, SourceError, StatusPolicy,
};
pub use crate::builder::ClientBuilder;
pub use crate::client::Client;
pub use crate::duration::parse_duration;
pub use crate::error::{Error, ErrorKind, Phase, Retry, TimeLimit};
pub use crate::hop::Hop;
pub use crate::request::{BUDGET_HEADER, Request};
pub use crate::resolve::{Resolve, Resolving};
pub use crate::response::{ConnectTimings, Response, Timings};
pub use crate::url::Url;

/// The programs of docs/fetch.md and docs/batches.md are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/fetch.md")]
#[doc = include_str!("../../../docs/batches.md")]
struct Guide;
