//! The benches of single crates, and the library against other crates. What they print is published
//! as it is.

use std::fs;
use std::process::{Command, Stdio};

use super::Effort;
use crate::child::{self, cargo};
use crate::tree;

/// Has glibc keep what is freed. Else it gives the end of the heap back to the system after each round, or does not,
/// as it happens that something lies there, and that costs more than what is compared.
pub(super) const KEPT_HEAP: (&str, &str) = ("MALLOC_TRIM_THRESHOLD_", "1073741824");

/// What one bench printed.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) title: String,
    pub(super) text: String,
}

/// Runs the library's peers, and, if not only these, the benches of every crate that has a folder of
/// them.
pub(super) fn run(effort: Effort, peers_only: bool) -> Result<Vec<Output>, String> {
    let peers = tree::root().join("benches/peers");
    let built = tree::target().join("peers");
    let mut build = cargo(["build", "--release", "--package", "library-bench"]);
    build.current_dir(&peers).env("CARGO_TARGET_DIR", &built);
    if !child::shown(&mut build)? {
        return Err("the library's peers do not build".to_owned());
    }
    let mut all = Vec::new();
    for (program, title) in [
        ("library-bench", "Against other crates: time"),
        ("allocations", "Against other crates: memory"),
    ] {
        let mut command = Command::new(built.join("release").join(program));
        if effort == Effort::Quick {
            command.arg("--quick");
        }
        all.push(Output { title: title.to_owned(), text: printed(command)? });
    }
    let crates = if peers_only { Vec::new() } else { crates_with_benches()? };
    for krate in crates {
        let mut command = cargo(["bench", "--quiet", "--package", &krate, "--benches"]);
        if effort == Effort::Quick {
            command.args(["--", "--quick"]);
        }
        let title = format!("`cargo bench -p {krate}`");
        all.push(Output { title, text: without_harness(&printed(command)?) });
    }
    Ok(all)
}

/// Runs a bench and shows what it prints.
fn printed(mut command: Command) -> Result<String, String> {
    let shown = child::show(&command);
    println!("\n$ {shown}");
    let (name, value) = KEPT_HEAP;
    let ended = command
        .env(name, value)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("{shown}: {e}"))?;
    if !ended.status.success() {
        return Err(format!("{shown}: {}", ended.status));
    }
    let text = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
    println!("{text}");
    Ok(text)
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
