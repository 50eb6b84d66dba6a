//! What a scope costs over bare tasks.
//!
//! Every figure is a ratio to bare `tokio::spawn` with awaited handles, measured in the same run, with
//! children of the same kind: those that end at once and have two words of state, which is the most
//! that a scope can be seen to cost, and those that have a hundred bytes of it and wait once.
//! `TaskTracker` counts tasks and does nothing else: what a scope costs over it is the price of
//! cancelling, of outcomes, and of knowing who is there. *wrapped* is a bare spawn of a future that
//! has a pointer and a number beside it and uses neither. The runtime gives a brief child 128 bytes,
//! also with a pointer alone, and this one 256: what it costs is the price of the memory for a child
//! that knows its scope and its place there.
//! *scope* is one whose handles are awaited, as the bare ones are. What is *joined* has dropped them, and only waits
//! until all have ended, which is what a scope is for: then the worker that ran a task frees it, and not the one
//! that has made it. glibc takes a lock for that, at which two workers meet; `tasks_mimalloc` has the same
//! with an allocator that does not. `gather` collects what they give.
//! The last kind of children waits for ever, and each is told alone to stop.
//! The contestants take turns in short samples, so that a busy machine hits all of them alike; a
//! ratio is computed within each turn, and the table has the least, the median and the most of the
//! turns. The first figures are those of code that runs in a task; the others are those of code that
//! starts tasks from a thread of its own, where waking a worker outweighs the rest.
//!
//! `cargo bench -p rejoin --bench tasks`; `-- --quick` for a glance. With glibc, `MALLOC_TRIM_THRESHOLD_=1073741824`
//! before it keeps the memory of 10,000 tasks from going back to the system and coming again in each round.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use pin_project_lite::pin_project;
use rejoin::{Scope, gather, scope};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

trait Child: Future<Output = u64> + Send + 'static {}

impl<F: Future<Output = u64> + Send + 'static> Child for F {}

/// One contestant: `run(children, rounds)` gives the time that all rounds took.
struct Contestant {
    name: &'static str,
    run: fn(&tokio::runtime::Runtime, Start, u64, u32) -> Duration,
}

#[derive(Clone, Copy)]
pub(crate) enum Start {
    /// In a task, on a worker of the runtime.
    Inside,
    /// In `block_on`, on a thread that is no worker: each spawn has to wake one.
    Outside,
}

fn timed<F, Fut>(runtime: &tokio::runtime::Runtime, start: Start, rounds: u32, once: F) -> Duration
where
    F: Fn() -> Fut + Send + 'static,
    Fut: Future<Output = u64> + Send,
{
    let all = async move {
        let begin = Instant::now();
        for _ in 0..rounds {
            black_box(once().await);
        }
        begin.elapsed()
    };
    match start {
        Start::Inside => runtime.block_on(async { tokio::spawn(all).await }).expect("no panic"),
        Start::Outside => runtime.block_on(all),
    }
}

async fn brief(n: u64) -> u64 {
    black_box(n)
}

async fn waiting(n: u64) -> u64 {
    let state = [n; 12];
    tokio::task::yield_now().await;
    black_box(&state)[3]
}

async fn endless(n: u64) -> u64 {
    std::future::pending::<()>().await;
    n
}

async fn bare<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let handles: Vec<_> = (0..children).map(|n| tokio::spawn(child(n))).collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("no panic");
    }
    sum
}

pin_project! {
    struct Wrapped<F> {
        #[pin]
        future: F,
        scope: Arc<()>,
        number: u64,
    }
}

impl<F: Future> Future for Wrapped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

async fn wrapped<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let scope = Arc::new(());
    let start = |number| Wrapped { future: child(number), scope: Arc::clone(&scope), number };
    let handles: Vec<_> = (0..children).map(|n| tokio::spawn(start(n))).collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("no panic");
    }
    sum
}

async fn tracked<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let tracker = TaskTracker::new();
    let handles: Vec<_> = (0..children).map(|n| tracker.spawn(child(n))).collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("no panic");
    }
    tracker.close();
    tracker.wait().await;
    sum
}

async fn tracker_joined<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let tracker = TaskTracker::new();
    for n in 0..children {
        drop(tracker.spawn(child(n)));
    }
    tracker.close();
    tracker.wait().await;
    0
}

async fn join_set<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let mut set = JoinSet::new();
    for n in 0..children {
        set.spawn(child(n));
    }
    let mut sum = 0;
    while let Some(n) = set.join_next().await {
        sum += n.expect("no panic");
    }
    sum
}

async fn in_scope<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let sum = scope(|s: Scope| async move {
        let handles: Vec<_> = (0..children).map(|n| s.spawn_value(child(n))).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await?;
        }
        Ok(sum)
    });
    sum.await.expect("no child fails")
}

/// Whoever needs no value awaits no handle: the scope waits for its children.
async fn scope_joined<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let sum = scope(|s: Scope| async move {
        for n in 0..children {
            drop(s.spawn_value(child(n)));
        }
        Ok(0)
    });
    sum.await.expect("no child fails")
}

async fn gathered<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let all = (0..children).map(|n| child(n).map(Ok::<_, Infallible>));
    gather(all).await.expect("no child fails").iter().sum()
}

/// Starts children that would wait for ever, tells each of them alone to stop, and awaits them.
async fn bare_aborted<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let handles: Vec<_> = (0..children).map(|n| tokio::spawn(child(n))).collect();
    handles.iter().for_each(tokio::task::JoinHandle::abort);
    let mut stopped = 0;
    for handle in handles {
        stopped += u64::from(handle.await.is_err());
    }
    stopped
}

