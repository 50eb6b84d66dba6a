//! Streams: every item exactly once and in order, whatever the clock does; nothing left behind.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod batch;
mod buffer;
mod closing;
#[path = "../every_await/mod.rs"]
mod every_await;
mod map;
mod merge;
#[path = "../../../../tests/seeded.rs"]
mod seeded;
mod throttle;
mod timeout;

use std::num::NonZeroUsize;

use every_await::ms;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::sleep;

fn size(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

/// Gives `(name, position)` after each of the pauses, in milliseconds; without a wait if it is 0.
fn paused<N>(name: N, pauses: Vec<u64>) -> impl Stream<Item = (N, usize)> + Send + Unpin + 'static
where
    N: Copy + Send + 'static,
{
    stream::iter(pauses.into_iter().enumerate())
        .then(move |(index, pause)| async move {
            if pause > 0 {
                sleep(ms(pause)).await;
            }
            (name, index)
        })
        .boxed()
}

/// A source that waits and never has anything.
fn silent<T: Send + 'static>() -> stream::BoxStream<'static, T> {
    stream::pending().boxed()
}
