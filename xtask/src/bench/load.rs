//! The load generator of benches/peers/load, as a process of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::child;

#[derive(Debug)]
pub(super) struct Load {
    program: PathBuf,
}

/// What the clients of one turn saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) requests: f64,
    pub(super) seconds: f64,
    /// Microseconds.
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Load {
    pub(super) fn new(program: PathBuf) -> Load {
        Load { program }
    }

    /// The body of one answer.
    pub(super) fn body(&self, address: &str, path: &str) -> Result<String, String> {
        let mut command = self.command(address, path);
        command.arg("--body");
        let ended = child::run(&mut command, Duration::from_secs(30))?;
        if ended.success { Ok(ended.stdout) } else { Err(ended.stderr) }
    }

    /// As many requests as `clients` get answered in `length`. An answer other than 200 is an error.
    pub(super) fn turn(
        &self,
        address: &str,
        path: &str,
        clients: usize,
        length: Duration,
    ) -> Result<Seen, String> {
        let mut command = self.command(address, path);
        command.args(["--connections", &clients.to_string()]);
        command.args(["--seconds", &length.as_secs_f64().to_string()]);
        let ended = child::run(&mut command, length + Duration::from_secs(60))?;
        parse(&ended.stdout).map_err(|problem| format!("{path}: {problem}\n{}", ended.stderr))
    }

    /// Starts `clients` clients with one request each, and does not wait for them.
    pub(super) fn open(&self, address: &str, path: &str, clients: usize) -> Result<Child, String> {
        let count = clients.to_string();
        let mut command = self.command(address, path);
        command.args(["--connections", &count, "--requests", &count, "--seconds", "30"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().map_err(|e| format!("load: {e}"))
    }

    fn command(&self, address: &str, path: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(format!("http://{address}{path}"));
        command
    }
}

/// Reads the line that the load generator ends with.
pub(super) fn parse(line: &str) -> Result<Seen, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |name: &str| {
        let at = words.iter().position(|word| *word == name).map(|at| at + 1);
        let word = at.and_then(|at| words.get(at)).ok_or(format!("no `{name}` in `{line}`"))?;
        word.parse::<f64>().map_err(|_| format!("`{name}` is not a number in `{line}`"))
    };
    let errors = number("errors")?;
    let requests = number("requests")?;
    if errors > 0.0 || requests == 0.0 {
        return Err(format!("{requests} good answers and {errors} errors"));
    }
    Ok(Seen {
        requests,
        seconds: number("seconds")?,
        p50: number("p50_us")?,
        p99: number("p99_us")?,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_turn_with_errors_does_not_count() {
        let seen = parse("requests 10 errors 0 seconds 2.5 p50_us 90 p99_us 200\n").unwrap();
        assert_eq!((seen.requests, seen.seconds, seen.p50, seen.p99), (10.0, 2.5, 90.0, 200.0));
        assert!(parse("requests 10 errors 1 seconds 2.5 p50_us 90 p99_us 200").is_err());
        assert!(parse("requests 0 errors 0 seconds 2.5 p50_us 0 p99_us 0").is_err());
        assert!(parse("").is_err());
    }
}
