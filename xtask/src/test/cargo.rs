//! The tests that cargo knows: unit, integration, doc and bounded fuzz tests of every crate.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::child;
use crate::services;
use crate::tally::Tally;

/// How long each fuzz test goes on, unless the environment says otherwise.
const FUZZ_SECONDS: (&str, &str) = ("REJOIN_FUZZ_SECONDS", "5");

pub(crate) fn suite(tally: &mut Tally) -> Result<(), String> {
    let mut command = child::cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    let (name, seconds) = FUZZ_SECONDS;
    if std::env::var_os(name).is_none() {
        command.env(name, seconds);
    }
    // They live as long as the tests run.
    let _services = services::start_for(&mut command)?;
    counted(&mut command, tally)
}

/// Runs a `cargo test` and counts what its harnesses print.
pub(super) fn counted(command: &mut Command, tally: &mut Tally) -> Result<(), String> {
    println!("$ {}", child::show(command));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| format!("cargo: {e}"))?;
    let stdout = child.stdout.take().expect("stdout is piped");

    let mut count = Count::default();
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        println!("{line}");
        count.line(&line);
    }
    let status = child.wait().map_err(|e| format!("cargo: {e}"))?;

    tally.passed(count.passed);
    for name in &count.failed {
        tally.failed(name.clone());
    }
    // A test that ended without a name (an abort, a build that failed) must not vanish from the sum.
    let unnamed = count.reported_failed.saturating_sub(count.failed.len() as u64);
    if unnamed > 0 || (!status.success() && count.failed.is_empty()) {
        tally.failed(format!("cargo test: {status}, see above"));
    }
    if count.ignored > 0 {
        println!("note: {} tests are marked ignored and did not run", count.ignored);
    }
    Ok(())
}

/// What the lines of the test harness add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    ignored: u64,
    reported_failed: u64,
    failed: Vec<String>,
}

impl Count {
    fn line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("test result: ") {
            let number = |what: &str| {
                let part = rest.split([';', '.']).find_map(|part| part.trim().strip_suffix(what));
                part.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or(0)
            };
            self.passed += number("passed");
            self.ignored += number("ignored");
            self.reported_failed += number("failed");
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failed.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn the_harness_is_summed_over_all_its_runs() {
        let mut count = Count::default();
        for line in [
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 11 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            count.line(line);
        }
        let failed = vec!["a::c".to_owned()];
        assert_eq!(count, Count { passed: 14, ignored: 2, reported_failed: 1, failed });
    }
}
