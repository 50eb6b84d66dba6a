//! Whole scopes under a model checker: each program runs under thousands of orders of its steps,
//! drawn from a seed, with deadlines that pass at any moment. A failure prints the schedule that
//! led to it. Built with `--cfg shuttle` only; `cargo xtask test schedules` runs it.
#![cfg(shuttle)]

mod random_programs;
#[path = "schedules/shared.rs"]
mod shared;

use std::future::pending;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use rejoin::limit::{ConcurrencyLimit, LimitSet};
use rejoin::single_flight::{Audience, SingleFlight};
use rejoin::worker::{Mode, Worker, asynchronous};
use rejoin::{
    CancelReason, CancelSource, Cause, Ending, Joiner, OnError, Outcome, Scope, TaskError, any,
    as_completed, cancel_reason, cancelled, checkpoint, gather, join_with, live_tasks, map, race,
    scope, shield, timeout, wait,
};
use shuttle::future::{block_on, yield_now};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};

const SECOND: Duration = Duration::from_secs(1);

/// Runs `program` under `schedules` random orders, and under as many that switch rarely but at the
/// worst places; afterwards nothing may be left.
fn explore<F, Fut>(schedules: usize, program: F)
where
    F: Fn() -> Fut + Send + Sync + Clone + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let run = move || {
        block_on(program());
        assert_eq!(live_tasks(), 0, "tasks outlived their scope");
    };
    let clone = run.clone();
    Runner::new(RandomScheduler::new(schedules), roomy()).run(run);
    Runner::new(PctScheduler::new(3, schedules), roomy()).run(clone);
}

/// The checker gives a task 60 KiB of stack, which a scope in a scope may use up where nothing is optimised.
fn roomy() -> Config {
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    config
}

/// Counts how many are there: up when made, down when dropped.
struct Present(Arc<AtomicUsize>);

impl Present {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Present(Arc::clone(count))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn steps(n: usize) {
    for _ in 0..n {
        yield_now().await;
    }
}

#[test]
fn a_scope_ends_after_its_children_and_their_destructors() {
    explore(1_000, || async {
        let present = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&present);
        let result = scope(|s: Scope<&str>| async move {
            for n in 0..3 {
                let (inner, count) = (s.clone(), Arc::clone(&count));
                drop(s.spawn(async move {
                    let _present = Present::new(&count);
                    steps(n).await;
                    let grandchild = Present::new(&count);
                    drop(inner.spawn(async move {
                        let _present = grandchild;
                        steps(1).await;
                        Ok(())
                    }));
                    if n == 2 { Err("third") } else { Ok(()) }
                }));
            }
            Ok(())
        })
        .await;
        assert_eq!(present.load(Ordering::SeqCst), 0);
        let error = result.unwrap_err();
        assert_eq!(error.deciding().unwrap().error().failed(), Some(&"third"));
    });
}

