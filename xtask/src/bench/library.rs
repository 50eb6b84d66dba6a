//! The benches of single crates, whose output is published as it is printed.

use std::fs;
use std::process::Stdio;

use crate::child::{self, cargo};

use crate::tree;

/// What the benches of one crate printed.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) krate: String,
    pub(super) text: String,
}

/// Runs the benches of every crate that has a folder of them.
pub(super) fn run() -> Result<Vec<Output>, String> {
    let mut all = Vec::new();
    for krate in crates_with_benches()? {
        let mut command = cargo(["bench", "--quiet", "--package", &krate, "--benches"]);
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

fn crates_with_benches() -> Result<Vec<String>, String> {
    let crates = tree::root().join("crates");
    let entries = fs::read_dir(&crates).map_err(|e| format!("{}: {e}", crates.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("benches").is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
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
