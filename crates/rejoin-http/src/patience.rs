//! [`Patience`]: for how long nothing may come.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::deadline::later;

/// Gives up a wait that takes too long, one after the other.
///
/// A body comes in many pieces, most of which are there when they are asked for. So there is no timer
/// before the first wait, and it is not set anew for each piece: when it fires, it is looked how long
/// the wait has lasted.
pub(crate) struct Patience {
    limit: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Endless without a limit.
    pub(crate) fn new(limit: Option<Duration>) -> Patience {
        Patience { limit, timer: None }
    }

    /// Awaits `future`; `None` if it takes longer than the limit. What is ready wins over the time.
    pub(crate) async fn hold<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let Some(limit) = self.limit else { return Some(future.await) };
        let mut future = pin!(future);
        let mut ends = None;
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let ends = *ends.get_or_insert_with(|| later(Instant::now(), limit));
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(ends)));
            while timer.as_mut().poll(cx).is_ready() {
                if ends <= Instant::now() {
                    return Poll::Ready(None);
                }
                timer.as_mut().reset(ends);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_the_whole_limit() {
        let mut patience = Patience::new(Some(2 * SECOND));
        let began = Instant::now();
        for _ in 0..5 {
            assert_eq!(patience.hold(sleep(SECOND)).await, Some(()));
            assert_eq!(patience.hold(ready(1)).await, Some(1));
            // What happens between two waits does not count.
            sleep(10 * SECOND).await;
        }
        assert_eq!(began.elapsed(), 55 * SECOND);
        assert_eq!(patience.hold(pending::<()>()).await, None);
        assert_eq!(began.elapsed(), 57 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_ready_at_the_last_moment_is_in_time() {
        let mut patience = Patience::new(Some(SECOND));
        assert_eq!(patience.hold(sleep(SECOND)).await, Some(()));
        assert_eq!(Patience::new(None).hold(sleep(1000 * SECOND)).await, Some(()));
    }
}
