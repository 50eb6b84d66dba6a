//! [`Printer`]: writes what is said about outcomes, on a thread of its own.
//!
//! Who reads may be slow or stand still: a pager, a terminal that is held. A thread that writes then cannot be
//! interrupted, and a run has to end all the same.

use std::future::pending;
use std::io;
use std::thread;

use tokio::sync::mpsc::{Permit, Receiver, Sender, channel};
use tokio::sync::oneshot;

use crate::output;

/// How many outcomes may wait to be written.
const AHEAD: usize = 16;

/// What is said about an outcome, and how far it is then, if that is shown.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) outcome: String,
    pub(super) progress: Option<String>,
}

#[derive(Debug)]
pub(super) struct Printer {
    lines: Sender<Line>,
    ended: oneshot::Receiver<io::Result<()>>,
}

impl Printer {
    pub(super) fn start() -> Result<Self, String> {
        let (lines, come) = channel(AHEAD);
        let (end, ended) = oneshot::channel();
        let print = move || {
            // Nobody may wait for it any longer.
            let _ = end.send(print(come));
        };
        let started = thread::Builder::new().name("fetch-output".to_owned()).spawn(print);
        started.map_err(|error| format!("cannot start a thread: {error}"))?;
        Ok(Self { lines, ended })
    }

    /// Waits for a place for one line; for ever, if nothing can be written any longer.
    pub(super) async fn place(&self) -> Permit<'_, Line> {
        match self.lines.reserve().await {
            Ok(place) => place,
            Err(_) => pending().await,
        }
    }

    /// Ready when nothing can be written any longer.
    pub(super) async fn closed(&self) {
        self.lines.closed().await;
    }

    /// Waits until all is written; an error says why it cannot be.
    pub(super) async fn finish(self) -> io::Result<()> {
        drop(self.lines);
        self.ended.await.unwrap_or(Ok(()))
    }
}

fn print(mut come: Receiver<Line>) -> io::Result<()> {
    let mut lines = Vec::with_capacity(AHEAD);
    while come.blocking_recv_many(&mut lines, AHEAD) > 0 {
        wipe();
        let text: String = lines.iter().map(|line| line.outcome.as_str()).collect();
        output::try_result(&text)?;
        if let Some(progress) = lines.drain(..).rev().find_map(|line| line.progress) {
            output::error(&progress);
        }
    }
    Ok(())
}

/// Takes the progress away, if somebody watches it.
pub(super) fn wipe() {
    if output::is_watched() {
        output::error("\r\u{1b}[K");
    }
}
