//! One line that says what the figures were taken on.

use std::fs;
use std::process::Command;
use std::thread;

pub(super) fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{} ({cores} cores), {}, {}, node {}",
        cpu.trim_start_matches([' ', '\t', ':']),
        first_line("uname", &["-sr"]),
        first_line("rustc", &["--version"]),
        first_line("node", &["--version"]),
    )
}

/// How busy the machine is with other work: tasks that run or want to, over the last minute.
pub(super) fn load() -> String {
    let loads = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    loads.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn first_line(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.ok().and_then(|text| text.lines().next().map(str::to_owned)).unwrap_or("missing".into())
}
