//! The only place that writes to the console.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use rejoin_value::Value;

/// The first error of writing to stdout.
static UNWRITTEN: OnceLock<io::Error> = OnceLock::new();

/// Writes a result to stdout. A reader that has gone away has what it wanted; another failure is that
/// of the [whole command](unwritten).
pub(crate) fn result(text: &str) {
    note(try_result(text));
}

/// Writes a help text, in colours where they are wanted.
pub(crate) fn help(text: &clap::Error) {
    note(text.print());
}

fn note(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // The first one says enough.
        let _ = UNWRITTEN.set(error);
    }
}

/// Why a result could not be written, if one could not.
pub(crate) fn unwritten() -> Option<&'static io::Error> {
    UNWRITTEN.get()
}

/// Writes a value as JSON, laid out for people.
pub(crate) fn json(value: &Value) {
    let mut json = rejoin_value::json::to_vec_pretty(value);
    json.push(b'\n');
    result(&String::from_utf8_lossy(&json));
}

/// As [`result`], for who has more to say, and may stop when nobody reads it.
pub(crate) fn try_result(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
}

/// Writes anything else to stderr.
pub(crate) fn error(text: &str) {
    // If that fails, there is nobody left to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Whether somebody watches stderr.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Whether stderr shows colours.
pub(crate) fn colour_on_stderr() -> bool {
    wants_colour() && io::stderr().is_terminal()
}

/// Whether stdout shows colours.
pub(crate) fn colour_on_stdout() -> bool {
    wants_colour() && io::stdout().is_terminal()
}

fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
