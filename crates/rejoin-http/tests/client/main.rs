//! The client against real sockets that behave well, badly, and not at all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answer;
mod batch;
mod cancel;
mod compressed;
mod failure;
mod forgery;
mod http2;
mod pool;
mod proxied;
mod redirects;
mod support;
mod tls;
