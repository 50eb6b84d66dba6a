//! The parent's side: a child process, and the pipes to it.

use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{self, Duration};

use futures_util::future::{Either, select};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;

use super::error::ProcessError;
use super::{frame, init, registry};
use crate::cancel::WhenCancelled;
use crate::scope::core::Place;
use crate::scope::guest::Guest;
use crate::seam::{self, Instant};

/// How long a child may take until its `init`. It takes a millisecond; this is for machines that
/// are on their knees.
const START: Duration = Duration::from_secs(30);

/// How long the destructor of a state may take before its child is killed.
const END: Duration = Duration::from_secs(30);

/// What a program may print before its `init`.
const PREAMBLE: usize = 64 * 1024;

/// A child process that runs one request at a time.
///
/// Dropped, it is killed at once and reaped in the background; its scope waits for that.
pub(super) struct Process {
    /// Until it has been reaped.
    live: Option<Live>,
    /// Its seat in the scope that it belongs to.
    guest: Option<Guest>,
    /// When it was started, by the clock that tests may pause, and by the real one.
    started: (Instant, time::Instant),
    /// How many requests it has answered.
    pub(super) answered: usize,
}

struct Live {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Why there is no answer. The child is of no use any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// It was gone before it had the whole request, so it cannot have begun.
    Unsent,
    /// It has gone since.
    Unanswered,
}

impl Process {
    /// Starts a child, which can be used when it is [`ready`](Self::ready).
    pub(super) fn start(name: &str, guest: Guest) -> Result<Process, ProcessError> {
        let arguments = init::arguments().ok_or(ProcessError::NotInitialised)?;
        Process::spawn(name, &arguments, guest)
            .map_err(|error| ProcessError::NotStarted { source: Arc::new(error) })
    }

    /// Waits until the child has come to its `init`.
    pub(super) async fn ready(&mut self) -> Result<(), ProcessError> {
        let late = match within(START, self.greeted()).await {
            Some(Ok(true)) => return Ok(()),
            Some(_) => false,
            None => true,
        };
        Err(ProcessError::NotReady { status: self.end().await, late })
    }

