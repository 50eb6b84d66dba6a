//! Functions in child processes: what arrives, what goes wrong and how it is told, and that nothing
//! stays behind.
#![cfg(all(feature = "process", target_os = "linux"))]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod cancel;
mod clock;
mod functions;
mod misuse;
mod outcomes;
mod pool;

use std::convert::Infallible;
use std::future::Future;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rejoin::process::ProcessPool;
use rejoin::{Outcome, ScopeError};

rejoin::process::in_tests!();

fn n(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

/// Runs `body` with a pool of so many processes.
async fn with_pool<F, Fut, R>(processes: usize, body: F) -> Result<R, ScopeError<Infallible>>
where
    F: FnOnce(ProcessPool) -> Fut,
    Fut: Future<Output = Outcome<R, Infallible>>,
{
    ProcessPool::builder("test").processes(n(processes)).open(body).await
}

/// Whether there is such a process, be it a dead one that nobody has reaped.
fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// A path of its own, under which functions leave word.
fn a_path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("rejoin-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// Waits until a function has left its number at `path`.
async fn word(path: &Path) -> u32 {
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if let Some(number) = text.strip_suffix('\n') {
            return number.parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until a process has died, with all its threads, whether it has been reaped or not.
async fn death(pid: u32) {
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
        threads > 1 || (threads == 1 && !stat.contains(") Z "))
    };
    while alive() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
