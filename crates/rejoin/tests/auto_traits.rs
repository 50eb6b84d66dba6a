//! Which types may cross threads, be shared, or be moved while pinned: a part of the interface.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

use std::io::Error;

use rejoin::*;

type Items = futures_util::stream::Empty<Result<u8, Error>>;
type Ready = std::future::Ready<Result<u8, Error>>;

macro_rules! is {
    ($($type:ty: $($bound:ident)*;)*) => {
        #[test]
        fn types() {
            $($({
                fn holds<T: $bound>() {}
                holds::<$type>();
            })*)*
        }
    };
}

is! {
    BoxedError: Send Sync Unpin;
    stream::Batch<Items>: Send Sync Unpin;
    stream::Buffer<u8, Error>: Send Sync Unpin;
    stream::ItemTimeout<Items>: Send Sync Unpin;
    stream::Map<Items, fn(u8), u8, Error>: Send Sync Unpin;
    stream::Merge<Items>: Send Sync Unpin;
    stream::Throttle<Items>: Send Sync Unpin;
    stream::TryBatch<Items, u8, Error>: Send Sync Unpin;
    CancelOnDrop: Send Sync Unpin;
    CancelReason: Send Sync Unpin Clone;
    CancelSource: Send Sync Unpin Copy;
    Cancelled: Send Sync Unpin Clone;
    Canceller: Send Sync Unpin Clone;
    Cause: Send Sync Unpin Clone;
    Ending: Send Sync Unpin Clone;
    Failure<Error>: Send Sync Unpin;
    LimitedScope<Error>: Send Sync Unpin Clone;
    LimitedScopeBuilder: Send Sync Unpin Clone;
    Map<Vec<u8>, fn(u8) -> Ready>: Send Unpin;
    NotReady<Error>: Send Sync Unpin;
    Split: Send Sync Unpin;
    Name: Send Sync Unpin Clone;
    Progress: Send Sync Unpin Copy;
    configure::ConfigureError: Send Sync Unpin Clone;
    configure::Defaults: Send Sync Unpin Clone;
    detach::Left: Send Sync Unpin Clone;
    detach::ShutDown<Ready>: Send Sync Unpin;
    in_task::InTask<'static>: Send Sync Unpin Clone;
    in_task::Spawned<u8>: Send Sync Unpin;
    bridge::BlockOnError<Error>: Send Sync Unpin;
    inspect::Kind: Send Sync Unpin Copy;
    inspect::State: Send Sync Unpin;
    inspect::Node: Send Sync Unpin Clone;
    inspect::Tree: Send Sync Unpin Clone;
    inspect::Wait: Send Sync Unpin Clone;
    limit::AdaptiveLimit: Send Sync Unpin Clone;
    limit::AdaptivePermit: Send Sync Unpin;
    limit::AnyLimit: Send Sync Unpin Clone;
    limit::Borrowed<u8>: Send Sync Unpin;
    limit::CapacityLimiter<u8>: Send Sync Unpin Clone;
    limit::ConcurrencyLimit: Send Sync Unpin Clone;
    limit::Held: Send Sync Unpin;
    limit::LimitError: Send Sync Unpin;
    limit::LimitSet: Send Sync Unpin Clone;
    limit::Permit: Send Sync Unpin;
    limit::RateLimit: Send Sync Unpin Clone;
    limit::Reservation: Send Sync Unpin;
    limit::WindowLimit: Send Sync Unpin Clone;
    pool::Executor<Error>: Send Sync Unpin Clone;
    pool::ExecutorRefused<u8>: Send Sync Unpin;
    pool::PoolFull<u8>: Send Sync Unpin;
    pool::ThreadPool: Send Sync Unpin Clone;
    breaker::CircuitBreaker: Send Sync Unpin Clone;
    breaker::BreakerError<Error>: Send Sync Unpin;
    breaker::BreakerState: Send Sync Unpin Copy;
    breaker::Trip: Send Sync Unpin Copy;
    breaker::Call: Send Sync Unpin;
    retry::Attempt<Error>: Send Sync Unpin;
    retry::AttemptError<Error>: Send Sync Unpin;
    retry::Backoff: Send Sync Unpin Copy;
    retry::GaveUp: Send Sync Unpin;
    retry::Verdict: Send Sync Unpin Copy;
    retry::Hedge: Send Sync Unpin Clone;
    retry::Retry: Send Sync Unpin Clone;
    retry::RetryBudget: Send Sync Unpin Clone;
    retry::RetryError<Error>: Send Sync Unpin;
    single_flight::Audience: Send Sync Unpin;
    single_flight::SingleFlight<u8, u8, Error>: Send Sync;
    sync::Broken: Send Sync Unpin;
    sync::Barrier: Send Sync Unpin Clone;
    worker::Balance: Send Sync Unpin Copy;
    worker::Mode: Send Sync Unpin Copy;
    worker::Refused<u8>: Send Sync Unpin;
    worker::Restart: Send Sync Unpin Copy;
    worker::Worker<std::cell::Cell<u8>, Error>: Send Sync Unpin Clone;
    worker::WorkerBuilder: Send Sync Unpin Clone;
    worker::WorkerStats: Send Sync Unpin Copy;
    OnError: Send Sync Unpin Copy;
    Panic: Send Sync Unpin Clone;
    Scope<Error>: Send Sync Unpin Clone;
    ScopeBuilder: Send Sync Unpin Clone;
    ScopeError<Error>: Send Sync Unpin;
    SpawnError<Ready>: Send Sync Unpin;
    TaskBuilder<'static, Error>: Send Sync Unpin;
    TaskError<Error>: Send Sync Unpin Clone;
    TaskHandle<u8, Error>: Send Sync Unpin;
    // A value that cannot be shared makes nothing else unshareable.
    TaskHandle<std::cell::Cell<u8>, Error>: Send Unpin;
    TaskId: Send Sync Unpin Copy;
    TimedOut: Send Sync Unpin Copy;
    Until: Send Sync Unpin Copy;
    Waited<u8, Error>: Send Sync Unpin;
    WhenCancelled: Send Sync Unpin;
    Won<u8>: Send Sync Unpin Copy;
}