    fn spawn(name: &str, arguments: &[&str], guest: Guest) -> io::Result<Process> {
        // On Linux the program that runs, even if its file was replaced by a newer one.
        let program = match cfg!(target_os = "linux") {
            true => "/proc/self/exe".into(),
            false => std::env::current_exe()?,
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(format!("name={}", name.replace('\0', "")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own: an interrupt from the terminal is for the parent to handle, and
            // what the function starts goes with the child.
            .process_group(0)
            .kill_on_drop(true);
        // Before it runs: the parent may come back from this when the child is ready already.
        let started = (seam::now(), time::Instant::now());
        let mut child = command.spawn()?;
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let live = Some(Live { child, input, output });
        Ok(Process { live, guest: Some(guest), started, answered: 0 })
    }

    /// Waits for the hello. False if it is that of another program.
    async fn greeted(&mut self) -> io::Result<bool> {
        let output = &mut self.live().output;
        let mut last = [0; frame::HELLO.len()];
        for _ in 0..PREAMBLE {
            last.rotate_left(1);
            last[frame::HELLO.len() - 1] = output.read_u8().await?;
            if last == frame::HELLO {
                return Ok(output.read_u64_le().await? == registry::fingerprint());
            }
        }
        Ok(false)
    }

    /// Sends a request and gives the content of the answer, which is no longer than `longest`.
    ///
    /// Dropped before it returns, the child is of no use any more.
    pub(super) async fn exchange(
        &mut self,
        request: &[u8],
        longest: usize,
    ) -> Result<Vec<u8>, Broken> {
        let _clock = self.clock_was_paused().then(seam::hold_clock);
        self.live().input.write_all(request).await.map_err(|_| Broken::Unsent)?;
        let answer = self.answer(longest).await.map_err(|_| Broken::Unanswered)?;
        self.answered += 1;
        Ok(answer)
    }

    /// Since the start, which takes a real millisecond, a clock that tests have paused is behind, or
    /// has jumped. A wrong yes costs some microseconds.
    fn clock_was_paused(&self) -> bool {
        let (virtually, really) = (self.started.0.elapsed(), self.started.1.elapsed());
        virtually.abs_diff(really) > Duration::from_micros(200)
    }

    async fn answer(&mut self, longest: usize) -> io::Result<Vec<u8>> {
        let output = &mut self.live().output;
        let length = output.read_u32_le().await? as usize;
        if length > longest {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut content = vec![0; length];
        output.read_exact(&mut content).await?;
        Ok(content)
    }

    /// Kills it, with all that it has started, and waits until it has gone. If it had ended before,
    /// the status says how; there is none if the program has told the system to forget its children.
    pub(super) async fn end(&mut self) -> Option<ExitStatus> {
        let _clock = self.clock_was_paused().then(seam::hold_clock);
        let live = self.live();
        live.kill();
        let status = live.child.wait().await.ok();
        self.live = None;
        status
    }

    /// Ready when the scope that it belongs to is told to stop.
    pub(super) fn cancelled(&self) -> WhenCancelled {
        self.guest.as_ref().expect("it has its seat until its end").cancelled()
    }

    /// Whether it has ended while nobody asked it anything. It still has to be reaped.
    pub(super) fn has_ended(&mut self) -> bool {
        // Nobody else has the other end of the pipe: not even programs that the child has started.
        let mut hung_up =
            [PollFd::from_borrowed_fd(self.live().output.get_ref().as_fd(), PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut hung_up, Some(&now)).is_ok() && !hung_up[0].revents().is_empty()
    }

    /// Lets it drop its state and end, and holds `also` until it has gone. It is killed if that
    /// takes too long, or if its scope has been told to stop.
    pub(super) fn dismiss_in_background<H: Send + 'static>(mut self, also: H) {
        let stopped = self.cancelled();
        let told = self.guest.as_ref().and_then(Guest::place).and_then(Place::reason).is_some();
        if told || Handle::try_current().is_err() {
            return self.abandon(also);
        }
        let Some(mut live) = self.live.take() else { return };
        let held = (self.guest.take(), also);
        drop(seam::spawn(async move {
            let ended = async {
                let _ = live.input.write_all(&frame::end()).await;
                let _ = live.child.wait().await;
            };
            let ended = async { matches!(select(pin!(ended), stopped).await, Either::Left(_)) };
            if within(END, ended).await != Some(true) {
                live.kill();
                let _ = live.child.wait().await;
            }
            drop(held);
        }));
    }

    /// Kills it, and holds `also` until it has gone.
    pub(super) fn end_in_background<H: Send + 'static>(mut self, also: H) {
        self.abandon(also);
    }

    fn live(&mut self) -> &mut Live {
        self.live.as_mut().expect("a process is not used after its end")
    }

    fn abandon<H: Send + 'static>(&mut self, also: H) {
        let Some(mut live) = self.live.take() else { return };
        live.kill();
        let paused = self.clock_was_paused();
        let held = (self.guest.take(), also);
        // Without a runtime nobody is left to wait.
        if Handle::try_current().is_ok() {
            drop(seam::spawn(async move {
                let _clock = paused.then(seam::hold_clock);
                let _ = live.child.wait().await;
                drop(held);
            }));
        }
    }
}

/// Waits for `what`, but not longer than `most` by the real clock. A paused clock stands still
/// meanwhile, so nobody's virtual time runs out because a process takes a real millisecond.
async fn within<T>(most: Duration, what: impl Future<Output = T>) -> Option<T> {
    // A paused clock stands still as long as there is a thread that waits.
    let (over, until_over) = mpsc::channel::<()>();
    let late = seam::spawn_blocking(move || {
        let _ = until_over.recv_timeout(most);
    });
    let what = async {
        let done = what.await;
        drop(over);
        done
    };
    match select(pin!(what), late).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

impl Live {
    fn kill(&mut self) {
        // It is not reaped yet, so its number is nobody else's.
        let group = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.abandon(());
    }
}
