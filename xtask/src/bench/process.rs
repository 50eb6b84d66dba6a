//! What the kernel knows of one process: CPU time and memory, from `/proc`.

use std::fs;
use std::time::Duration;

/// The kernel's unit of `utime` and `stime` on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

/// CPU time of all threads of a process, in user and kernel mode.
pub(super) fn cpu(pid: u32) -> Result<Duration, String> {
    let stat = read(pid, "stat")?;
    // The name in brackets may hold anything, so count from its end.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Option<Vec<u64>> = fields.skip(11).take(2).map(|field| field.parse().ok()).collect();
    match ticks.as_deref() {
        Some([user, system]) => {
            Ok(Duration::from_millis((user + system) * 1000 / TICKS_PER_SECOND))
        }
        _ => Err(format!("/proc/{pid}/stat is not understood: {stat}")),
    }
}

/// Resident memory, in MB.
pub(super) fn resident(pid: u32) -> Result<f64, String> {
    memory(pid, "VmRSS:")
}

/// The most resident memory that there was so far, in MB.
pub(super) fn peak(pid: u32) -> Result<f64, String> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, which: &str) -> Result<f64, String> {
    let status = read(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(which));
    let kilobytes =
        line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kilobytes.map(|kb| kb / 1024.0).ok_or_else(|| format!("/proc/{pid}/status has no {which}"))
}

fn read(pid: u32, file: &str) -> Result<String, String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).map_err(|e| format!("{path}: {e} (benchmarks need Linux)"))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #[test]
    fn this_process_has_used_something() {
        let started = super::cpu(std::process::id()).unwrap();
        let mut n = 0_u64;
        while super::cpu(std::process::id()).unwrap() == started {
            n = std::hint::black_box(n + 1);
        }
        assert!(super::resident(std::process::id()).unwrap() > 0.1);
    }
}
