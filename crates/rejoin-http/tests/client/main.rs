//! The client against real sockets that behave well, badly, and not at all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answer;
mod batch;
mod batch_faults;
mod batch_hosts;
mod batch_laws;
mod batch_leaves_nothing;
mod batch_prepare;
mod batch_pulls;
mod batch_time;
mod cancel;
mod compressed;
mod connecting;
mod failure;
mod forgery;
mod http2;
mod mirrors;
mod pool;
mod pool_exchanges;
mod pool_http2;
mod pool_limits;
mod pool_stress;
mod proxied;
mod redirects;
mod resting;
mod saved;
mod seed;
#[path = "../../../../tests/seeded.rs"]
mod seeded;
mod support;
mod time_limits;
mod tls;
