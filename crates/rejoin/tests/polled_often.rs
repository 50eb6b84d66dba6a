//! A scope that is polled more often than anything happens in it: whoever waits for it waits for others, too.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use rejoin::{Scope, scope};

#[tokio::test]
async fn a_poll_of_a_scope_that_closes_does_not_look_at_all_who_are_left() {
    let mut closing = pin!(scope(|s: Scope| async move {
        for _ in 0..20_000 {
            drop(s.spawn_value(pending::<()>()));
        }
        Ok(())
    }));
    assert!(futures_util::poll!(closing.as_mut()).is_pending());
    let start = Instant::now();
    poll_fn(|cx| {
        for _ in 0..2_000 {
            assert!(closing.as_mut().poll(cx).is_pending());
        }
        Poll::Ready(())
    })
    .await;
    // A nanosecond for each of them would be forty milliseconds, and where nothing is optimised it is two hundred.
    assert!(start.elapsed() < Duration::from_secs(1), "it took {:?}", start.elapsed());
}
