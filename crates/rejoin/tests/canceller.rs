//! Contract 4 across the border of a scope: who is outside hears of a stop, and causes one by going away.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::future::pending;

use rejoin::{CancelReason, CancelSource, OnError, Outcome, Scope, TaskError, live_tasks, scope};
use tokio::sync::oneshot;
use tokio::task::yield_now;

#[tokio::test(start_paused = true)]
async fn a_task_outside_of_all_scopes_hears_that_one_is_told_to_stop() {
    let (give, given) = oneshot::channel::<Scope>();
    let outside = tokio::spawn(async move {
        let scope = given.await.unwrap();
        let heard = scope.cancelled().await;
        // Whoever comes later hears it at once.
        assert_eq!(scope.cancelled().await, heard);
        (heard.source(), heard.text().to_owned())
    });
    let ended = scope(|s: Scope| async move {
        give.send(s.clone()).unwrap_or_else(|_| unreachable!());
        // It waits before there is something to hear.
        yield_now().await;
        s.cancel(CancelReason::shutdown("the operator"));
        pending::<Outcome<(), _>>().await
    });
    assert!(ended.await.is_err());
    assert_eq!(outside.await.unwrap(), (CancelSource::Shutdown, "the operator".to_owned()));
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_stopped() {
    let ended = Scope::builder().on_error(OnError::IgnoreErrors).run(|s: Scope| async move {
        let work = s.spawn_value(pending::<()>());
        let stop = work.canceller().on_drop(CancelReason::client_gone("it hung up"));
        let handler = tokio::spawn(async move {
            let _stop = stop;
            pending::<()>().await;
        });
        yield_now().await;
        assert!(!work.is_finished());
        handler.abort();
        let Err(TaskError::Cancelled(reason)) = work.await else { panic!("it was stopped") };
        assert_eq!((reason.source(), reason.text()), (CancelSource::ClientGone, "it hung up"));

        // Whoever has what was asked for, or says so, stops nobody.
        let quick = s.spawn_value(async { 7 });
        let stop = quick.canceller().on_drop("never");
        assert_eq!(quick.await, Ok(7));
        drop(stop);
        s.canceller().on_drop("never").disarm();
        assert!(!s.canceller().is_cancelled());

        // Of a scope it is the same.
        drop(s.canceller().on_drop("the last one has gone"));
        pending::<Outcome<(), _>>().await
    });
    let error = ended.await.unwrap_err();
    assert_eq!(error.cancelled().unwrap().text(), "the last one has gone");
}
