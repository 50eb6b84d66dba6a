//! The `rejoin` binary.
//!
//! Results go to stdout, everything else to stderr. Exit codes: 0 for success, 1 for a failure that the command
//! reports, 2 for a command line that makes no sense. `fetch` has more, which its `--help` lists.

mod args;
mod command;
mod environment;
mod exit;
mod output;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use rejoin::detach::shutdown;
use rejoin_server::is_cov;
use tokio::runtime::Builder;

use crate::args::{Arguments, Command};
use crate::exit::Failure;

/// Documents and states are many small allocations that threads hand to each other: with this allocator a
/// request costs a fifth to a third less than with the system's. It does not ask for huge pages: with them up to
/// half as much memory again is resident, as all that a connection's buffers might hold counts, and requests cost
/// next to nothing less.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Arguments::try_parse() {
        Ok(arguments) => run(arguments.command),
        // What was asked for with `--help` or `--version` is a result like any other.
        Err(asked) if !asked.use_stderr() => {
            output::help(&asked);
            Ok(())
        }
        Err(wrong) => wrong.exit(),
    };
    let done = done.and_then(|()| match output::unwritten() {
        None => Ok(()),
        Some(error) => Err(Failure::new(format!("cannot write to stdout: {error}"))),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => blocking(command::serve::serve(args)),
        Command::Check(args) => blocking(command::check::check(args)),
        Command::Test(args) => command::test::test(&args),
        Command::Run(args) if is_cov(&args.file) => {
            in_order(command::run_function::run_function(&args))
        }
        Command::Run(args) => blocking(command::run::run(args)),
        Command::Fmt(args) => command::fmt::fmt(&args),
        Command::Explain(args) => command::explain::explain(&args),
        Command::Fetch(args) => blocking(command::fetch::fetch(args)),
        Command::Migrate(args) => blocking(command::migrate::migrate(args)),
        Command::New(args) => command::new::new(&args),
    }
}

/// How long clean-up may take when a command has ended, such as the cancelling of statements on their servers.
const CLEAN_UP: Duration = Duration::from_secs(2);
/// How long work that blocks may take after that.
const LEFT: Duration = Duration::from_millis(100);

/// Runs an async command on all cores.
fn blocking(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    to_its_end(Builder::new_multi_thread(), command)
}

/// Runs an async command on this thread: what can go on at the same moment goes on in the order in which it was started, so that
/// branches which end together end in the order written.
fn in_order(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    to_its_end(Builder::new_current_thread(), command)
}

/// Runs an async command, and what it has left to clean up. What cannot be stopped, such as the look-up of a
/// name that was not waited for, keeps nobody waiting.
fn to_its_end(
    mut runtime: Builder,
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let runtime = runtime
        .thread_name("rejoin-worker")
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start the runtime: {error}")))?;
    let done = runtime.block_on(async {
        let done = command.await;
        let left = shutdown(CLEAN_UP, Duration::ZERO).await;
        if !left.is_empty() {
            output::error(&format!("warning: {left}\n"));
        }
        done
    });
    runtime.shutdown_timeout(LEFT);
    done
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn work_that_blocks_does_not_keep_a_command_from_ending() {
        let (go, wait) = channel::<()>();
        let (ended, end) = channel();
        std::thread::spawn(move || {
            let command = async move {
                let (started, start) = tokio::sync::oneshot::channel();
                tokio::task::spawn_blocking(move || (started.send(()), wait.recv()));
                start.await.map_err(|_| Failure::reported())
            };
            ended.send(blocking(command).is_ok())
        });
        assert_eq!(end.recv_timeout(Duration::from_secs(60)), Ok(true));
        drop(go);
    }
}
