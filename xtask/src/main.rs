//! The project's own commands: `cargo xtask test`, `cargo xtask lint`, `cargo xtask bench`.
//!
//! Everything here stands on the standard library alone, so that the commands start within seconds of a
//! fresh clone. A command starts what it needs by itself, on free ports of the loopback, and stops exactly that.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command's output is the console; the crates of the product have no such leave"
)]

mod architecture;
mod bench;
mod child;
mod curl;
mod document;
mod lint;
mod services;
mod session;
mod tally;
mod test;
mod tree;
mod words;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test             everything: unit, doc and fuzz tests, architecture, documents, examples;
                   the last line is `N passed, N failed`
  test NAME...     only these suites: architecture, cargo, schedules, examples, documents
  with-services COMMAND...
                   runs a command with a private PostgreSQL and Redis, as tests of steps need them
  lint             format, clippy, rustdoc, architecture, cargo-deny
  bench            measures against the peers in benches/ and writes docs/benchmarks.md,
                   docs/benchmarks-steps.md, docs/benchmarks-batches.md and docs/benchmarks-library.md
  bench PART       only one of them: server, steps, batches, library; or peers: of library, only what it is compared with
  bench --quick    the same in about a minute, without writing the pages";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test", suites @ ..] => test::run(suites),
        ["lint"] => lint::run(),
        ["with-services", program, words @ ..] => services::run_with(program, words),
        ["bench", words @ ..] => match bench_words(words) {
            Some((part, effort)) => bench::run(part, effort),
            None => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        },
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn bench_words(words: &[&str]) -> Option<(bench::Part, bench::Effort)> {
    let (words, effort) = match words {
        [words @ .., "--quick"] => (words, bench::Effort::Quick),
        words => (words, bench::Effort::Full),
    };
    let part = match words {
        [] => bench::Part::All,
        ["server"] => bench::Part::Server,
        ["library"] => bench::Part::Library,
        ["peers"] => bench::Part::Peers,
        ["steps"] => bench::Part::Steps,
        ["batches"] => bench::Part::Batches,
        _ => return None,
    };
    Some((part, effort))
}
