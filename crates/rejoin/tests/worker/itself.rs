//! Waiting for oneself is an error, however long the way around.

use rejoin::worker::{Mode, Worker, asynchronous};
use rejoin::{CancelSource, Outcome, Scope, live_tasks, scope};

use super::n;

type Plain = Worker<u32>;

fn start(s: &Scope, name: &'static str) -> Plain {
    Worker::builder(name).copies(n(2)).start(s, || 0)
}

fn assert_itself<T: std::fmt::Debug>(outcome: Outcome<T, std::convert::Infallible>, name: &str) {
    let error = outcome.expect_err("it would wait for itself");
    let reason = error.cancelled().expect("it was refused");
    assert_eq!(reason.source(), CancelSource::Refused);
    let begin = format!("worker `{name}` was asked by one of its own calls");
    assert!(reason.text().starts_with(&begin), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_awaits_a_call_to_itself_gets_an_error() {
    for mode in [Mode::Inline, Mode::Task] {
        scope(|s: Scope| async move {
            let worker: Plain = Worker::builder("narcissus").mode(mode).start(&s, || 0);
            let same = worker.clone();
            worker
                .call(asynchronous(move |_: &mut u32| {
                    Box::pin(async move {
                        assert_itself(same.call(|n: &mut u32| Ok(*n)).await, "narcissus");
                        // Also from a scope and a task inside the call.
                        let again = same.clone();
                        let inner = scope(|s: Scope| async move {
                            s.spawn_outcome(async move { again.call(|n: &mut u32| Ok(*n)).await })
                                .await
                        });
                        assert_itself(inner.await.map_err(|e| e.into_task_error()), "narcissus");
                        let refused = same.submit(|n: &mut u32| Ok(*n)).await.unwrap_err();
                        assert!(refused.is_itself() && !refused.is_full());
                        assert!(same.try_submit(refused.into_call()).unwrap_err().is_itself());
                        assert!(same.drain().await.unwrap_err().is_itself());
                        Ok(())
                    })
                }))
                .await
        })
        .await
        .unwrap();
    }
    assert_eq!(live_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_circle_of_workers_gets_an_error_at_the_one_that_would_close_it() {
    scope(|s: Scope| async move {
        let (a, b, c) = (start(&s, "a"), start(&s, "b"), start(&s, "c"));
        let back = a.clone();
        let to_a = asynchronous(move |_: &mut u32| {
            Box::pin(async move {
                assert_itself(back.call(|n: &mut u32| Ok(*n)).await, "a");
                Ok(7)
            })
        });
        let to_c = asynchronous(move |_: &mut u32| Box::pin(async move { c.call(to_a).await }));
        let to_b = asynchronous(move |_: &mut u32| Box::pin(async move { b.call(to_c).await }));
        assert_eq!(a.call(to_b).await?, 7);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_waits_for_may_call_back() {
    scope(|s: Scope| async move {
        let (a, b) = (start(&s, "a"), start(&s, "b"));
        let (back, outer) = (a.clone(), s.clone());
        let to_a = asynchronous(move |_: &mut u32| {
            Box::pin(async move { back.call(|n: &mut u32| Ok(*n + 1)).await })
        });
        let submitted = a
            .call(asynchronous(move |_: &mut u32| {
                Box::pin(async move { Ok(b.submit(to_a).await.unwrap()) })
            }))
            .await?;
        assert_eq!(submitted.await?, 1);

        // What a call hands to a task of a scope further out is not inside it.
        let same = a.clone();
        let later = a
            .call(asynchronous(move |n: &mut u32| {
                Box::pin(async move {
                    *n = 5;
                    Ok(outer.spawn_outcome(async move { same.call(|n: &mut u32| Ok(*n)).await }))
                })
            }))
            .await?;
        assert!(later.await.is_ok());
        Ok(())
    })
    .await
    .unwrap();
}
