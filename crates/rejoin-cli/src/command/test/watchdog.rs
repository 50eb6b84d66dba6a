//! A bound on the real time that a test may take: virtual time stands still for whoever spins or waits outside.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rejoin::Scope;

/// By what a test can be stopped from outside.
#[derive(Clone, Default)]
pub(super) struct Reins(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    scope: Option<Scope>,
    stopped: Option<String>,
}

impl Reins {
    /// Puts the test's scope in. If the test was stopped before, the scope is cancelled at once.
    pub(super) fn hold(&self, scope: Scope) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &held.stopped {
            scope.cancel(why.clone());
        }
        held.scope = Some(scope);
    }

    fn stop(&self, why: String) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scope) = &held.scope {
            scope.cancel(why.clone());
        }
        held.stopped = Some(why);
    }
}

/// Runs `test` in a thread of its own. If it takes longer than `limit`, the scope that it has put into the reins is
/// cancelled; if it does not end within the `grace` either, it is left to itself, and `None` says so.
pub(super) fn watched<T: Send + 'static>(
    limit: Duration,
    grace: Duration,
    test: impl FnOnce(Reins) -> T + Send + 'static,
) -> Option<T> {
    let reins = Reins::default();
    let (done, ended) = mpsc::sync_channel(1);
    let theirs = reins.clone();
    let thread = thread::Builder::new().name("test".to_owned()).spawn(move || {
        // Nobody listens any more if it took too long.
        let _ = done.send(test(theirs));
    });
    let Ok(thread) = thread else { return None };
    let result = match ended.recv_timeout(limit) {
        Err(RecvTimeoutError::Timeout) => {
            reins.stop(format!("it took over {limit:?} of real time"));
            ended.recv_timeout(grace)
        }
        result => result,
    };
    match result {
        Ok(result) => Some(result),
        Err(RecvTimeoutError::Timeout) => None,
        // It panicked, which is a defect of ours: it must not look like a failed test.
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn what_ends_in_time_gives_its_result() {
        assert_eq!(watched(HOUR, HOUR, |_| 7), Some(7));
    }

    #[test]
    fn what_waits_for_ever_is_cancelled() {
        let why = watched(Duration::ZERO, HOUR, |reins| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let stopped = runtime.block_on(rejoin::scope(|scope: Scope| async move {
                reins.hold(scope);
                rejoin::cancelled().await;
                Ok(rejoin::cancel_reason().map(|reason| reason.to_string()))
            }));
            stopped.unwrap().unwrap_or_default()
        });
        assert!(why.as_ref().is_some_and(|why| why.contains("of real time")), "{why:?}");
    }

    #[test]
    fn what_does_not_listen_is_left_to_itself() {
        let (_open, never) = mpsc::channel::<()>();
        assert_eq!(watched(Duration::ZERO, Duration::ZERO, move |_| never.recv()), None);
    }
}
