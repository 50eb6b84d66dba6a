//! What a program can do wrong.

use rejoin::process::{ProcessError, registered};
use rejoin::to_process;

use super::functions::unknown;
use super::with_pool;

#[tokio::test]
async fn an_unregistered_function_is_named_and_costs_no_process() {
    let error = to_process(unknown, 1).await.unwrap_err();
    assert!(matches!(error.failed(), Some(ProcessError::NotRegistered { .. })));
    assert!(error.to_string().starts_with("`process::functions::unknown` is not registered: put"));
    let error = to_process(|n: u32| n, 1).await.unwrap_err();
    assert!(matches!(error.failed(), Some(ProcessError::NotRegistered { .. })), "{error}");
}

#[test]
fn registered_functions_are_listed_with_their_paths() {
    let names: Vec<_> = registered().collect();
    assert!(names.contains(&"process::functions::add"), "{names:?}");
    assert!(!names.contains(&"process::functions::unknown"));
}

#[tokio::test]
async fn a_pool_that_has_ended_says_so() {
    let escaped = with_pool(1, |pool| async move { Ok(pool) }).await.unwrap();
    let error = escaped.run_value(super::functions::add, (1, 1)).await.unwrap_err();
    assert_eq!(error.to_string(), "the process pool `test` is closed");
    let refused = escaped.try_run_value(super::functions::add, (1, 1)).unwrap().await.unwrap_err();
    assert!(matches!(refused.failed(), Some(ProcessError::Closed { .. })));
}
