//! The jobs, one function a contestant. Each returns a sum, so that nothing is optimised away and
//! all can be seen to do the same.

use std::future::pending;
use std::hint::black_box;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use futures::future::{join_all, select_all, select_ok};
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt, StreamExt};
use futures_concurrency::prelude::*;
use rejoin::limit::ConcurrencyLimit;
use rejoin::pool::ThreadPool;
use rejoin::worker::{Mode, Worker};
use rejoin::{Scope, Until, gather, wait_until};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::compare::{Case, Run};
use crate::processes;

macro_rules! contestants {
    ($($name:literal => $run:expr),+ $(,)?) => {
        vec![$(($name, (|| async { $run.await }.boxed()) as Run)),+]
    };
}

pub(crate) fn all() -> Vec<Case> {
    vec![
        collect::<3>("Run 3 and collect what they give", 2_000),
        collect::<100>("Run 100 and collect what they give", 100),
        collect::<10_000>("Run 10,000 and collect what they give", 2),
        Case {
            name: "The first of 10,000, all others never ending; then all are gone",
            items: 10_000,
            rounds: 2,
            contestants: contestants! {
                "tokio JoinSet, shutdown" => first_join_set(),
                "rejoin wait_until" => first_rejoin(),
                "futures select_all *" => first_select_all(),
            },
        },
        Case {
            name: "A race of 100",
            items: 100,
            rounds: 50,
            contestants: contestants! {
                "tokio JoinSet, shutdown" => race_join_set(),
                "rejoin any" => race_rejoin(),
                "futures select_ok *" => race_select_ok(),
                "futures-concurrency race_ok *" => race_concurrency(),
            },
        },
        Case {
            name: "Map over 100,000 items, 10 at a time",
            items: MAPPED as u32,
            rounds: 1,
            contestants: contestants! {
                "tokio JoinSet, refilled" => map_join_set(),
                "rejoin map" => map_rejoin(),
                "futures buffered *" => map_buffered(),
                "futures buffer_unordered *" => map_unordered(),
            },
        },
        Case {
            name: "Merge 10 streams of 10,000",
            items: 100_000,
            rounds: 1,
            contestants: contestants! {
                "futures select_all *" => merge_select_all(),
                "rejoin merge *" => merge_rejoin(),
                "futures-concurrency merge *" => merge_concurrency(),
            },
        },
        Case {
            name: "Ask a worker 1,000 times, one after the other",
            items: 1_000,
            rounds: 2,
            contestants: contestants! {
                "tokio mpsc, oneshot replies" => ask_channels(),
                "rejoin worker, tasks" => ask_worker(Mode::Task),
                "rejoin worker, inline" => ask_worker(Mode::Inline),
                "tokio Mutex *" => ask_mutex(),
            },
        },
        Case {
            name: "Submit 1,000 calls to a worker, then collect",
            items: 1_000,
            rounds: 2,
            contestants: contestants! {
                "tokio mpsc, oneshot replies" => submit_channels(),
                "rejoin worker, tasks" => submit_worker(Mode::Task),
                "rejoin worker, inline" => submit_worker(Mode::Inline),
            },
        },
        Case {
            name: "A place of ten, taken and given back 10,000 times by one task",
            items: TAKEN as u32,
            rounds: 2,
            contestants: contestants! {
                "tokio Semaphore" => free_semaphore(),
                "rejoin ConcurrencyLimit" => free_limit(),
            },
        },
        Case {
            name: "A place of ten, wanted by 100 tasks 100 times each",
            items: TAKEN as u32,
            rounds: 2,
            contestants: contestants! {
                "tokio Semaphore" => full_semaphore(),
                "rejoin ConcurrencyLimit" => full_limit(),
            },
        },
        Case {
            name: "Blocking work: 1,000 pieces on two threads",
            items: 1_000,
            rounds: 1,
            contestants: contestants! {
                "tokio spawn_blocking" => blocking_tokio(),
                "rejoin ThreadPool" => blocking_rejoin(),
                "rayon, oneshot channels" => blocking_rayon(),
            },
        },
        Case {
            name: "Round trip to a child process, its start and end included: 2,000 calls",
            items: processes::CALLS as u32,
            rounds: 1,
            contestants: contestants! {
                "tokio pipes, echoed by cat" => processes::echo(),
                "rejoin ProcessPool" => processes::pool(),
                "rejoin worker, process" => processes::worker(),
            },
        },
        Case {
            name: "Round trip of 100 KB to a child process: 200 calls",
            items: processes::LARGE as u32,
            rounds: 1,
            contestants: contestants! {
                "tokio pipes, echoed by cat" => processes::echo_large(),
                "rejoin ProcessPool, bytes" => processes::pool_bytes(),
                "rejoin ProcessPool, list of bytes" => processes::pool_list(),
            },
        },
        Case {
            name: "A child process for one call",
            items: 1,
            rounds: 20,
            contestants: contestants! {
                "tokio, start cat, one echo" => processes::echo_once(),
                "rejoin to_process" => processes::once(),
            },
        },
    ]
}

