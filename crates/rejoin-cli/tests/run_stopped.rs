//! `rejoin run` of a function that is told to stop: what it started ends with it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Directory, rejoin};

const PROGRAM: &str = r#"
step id="s" kind="call"
  fn="process.spawn"
  arg name="command" lit="sleep"
  arg name="args" lit=["60"]
  as="sleeper"
end
step id="p" kind="call"
  fn="console.println"
  arg name="message" from="sleeper.pid"
  as="_"
end
step id="w" kind="call"
  fn="process.wait"
  arg name="handle" from="sleeper"
  as="_"
end
"#;

/// Whether a program of this number runs; one that nobody has waited for yet does not.
fn runs(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = state.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
    !matches!(state, None | Some('Z' | 'X'))
}

#[test]
fn a_signal_ends_the_programs_of_a_function_too() {
    for (signal, code, said) in [("-INT", 130, "interrupted"), ("-TERM", 143, "terminated")] {
        let directory = Directory::new();
        directory.write("sleep.cov", PROGRAM);
        let mut command = rejoin(&directory.0);
        command.args(["run", "sleep.cov", "main"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut pid = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        let pid = pid.trim();
        assert!(runs(pid), "{pid}");
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(&format!("error: {said}")), "{stderr}");
        // A killed program goes in its own time, which is short.
        let ends = Instant::now() + Duration::from_secs(5);
        while runs(pid) {
            assert!(Instant::now() < ends, "the program outlives the run");
            std::thread::yield_now();
        }
    }
}
