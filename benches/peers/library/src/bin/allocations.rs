//! What a child costs in memory: how often the allocator is asked for it, and how many bytes are
//! held at most, when 10,000 are started, wait, and end.

use std::future::Future;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rejoin::{Scope, scope, wait};
use tokio::sync::watch;
use tokio::task::JoinSet;

#[global_allocator]
static COUNTING: dhat::Alloc = dhat::Alloc;

const CHILDREN: u32 = 10_000;

fn main() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    println!("\nMemory per child of 10,000 that wait");
    println!("  contestant                   allocations    bytes at most");
    let measure = |name: &str, job: fn(Gate) -> std::pin::Pin<Box<dyn Future<Output = ()>>>| {
        let per_child = |n: u64| n as f64 / f64::from(CHILDREN);
        let before = dhat::HeapStats::get();
        let (open, gate) = watch::channel(false);
        let peak = runtime.block_on(async {
            let peak = async {
                // Everybody waits by now: one turn has polled them all.
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
                let peak = dhat::HeapStats::get().curr_bytes;
                open.send_replace(true);
                peak
            };
            futures::future::join(job(gate), peak).await.1
        });
        let after = dhat::HeapStats::get();
        let blocks = per_child(after.total_blocks - before.total_blocks);
        let bytes = per_child((peak - before.curr_bytes) as u64);
        println!("  {name:27}  {blocks:11.2}  {bytes:15.0}");
    };
    measure("tokio spawn, await handles", |gate| {
        Box::pin(async move {
            let handles: Vec<_> = (0..CHILDREN).map(|_| tokio::spawn(pass(gate.clone()))).collect();
            for handle in handles {
                handle.await.expect("no panic");
            }
        })
    });
    measure("tokio JoinSet", |gate| {
        Box::pin(async move {
            let mut set: JoinSet<()> = (0..CHILDREN).map(|_| pass(gate.clone())).collect();
            while set.join_next().await.is_some() {}
        })
    });
    measure("rejoin scope", |gate| {
        Box::pin(async move {
            let all = scope(|s: Scope| async move {
                let handles: Vec<_> =
                    (0..CHILDREN).map(|_| s.spawn_value(pass(gate.clone()))).collect();
                for handle in handles {
                    handle.await?;
                }
                Ok(())
            });
            all.await.expect("no child fails");
        })
    });
    measure("rejoin wait", |gate| {
        Box::pin(async move {
            let all = (0..CHILDREN).map(|_| {
                let gate = gate.clone();
                async move {
                    pass(gate).await;
                    Ok::<(), ()>(())
                }
            });
            wait(all).await;
        })
    });
    measure("futures FuturesUnordered *", |gate| {
        Box::pin(async move {
            let all: FuturesUnordered<_> = (0..CHILDREN).map(|_| pass(gate.clone())).collect();
            all.for_each(|()| async {}).await;
        })
    });
}

type Gate = watch::Receiver<bool>;

/// Waits for the gate to open.
async fn pass(mut gate: Gate) {
    gate.wait_for(|open| *open).await.expect("the sender is there until the end");
}
