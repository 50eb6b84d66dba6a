//! The scope's own atomics under a model checker: small programs under every order of their steps
//! (with a bound on preemptions) and every value that the memory model allows. Built with
//! `--cfg rejoin_loom` only; `cargo xtask test schedules` runs it.
#![cfg(rejoin_loom)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loom::future::block_on;
use rejoin::{Outcome, Scope, TaskError, cancelled, scope, set_crowded};

/// Goes through all ways of `program`: by the scope's lock alone, and with children that report.
fn explore(program: impl Fn() + Send + Sync + 'static) {
    explore_to(2, program);
}

/// As [`explore`], with more preemptions in one way.
fn explore_to(preemptions: usize, program: impl Fn() + Send + Sync + 'static) {
    // Whether anybody looks at a tree is asked of the whole process: one program's look changes another's way.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let program = Arc::new(program);
    for crowded in [false, true] {
        set_crowded(crowded);
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(preemptions);
        let program = Arc::clone(&program);
        model.check(move || program());
    }
}

/// Whoever parks after the stop sees it; whoever parked before is woken.
#[test]
fn a_stop_meets_a_child_that_is_about_to_wait() {
    explore(|| {
        let result = block_on(scope(|s: Scope| async move {
            drop(s.spawn_value(std::future::pending::<()>()));
            s.cancel("enough");
            Ok(())
        }));
        assert!(result.is_ok() || result.unwrap_err().cancelled().is_some());
    });
}

/// One that has gone is not told to stop, and one that waits is, whatever of it has been reported.
#[test]
fn one_of_two_children_is_stopped() {
    explore(|| {
        let result = block_on(scope(|s: Scope| async move {
            let brief = s.spawn_value(async { 1 });
            let idle = s.spawn_value(std::future::pending::<()>());
            let brief = brief.await?;
            assert_eq!(s.live(), 1);
            assert!(idle.cancel("enough"));
            assert!(idle.await.unwrap_err().is_cancelled());
            assert_eq!(s.live(), 0);
            Ok(brief)
        }));
        assert_eq!(result.unwrap(), 1);
    });
}

/// A look waits for its answer, and here no time ever passes.
#[test]
fn a_child_that_waits_for_ever_says_so() {
    explore(|| {
        let result = block_on(scope(|s: Scope| async move {
            let idle = s.spawn_value(std::future::pending::<()>());
            assert_eq!(s.tree().await.nodes().len(), 2);
            idle.cancel("enough");
            Ok(idle.await.unwrap_err().is_cancelled())
        }));
        assert!(result.unwrap());
    });
}

#[test]
fn a_child_that_is_told_to_stop_sees_why() {
    explore(|| {
        let outcome: Result<Outcome<&str, _>, _> = block_on(scope(|s: Scope| async move {
            let task = s.spawn_value(async {
                cancelled().await;
                "seen"
            });
            task.cancel("enough");
            Ok(task.await)
        }));
        match outcome.unwrap() {
            Ok(seen) => assert_eq!(seen, "seen"),
            // Told before it had started.
            Err(TaskError::Cancelled(reason)) => assert_eq!(reason.text(), "enough"),
            Err(other) => panic!("an outcome that nobody caused: {other:?}"),
        }
    });
}

/// The last one to leave wakes the scope, and nobody leaves twice.
#[test]
fn the_last_child_and_the_end_of_the_body() {
    explore(|| {
        let ended = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ended);
        block_on(scope(|s: Scope| async move {
            for _ in 0..2 {
                let count = Arc::clone(&count);
                drop(s.spawn_value(async move { count.fetch_add(1, Ordering::SeqCst) }));
            }
            Ok(())
        }))
        .unwrap();
        assert_eq!(ended.load(Ordering::SeqCst), 2);
    });
}

/// Whoever has waited for a scope sees all that its child has done, however it has left.
#[test]
fn what_a_child_has_done_is_seen_after_the_end() {
    explore_to(3, || {
        // The weakest accesses there are: nothing but the scope puts them in order.
        let done = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let count = Arc::clone(&done);
        block_on(scope(|s: Scope| async move {
            drop(s.spawn_value(async move { count.store(1, Ordering::Relaxed) }));
            Ok(())
        }))
        .unwrap();
        assert_eq!(done.load(Ordering::Relaxed), 1);
    });
}

/// Who counts the children frees the seat of one that is about to look again: that one still wakes the scope.
#[test]
fn a_child_is_counted_from_outside_while_it_ends() {
    explore(|| {
        let counter = block_on(scope(|s: Scope| async move {
            drop(s.spawn_value(async {}));
            Ok(loom::thread::spawn(move || assert!(s.live() <= 1)))
        }));
        counter.unwrap().join().unwrap();
    });
}

/// A handle that is dropped while its child ends: the outcome goes one way or the other.
#[test]
fn a_handle_is_dropped_while_its_child_ends() {
    explore(|| {
        let alive = Arc::new(());
        let output = Arc::clone(&alive);
        block_on(scope(|s: Scope| async move {
            drop(s.spawn_value(async move { output }));
            Ok(())
        }))
        .unwrap();
        // What nobody asks for is dropped no later than with the handle or the child's task.
        assert!(Arc::strong_count(&alive) <= 2);
    });
}

/// A move of the deadline meets a body that is about to wait: it hears of the move, or sees it.
#[test]
fn a_moved_deadline_meets_a_body_that_is_about_to_wait() {
    explore(|| {
        let hour = Duration::from_secs(3600);
        let result = block_on(Scope::builder().timeout(hour).run(|s: Scope| async move {
            let mover = s.clone();
            drop(s.spawn_value(async move {
                // The clock stands still: only one that has passed already ends the body.
                let now = mover.deadline().expect("it has one") - hour;
                mover.move_deadline(now)
            }));
            std::future::pending::<()>().await;
            Ok(())
        }));
        assert!(result.unwrap_err().is_timed_out());
    });
}
