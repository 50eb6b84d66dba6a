//! What a program is told that cannot be its own child process.
#![cfg(all(feature = "process", target_os = "linux"))]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use rejoin::process::{ProcessError, ProcessPool};
use rejoin::{TaskError, to_process};

#[rejoin::process::function]
fn double(n: u32) -> u32 {
    2 * n
}

/// One test, because `init` is for the whole program. This binary has no `in_tests!`.
#[tokio::test]
async fn without_init_nothing_is_started_and_an_init_that_is_not_reached_is_told() {
    let error = to_process(double, 1).await.unwrap_err();
    assert!(matches!(error.failed(), Some(ProcessError::NotInitialised)), "{error}");
    assert!(
        error.to_string().contains("call `rejoin::process::init()` first in `main`"),
        "{error}"
    );
    assert!(error.to_string().contains("`rejoin::process::in_tests!();`"), "{error}");

    // It returns, for this is the parent. In a child the harness is the main function: it takes the
    // argument for the name of a test, finds none, and ends well without having come here.
    rejoin::process::init();
    let error = to_process(double, 1).await.unwrap_err();
    let Some(ProcessError::NotReady { status, late: false }) = error.failed() else {
        panic!("{error}")
    };
    assert!(status.unwrap().success());
    let told = error.to_string();
    assert!(
        told.starts_with("a child process ended before it was ready (exit status: 0): "),
        "{told}"
    );

    // A pool tells each caller, and has no place less for it.
    let pool = ProcessPool::builder("unready").processes(std::num::NonZeroUsize::MIN);
    let told = pool.open(|pool| async move {
        for _ in 0..3 {
            let error = pool.run_value(double, 1).await.unwrap_err();
            assert!(matches!(error.failed(), Some(ProcessError::NotReady { .. })), "{error}");
        }
        Ok::<_, TaskError<()>>(())
    });
    told.await.unwrap();
}
