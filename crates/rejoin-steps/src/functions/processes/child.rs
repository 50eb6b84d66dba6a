//! One program that runs.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rejoin_engine::{Datum, Guest};
use tokio::process::Command;
use tokio::sync::{Mutex as AsyncMutex, watch};

use super::output::{LARGEST, Output};

/// How often it is looked at how much a program has written.
const LOOK: Duration = Duration::from_millis(20);

/// A program and those that it started itself: dropping this kills all of them.
pub(super) struct Child {
    /// Whoever waits has it; others see in `ended` that there is nothing left to wait for.
    running: AsyncMutex<tokio::process::Child>,
    /// The group of the program, as long as it may be killed: until it was waited for, the number is nobody else's.
    group: Mutex<Option<i32>>,
    pid: Option<u32>,
    ended: watch::Sender<Option<Datum>>,
    out: Output,
    error: Output,
}

impl Child {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let (out, error) = (Output::new()?, Output::new()?);
        command.stdout(out.pipe()?).stderr(error.pipe()?);
        let running = command.spawn()?;
        let pid = running.id();
        let group = pid.and_then(|pid| i32::try_from(pid).ok());
        Ok(Self {
            running: AsyncMutex::new(running),
            group: Mutex::new(group),
            pid,
            ended: watch::Sender::new(None),
            out,
            error,
        })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Kills it and all that it started, unless it has ended.
    pub(super) fn kill(&self) -> bool {
        let group = *self.group.lock().unwrap_or_else(PoisonError::into_inner);
        group.is_some_and(kill_group)
    }

    fn writes_too_much(&self) -> bool {
        self.out.size() > LARGEST || self.error.size() > LARGEST
    }

    /// Waits for its end, whoever else does, and gives what it wrote.
    pub(super) async fn wait(&self) -> io::Result<Datum> {
        let mut running = self.running.lock().await;
        if let Some(ended) = &*self.ended.borrow() {
            return Ok(ended.clone());
        }
        let mut is_too_long = false;
        let status = loop {
            tokio::select! {
                status = running.wait() => break status?,
                () = tokio::time::sleep(LOOK) => {
                    // A disk has an end; whoever writes without one is stopped before it.
                    if !is_too_long && self.writes_too_much() {
                        is_too_long = true;
                        self.kill();
                    }
                }
            }
        };
        // What it started and left behind ends with it; only then the number of the group is free.
        self.kill();
        *self.group.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if is_too_long || self.writes_too_much() {
            let message = format!("it wrote more than {LARGEST} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        let ended = Datum::record(
            "ProcessResult",
            [
                ("exit_code", status.code().map_or(Datum::None, |code| Datum::Int(code.into()))),
                ("stdout", Datum::text(self.out.text()?)),
                ("stderr", Datum::text(self.error.text()?)),
            ],
        );
        self.ended.send_replace(Some(ended.clone()));
        Ok(ended)
    }
}

impl Guest for Child {
    fn end(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            self.kill();
            self.wait().await.ok();
        })
    }

    fn has_ended(&self) -> bool {
        self.group.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Nobody has to wait for it while it writes without an end.
    fn look(&self) {
        if self.writes_too_much() {
            self.kill();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(unix)]
fn kill_group(group: i32) -> bool {
    use rustix::process::{Pid, Signal, kill_process_group};
    Pid::from_raw(group).is_some_and(|group| kill_process_group(group, Signal::KILL).is_ok())
}

#[cfg(not(unix))]
fn kill_group(_: i32) -> bool {
    // The runtime kills the program itself when it is dropped.
    false
}