#[test]
fn a_stop_is_seen_wherever_it_meets_its_children() {
    explore(1_000, || async {
        let result = scope(|s: Scope| async move {
            let canceller = s.canceller();
            let waits = s.spawn_value(async { cancelled().await.source() });
            let loops = s.spawn_value(async { while checkpoint().await.is_ok() {} });
            let silent = s.spawn_value(std::future::pending::<()>());
            let stopper = s.spawn_value(async move { canceller.cancel("enough") });
            drop((waits, loops, silent, stopper));
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().cancelled().unwrap().source(), CancelSource::Explicit);
    });
}

#[test]
fn one_child_that_is_told_to_stop_while_it_ends() {
    explore(1_000, || async {
        let outcome = scope(|s: Scope| async move {
            let mut task = s.spawn_value(async {
                steps(2).await;
                7
            });
            let canceller = task.canceller();
            drop(s.spawn_value(async move { canceller.cancel("late") }));
            Ok((&mut task).await)
        })
        .await;
        match outcome.unwrap() {
            Ok(value) => assert_eq!(value, 7),
            Err(TaskError::Cancelled(reason)) => assert_eq!(reason.text(), "late"),
            Err(other) => panic!("an outcome that nobody caused: {other:?}"),
        }
    });
}

#[test]
fn a_dropped_scope_is_awaited_by_the_one_around_it() {
    explore(1_000, || async {
        let present = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&present);
        scope(|_: Scope| async move {
            let inner = scope(|s: Scope| async move {
                for _ in 0..2 {
                    let present = Present::new(&count);
                    drop(s.spawn_value(async move {
                        let _present = present;
                        steps(3).await;
                    }));
                }
                steps(2).await;
                Ok(())
            });
            // Polled once, then dropped with its children under way or not even started.
            futures_util::future::select(Box::pin(inner), Box::pin(steps(1))).await;
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(present.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_deadline_that_passes_at_any_step() {
    explore(1_000, || async {
        let result = Scope::builder()
            .timeout(SECOND)
            .run(|s: Scope| async move {
                let task = s.spawn_value(steps(4));
                let _ = timeout(SECOND / 2, steps(2)).await;
                task.await
            })
            .await;
        assert!(result.is_ok() || result.unwrap_err().is_timed_out());
    });
}

#[test]
fn whoever_has_started_sees_the_stop_and_finishes_its_shield() {
    explore(1_000, || async {
        let (started, cleaned) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count_started, count_cleaned) = (Arc::clone(&started), Arc::clone(&cleaned));
        let result = Scope::builder()
            .grace(SECOND)
            .run(|s: Scope<&str>| async move {
                for _ in 0..2 {
                    let (started, cleaned) =
                        (Arc::clone(&count_started), Arc::clone(&count_cleaned));
                    drop(s.spawn(async move {
                        started.fetch_add(1, Ordering::SeqCst);
                        cancelled().await;
                        // The bound may pass as well; either way it comes back from here.
                        let _ = shield(SECOND, steps(3)).await;
                        cleaned.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    }));
                }
                drop(s.spawn(async {
                    steps(1).await;
                    Err::<(), _>("down")
                }));
                Ok(())
            })
            .await;
        assert!(result.is_err());
        assert_eq!(started.load(Ordering::SeqCst), cleaned.load(Ordering::SeqCst));
    });
}

#[test]
fn a_join_that_is_stopped_from_outside_hears_of_every_child() {
    explore(1_000, || async {
        let started = Arc::new(AtomicUsize::new(0));
        let heard = Arc::new(AtomicUsize::new(0));
        let (count_started, count_heard) = (Arc::clone(&started), Arc::clone(&heard));
        let result = scope(|s: Scope| async move {
            let canceller = s.canceller();
            drop(s.spawn_value(async move { canceller.cancel("enough") }));
            let outcomes = wait((0..2).map(|n| {
                let started = Arc::clone(&count_started);
                async move {
                    started.fetch_add(1, Ordering::SeqCst);
                    steps(n).await;
                    Ok::<_, ()>(n)
                }
            }))
            .await;
            assert_eq!(outcomes.len(), 2);
            let never = |o: &&Outcome<usize, ()>| {
                matches!(o, Err(TaskError::Cancelled(r)) if r.text().contains("could start"))
            };
            let told = outcomes.len() - outcomes.iter().filter(never).count();
            count_heard.store(told, Ordering::SeqCst);
            Ok(())
        })
        .await;
        drop(result);
        // The body is always polled once more, so the join has come back in it.
        assert!(heard.load(Ordering::SeqCst) >= started.load(Ordering::SeqCst));
    });
}

#[test]
fn joins_lose_no_outcome() {
    explore(500, || async {
        let outcomes = wait((0..4).map(|n| async move {
            steps(n).await;
            if n == 1 { Err(n) } else { Ok(n) }
        }))
        .await;
        assert!(outcomes.iter().enumerate().all(|(n, o)| o.is_ok() == (n != 1)));

        let outputs = gather((0..4).map(|n| async move {
            steps(4 - n).await;
            Ok::<_, ()>(n)
        }));
        assert_eq!(outputs.await.unwrap(), [0, 1, 2, 3]);

        let first = any((0..3).map(|n| async move {
            steps(n).await;
            if n == 2 { Ok(n) } else { Err(n) }
        }));
        assert_eq!(first.await.unwrap().value, 2);

        let won = race((0..3).map(|n| async move {
            steps(n).await;
            Ok::<_, ()>(n)
        }));
        assert!(won.await.is_ok());
    });
}

/// Stops after the first outcome, and must still be told of every other.
struct First {
    seen: usize,
}

impl Joiner<usize, ()> for First {
    type Output = usize;

    fn settle(&mut self, _: usize, _: Outcome<usize, ()>) -> ControlFlow<CancelReason> {
        self.seen += 1;
        ControlFlow::Break(CancelReason::new(CancelSource::RaceLost, "one is enough"))
    }

    fn finish(self, _: Ending) -> usize {
        self.seen
    }
}

#[test]
fn a_joiner_that_stops_hears_of_every_child() {
    explore(1_000, || async {
        let seen = join_with(
            (0..3).map(|n| async move {
                steps(n).await;
                Ok(n)
            }),
            First { seen: 0 },
        )
        .await;
        assert_eq!(seen, 3);
    });
}

#[test]
fn spawning_and_closing_decide_who_came_first() {
    explore(1_000, || async {
        let started = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&started);
        let leaked = scope(|s: Scope| async move { Ok(s) }).await.unwrap();
        let refused = leaked.try_spawn(async move {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        assert!(refused.unwrap_err().is_closed());
        assert_eq!(started.load(Ordering::SeqCst), 0);

        let collected = Scope::builder()
            .on_error(OnError::CollectAll)
            .run(|s: Scope<usize>| async move {
                for n in 0..3 {
                    drop(s.spawn(async move {
                        steps(n).await;
                        Err::<(), _>(n)
                    }));
                }
                Ok(())
            })
            .await;
        let failures = collected.unwrap_err().into_failures();
        let order: Vec<_> = failures.iter().map(|f| f.index().unwrap()).collect();
        assert_eq!(order, [0, 1, 2]);
    });
}

/// Three callers, a queue of two, a call that is cancelled while its turn may be on its way to it.
/// Nobody stops the worker: it ends with its scope, when the last caller has.
#[test]
fn a_worker_strands_no_call_and_ends_with_its_scope() {
    for mode in [Mode::Task, Mode::Inline] {
        explore(500, move || async move {
            let present = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&present);
            scope(|s: Scope| async move {
                let worker: Worker<Present> = Worker::builder("w")
                    .mode(mode)
                    .queue(2.try_into().unwrap())
                    .start(&s, move || Present::new(&count));
                for n in 0..3 {
                    let worker = worker.clone();
                    drop(s.spawn_value(async move {
                        let call = asynchronous(move |_: &mut Present| {
                            Box::pin(async move {
                                steps(n).await;
                                Ok(n)
                            })
                        });
                        let call = worker.submit(call).await.unwrap();
                        if n == 1 {
                            call.cancel("not that one");
                            let _ = call.await;
                        } else {
                            assert_eq!(call.await.unwrap(), n);
                        }
                    }));
                }
                Ok(())
            })
            .await
            .unwrap();
            assert_eq!(present.load(Ordering::SeqCst), 0);
        });
    }
}

/// A worker is drained, aborted and dropped by different tasks at the same time, while others call.
#[test]
fn a_worker_that_is_stopped_settles_every_call() {
    explore(500, || async {
        let present = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&present);
        scope(|s: Scope| async move {
            let worker: Worker<Present> = Worker::builder("w")
                .copies(2.try_into().unwrap())
                .start(&s, move || Present::new(&count));
            for _ in 0..2 {
                let worker = worker.clone();
                drop(s.spawn_value(async move {
                    let call = asynchronous(|_: &mut Present| {
                        Box::pin(async {
                            steps(2).await;
                            Ok(())
                        })
                    });
                    // Served, stopped or refused, but it comes back.
                    let _ = worker.call(call).await;
                }));
            }
            let drained = worker.clone();
            let drain = s.spawn_value(async move { drained.drain().await.is_ok() });
            drop(s.spawn_value(async move { worker.abort("enough") }));
            assert!(drain.await?);
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(present.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_look_at_the_tree_loses_no_wake_up() {
    explore(300, || async {
        let result = scope(|s: Scope| async move {
            let (one, other) = (s.clone(), s.clone());
            let looks = s.spawn_value(async move { one.tree().await.nodes().len() });
            let looks_too = s.spawn_value(async move { other.tree().await.nodes().len() });
            let silent = s.spawn_value(std::future::pending::<()>());
            let meets = s.spawn_value(steps(2));
            let waits = s.spawn_outcome(meets);
            silent.cancel("enough");
            assert!(silent.await.unwrap_err().is_cancelled());
            waits.await?;
            assert!((1..=6).contains(&looks.await?));
            looks_too.await
        });
        assert!((1..=6).contains(&result.await.unwrap()));
    });
}

/// It has waited twice, first with a waker that is of no use to its task.
#[test]
fn a_child_that_started_in_its_opener_hears_of_the_stop() {
    explore(1_000, || async {
        let result = scope(|s: Scope| async move {
            let idle = s.spawn_eager(std::future::pending::<Result<(), _>>());
            drop(s.spawn_value(async {}));
            steps(2).await;
            assert!((1..=2).contains(&s.live()));
            assert!(idle.cancel("enough"));
            assert!(idle.await.unwrap_err().is_cancelled());
            Ok(())
        });
        result.await.unwrap();
    });
}

#[test]
fn a_deadline_that_moves_while_it_passes() {
    explore(1_000, || async {
        let moved = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&moved);
        let result = Scope::builder()
            .timeout(SECOND)
            .run(|s: Scope| async move {
                let mover = s.clone();
                drop(s.spawn_value(async move {
                    for _ in 0..2 {
                        steps(1).await;
                        let later = mover.deadline().expect("it has one") + SECOND;
                        // Refused, and nothing changes, once it has passed.
                        let was_moved = mover.move_deadline(later);
                        count.fetch_add(usize::from(was_moved), Ordering::SeqCst);
                    }
                }));
                steps(3).await;
                Ok(())
            })
            .await;
        assert!(moved.load(Ordering::SeqCst) <= 2);
        if let Err(error) = result {
            assert!(error.is_timed_out(), "{error:?}");
        }
    });
}

/// The body is parked for good: only the deadline ends it, the old one or the one that it moved to.
#[test]
fn a_parked_body_hears_of_the_move_and_of_the_new_deadline() {
    explore(1_000, || async {
        let result = Scope::builder()
            .timeout(SECOND * 50)
            .run(|s: Scope| async move {
                let mover = s.clone();
                drop(s.spawn_value(async move {
                    steps(1).await;
                    let sooner = mover.deadline().expect("it has one") - SECOND * 40;
                    mover.move_deadline(sooner)
                }));
                std::future::pending::<()>().await;
                Ok(())
            })
            .await;
        assert!(result.unwrap_err().is_timed_out());
    });
}

/// The body is parked for good, and called once more for a child that was stopped: it has to keep the
/// time of the grace. The stop of the whole scope comes after that, and reaches it too.
#[test]
fn a_body_that_was_called_for_a_child_hears_of_its_own_stop() {
    explore(1_000, || async {
        let result = Scope::builder()
            .grace(SECOND)
            .run(|s: Scope| async move {
                let idle = s.spawn_value(cancelled());
                let stops = s.clone();
                drop(s.spawn_value(async move {
                    idle.cancel("the child alone");
                    let _ = idle.await;
                    steps(1).await;
                    stops.cancel("and now the rest")
                }));
                std::future::pending::<()>().await;
                Ok(())
            })
            .await;
        assert!(matches!(result.unwrap_err().cause(), Cause::Cancelled(_)));
    });
}

/// The stop comes while the body is in its first poll, so nobody can wake it: it has to keep the time
/// of the grace all the same.
#[test]
fn a_grace_that_begins_before_the_body_has_parked_is_over_some_time() {
    explore(1_000, || async {
        let result = Scope::builder()
            .grace(SECOND)
            .run(|s: Scope| async move {
                let stops = s.clone();
                drop(s.spawn_value(async move { stops.cancel("enough") }));
                std::future::pending::<()>().await;
                Ok(())
            })
            .await;
        assert!(matches!(result.unwrap_err().cause(), Cause::Cancelled(_)));
    });
}

/// Whoever asks by itself is polled for it, also when the stop came in its first poll: here the grace
/// never ends.
#[test]
fn a_signal_in_the_first_poll_is_seen() {
    explore(1_000, || async {
        let result = Scope::builder()
            .grace(Duration::MAX)
            .run(|s: Scope| async move {
                let asks = || {
                    std::future::poll_fn(|_| match cancel_reason() {
                        Some(_) => Poll::Ready(()),
                        None => Poll::Pending,
                    })
                };
                let stops = s.clone();
                drop(s.spawn_value(asks()));
                drop(s.spawn_value(async move { stops.cancel("enough") }));
                asks().await;
                Ok(())
            })
            .await;
        assert!(result.is_ok() || result.unwrap_err().cancelled().is_some());
    });
}

/// The scope has nothing to do but its worker, which may be in its first poll when that is so.
#[test]
fn a_worker_that_nobody_calls_ends_with_its_scope() {
    explore(1_000, || async {
        let kept = scope(|s: Scope| async move {
            let worker: Worker<u8> = Worker::builder("w").start(&s, || 0);
            Ok(worker)
        });
        assert!(kept.await.unwrap().is_closed());
    });
}

#[test]
fn a_deadline_that_is_taken_away_does_not_come_back() {
    explore(1_000, || async {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let result = Scope::builder()
            .timeout(SECOND)
            .run(|s: Scope| async move {
                let taker = s.clone();
                let task = s.spawn_value(async move {
                    let was_taken = taker.move_deadline(None);
                    count.fetch_add(usize::from(was_taken), Ordering::SeqCst);
                    steps(3).await;
                });
                task.await
            })
            .await;
        match taken.load(Ordering::SeqCst) {
            1 => assert!(result.is_ok(), "it was taken away, and passed all the same"),
            // It had passed; whoever was done by then has its value all the same.
            _ => assert!(result.is_ok() || result.unwrap_err().is_timed_out()),
        }
    });
}

/// The limit's line, from tasks that give up, are cancelled, or pass their place on.
#[test]
fn a_limit_loses_no_place_and_no_wake_up() {
    explore(1_000, || async {
        let one = std::num::NonZeroU32::MIN;
        let (limit, other) = (ConcurrencyLimit::new(one), ConcurrencyLimit::new(one));
        let both = LimitSet::new().and(&limit, 1).and(&other, 1);
        let (places, inside) = (limit.clone(), Arc::new(AtomicUsize::new(0)));
        scope(|s: Scope| async move {
            let canceller = {
                let (limit, inside) = (limit.clone(), Arc::clone(&inside));
                let task = s.spawn_value(async move {
                    let _place = limit.acquire().await;
                    let _alone = Alone::new(&inside);
                    steps(2).await;
                });
                task.canceller()
            };
            drop(s.spawn_value(async move { canceller.cancel("enough") }));
            for n in 0..2 {
                let (limit, both, inside) = (limit.clone(), both.clone(), Arc::clone(&inside));
                drop(s.spawn_value(async move {
                    let _ = timeout(SECOND, limit.acquire()).await;
                    let _places = both.acquire().await.expect("no more than there is");
                    let _alone = Alone::new(&inside);
                    steps(n).await;
                }));
            }
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(places.in_use(), 0);
    });
}

/// Whoever is in here is alone.
struct Alone(Arc<AtomicUsize>);

impl Alone {
    fn new(inside: &Arc<AtomicUsize>) -> Self {
        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two have the only place");
        Alone(Arc::clone(inside))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn maps_and_streams_of_outcomes_lose_nothing() {
    explore(500, || async {
        let two = std::num::NonZeroUsize::new(2).expect("it is not zero");
        let outputs = map(0..5, two, |n| async move {
            steps(n % 3).await;
            Ok::<_, ()>(n)
        });
        assert_eq!(outputs.await.unwrap(), [0, 1, 2, 3, 4]);

        let all = (0..4).map(|n| async move {
            steps(n % 2).await;
            Ok::<_, ()>(n)
        });
        let seen = as_completed(all, two, |mut results| async move {
            let mut seen = Vec::new();
            // Reads that are given up lose nothing.
            for _ in 0..2 {
                if let Ok(Some((index, outcome))) = timeout(SECOND, results.next()).await {
                    seen.push((index, outcome?));
                }
            }
            while let Some((index, outcome)) = results.next().await {
                seen.push((index, outcome?));
            }
            Ok(seen)
        });
        let mut seen = seen.await.unwrap();
        seen.sort_unstable();
        assert_eq!(seen, [(0, 0), (1, 1), (2, 2), (3, 3)]);
    });
}

#[test]
fn a_shared_run_survives_whoever_leaves() {
    explore(1_000, || async {
        let flights = Arc::new(SingleFlight::new());
        scope(|s: Scope| async move {
            let ask = |flights: &Arc<SingleFlight<u8, u8, std::convert::Infallible>>| {
                let flights = Arc::clone(flights);
                async move {
                    let run = flights.run(Audience::Everybody, 1, || async {
                        steps(2).await;
                        Ok(7)
                    });
                    run.await
                }
            };
            let leader = s.spawn_outcome(ask(&flights));
            let follower = s.spawn_outcome(ask(&flights));
            leader.cancel("its client has gone");
            assert_eq!(follower.await?, 7);
            drop(leader.await);
            assert_eq!(flights.under_way(), 0);
            Ok(())
        })
        .await
        .unwrap();
    });
}

/// Its future is dropped, polled or left alone by somebody outside, while the scope that it is inside ends and takes
/// its children in.
#[test]
fn a_scope_that_was_put_aside_ends_with_the_outer_one() {
    for what_becomes_of_it in 0..3 {
        explore(1_000, move || async move {
            let present = Arc::new(AtomicUsize::new(0));
            let (put, taken) = std::sync::mpsc::channel();
            let outside = shuttle::future::spawn(async move {
                let inner = loop {
                    match taken.try_recv() {
                        Ok(inner) => break inner,
                        Err(_) => yield_now().await,
                    }
                };
                match what_becomes_of_it {
                    0 => drop(inner),
                    1 => {
                        let inner: std::pin::Pin<Box<dyn Future<Output = bool> + Send>> = inner;
                        assert!(!inner.await, "it ended well");
                    }
                    // As good as forgotten.
                    _ => {
                        Box::leak(Box::new(inner));
                    }
                }
            });
            let count = Arc::clone(&present);
            let outer = scope(async |_: Scope| {
                let inner = scope(|s: Scope| async move {
                    for _ in 0..2 {
                        let present = Present::new(&count);
                        drop(s.spawn_value(async move {
                            steps(1).await;
                            let _present = present;
                            std::future::pending::<()>().await
                        }));
                    }
                    std::future::pending::<()>().await;
                    Ok(())
                });
                let mut inner: std::pin::Pin<Box<dyn Future<Output = bool> + Send>> =
                    Box::pin(async { inner.await.is_ok() });
                let polled = std::future::poll_fn(|cx| Poll::Ready(inner.as_mut().poll(cx)));
                assert!(polled.await.is_pending());
                put.send(inner).expect("somebody waits for it");
                steps(1).await;
                Ok(())
            });
            outer.await.expect("nothing in it has failed");
            assert_eq!(present.load(Ordering::SeqCst), 0, "a child outlived the outer scope");
            outside.await.expect("it does not panic");
        });
    }
}

/// The last child puts a scope elsewhere and goes, while the end is being prepared: it is not overlooked.
#[test]
fn what_the_last_child_leaves_open_ends_with_the_scope() {
    type Kept = Arc<Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>>;
    explore(2_000, || async {
        let present = Arc::new(AtomicUsize::new(0));
        let kept = Kept::default();
        let (count, keep) = (Arc::clone(&present), Arc::clone(&kept));
        scope(|s: Scope| async move {
            // More than have a place in the scope itself, all but the last of which are gone at its end.
            let brief: Vec<_> = (0..4).map(|_| s.spawn_value(async {})).collect();
            drop(s.spawn_value(async move {
                let mut inner = Box::pin(async move {
                    let ended = scope(|s: Scope| async move {
                        let present = Present::new(&count);
                        drop(s.spawn_value(async move {
                            let _present = present;
                            pending::<()>().await;
                        }));
                        pending::<()>().await;
                        Ok(())
                    });
                    drop(ended.await);
                });
                assert!(futures_util::poll!(inner.as_mut()).is_pending());
                *keep.lock().unwrap() = Some(inner);
            }));
            for task in brief {
                task.await?;
            }
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(present.load(Ordering::SeqCst), 0);
        drop(kept.lock().unwrap().take());
    });
}
