//! [`Alarm`]: what wakes the task that watches the connections at rest, and [`Bell`], which each of them has for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Wake, Waker};

use futures_util::task::AtomicWaker;

/// Wakes the task that watches.
#[derive(Default)]
pub(super) struct Alarm(AtomicWaker);

impl Alarm {
    /// Wakes `task` from now on.
    pub(super) fn wakes(&self, task: &Waker) {
        self.0.register(task);
    }

    pub(super) fn ring(&self) {
        self.0.wake();
    }
}

/// What one connection wakes when something comes over it. It sets off the alarm while it is armed, and once only:
/// a connection at rest that is taken and sent on is nobody's concern but that of who does so.
pub(super) struct Bell {
    state: AtomicU8,
    alarm: Arc<Alarm>,
}

const OFF: u8 = 0;
const ARMED: u8 = 1;
const RUNG: u8 = 2;

impl Bell {
    pub(super) fn new(alarm: &Arc<Alarm>) -> Arc<Bell> {
        Arc::new(Bell { state: AtomicU8::new(OFF), alarm: Arc::clone(alarm) })
    }

    pub(super) fn arm(&self) {
        self.state.store(ARMED, Ordering::Release);
    }

    pub(super) fn turn_off(&self) {
        self.state.store(OFF, Ordering::Release);
    }

    /// Whether it was armed, and has rung since or not.
    pub(super) fn is_on(&self) -> bool {
        self.state.load(Ordering::Acquire) != OFF
    }

    pub(super) fn has_rung(&self) -> bool {
        self.state.load(Ordering::Acquire) == RUNG
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let rung = self.state.compare_exchange(ARMED, RUNG, Ordering::AcqRel, Ordering::Relaxed);
        if rung.is_ok() {
            self.alarm.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_alarm_goes_off_once_and_only_while_it_is_armed() {
        let alarm = Arc::new(Alarm::default());
        let woken = Arc::new(Woken::default());
        let (bell, other) = (Bell::new(&alarm), Bell::new(&alarm));
        let ring = || {
            alarm.wakes(&Waker::from(Arc::clone(&woken)));
            Waker::from(Arc::clone(&bell)).wake();
            (woken.0.swap(0, Ordering::Relaxed), bell.has_rung())
        };
        assert_eq!(ring(), (0, false));
        bell.arm();
        assert!(!bell.has_rung());
        assert_eq!([ring(), ring()], [(1, true), (0, true)]);
        bell.arm();
        bell.turn_off();
        assert_eq!(ring(), (0, false));
        assert!(!other.has_rung());
    }
}