async fn child(n: u64) -> u64 {
    black_box(n)
}

async fn ok(n: u64) -> Result<u64, ()> {
    Ok(child(n).await)
}

// Collect.

fn collect<const N: u64>(name: &'static str, rounds: u32) -> Case {
    Case {
        name,
        items: N as u32,
        rounds,
        contestants: contestants! {
            "tokio spawn, await handles" => collect_spawn(N),
            "tokio JoinSet" => collect_join_set(N),
            "rejoin gather" => collect_rejoin(N),
            "futures join_all *" => collect_join_all(N),
            "futures FuturesUnordered *" => collect_unordered(N),
            "futures-concurrency join *" => collect_concurrency(N),
        },
    }
}

async fn collect_spawn(n: u64) -> u64 {
    let handles: Vec<_> = (0..n).map(|n| tokio::spawn(child(n))).collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("no panic");
    }
    sum
}

async fn collect_join_set(n: u64) -> u64 {
    let mut set: JoinSet<u64> = (0..n).map(child).collect();
    let mut sum = 0;
    while let Some(n) = set.join_next().await {
        sum += n.expect("no panic");
    }
    sum
}

async fn collect_rejoin(n: u64) -> u64 {
    gather((0..n).map(ok)).await.expect("no child fails").into_iter().sum()
}

async fn collect_join_all(n: u64) -> u64 {
    join_all((0..n).map(child)).await.into_iter().sum()
}

async fn collect_unordered(n: u64) -> u64 {
    let all: FuturesUnordered<_> = (0..n).map(child).collect();
    all.fold(0, |sum, n| async move { sum + n }).await
}

async fn collect_concurrency(n: u64) -> u64 {
    let all: Vec<_> = (0..n).map(child).collect();
    all.join().await.into_iter().sum()
}

// The first of many.

const MANY: u64 = 10_000;

/// Ready at once for the last one, for nobody else ever.
async fn last_only(n: u64) -> u64 {
    if n == MANY - 1 { child(n).await } else { pending().await }
}

async fn first_join_set() -> u64 {
    let mut set: JoinSet<u64> = (0..MANY).map(last_only).collect();
    let first = set.join_next().await.expect("there are some").expect("no panic");
    set.shutdown().await;
    first
}

async fn first_rejoin() -> u64 {
    let all = (0..MANY).map(|n| last_only(n).map(Ok::<u64, ()>));
    let mut waited = wait_until(all, Until::first_completed()).await;
    waited.done.remove(0).1.expect("no child fails")
}

async fn first_select_all() -> u64 {
    select_all((0..MANY).map(|n| last_only(n).boxed())).await.0
}

// A race.

async fn racer(n: u64) -> Result<u64, ()> {
    if n == 50 { ok(n).await } else { pending().await }
}

async fn race_join_set() -> u64 {
    let mut set: JoinSet<_> = (0..100).map(racer).collect();
    let first = set.join_next().await.expect("there are some").expect("no panic");
    set.shutdown().await;
    first.expect("no child fails")
}

