//! Programs that a command starts: servers that say where they listen, and commands that end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(60);

/// A server that this process started. Dropping it ends exactly that process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts `command` and waits for its line `listening on http://HOST:PORT`.
    pub(crate) fn start(command: &mut Command) -> Result<Server, String> {
        let shown = show(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("{shown}: {e}"))?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        // From here on the process ends with this value, whichever way this function is left.
        let mut server = Server { child, address: String::new() };

        let log = thread::spawn(move || tail_of(stderr));
        let (listens, heard) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("listening on http://") {
                    // Nobody waits for a second such line.
                    listens.send(address.trim().to_owned()).ok();
                }
            }
        });

        match heard.recv_timeout(START) {
            Ok(address) => {
                server.address = address;
                Ok(server)
            }
            Err(_) => {
                drop(server);
                let log = log.join().unwrap_or_default();
                Err(format!("{shown}: did not start to listen\n{log}"))
            }
        }
    }

    /// `host:port`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended already, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Reads a stream to its end, so that its writer never blocks, and keeps the last part of it.
fn tail_of(stream: impl Read) -> String {
    let mut tail = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        tail.push_str(&line);
        tail.push('\n');
        if tail.len() > 64 * 1024 {
            let keep = tail.len() - 16 * 1024;
            let keep = (keep..tail.len()).find(|&n| tail.is_char_boundary(n)).unwrap_or(0);
            tail.drain(..keep);
        }
    }
    tail
}

/// What a command that ended has left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `command` to its end, which must come within `limit`.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Ended, String> {
    run_watched(command, limit, |_| {})
}

/// The same, and every few milliseconds `watch` gets the number of its process.
pub(crate) fn run_watched(
    command: &mut Command,
    limit: Duration,
    mut watch: impl FnMut(u32),
) -> Result<Ended, String> {
    let shown = show(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("{shown}: {e}"))?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let stderr = child.stderr.take().expect("stderr is piped");
    let stdout = thread::spawn(move || text_of(stdout));
    let stderr = thread::spawn(move || text_of(stderr));
    let ends = Instant::now() + limit;
    let status = loop {
        match child.try_wait().map_err(|e| format!("{shown}: {e}"))? {
            Some(status) => break status,
            None if Instant::now() >= ends => {
                child.kill().ok();
                child.wait().ok();
                return Err(format!("{shown}: not done after {} s", limit.as_secs()));
            }
            None => {
                watch(child.id());
                thread::sleep(Duration::from_millis(5));
            }
        }
    };
    Ok(Ended {
        success: status.success(),
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    })
}

fn text_of(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    // What came before a broken pipe is kept.
    stream.read_to_end(&mut bytes).ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Runs a command on this console. True if it succeeded.
pub(crate) fn shown(command: &mut Command) -> Result<bool, String> {
    println!("\n$ {}", show(command));
    let status = command.status().map_err(|e| format!("{}: {e}", show(command)))?;
    Ok(status.success())
}

/// The `cargo` that runs this, from the root of the repository.
pub(crate) fn cargo<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(words).current_dir(crate::tree::root());
    command
}

/// A command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for word in command.get_args() {
        text.push(' ');
        text.push_str(&word.to_string_lossy());
    }
    text
}
