//! Virtual time stands still while a process starts or works.

use std::time::Duration;

use rejoin::{timeout, to_process};
use tokio::time::Instant;

use super::functions::{add, length, pid};
use super::with_pool;

#[tokio::test(start_paused = true)]
async fn a_paused_clock_waits_for_processes() {
    let start = Instant::now();
    let soon = Duration::from_millis(10);
    assert_eq!(timeout(soon, to_process(add, (1, 2))).await.unwrap().unwrap(), 3);
    let (first, again) = with_pool(1, |pool| async move {
        let first = timeout(soon, pool.run_value(pid, ())).await.unwrap().unwrap();
        for _ in 0..20 {
            let call = pool.run_value(length, vec![0; 100_000]);
            assert_eq!(timeout(soon, call).await.unwrap().unwrap(), 100_000);
        }
        Ok((first, timeout(soon, pool.run_value(pid, ())).await.unwrap().unwrap()))
    })
    .await
    .unwrap();
    assert_eq!(first, again);
    assert!(start.elapsed() < soon, "{:?}", start.elapsed());
}
