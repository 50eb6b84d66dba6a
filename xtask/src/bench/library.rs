//! The benches of single crates, whose output is published as it is printed.

use std::process::Stdio;

use crate::child::{self, cargo};

/// What the benches of one crate printed.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) krate: &'static str,
    pub(super) text: String,
}

const CRATES: [&str; 2] = ["rejoin", "rejoin-value"];

pub(super) fn run() -> Result<Vec<Output>, String> {
    let mut all = Vec::new();
    for krate in CRATES {
        let mut command = cargo(["bench", "--quiet", "--package", krate, "--benches"]);
        println!("\n$ {}", child::show(&command));
        let ended = command
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| format!("cargo bench -p {krate}: {e}"))?;
        if !ended.status.success() {
            return Err(format!("cargo bench -p {krate}: {}", ended.status));
        }
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        print!("{text}");
        all.push(Output { krate, text: without_harness(&text) });
    }
    Ok(all)
}

/// The unit tests of a library run empty under `cargo bench`; their lines say nothing.
fn without_harness(text: &str) -> String {
    let of_harness = |line: &str| {
        line.starts_with("running ")
            || line.starts_with("test result:")
            || (line.starts_with("test ") && line.ends_with("... ignored"))
    };
    let lines = text.lines().filter(|line| !of_harness(line));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