async fn race_rejoin() -> u64 {
    rejoin::any((0..100).map(racer)).await.expect("one succeeds").value
}

async fn race_select_ok() -> u64 {
    select_ok((0..100).map(|n| racer(n).boxed())).await.expect("one succeeds").0
}

async fn race_concurrency() -> u64 {
    let all: Vec<_> = (0..100).map(|n| racer(n).boxed()).collect();
    all.race_ok().await.ok().expect("one succeeds")
}

// Map.

const MAPPED: u64 = 100_000;
const LIMIT: NonZeroUsize = NonZeroUsize::new(10).expect("not zero");
const TEN: NonZeroU32 = NonZeroU32::new(10).expect("not zero");

async fn map_join_set() -> u64 {
    let mut set = JoinSet::new();
    let mut sum = 0;
    for n in 0..MAPPED {
        if set.len() == LIMIT.get() {
            let done: u64 = set.join_next().await.expect("there are some").expect("no panic");
            sum += done;
        }
        set.spawn(child(n));
    }
    while let Some(n) = set.join_next().await {
        sum += n.expect("no panic");
    }
    sum
}

async fn map_rejoin() -> u64 {
    rejoin::map(0..MAPPED, LIMIT, ok).await.expect("no child fails").into_iter().sum()
}

async fn map_buffered() -> u64 {
    stream::iter(0..MAPPED).map(child).buffered(LIMIT.get()).collect::<Vec<_>>().await.iter().sum()
}

async fn map_unordered() -> u64 {
    let all = stream::iter(0..MAPPED).map(child).buffer_unordered(LIMIT.get());
    all.fold(0, |sum, n| async move { sum + n }).await
}

// Merge.

fn sources() -> impl Iterator<Item = stream::Iter<std::ops::Range<u64>>> {
    (0..10).map(|n| stream::iter(n * 10_000..(n + 1) * 10_000))
}

async fn merge_select_all() -> u64 {
    stream::select_all(sources()).fold(0, |sum, n| async move { sum + n }).await
}

async fn merge_rejoin() -> u64 {
    rejoin::stream::merge(sources()).fold(0, |sum, n| async move { sum + n }).await
}

async fn merge_concurrency() -> u64 {
    let all: Vec<_> = sources().collect();
    all.merge().fold(0, |sum, n| async move { sum + n }).await
}

// Workers.

type Ask = (u64, tokio::sync::oneshot::Sender<u64>);

/// An actor by hand: a task that owns a sum and gets numbers to add.
fn actor() -> tokio::sync::mpsc::Sender<Ask> {
    let (sender, mut inbox) = tokio::sync::mpsc::channel::<Ask>(1_000);
    tokio::spawn(async move {
        let mut sum = 0;
        while let Some((n, reply)) = inbox.recv().await {
            sum += n;
            let _ = reply.send(sum);
        }
    });
    sender
}

async fn ask_channels() -> u64 {
    let actor = actor();
    let mut last = 0;
    for n in 0..1_000 {
        let (reply, replied) = tokio::sync::oneshot::channel();
        actor.send((n, reply)).await.expect("it is there");
        last = replied.await.expect("it replies");
    }
    last
}

async fn submit_channels() -> u64 {
    let actor = actor();
    let mut replies = Vec::new();
    for n in 0..1_000 {
        let (reply, replied) = tokio::sync::oneshot::channel();
        actor.send((n, reply)).await.expect("it is there");
        replies.push(replied);
    }
    let mut last = 0;
    for replied in replies {
        last = replied.await.expect("it replies");
    }
    last
}

fn add(n: u64) -> impl FnOnce(&mut u64) -> Result<u64, std::convert::Infallible> + Send {
    move |sum: &mut u64| {
        *sum += n;
        Ok(*sum)
    }
}

fn worker(s: &Scope, mode: Mode) -> Worker<u64> {
    let queue = NonZeroUsize::new(1_000).expect("not zero");
    Worker::builder("sum").mode(mode).queue(queue).start(s, || 0)
}

