//! Contracts 2, 4, 5 and 9 for a service under a scope.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::future::{Future, poll_fn};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rejoin::limit::ConcurrencyLimit;
use rejoin::tower::{ScopeLayer, Scoped};
use rejoin::{CancelSource, Scope, TaskError, deadline, inherited, scope};
use tokio::time::{Instant, sleep, timeout};
use tower_layer::Layer;
use tower_service::Service;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Naps for as long as it is asked to; a nap of an odd length fails.
#[derive(Clone, Debug)]
struct Nap;

#[derive(Debug, PartialEq)]
struct Odd;

impl Service<u64> for Nap {
    type Response = (Option<Instant>, Option<u32>);
    type Error = Odd;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Odd>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Odd>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, length: u64) -> Self::Future {
        // Also what a service does before its future is polled is in the scope.
        let seen = (deadline(), inherited::<u32>().as_deref().copied());
        Box::pin(async move {
            sleep(ms(length)).await;
            if length % 2 == 1 { Err(Odd) } else { Ok(seen) }
        })
    }
}

async fn call(
    service: &mut Scoped<Nap>,
    length: u64,
) -> Result<(Option<Instant>, Option<u32>), TaskError<Odd>> {
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(length).await
}

#[tokio::test(start_paused = true)]
async fn a_call_has_a_scope_a_deadline_and_one_outcome() {
    let start = Instant::now();
    let mut service = ScopeLayer::new(Scope::builder().timeout(ms(10)).inherit(7_u32)).layer(Nap);
    assert_eq!(call(&mut service, 4).await.unwrap(), (Some(start + ms(10)), Some(7)));
    assert!(matches!(call(&mut service, 5).await, Err(TaskError::Failed(error)) if *error == Odd));
    assert!(call(&mut service, 20).await.unwrap_err().is_timed_out());
    assert_eq!(start.elapsed(), ms(19));
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_with_the_scope_around_it() {
    let start = Instant::now();
    let result = scope(|s: Scope| async move {
        let task = s.spawn_value(async {
            let mut service = ScopeLayer::new(Scope::builder().grace(ms(50))).layer(Nap);
            call(&mut service, 20).await.map(|_| ())
        });
        sleep(ms(5)).await;
        task.cancel("enough");
        task.await
    });
    // It had a grace to finish in, and did.
    assert!(result.await.unwrap().is_ok());
    assert_eq!(start.elapsed(), ms(20));

    let cancelled = scope(|s: Scope| async move {
        let task = s.spawn_value(async {
            let mut service = ScopeLayer::new(Scope::builder()).layer(Nap);
            call(&mut service, 20).await.map(|_| ())
        });
        sleep(ms(5)).await;
        task.cancel("enough");
        Ok(task.await)
    });
    // The call has an outcome of its own, one scope further in; the child returned it.
    let Ok(Err(TaskError::Cancelled(reason))) = cancelled.await.unwrap() else {
        panic!("the call was not cancelled");
    };
    assert_eq!((reason.source(), reason.text()), (CancelSource::Parent, "enough"));
    assert_eq!(start.elapsed(), ms(25));
}

#[tokio::test(start_paused = true)]
async fn clones_share_the_limit_and_a_full_one_is_not_ready() {
    let limit = ConcurrencyLimit::new(NonZeroU32::new(2).unwrap());
    let layer = ScopeLayer::new(Scope::builder()).limit(limit.clone());
    let service = layer.layer(Nap);
    let start = Instant::now();
    scope(|s: Scope| async move {
        for _ in 0..6 {
            let mut service = service.clone();
            drop(s.spawn_value(async move { assert!(call(&mut service, 10).await.is_ok()) }));
        }
        sleep(ms(5)).await;
        // Who gives up waiting gives up its place in the line, and a clone has no place.
        let mut waiting = service.clone();
        assert!(timeout(ms(1), poll_fn(|cx| waiting.poll_ready(cx))).await.is_err());
        drop(waiting.clone());
        drop(waiting);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(start.elapsed(), ms(30));

    let mut service = layer.layer(Nap);
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    assert_eq!(limit.in_use(), 1);
    let dropped = service.call(10);
    drop(dropped);
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    drop(service);
    assert_eq!(limit.in_use(), 0);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "a service was called that was not ready")]
async fn a_call_without_a_place_panics() {
    let limit = ConcurrencyLimit::new(NonZeroU32::new(2).unwrap());
    let mut service = ScopeLayer::new(Scope::builder()).limit(limit).layer(Nap);
    drop(service.call(10));
}

#[test]
fn a_service_may_cross_threads_and_be_shared() {
    fn holds<T: Send + Sync + Unpin + Clone>() {}
    holds::<ScopeLayer>();
    holds::<Scoped<Nap>>();
}
