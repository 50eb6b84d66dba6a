//! Cancelled calls: killed, reaped, replaced, and waited for by the scope around them.

use std::time::Duration;

use rejoin::process::{ProcessError, ProcessPool};
use rejoin::{Outcome, Scope, TaskError, live_tasks, scope, timeout, to_process};

use super::functions::*;
use super::{a_path, death, exists, n, with_pool, word};

#[tokio::test]
async fn a_cancelled_call_is_killed_and_reaped_before_its_scope_ends() {
    let path = a_path("cancelled");
    let before = live_tasks();
    with_pool(1, |pool| async move {
        let calling = pool.clone();
        let spinning = scope(|s: Scope| async move {
            let mine = path.clone();
            let call = s.spawn_value(async move { calling.run_value(spins, mine).await });
            let spinning = word(&path).await;
            assert!(call.cancel("enough"));
            assert!(call.await.unwrap_err().is_cancelled());
            Ok(spinning)
        });
        let spinning = spinning.await.unwrap();
        assert!(!exists(spinning));
        assert_eq!(pool.run_value(add, (1, 1)).await.unwrap(), 2);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(live_tasks(), before);
}

/// One that is told to stop in a pool's only process holds its place until it is gone.
#[tokio::test]
async fn the_place_of_a_cancelled_call_is_free_when_its_process_has_gone() {
    let path = a_path("place");
    with_pool(1, |pool| async move {
        let call = pool.run_value(spins, path.clone());
        let spinning = tokio::select! {
            _ = call => unreachable!("it spins"),
            pid = word(&path) => pid,
        };
        assert!(!pool.run_value(is_there, spinning).await.unwrap());
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_time_out_kills_and_reaps() {
    let path = a_path("timeout");
    let call = timeout(Duration::from_millis(300), to_process(spins, path.clone()));
    assert!(call.await.is_err());
    assert!(!exists(word(&path).await));

    let path = a_path("task-timeout");
    let mine = path.clone();
    let ended = scope(|s: Scope<ProcessError>| async move {
        let task = s.task("spin").timeout(Duration::from_millis(300));
        task.spawn_outcome(to_process(spins, mine)).await
    });
    assert_eq!(ended.await.unwrap_err().into_task_error().to_string(), "timed out");
    assert!(!exists(word(&path).await));
}

#[tokio::test]
async fn what_waits_for_a_process_and_is_cancelled_never_starts() {
    let (spinning, never) = (a_path("queue-spins"), a_path("queue-never"));
    with_pool(1, |pool| async move {
        scope(|s: Scope| async move {
            let (one, two, three) = (pool.clone(), pool.clone(), pool);
            let path = spinning.clone();
            let running = s.spawn_value(async move { one.run_value(spins, path).await });
            word(&spinning).await;
            let path = never.clone();
            let queued = s.spawn_value(async move { two.run_value(spins, path).await });
            tokio::task::yield_now().await;
            assert!(queued.cancel("too long"));
            assert!(queued.await.unwrap_err().is_cancelled());
            assert!(running.cancel("enough"));
            assert_eq!(three.run_value(add, (1, 1)).await.unwrap(), 2);
            assert!(!never.exists());
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
async fn a_caller_that_was_told_to_stop_starts_nothing() {
    let never = a_path("told");
    let outcome = with_pool(1, |pool| async move {
        scope(|s: Scope| async move {
            let mine = never.clone();
            let call = s.spawn_value(async move {
                rejoin::cancelled().await;
                pool.run_value(spins, mine).await
            });
            tokio::task::yield_now().await;
            call.cancel("stop");
            let outcome = call.await.unwrap();
            assert!(!never.exists());
            Ok(outcome)
        })
        .await
        .map_err(|error| error.into_task_error())
    });
    assert!(outcome.await.unwrap().unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_pool_waits_for_running_calls_when_its_body_has_ended() {
    let (begun, go) = (a_path("drain-begun"), a_path("drain-go"));
    scope(|s: Scope| async move {
        let (mine, until) = (begun.clone(), go.clone());
        let outer = s.clone();
        let call = with_pool(1, |pool| async move {
            let call =
                outer.spawn_value(async move { pool.run_value(waits_for, (mine, until)).await });
            word(&begun).await;
            outer.spawn_value(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                std::fs::write(go, "").unwrap();
            });
            Ok(call)
        });
        let call = call.await.unwrap();
        let pid = call.await.unwrap().unwrap();
        assert!(!exists(pid));
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_pool_whose_body_fails_cancels_running_calls() {
    let path = a_path("fails");
    let outcome = scope(|s: Scope| async move {
        let (mine, outer) = (path.clone(), s.clone());
        let mut call = None;
        let kept = &mut call;
        let pool = ProcessPool::builder("failing").processes(n(2));
        let failed = pool.open(|pool| async move {
            pool.run_value(add, (1, 1)).await.unwrap();
            *kept = Some(outer.spawn_value(async move { pool.run_value(spins, mine).await }));
            word(&path).await;
            Err::<(), _>(TaskError::from("no".to_owned()))
        });
        assert!(failed.await.is_err());
        call.unwrap().await
    });
    let outcome: Outcome<_, _> = outcome.await.unwrap();
    assert!(outcome.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_pool_that_is_dropped_leaves_nothing_when_the_scope_around_it_has_ended() {
    let path = a_path("dropped");
    let (idle, spinning) = scope(|_: Scope| async move {
        let mine = path.clone();
        let (send, idle) = tokio::sync::oneshot::channel();
        let pool = with_pool(2, |pool| async move {
            send.send(pool.run_value(pid, ()).await.unwrap()).unwrap();
            let _ = tokio::join!(pool.run_value(spins, mine), std::future::pending::<()>());
            Ok(())
        });
        let spinning = tokio::select! {
            _ = pool => unreachable!("it spins"),
            pid = word(&path) => pid,
        };
        Ok((idle.await.unwrap(), spinning))
    })
    .await
    .unwrap();
    assert!(!exists(idle) && !exists(spinning));
}

#[tokio::test]
async fn children_have_gone_when_the_pool_ends() {
    let before = live_tasks();
    let pids = with_pool(2, |pool| async move {
        let (a, b) = tokio::join!(pool.run_value(pid, ()), pool.run_value(pid, ()));
        Ok([a.unwrap(), b.unwrap()])
    });
    let pids = pids.await.unwrap();
    assert_ne!(pids[0], pids[1]);
    assert!(pids.iter().all(|pid| !exists(*pid)));
    assert_eq!(live_tasks(), before);
    let alone = to_process(pid, ()).await.unwrap();
    assert!(!exists(alone));
}

#[tokio::test]
async fn what_a_function_has_started_goes_with_it() {
    let path = a_path("program");
    let call = to_process(starts_a_program, path.clone());
    let program = tokio::select! {
        _ = call => unreachable!("it waits"),
        pid = word(&path) => pid,
    };
    // Its parent is gone, so the system reaps it.
    death(program).await;
}

/// A spinning child sees its parent go, however that went: here it is killed.
#[tokio::test]
async fn a_child_does_not_outlive_its_parent() {
    let path = a_path("orphan");
    let call = to_process(spins_in_a_child, path.clone());
    let grandchild = tokio::select! {
        _ = call => unreachable!("it spins"),
        pid = word(&path) => pid,
    };
    death(grandchild).await;
}