async fn ask_worker(mode: Mode) -> u64 {
    let asked = rejoin::scope(|s: Scope| async move {
        let worker = worker(&s, mode);
        let mut last = 0;
        for n in 0..1_000 {
            last = worker.call(add(n)).await?;
        }
        Ok(last)
    });
    asked.await.expect("no call fails")
}

async fn submit_worker(mode: Mode) -> u64 {
    let asked = rejoin::scope(|s: Scope| async move {
        let worker = worker(&s, mode);
        let mut handles = Vec::new();
        for n in 0..1_000 {
            handles.push(worker.submit(add(n)).await.expect("it is open"));
        }
        let mut last = 0;
        for handle in handles {
            last = handle.await?;
        }
        Ok(last)
    });
    asked.await.expect("no call fails")
}

async fn ask_mutex() -> u64 {
    let sum = tokio::sync::Mutex::new(0);
    let mut last = 0;
    for n in 0..1_000 {
        let mut sum = sum.lock().await;
        *sum += black_box(n);
        last = *sum;
    }
    last
}

// Places.

const TAKEN: u64 = 10_000;

async fn free_semaphore() -> u64 {
    let places = Semaphore::new(LIMIT.get());
    let mut sum = 0;
    for n in 0..TAKEN {
        let _place = places.acquire().await.expect("it is never closed");
        sum += child(n).await;
    }
    sum
}

async fn free_limit() -> u64 {
    let places = ConcurrencyLimit::new(TEN);
    let mut sum = 0;
    for n in 0..TAKEN {
        let _place = places.acquire().await;
        sum += child(n).await;
    }
    sum
}

/// Gives others a turn while it has its place, so that there is a line.
async fn work_in_turn(n: u64) -> u64 {
    tokio::task::yield_now().await;
    child(n).await
}

async fn full_semaphore() -> u64 {
    let places = Arc::new(Semaphore::new(LIMIT.get()));
    let tasks: Vec<_> = (0..100)
        .map(|task| {
            let places = Arc::clone(&places);
            tokio::spawn(async move {
                let mut sum = 0;
                for n in 0..100 {
                    let _place = places.acquire().await.expect("it is never closed");
                    sum += work_in_turn(task * 100 + n).await;
                }
                sum
            })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("no panic");
    }
    sum
}

async fn full_limit() -> u64 {
    let places = ConcurrencyLimit::new(TEN);
    let tasks: Vec<_> = (0..100)
        .map(|task| {
            let places = places.clone();
            tokio::spawn(async move {
                let mut sum = 0;
                for n in 0..100 {
                    let _place = places.acquire().await;
                    sum += work_in_turn(task * 100 + n).await;
                }
                sum
            })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("no panic");
    }
    sum
}

// Blocking work.

fn work(n: u64) -> u64 {
    (0..n % 100).map(black_box).sum()
}

async fn blocking_tokio() -> u64 {
    let started: Vec<_> =
        (0..1_000).map(|n| tokio::task::spawn_blocking(move || work(n))).collect();
    let mut sum = 0;
    for work in started {
        sum += work.await.expect("no panic");
    }
    sum
}

async fn blocking_rejoin() -> u64 {
    let pool = ThreadPool::new("bench", NonZeroUsize::new(2).expect("not zero"));
    let all = gather((0..1_000).map(|n| {
        let pool = pool.clone();
        async move { pool.run(move || Ok::<_, ()>(work(n))).await.map_err(drop) }
    }));
    all.await.expect("no work fails").into_iter().sum()
}

async fn blocking_rayon() -> u64 {
    let started: Vec<_> = (0..1_000)
        .map(|n| {
            let (done, receiver) = tokio::sync::oneshot::channel();
            rayon::spawn(move || done.send(work(n)).expect("it is awaited"));
            receiver
        })
        .collect();
    let mut sum = 0;
    for work in started {
        sum += work.await.expect("no panic");
    }
    sum
}
