//! Who sends the batches, and how each is built, installed and asked.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::super::{load, process, servers};
use super::{Case, Turn};
use crate::child::{self, cargo};
use crate::tree;

/// How long one batch may take.
const LIMIT: Duration = Duration::from_secs(300);

/// The most transfers at once that every version of curl in use takes.
const MOST_OF_CURL: usize = 300;

#[derive(Debug)]
pub(super) struct Contestant {
    pub(super) name: &'static str,
    how: How,
}

#[derive(Debug)]
enum How {
    /// A program in benches/, which takes the address and the case after these words.
    Program(Vec<String>),
    Curl,
}

/// Those that can be had, Rejoin and what is written by hand first; and why others are missing.
pub(super) fn build() -> Result<(Vec<Contestant>, Vec<String>), String> {
    let peers = tree::root().join("benches/peers");
    let built = tree::target().join("peers");
    let mut build = cargo(["build", "--release", "--package", "batches", "--package", "upstream"]);
    build.current_dir(&peers).env("CARGO_TARGET_DIR", &built);
    if !child::shown(&mut build)? {
        return Err("the peers do not build".to_owned());
    }
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let batches = text(built.join("release/batches"));
    let program = |name, words: &[&str]| Contestant {
        name,
        how: How::Program(words.iter().map(|word| (*word).to_owned()).collect()),
    };
    let mut all = vec![
        program("rejoin-http", &[&batches, "rejoin"]),
        program("reqwest, buffer_unordered", &[&batches, "reqwest"]),
    ];
    let mut missing = Vec::new();

    let node = peers.join("fastify-undici");
    if servers::install_node_modules(&node)? {
        all.push(program("undici Pool", &["node", &text(node.join("batch.js")), "undici"]));
    } else {
        missing.push("undici, as node or npm is missing".to_owned());
    }
    match install_python(&peers.join("python/requirements.txt"), &built.join("python")) {
        Ok(python) => {
            let script = text(peers.join("python/batch.py"));
            all.push(program("aiohttp", &[&python, &script, "aiohttp"]));
            all.push(program("httpx", &[&python, &script, "httpx"]));
        }
        Err(why) => missing.push(format!("aiohttp and httpx: {why}")),
    }
    match Command::new("curl").arg("--version").output() {
        Ok(_) => all.push(Contestant { name: "curl --parallel", how: How::Curl }),
        Err(why) => missing.push(format!("curl: {why}")),
    }
    Ok((all, missing))
}

/// The interpreter of an environment that has the packages.
fn install_python(
    requirements: &std::path::Path,
    folder: &std::path::Path,
) -> Result<String, String> {
    let python = folder.join("bin/python");
    if !python.exists() {
        let made = child::shown(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        if !made {
            return Err("python3 -m venv failed".to_owned());
        }
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    match child::shown(install.arg(requirements))? {
        true => Ok(python.to_string_lossy().into_owned()),
        false => Err("pip install failed".to_owned()),
    }
}

impl Contestant {
    pub(super) fn can(&self, kind: &str) -> bool {
        kind != "any" || !matches!(self.how, How::Curl)
    }

    /// Sends one batch in a process of its own.
    pub(super) fn turn(&self, case: &Case, address: &str) -> Result<Turn, String> {
        let mut command = match &self.how {
            How::Program(words) => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]).arg(format!("http://{address}")).arg(case.kind);
                command.arg(case.count.to_string()).arg(case.limit.to_string());
                command
            }
            How::Curl => curl(case, address)?,
        };
        let (began, mut peak) = (Instant::now(), 0.0_f64);
        let ended = child::run_watched(&mut command, LIMIT, |pid| {
            // It may just have ended; then the figure before stands.
            peak = process::peak(pid).map_or(peak, |now| now.max(peak));
        })?;
        let seconds = began.elapsed().as_secs_f64();
        let line = match &self.how {
            How::Program(_) => ended.stdout.clone(),
            How::Curl => summed_up(&ended.stdout, seconds),
        };
        let seen = load::parse(&line)
            .map_err(|why| format!("{}, {}: {why}\n{}", self.name, case.title, ended.stderr))?;
        if seen.requests != case.count as f64 {
            return Err(format!("{}, {}: {} answers", self.name, case.title, seen.requests));
        }
        Ok(Turn { per_second: seen.requests / seen.seconds, p99: seen.p99 / 1000.0, peak })
    }
}

/// The list of URLs goes into a file, as one would do with as many.
fn curl(case: &Case, address: &str) -> Result<Command, String> {
    let mut text = String::new();
    for n in 0..case.count {
        let path = if case.kind == "large" { "megabyte".to_owned() } else { format!("item/{n}") };
        writeln!(text, "url = \"http://{address}/{path}\"\noutput = \"/dev/null\"")
            .expect("a string takes everything");
    }
    let file = tree::scratch("bench")?.join("urls.curl");
    fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut command = Command::new("curl");
    command.args(["--silent", "--parallel", "--parallel-max"]);
    command.arg(case.limit.min(MOST_OF_CURL).to_string());
    command.args(["--write-out", "%{http_code} %{time_total}\\n", "--config"]).arg(file);
    Ok(command)
}

/// What the other programs say themselves. Curl counts the time from when a transfer was added.
fn summed_up(lines: &str, seconds: f64) -> String {
    let mut times = Vec::new();
    let mut errors = 0;
    for line in lines.lines() {
        match line.split_once(' ').map(|(code, time)| (code, time.parse::<f64>())) {
            Some(("200", Ok(time))) => times.push(time * 1e6),
            _ => errors += 1,
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        times
            .get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
            .map_or(0.0, |t| *t)
    };
    let (requests, p50, p99) = (times.len(), at(50), at(99));
    format!("requests {requests} errors {errors} seconds {seconds} p50_us {p50} p99_us {p99}")
}

#[cfg(test)]
mod tests {
    use super::summed_up;

    #[test]
    fn what_curl_writes_is_summed_up() {
        let line = summed_up("200 0.002\n200 0.001\n500 0.1\n", 2.0);
        assert_eq!(line, "requests 2 errors 1 seconds 2 p50_us 2000 p99_us 2000");
    }
}
