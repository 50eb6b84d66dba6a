//! The tree of what is under way, and what each task waits for.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

use std::future::{Future, pending, poll_fn};
use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use rejoin::inspect::{self, Kind, Node, State, Tree, Wait, waiting_for};
use rejoin::limit::ConcurrencyLimit;
use rejoin::pool::ThreadPool;
use rejoin::retry::{Backoff, Retry};
use rejoin::stream::buffer;
use rejoin::sync::Barrier;
use rejoin::worker::{Worker, asynchronous};
use rejoin::{Ready, Scope, Until, cancelled, gather, scope, shield, timeout, wait_handles};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The drawing, with scopes numbered from 1 in the order in which they appear.
fn drawn(tree: &Tree) -> String {
    let mut text = tree.to_string();
    let mut number = 0;
    for node in tree.nodes() {
        if let Kind::Scope(id) = node.kind() {
            number += 1;
            text = text.replace(&format!("scope {id}"), &format!("scope S{number}"));
            text = text.replace(&format!("task {id}."), &format!("task S{number}."));
        }
    }
    text.replace('S', "")
}

#[tokio::test(start_paused = true)]
async fn workers_buffers_and_starts_are_named_too() {
    let tree = scope(|s: Scope| async move {
        let slow = || asynchronous(|_: &mut ()| Box::pin(async { Ok(sleep(ms(100)).await) }));
        let worker: Worker<()> =
            Worker::builder("clerk").queue(NonZeroUsize::new(2).unwrap()).start(&s, || ());
        let mut calls =
            [worker.submit(slow()).await.unwrap(), worker.submit(slow()).await.unwrap()];
        let (full, scope) = (worker.clone(), s.clone());
        s.task("submits").spawn_value(async move { drop(full.submit(slow()).await) });
        s.task("starts").spawn_value(async move {
            let started = scope.spawn_ready(|ready: Ready<(), _>| async move {
                sleep(ms(100)).await;
                Ok(ready.signal(()))
            });
            drop(started.await);
        });
        let mut items = buffer(&s, NonZeroUsize::MIN, futures_util::stream::pending::<()>());
        s.task("reads").spawn_value(async move { drop(timeout(ms(100), items.next()).await) });
        s.task("waits").spawn_value(async move {
            drop(wait_handles(&mut calls, Until::all()).await);
        });
        let closed = worker.clone();
        s.task("drains").spawn_value(async move {
            sleep(ms(20)).await;
            closed.drain().await.is_ok()
        });
        sleep(ms(10)).await;
        let open = s.tree().await.to_string();
        sleep(ms(20)).await;
        Ok(open + &s.tree().await.to_string())
    });
    let tree = tree.await.unwrap();
    for wait in [
        "`clerk`: waits for calls",
        ": waits for its turn at a worker",
        "`submits`: waits for a place in a queue",
        "`starts`: waits for a task to be ready",
        ": waits for an item of a buffer",
        "`waits`: waits for some of several tasks",
        "`drains`: waits for the end of a worker",
    ] {
        assert!(tree.contains(wait), "{wait}: {tree}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_parked_tree_is_shown_as_it_was_spawned() {
    let one = ConcurrencyLimit::new(NonZeroU32::MIN);
    let taken = one.acquire().await;
    let barrier = Barrier::new(NonZeroUsize::new(2).unwrap());
    let text = Scope::builder()
        .name("all")
        .timeout(ms(2000))
        .run(|s: Scope| async move {
            let first = s.task("first").spawn_value(sleep(ms(1000)));
            let second = s.task("second").spawn_outcome(first);
            let limit = one.clone();
            s.spawn_value(async move { drop(limit.acquire().await) });
            s.spawn_value(async move {
                let _ = barrier.wait().await;
            });
            s.spawn_value(async {
                let policy = Retry::new(2).backoff(Backoff::constant(ms(700)));
                assert!(policy.run(|_| async { Err::<(), _>(()) }).await.is_err());
            });
            s.spawn_value(async { drop(cancelled().await) });
            s.spawn_value(waiting_for("the\nreply", pending::<()>()));
            s.task("inner").spawn_value(async {
                let two = [sleep(ms(1000)), sleep(ms(1000))];
                let two = two.map(|nap| async {
                    nap.await;
                    Ok::<_, ()>(())
                });
                let _ = timeout(ms(900), async { drop(gather(two).await) }).await;
            });
            s.spawn_value(async {
                let _ = shield(ms(600), pending::<()>()).await;
            });
            sleep(ms(500)).await;
            let tree = s.tree().await;
            s.cancel_children("seen");
            drop((second, taken));
            Ok(drawn(&tree))
        })
        .await
        .unwrap();
    let expected = "\
scope 1 `all`: waits for the task tree; 1.5s left; 500ms old
├─ task 1.0 `first`: waits outside the library; 500ms old
├─ task 1.1 `second`: waits for task 1.0 `first`; 500ms old
├─ task 1.2: waits for a place in a limit
├─ task 1.3: waits for a barrier
├─ task 1.4: waits for the end of a pause in 200ms
├─ task 1.5: waits for a cancellation
├─ task 1.6: waits for the\\nreply
├─ task 1.7 `inner`: waits outside the library; 500ms old
│  └─ scope 2: waits outside the library; 400ms left
│     └─ scope 3: waits for the children of a join
│        ├─ task 3.0: waits outside the library
│        └─ task 3.1: waits outside the library
└─ task 1.8: waits outside the library
   └─ shielded scope 4: waits outside the library; 100ms left";
    assert_eq!(text, expected);
}

#[tokio::test(start_paused = true)]
async fn all_scopes_of_the_process_are_found_and_gone_ones_are_not() {
    let names = |tree: &Tree| {
        let nodes = tree.nodes().iter();
        nodes.filter_map(|node| node.name().map(str::to_owned)).collect::<Vec<_>>()
    };
    // Not by the clock: a look at all scopes waits for those of the other tests too.
    let (end, ended) = watch::channel(());
    let wait = || {
        let mut ended = ended.clone();
        async move { ended.changed().await.unwrap() }
    };
    let (here, in_task) = (wait(), wait());
    let one = Scope::builder().name("one of two").run(|_: Scope| async {
        here.await;
        Ok(())
    });
    let other = Scope::builder()
        .name("two of two")
        .run(|s: Scope| async move { s.task("within two").spawn_value(in_task).await });
    let looker = async {
        tokio::task::yield_now().await;
        let seen = names(&inspect::tree().await);
        for name in ["one of two", "two of two", "within two"] {
            assert!(seen.iter().any(|seen| seen == name), "{name}");
        }
        end.send(()).unwrap();
    };
    let (one, other, ()) = tokio::join!(one, other, looker);
    one.unwrap();
    other.unwrap();
    let seen = names(&inspect::tree().await);
    assert!(!seen.iter().any(|name| name.contains("two")));
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_scope_has_left_is_shown_until_it_has_ended() {
    let (end, mut ended) = watch::channel(());
    let dropped = Scope::builder().name("dropped scope").run(|s: Scope| async move {
        s.task("slow to stop").spawn_value(async move {
            shield(ms(60_000), ended.changed()).await.unwrap().unwrap();
        });
        pending::<()>().await;
        Ok(())
    });
    assert!(tokio::time::timeout(ms(10), dropped).await.is_err());
    let find =
        |tree: Tree| tree.nodes().iter().find(|node| node.name() == Some("dropped scope")).cloned();
    let node = find(inspect::tree().await).unwrap();
    assert_eq!(node.state(), &State::Dropped(1));
    assert_eq!(node.reason().unwrap().text(), "the scope was dropped");
    end.send(()).unwrap();
    while find(inspect::tree().await).is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_told_to_stop_says_so_and_the_end_of_a_body_is_seen() {
    let start = Instant::now();
    Scope::builder()
        .grace(ms(100))
        .run(|s: Scope| async move {
            let outer = s.clone();
            let told = s.task("told").spawn_value(pending::<()>());
            s.spawn_value(async move {
                sleep(ms(10)).await;
                told.cancel("enough");
                let tree = outer.tree().await;
                let [body, told, looker] = tree.nodes() else { panic!("{tree}") };
                assert_eq!(body.state(), &State::Closing(2));
                assert_eq!(told.reason().unwrap().to_string(), "cancelled: enough");
                assert_eq!(
                    looker.state(),
                    &State::Waiting(vec![Wait::Other("the task tree".into())])
                );
                assert!(tree.to_string().contains("told to stop (cancelled: enough)"));
            });
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(start.elapsed(), ms(110));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_work_and_a_task_that_does_not_come_back_are_told_apart() {
    let (free, held) = std::sync::mpsc::channel::<()>();
    let (let_go, spinning) = std::sync::mpsc::channel::<()>();
    scope(|s: Scope| async move {
        let pool = ThreadPool::new("disks", NonZeroUsize::MIN);
        let read = pool.clone();
        let work = s
            .task("reader")
            .spawn_outcome(async move { read.run_value(move || held.recv().unwrap()).await });
        while pool.busy() == 0 {
            tokio::task::yield_now().await;
        }
        let waits = s.task("queued").spawn_outcome(async move { pool.run_value(|| ()).await });
        let spins = s.task("spins").spawn_value(async move { spinning.recv().unwrap() });
        let tree = s.tree().await;
        let state = |name| {
            let node = tree.nodes().iter().find(|node| node.name() == Some(name));
            node.unwrap().state().clone()
        };
        assert_eq!(state("disks"), State::Blocking);
        assert_eq!(state("reader"), State::Waiting(vec![Wait::Other("work on a thread".into())]));
        assert_eq!(state("queued"), State::Waiting(vec![Wait::Other("a thread of a pool".into())]));
        assert_eq!(state("spins"), State::Running);
        free.send(()).unwrap();
        let_go.send(()).unwrap();
        work.await?;
        waits.await?;
        spins.await
    })
    .await
    .unwrap();
}

/// A scope that was not there when the others were asked has children who leave without the lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_scope_that_opens_during_a_look_only_those_who_are_there_are_shown() {
    let (let_go, spinning) = std::sync::mpsc::channel::<()>();
    let (open, opening) = oneshot::channel();
    scope(|s: Scope| async move {
        s.task("spins").spawn_value(async move { spinning.recv().unwrap() });
        let opens = s.task("opens").spawn_value(async move {
            opening.await.unwrap();
            let inner = scope(|s: Scope| async move {
                for _ in 0..3 {
                    s.spawn_value(async {}).await?;
                }
                s.task("stays").spawn_value(pending::<()>()).await
            });
            inner.await.unwrap_err();
        });
        let (tree, sent) = tokio::join!(s.tree(), async { open.send(()) });
        sent.unwrap();
        let tasks = tree.nodes().iter().filter(|node| matches!(node.kind(), Kind::Task(_)));
        assert_eq!(
            tasks.map(Node::name).collect::<Vec<_>>(),
            [Some("spins"), Some("opens"), Some("stays")]
        );
        let_go.send(()).unwrap();
        opens.cancel("seen");
        drop(opens.await);
        Ok(())
    })
    .await
    .unwrap();
}

/// Looking loses no wake-up: whoever is stopped, or finishes, right after a look still ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn looking_does_not_disturb() {
    for round in 0..200_u64 {
        let sum = scope(|s: Scope| async move {
            let (open, gate) = watch::channel(false);
            let tasks: Vec<_> = (0..20_u64)
                .map(|n| {
                    let mut gate = gate.clone();
                    s.spawn_value(async move {
                        gate.wait_for(|open| *open).await.unwrap();
                        n
                    })
                })
                .collect();
            let stuck = s.spawn_value(pending::<()>());
            let looker = s.clone();
            let look = s.spawn_value(async move { looker.tree().await.nodes().len() });
            if round % 2 == 0 {
                tokio::task::yield_now().await;
            }
            open.send(true).unwrap();
            stuck.cancel("enough");
            assert!(stuck.await.is_err());
            let mut sum = 0;
            for task in tasks {
                sum += task.await?;
            }
            assert!(look.await? >= 2);
            Ok(sum)
        });
        assert_eq!(sum.await.unwrap(), 190);
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_is_given_up_leaves_nothing_behind() {
    let start = Instant::now();
    scope(|s: Scope| async move {
        let naps: Vec<_> = (0..3).map(|_| s.spawn_value(sleep(ms(20)))).collect();
        sleep(ms(1)).await;
        {
            let mut look = pin!(s.tree());
            assert!(poll_fn(|cx| Poll::Ready(look.as_mut().poll(cx).is_pending())).await);
        }
        for nap in naps {
            nap.await?;
        }
        assert_eq!(s.tree().await.nodes().len(), 1);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(start.elapsed(), ms(20));
}

#[tokio::test(start_paused = true)]
async fn deep_nesting_needs_no_deep_stack() {
    fn nest(depth: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
        Box::pin(async move {
            if depth == 0 {
                let tree = inspect::tree().await;
                let _ = tree.to_string();
                return tree.nodes().len();
            }
            let inner = scope(move |s: Scope| async move { s.spawn_value(nest(depth - 1)).await });
            inner.await.unwrap()
        })
    }
    assert!(nest(2_000).await >= 4_000);
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_has_ended_has_nobody_to_ask() {
    let ended = scope(|s: Scope| async move { Ok(s) }).await.unwrap();
    let start = Instant::now();
    assert!(ended.tree().await.nodes().is_empty());
    assert_eq!(start.elapsed(), Duration::ZERO);
}