fn send<F: Future + Send>(_: F) {}

#[test]
fn futures() {
    fn ready() -> [Ready; 1] {
        [std::future::ready(Ok(1))]
    }
    send(scope(|s: Scope<Error>| async move { s.spawn(async { Ok(1) }).await }));
    send(Scope::builder().run(|_: Scope| async { Ok(()) }));
    send(wait(ready()));
    send(wait_until(ready(), Until::all()));
    send(gather(ready()));
    send(race(ready()));
    send(any(ready()));
    send(quorum(1, ready()));
    send(timeout(std::time::Duration::ZERO, async {}));
    send(shield(std::time::Duration::ZERO, async {}));
    send(checkpoint());
    send(cancelled());
    send(inspect::tree());
    send(detach::shutdown(std::time::Duration::ZERO, std::time::Duration::ZERO));
}

#[cfg(all(feature = "process", unix))]
mod child_processes {
    use std::convert::Infallible;

    use rejoin::process::{
        Arity, Part, ProcessError, ProcessPool, ProcessPoolBuilder, ProcessPoolFull,
    };
    use rejoin::worker;

    is! {
        Part: Send Sync Unpin Copy;
        ProcessError<Infallible>: Send Sync Unpin Clone;
        ProcessPool: Send Sync Unpin Clone;
        ProcessPoolBuilder: Send Sync Unpin Clone;
        ProcessPoolFull<u8>: Send Sync Unpin;
        worker::Portable<std::cell::Cell<u8>>: Send Unpin;
        worker::Worker<worker::Portable<u8>, ProcessError<String>>: Send Sync Unpin Clone;
        worker::Ask<u8, u8, Arity<1>>: Send Sync Unpin;
        worker::AskValue<u8, u8, Arity<1>, std::cell::Cell<u8>>: Send Sync Unpin;
    }

    // Whether a function is registered is seen when it is called, and not here.
    #[test]
    fn futures() {
        fn one(n: u8) -> Result<u8, String> {
            Ok(n)
        }
        super::send(rejoin::to_process(one, 1));
        super::send(ProcessPool::builder("pool").open(|pool: ProcessPool| async move {
            super::send(pool.run_value(one, 1));
            super::send(pool.run(one, 1));
            Ok::<_, rejoin::TaskError<Infallible>>(())
        }));
    }
}

#[cfg(feature = "indicatif")]
#[test]
fn a_bar_goes_with_its_join() {
    fn holds<T: Send + 'static>(_: T) {}
    holds(progress_bar(indicatif::ProgressBar::hidden()));
}
