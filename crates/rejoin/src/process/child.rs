//! The child's side: a loop that reads a request, runs the function, answers.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpid, kill_process, kill_process_group};
use rustix::stdio::{dup2_stdin, dup2_stdout};

use super::frame::{self, Command, Ending, Request};
use super::registry::{self, REGISTRY, State};
use crate::outcome::Panic;

/// Something is wrong with the pipes. The parent sees only that the child has ended.
const BROKEN: i32 = 74;

/// Serves the parent until it closes the pipe, and ends the process.
pub(super) fn serve() -> ! {
    exit(match converse() {
        Ok(()) => 0,
        Err(_) => BROKEN,
    })
}

fn converse() -> io::Result<()> {
    let (input, mut output) = take_pipes()?;
    watch_parent(input.as_fd().try_clone_to_owned()?)?;
    let mut hello = frame::HELLO.to_vec();
    hello.extend_from_slice(&registry::fingerprint().to_le_bytes());
    output.write_all(&hello)?;

    let mut input = BufReader::new(input);
    let mut content = Vec::new();
    let mut state: State = None;
    while frame::read(&mut input, &mut content)?.is_some() {
        let request = Request::parse(&content).ok_or(io::ErrorKind::InvalidData)?;
        if request.command == Command::End {
            end(state);
        }
        let entry = REGISTRY.get(request.number).ok_or(io::ErrorKind::InvalidData)?;
        let answer = || entry.answer(&mut state, request.arguments, request.limit);
        // What a panic leaves broken is the function's own, which has to live with that as it does
        // in a thread that goes on. A state goes; the parent starts another child for a new one.
        let answer = catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|payload| {
            let state = state.take();
            let _ = catch_unwind(AssertUnwindSafe(|| drop(state)));
            frame::refused(Ending::Panicked, Panic::new(payload).message())
        });
        // Half a line that the function printed must not wait for the next call.
        let _ = io::stdout().flush();
        output.write_all(&answer)?;
        // One large call must not keep its memory for ever.
        content.clear();
        content.shrink_to(64 * 1024);
    }
    Ok(())
}

/// Drops the state, and goes with all that it has started.
fn end(state: State) -> ! {
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(state)));
    let _ = io::stdout().flush();
    let _ = kill_process_group(getpid(), Signal::KILL);
    exit(if dropped.is_ok() { 0 } else { BROKEN })
}

/// The pipes to the parent. Nobody else gets hold of them: the function finds an empty standard
/// input, what it prints goes to standard error, and programs that it starts inherit neither.
fn take_pipes() -> io::Result<(File, File)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(io::stderr())?;
    Ok((File::from(input), File::from(output)))
}

/// Ends this process when the parent has gone, also while a function runs.
fn watch_parent(input: OwnedFd) -> io::Result<()> {
    let watch = move || {
        loop {
            // Asked for nothing, it still tells that the other end was closed.
            let mut hung_up = [PollFd::new(&input, PollFlags::empty())];
            if poll(&mut hung_up, None).is_ok() && !hung_up[0].revents().is_empty() {
                break;
            }
        }
        // Not `exit`: that would run destructors of statics beside a function that uses them.
        let _ = kill_process(getpid(), Signal::KILL);
    };
    thread::Builder::new().name("rejoin-parent".to_owned()).spawn(watch)?;
    Ok(())
}
