//! The readiness handshake (L7): ready, or its error, and then no failure of the scope.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::future::pending;
use std::time::Duration;

use rejoin::{NotReady, Scope, TaskError, live_tasks, scope, timeout};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn it_returns_when_the_child_is_ready_and_the_child_goes_on() {
    let begin = Instant::now();
    let served = scope(|s: Scope<&str>| async move {
        let started = s.spawn_ready(|ready| async move {
            sleep(SECOND).await;
            ready.signal("here");
            sleep(SECOND).await;
            Ok("served")
        });
        let (value, server) = started.await.unwrap();
        assert_eq!((value, begin.elapsed()), ("here", SECOND));
        server.await
    });
    assert_eq!(served.await.unwrap(), "served");
    assert_eq!(begin.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_failure_before_is_the_callers_and_not_the_scopes() {
    let result = scope(|s: Scope<&str>| async move {
        let failed = s.spawn_ready::<_, _, (), ()>(|_ready| async { Err("no port") }).await;
        assert_eq!(failed.unwrap_err().to_string(), "no port");
        let panicked = s.spawn_ready::<_, _, (), ()>(|_ready| async { panic!("broken") }).await;
        assert!(matches!(panicked, Err(NotReady::Task(TaskError::Panicked(_)))));
        let ended = s.spawn_ready::<_, _, (), ()>(|_ready| async { Ok(()) }).await;
        assert_eq!(ended.unwrap_err().to_string(), "the task ended before it was ready");
        Ok("on")
    });
    assert_eq!(result.await.unwrap(), "on");
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_afterwards_is_one_of_the_scope() {
    let result = scope(|s: Scope<&str>| async move {
        let started = s.spawn_ready(|ready| async move {
            ready.signal(());
            Err::<(), _>("down")
        });
        drop(started.await.unwrap());
        pending::<()>().await;
        Ok(())
    });
    assert_eq!(result.await.unwrap_err().to_string(), "task 0: down");
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_waiting_stops_the_child() {
    let result = scope(|s: Scope<&str>| async move {
        let started = s.spawn_ready::<_, _, (), ()>(|_ready| pending());
        assert!(timeout(SECOND, started).await.is_err());
        sleep(SECOND).await;
        Ok(s.live())
    });
    assert_eq!(result.await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_has_ended_starts_nothing() {
    let ended = scope(|s: Scope<&str>| async move { Ok(s) }).await.unwrap();
    let refused = ended.spawn_ready::<_, _, (), ()>(|_ready| async { panic!("it never starts") });
    assert!(matches!(refused.await, Err(NotReady::Task(TaskError::Cancelled(_)))));
}

#[tokio::test(start_paused = true)]
async fn a_name_and_a_deadline_hold_before_and_after() {
    let result = scope(|s: Scope<&str>| async move {
        let starting = s.task("slow start").timeout(SECOND);
        let late = starting.spawn_ready::<_, _, (), ()>(|_ready| pending()).await;
        assert!(matches!(late, Err(NotReady::Task(TaskError::TimedOut))));
        let failing = s.task("failing").timeout(SECOND);
        let failed = failing.spawn_ready::<_, _, (), ()>(|_ready| async { panic!("broken") }).await;
        assert!(matches!(failed, Err(NotReady::Task(TaskError::Panicked(_)))));
        let started = s.task("server").timeout(SECOND).spawn_ready(|ready| async move {
            ready.signal(7);
            pending::<Result<(), &str>>().await
        });
        let (seven, server) = started.await.unwrap();
        assert_eq!((seven, server.name()), (7, Some("server")));
        server.await
    });
    let error = result.await.unwrap_err();
    assert_eq!((error.failures().len(), error.failures()[0].name()), (1, Some("server")));
    assert!(error.failures()[0].error().is_timed_out());
}
