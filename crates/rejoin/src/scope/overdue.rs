//! Blocking work that goes on after its scope was to end is said aloud, by name: it cannot be stopped,
//! and whoever wonders why a scope does not end has to find it.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use super::core::Core;
use super::deadline_after;
use crate::seam::{self, Instant, Sleep};

/// How long it may go on in silence; afterwards that long again, and so on.
const SILENCE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Overdue {
    /// Whether the runtime is known to have a clock: the scope has had a timer.
    pub(super) has_time: bool,
    /// When the silence is over, and how long it was in all.
    next: Option<(Instant, Duration)>,
}

impl Overdue {
    /// Says what is overdue, each time that the silence is over. `timer` is free for this.
    pub(super) fn watch(
        &mut self,
        core: &Core,
        mut timer: Pin<&mut Option<Sleep>>,
        cx: &mut Context<'_>,
    ) {
        while self.has_time {
            let names = core.overdue();
            if names.is_empty() {
                return;
            }
            let (at, waited) = *self.next.get_or_insert_with(|| (deadline_after(SILENCE), SILENCE));
            timer.set(Some(seam::sleep_until(at)));
            let sleep = timer.as_mut().as_pin_mut().expect("it was set just now");
            if seam::poll_sleep(sleep, cx).is_pending() {
                return;
            }
            for name in names {
                let scope = core.name().map(tracing::field::display);
                tracing::warn!(
                    work = %name,
                    scope,
                    "blocking work still runs {waited:?} after it was to end: it cannot be stopped, and \
                     its scope waits for it"
                );
            }
            self.next = Some((deadline_after(SILENCE), waited + SILENCE));
        }
    }
}
