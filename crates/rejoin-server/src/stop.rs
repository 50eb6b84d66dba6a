//! How a server is told to stop: first softly, then at once.

use tokio::sync::watch;

/// How far the end of a server has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Draining,
    Cutting,
}

/// Tells a server to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stopper {
    phase: watch::Sender<Phase>,
}

/// Hears a [`Stopper`].
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    phase: watch::Receiver<Phase>,
}

impl Stopper {
    pub(crate) fn new() -> (Self, Stop) {
        let (phase, receiver) = watch::channel(Phase::Serving);
        (Self { phase }, Stop { phase: receiver })
    }

    /// Accept nothing more, and let what is under way come to its end.
    pub fn drain(&self) {
        self.raise(Phase::Draining);
    }

    /// End at once: what is under way is cancelled.
    pub fn cut(&self) {
        self.raise(Phase::Cutting);
    }

    fn raise(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let later = to > *phase;
            *phase = to.max(*phase);
            later
        });
    }

    /// Drains at the first SIGTERM or SIGINT (Ctrl-C), cuts at the second. Signals are caught from now on; the
    /// future acts on them, until it is dropped.
    ///
    /// # Errors
    /// If the system refuses to report signals.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn on_signals(&self) -> std::io::Result<impl Future<Output = ()> + use<>> {
        let mut signals = Signals::new()?;
        let stopper = self.clone();
        Ok(async move {
            signals.next().await;
            stopper.drain();
            loop {
                signals.next().await;
                stopper.cut();
            }
        })
    }
}

impl Stop {
    /// Waits until the server is to stop, softly or not.
    pub(crate) async fn draining(&mut self) {
        // A stopper that is gone can tell no one to stop.
        if self.phase.wait_for(|phase| *phase >= Phase::Draining).await.is_err() {
            std::future::pending().await
        }
    }

    /// Waits until the server is to end at once.
    pub(crate) async fn cutting(&mut self) {
        if self.phase.wait_for(|phase| *phase >= Phase::Cutting).await.is_err() {
            std::future::pending().await
        }
    }
}

/// The signals that ask a process to end.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
