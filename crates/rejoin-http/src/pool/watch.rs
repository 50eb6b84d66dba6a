//! [`Watch`]: the task that watches the connections at rest.
//!
//! They have to be dropped when the server closes them, or sends what nobody asked for, and when they have lain there
//! too long. What comes over any of them sets off the alarm, which wakes the watch, and so does a clock. A connection
//! that is in use is driven by its request, and none of the watch's concern.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;

use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::alarm::Alarm;
use super::shelf::Shelf;

/// The task that watches. It ends when nothing rests.
pub(super) struct Watch {
    shelf: Option<Weak<Shelf>>,
    alarm: Arc<Alarm>,
}

impl Watch {
    pub(super) fn new(shelf: &Arc<Shelf>, alarm: Arc<Alarm>) -> Watch {
        Watch { shelf: Some(Arc::downgrade(shelf)), alarm }
    }

    pub(super) fn run(self) -> impl Future<Output = ()> + Send + use<> {
        // With a budget it would see so many connections, and be woken for the others without end.
        unconstrained(self.watch())
    }

    async fn watch(mut self) {
        let mut clock = pin!(sleep_until(Instant::now()));
        poll_fn(|cx| {
            self.alarm.wakes(cx.waker());
            loop {
                let Some(shelf) = self.shelf.as_ref().and_then(Weak::upgrade) else {
                    return Poll::Ready(());
                };
                let Some(next) = shelf.look_through() else {
                    // Who finds something to watch from now on spawns another one.
                    self.shelf = None;
                    return Poll::Ready(());
                };
                clock.as_mut().reset(next);
                if clock.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }
}

/// A runtime that goes down drops its tasks, and what rests on it is of no use any longer. What rests on another one
/// goes with it, as nobody watches that: the next request connects anew.
impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(shelf) = self.shelf.as_ref().and_then(Weak::upgrade) {
            shelf.clear();
        }
    }
}
