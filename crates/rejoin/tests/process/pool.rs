//! How many run at once, who waits, and what is reused.

use rejoin::process::ProcessPool;
use rejoin::{Scope, TaskError, map, scope};

use super::functions::*;
use super::{a_path, n, with_pool, word};

#[tokio::test]
async fn processes_are_reused_and_no_more_than_asked_for() {
    with_pool(3, |pool| async move {
        let mine = pool.clone();
        let pids = map(0..60, n(20), move |_| {
            let pool = mine.clone();
            async move { pool.run_value(pid, ()).await }
        });
        let mut pids = pids.await.unwrap();
        pids.sort_unstable();
        pids.dedup();
        assert!(pids.len() <= 3, "{pids:?}");
        assert_eq!(pool.busy(), 0);
        Ok(())
    })
    .await
    .unwrap();
}

/// A full pool makes its caller wait, or hands the arguments back.
#[tokio::test]
async fn a_full_pool_waits_or_refuses() {
    let (begun, go) = (a_path("full-begun"), a_path("full-go"));
    with_pool(1, |pool| async move {
        scope(|s: Scope| async move {
            let first = pool.try_run_value(waits_for, (begun.clone(), go.clone())).unwrap();
            let first = s.spawn_outcome(async { Ok(first.await) });
            word(&begun).await;
            assert_eq!(pool.busy(), 1);
            let refused = pool.try_run_value(add, (1, 2)).err().unwrap();
            assert_eq!(refused.to_string(), "every process of the pool `test` is busy");
            let (a, b) = refused.into_arguments();
            let waiting = pool.clone();
            let second = s.spawn_value(async move { waiting.run_value(add, (a, b)).await });
            tokio::task::yield_now().await;
            assert!(!second.is_finished());
            std::fs::write(go, "").unwrap();
            assert!(first.await.unwrap().is_ok());
            assert_eq!(second.await.unwrap().unwrap(), 3);
            Ok(())
        })
        .await
        .unwrap();
        Ok(())
    })
    .await
    .unwrap();
}

/// Nothing waits behind a slow call while another process is free.
#[tokio::test]
async fn idle_processes_are_used() {
    let (begun, go) = (a_path("idle-begun"), a_path("idle-go"));
    with_pool(2, |pool| async move {
        scope(|s: Scope| async move {
            let slow = pool.clone();
            let paths = (begun.clone(), go.clone());
            let slow = s.spawn_value(async move { slow.run_value(waits_for, paths).await });
            word(&begun).await;
            for i in 0..10 {
                assert_eq!(pool.run_value(add, (i, 1)).await.unwrap(), i + 1);
            }
            assert!(!slow.is_finished());
            std::fs::write(go, "").unwrap();
            assert!(slow.await.unwrap().is_ok());
            Ok(())
        })
        .await
        .unwrap();
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_process_is_replaced_after_its_calls() {
    let open = ProcessPool::builder("few").processes(n(1)).calls_per_process(n(2));
    open.open(|pool| async move {
        let mut pids = Vec::new();
        for _ in 0..6 {
            pids.push(pool.run_value(pid, ()).await.unwrap());
        }
        assert!(pids[0] == pids[1] && pids[2] == pids[3] && pids[4] == pids[5], "{pids:?}");
        assert!(pids[1] != pids[2] && pids[3] != pids[4], "{pids:?}");
        Ok::<_, TaskError<String>>(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_on_many_threads_all_get_their_own_answer() {
    with_pool(2, |pool| async move {
        let sums = map(0..3000_u32, n(50), move |i| {
            let pool = pool.clone();
            async move { pool.run_value(add, (i, i)).await }
        });
        let sums = sums.await.unwrap();
        assert!(sums.into_iter().zip(0..).all(|(sum, i)| sum == 2 * i));
        Ok(())
    })
    .await
    .unwrap();
}