async fn join_set_aborted<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let mut set = JoinSet::new();
    let handles: Vec<_> = (0..children).map(|n| set.spawn(child(n))).collect();
    handles.iter().for_each(tokio::task::AbortHandle::abort);
    let mut stopped = 0;
    while let Some(ended) = set.join_next().await {
        stopped += u64::from(ended.is_err());
    }
    stopped
}

async fn scope_cancelled<C: Child>(child: fn(u64) -> C, children: u64) -> u64 {
    let stopped = scope(|s: Scope| async move {
        let handles: Vec<_> = (0..children).map(|n| s.spawn_value(child(n))).collect();
        for handle in &handles {
            handle.cancel("not needed");
        }
        let mut stopped = 0;
        for handle in handles {
            stopped += u64::from(handle.await.is_err());
        }
        Ok(stopped)
    });
    stopped.await.expect("no child fails")
}

macro_rules! contestants {
    ($child:ident: $($name:literal => $run:ident),*) => {
        [$(Contestant {
            name: $name,
            run: |rt, at, n, k| timed(rt, at, k, move || $run($child, n)),
        }),*]
    };
    ($child:ident) => {
        contestants!($child: "spawn" => bare, "wrapped" => wrapped, "TaskTracker" => tracked,
            "TaskTracker, joined" => tracker_joined, "JoinSet" => join_set, "scope" => in_scope,
            "scope, joined" => scope_joined, "gather" => gathered)
    };
}

/// The first of each kind is what the others are measured against.
const BRIEF: [Contestant; 8] = contestants!(brief);
const WAITING: [Contestant; 8] = contestants!(waiting);
const STOPPED: [Contestant; 3] = contestants!(endless: "spawn" => bare_aborted,
    "JoinSet" => join_set_aborted, "scope" => scope_cancelled);

fn runtime(workers: usize) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(workers).build().expect("a runtime")
}

/// `--one NAME brief|waiting|stopped CHILDREN ROUNDS WORKERS`: one contestant alone, for a profiler. What two numbers of
/// rounds differ by is free of what starting up costs.
fn one(words: &[String]) {
    let [name, kind, children, rounds, workers] = words else {
        panic!("--one NAME brief|waiting|stopped CHILDREN ROUNDS WORKERS")
    };
    let number = |text: &String| text.parse::<u32>().expect("a number");
    let contestants: &[_] = match kind.as_str() {
        "waiting" => &WAITING,
        "stopped" => &STOPPED,
        _ => &BRIEF,
    };
    let who = contestants.iter().find(|who| who.name == name).expect("a contestant");
    let runtime = runtime(number(workers) as usize);
    let took = (who.run)(&runtime, Start::Inside, number(children).into(), number(rounds));
    println!(
        "{} ns a child",
        took.as_nanos() / u128::from(number(rounds)) / u128::from(number(children))
    );
}

/// In a task, and from a thread of its own.
pub(crate) const PLACES: [(Start, &str); 2] =
    [(Start::Inside, "inside a worker"), (Start::Outside, "outside")];

fn main() {
    run("the system's allocator", &PLACES);
}

pub(crate) fn run(allocator: &str, places: &[(Start, &str)]) {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == "--one") {
        return one(&words[at + 1..]);
    }
    let quick = std::env::args().any(|arg| arg == "--quick");
    let turns = if quick { 15 } else { 61 };
    println!(
        "Time per child as a ratio to bare spawn with awaited handles, {turns} turns each, with {allocator}."
    );
    for &(start, place) in places {
        let kinds: [(_, &[_]); 3] = [
            ("end at once", &BRIEF),
            ("wait once", &WAITING),
            ("are told to stop one by one", &STOPPED),
        ];
        for (kind, contestants) in kinds {
            println!("\nStarted {place}, children that {kind}");
            println!("workers  children  contestant             min  median    max   best ns");
            for workers in [1, 2] {
                let runtime = runtime(workers);
                for (children, rounds) in [(3, 5000), (100, 200), (10_000, 2)] {
                    for line in compare(&runtime, contestants, start, children, rounds, turns) {
                        println!("{workers:7}  {children:8}  {line}");
                    }
                }
            }
        }
    }
}

/// Lets the contestants take turns; a line of the table for each.
fn compare(
    rt: &tokio::runtime::Runtime,
    contestants: &[Contestant],
    start: Start,
    children: u64,
    rounds: u32,
    turns: usize,
) -> Vec<String> {
    let mut ratios = vec![Vec::new(); contestants.len()];
    let mut best = vec![f64::MAX; contestants.len()];
    let rounds = if matches!(start, Start::Outside) { rounds / 2 } else { rounds };
    for turn in 0..=turns {
        let mut nanos = vec![0.0; contestants.len()];
        // Everybody goes first in turn.
        for at in 0..contestants.len() {
            let who = (turn + at) % contestants.len();
            let took = (contestants[who].run)(rt, start, children, rounds.max(1));
            nanos[who] = took.as_nanos() as f64 / f64::from(rounds.max(1)) / children as f64;
        }
        // The first turn warms up.
        if turn == 0 {
            continue;
        }
        for who in 0..contestants.len() {
            ratios[who].push(nanos[who] / nanos[0]);
            best[who] = best[who].min(nanos[who]);
        }
    }
    let line = |(who, contestant): (usize, &Contestant)| {
        ratios[who].sort_by(f64::total_cmp);
        let (min, median, max) = (ratios[who][0], ratios[who][turns / 2], ratios[who][turns - 1]);
        let (name, best) = (contestant.name, best[who]);
        format!("{name:19}  {min:5.2}  {median:6.2}  {max:5.2}  {best:8.0}")
    };
    contestants.iter().enumerate().map(line).collect()
}
