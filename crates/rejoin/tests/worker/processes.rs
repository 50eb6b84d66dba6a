//! Workers in child processes: where the state is, what kills it, and that nothing stays behind.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rejoin::process::{Part, ProcessError};
use rejoin::retry::{Backoff, Retry, Verdict};
use rejoin::worker::{Balance, Mode, Portable, Restart, Worker, WorkerBuilder, ask, ask_value};
use rejoin::{CancelSource, Scope, ScopeError, live_tasks, scope};

use super::n;

rejoin::process::in_tests!();

struct Counter {
    n: u64,
    /// Where to leave word when it is dropped.
    last_words: Option<PathBuf>,
}

impl Drop for Counter {
    fn drop(&mut self) {
        if let Some(path) = &self.last_words {
            std::fs::write(path, format!("{}\n", self.n)).unwrap();
        }
    }
}

#[rejoin::worker::state]
fn counter(n: u64) -> Counter {
    Counter { n, last_words: None }
}

#[rejoin::worker::state]
fn with_last_words(n: u64, path: PathBuf) -> Counter {
    Counter { n, last_words: Some(path) }
}

#[rejoin::worker::state]
fn never_made() -> Counter {
    panic!("no counters today")
}

fn unregistered_state() -> Counter {
    counter(0)
}

struct Clinging(PathBuf);

impl Drop for Clinging {
    fn drop(&mut self) {
        std::fs::write(&self.0, format!("{}\n", std::process::id())).unwrap();
        loop {
            std::thread::sleep(Duration::from_secs(3600));
        }
    }
}

#[rejoin::worker::state]
fn clinging(path: PathBuf) -> Clinging {
    Clinging(path)
}

#[rejoin::worker::method]
fn hello(_: &mut Clinging) {}

#[rejoin::worker::method]
fn add(counter: &mut Counter, n: u64) -> Result<u64, String> {
    counter.n = counter.n.checked_add(n).ok_or("too much")?;
    Ok(counter.n)
}

#[rejoin::worker::method]
fn process(_: &mut Counter) -> u32 {
    std::process::id()
}

#[rejoin::worker::method]
fn boom(_: &mut Counter) -> Result<u64, String> {
    panic!("boom")
}

/// Says where it runs, and does not return.
#[rejoin::worker::method]
fn spins(_: &mut Counter, path: PathBuf) -> Result<u64, String> {
    std::fs::write(path, format!("{}\n", std::process::id())).unwrap();
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

#[rejoin::worker::method]
fn length(_: &mut Counter, text: String) -> usize {
    text.len()
}

/// Ends its process, twice.
#[rejoin::worker::method]
fn exits_twice(counter: &mut Counter, path: PathBuf) -> Result<u64, String> {
    let mut times = std::fs::read(&path).unwrap_or_default();
    if times.len() < 2 {
        times.push(b'x');
        std::fs::write(&path, times).unwrap();
        std::process::exit(3);
    }
    Ok(counter.n)
}

fn unregistered(_: &mut Counter) -> Result<u64, String> {
    Ok(1)
}

type Counting = Worker<Portable<Counter>, ProcessError<String>>;
type Ended = Result<(), ScopeError<ProcessError<String>>>;

fn in_process(name: &'static str) -> WorkerBuilder {
    Worker::builder(name).mode(Mode::Process)
}

fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn a_path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("rejoin-{}-worker-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

async fn word(path: &Path) -> u32 {
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if let Some(number) = text.strip_suffix('\n') {
            return number.parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn kill(pid: u32) {
    let kill = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    assert!(kill.unwrap().success());
}

/// Waits until it has died, with all its threads, whether it has been reaped or not.
async fn death(pid: u32) {
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
        threads > 1 || (threads == 1 && !stat.contains(") Z "))
    };
    while alive() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_program_is_the_same_in_every_mode() {
    for mode in [Mode::Inline, Mode::Task, Mode::Thread, Mode::Process] {
        let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
            let worker: Counting =
                Worker::builder("counter").mode(mode).start_portable(&s, counter, 5);
            assert_eq!(worker.call(ask(add, 2)).await?, 7);
            let error = worker.call(ask(add, u64::MAX)).await.unwrap_err();
            assert_eq!(error.to_string(), "too much");
            let (one, two) = (worker.submit(ask(add, 1)).await, worker.submit(ask(add, 1)).await);
            assert_eq!((one.unwrap().await?, two.unwrap().await?), (8, 9));
            let there = worker.call(ask_value(process, ())).await?;
            assert_eq!(there != std::process::id(), mode == Mode::Process, "{mode:?}");
            assert_eq!(worker.call(ask_value(length, "four".to_owned())).await?, 4);
            assert_eq!(worker.stats().submitted, 6);
            worker.drain().await.unwrap();
            assert!(!exists(there) || mode != Mode::Process);
            assert!(worker.try_submit(ask(add, 1)).unwrap_err().is_stopped());
            Ok(())
        })
        .await;
        ended.unwrap();
        assert_eq!(live_tasks(), 0);
    }
}

#[tokio::test]
async fn what_is_not_registered_is_told_in_every_mode() {
    for mode in [Mode::Inline, Mode::Process] {
        let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
            let builder = || Worker::builder("counter").mode(mode);
            let worker: Counting = builder().start_portable(&s, counter, 5);
            let error = worker.call(ask(unregistered, ())).await.unwrap_err().to_string();
            assert!(error.contains("put `#[rejoin::worker::method]` on it"), "{error}");
            assert_eq!(worker.call(ask(add, 1)).await?, 6);
            let worker: Counting = builder().start_portable(&s, unregistered_state, ());
            for _ in 0..2 {
                let error = worker.call(ask(add, 1)).await.unwrap_err().to_string();
                assert!(error.contains("put `#[rejoin::worker::state]` on it"), "{error}");
            }
            Ok(())
        })
        .await;
        ended.unwrap();
    }
}

#[tokio::test]
#[should_panic(expected = "start it with `start_portable`")]
async fn a_closure_cannot_go_to_a_process() {
    let _ = scope(|s: Scope| async move {
        let _: Worker<u32> = in_process("closure").start(&s, || 0);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn killed_in_a_call_the_state_is_gone_and_the_policy_is_asked() {
    let before = live_tasks();
    let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
        let worker: Counting =
            in_process("phoenix").restart(Restart::Always).start_portable(&s, counter, 5);
        assert_eq!(worker.call(ask(add, 2)).await?, 7);
        let path = a_path("killed");
        let spinning = worker.submit(ask(spins, path.clone())).await.unwrap();
        let waiting = worker.submit(ask(add, 1)).await.unwrap();
        let pid = word(&path).await;
        kill(pid);
        let error = spinning.await.unwrap_err();
        assert!(matches!(error.failed(), Some(ProcessError::Lost { .. })), "{error:?}");
        assert!(error.to_string().contains("SIGKILL"), "{error}");
        assert_eq!(waiting.await?, 6);
        assert!(!exists(pid));
        assert_eq!(worker.stats().restarts, 1);

        let worker: Counting = in_process("mortal").start_portable(&s, counter, 5);
        let path = a_path("mortal");
        let spinning = worker.submit(ask(spins, path.clone())).await.unwrap();
        let waiting = worker.submit(ask(add, 1)).await.unwrap();
        kill(word(&path).await);
        assert!(spinning.await.unwrap_err().is_failed());
        let lost = waiting.await.unwrap_err();
        assert_eq!(lost.cancelled().unwrap().source(), CancelSource::WorkerDied);
        let refused = worker.try_submit(ask(add, 1)).unwrap_err();
        assert!(refused.died().unwrap().contains("SIGKILL"), "{refused}");
        Ok(())
    })
    .await;
    ended.unwrap();
    assert_eq!(live_tasks(), before);
}

#[tokio::test]
async fn a_process_that_dies_in_idleness_costs_no_call() {
    let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
        let restart = Restart::AtMost { times: NonZeroU32::MIN, within: Duration::from_secs(3600) };
        let worker: Counting = in_process("idle").restart(restart).start_portable(&s, counter, 5);
        for expected in [6, 7] {
            assert_eq!(worker.call(ask(add, 1)).await?, expected);
        }
        let pid = worker.call(ask_value(process, ())).await?;
        kill(pid);
        death(pid).await;
        assert_eq!(worker.call(ask(add, 1)).await?, 6);
        let pid = worker.call(ask_value(process, ())).await?;
        kill(pid);
        death(pid).await;
        let error = worker.call(ask(add, 1)).await.unwrap_err();
        assert_eq!(error.cancelled().unwrap().source(), CancelSource::WorkerDied);
        assert!(error.to_string().contains("between two calls"), "{error}");
        Ok(())
    })
    .await;
    ended.unwrap();
}

/// A lost copy leaves the calls to the other one.
#[tokio::test]
async fn of_two_copies_one_may_die_in_idleness() {
    let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
        let worker: Counting = in_process("two").copies(n(2)).start_portable(&s, counter, 0);
        let one = worker.call(ask_value(process, ())).await?;
        let two = worker.call(ask_value(process, ())).await?;
        assert_ne!(one, two);
        kill(one);
        death(one).await;
        for _ in 0..4 {
            assert_eq!(worker.call(ask_value(process, ())).await?, two);
        }
        assert_eq!(worker.stats().copies, 1);
        Ok(())
    })
    .await;
    ended.unwrap();
}

#[tokio::test]
async fn a_panic_ends_the_process_and_is_told() {
    let path = a_path("panic");
    let mine = path.clone();
    let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
        let worker: Counting = in_process("panics").restart(Restart::Always).start_portable(
            &s,
            with_last_words,
            (5, mine.clone()),
        );
        let pid = worker.call(ask_value(process, ())).await?;
        assert_eq!(worker.call(ask(add, 2)).await?, 7);
        let error = worker.call(ask(boom, ())).await.unwrap_err();
        assert_eq!(error.to_string(), "panicked: boom");
        assert!(!exists(pid));
        // Its destructor has run.
        assert_eq!(word(&mine).await, 7);
        assert_eq!(worker.call(ask(add, 1)).await?, 6);
        let worker: Counting = in_process("unmade").start_portable(&s, never_made, ());
        let error = worker.call(ask(add, 2)).await.unwrap_err();
        assert_eq!(error.to_string(), "panicked: no counters today");
        assert!(worker.call(ask(add, 2)).await.unwrap_err().is_cancelled());
        Ok(())
    })
    .await;
    ended.unwrap();
    assert_eq!(word(&path).await, 6);
}

#[tokio::test]
async fn a_cancelled_call_is_killed_and_the_next_has_a_new_state() {
    let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
        let worker: Counting =
            in_process("cancelled").restart(Restart::Always).start_portable(&s, counter, 5);
        assert_eq!(worker.call(ask(add, 2)).await?, 7);
        let path = a_path("cancelled");
        let spinning = worker.submit(ask(spins, path.clone())).await.unwrap();
        let waiting = worker.submit(ask(add, 10)).await.unwrap();
        let never = worker.submit(ask(add, 100)).await.unwrap();
        let pid = word(&path).await;
        never.cancel("not needed");
        spinning.cancel("enough");
        assert!(spinning.await.unwrap_err().is_cancelled());
        // It waited until the other process had gone.
        assert_eq!(waiting.await?, 15);
        assert!(!exists(pid));
        assert!(never.await.unwrap_err().is_cancelled());
        // So is one that nobody waits for any longer.
        let path = a_path("dropped");
        let pid = tokio::select! {
            _ = worker.call(ask(spins, path.clone())) => unreachable!("it spins"),
            pid = word(&path) => pid,
        };
        assert_eq!(worker.call(ask(add, 1)).await?, 6);
        assert!(!exists(pid));
        assert_eq!(worker.stats().restarts, 2);
        Ok(())
    })
    .await;
    ended.unwrap();
    assert_eq!(live_tasks(), 0);
}

#[tokio::test]
async fn too_long_a_message_is_an_error_that_costs_nothing() {
    let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
        let worker: Counting = in_process("short").max_message(100).start_portable(&s, counter, 5);
        assert_eq!(worker.call(ask(add, 2)).await?, 7);
        let long = worker.call(ask_value(length, "x".repeat(200))).await.unwrap_err();
        let expected = ProcessError::TooLarge {
            function: "worker::processes::length",
            part: Part::Arguments,
            limit: 100,
        };
        assert_eq!(long.to_string(), ProcessError::<String>::to_string(&expected));
        assert_eq!(worker.call(ask(add, 1)).await?, 8);
        Ok(())
    })
    .await;
    ended.unwrap();
}

/// When a worker ends of itself, its states are dropped; when it is stopped, they are killed.
#[tokio::test]
async fn states_are_dropped_in_their_processes_unless_the_worker_is_stopped() {
    let (drained, left, aborted) = (a_path("drained"), a_path("left"), a_path("aborted"));
    let mine = (drained.clone(), left.clone(), aborted.clone());
    let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
        let (drained, left, aborted) = mine;
        let start = |path: PathBuf| -> Counting {
            in_process("last words").start_portable(&s, with_last_words, (5, path))
        };
        let worker = start(drained.clone());
        let one = worker.submit(ask(add, 2)).await.unwrap();
        let pid = worker.submit(ask_value(process, ())).await.unwrap();
        worker.drain().await.unwrap();
        assert_eq!(std::fs::read_to_string(&drained).unwrap(), "7\n");
        assert!(!exists(pid.await?));
        assert_eq!(one.await?, 7);

        let worker = start(aborted);
        assert_eq!(worker.call(ask(add, 2)).await?, 7);
        let spun = a_path("spun");
        let spinning = worker.submit(ask(spins, spun.clone())).await.unwrap();
        let pid = word(&spun).await;
        assert_eq!(worker.stop_within(Duration::from_millis(10)).await.unwrap(), 1);
        assert!(!exists(pid));
        assert!(spinning.await.unwrap_err().is_cancelled());

        // The body ends, and with it the worker.
        let worker = start(left);
        assert_eq!(worker.call(ask(add, 3)).await?, 8);
        Ok(())
    })
    .await;
    ended.unwrap();
    assert_eq!(std::fs::read_to_string(&left).unwrap(), "8\n");
    assert!(!aborted.exists());
    assert_eq!(live_tasks(), 0);
}

#[tokio::test]
async fn a_destructor_that_never_ends_goes_with_its_scope() {
    let path = a_path("clinging");
    let mine = path.clone();
    let ended: Result<(), ScopeError<ProcessError>> = scope(|s: Scope<ProcessError>| async move {
        let stop = s.canceller();
        let worker: Worker<Portable<Clinging>, ProcessError> =
            in_process("clinging").start_portable(&s, clinging, mine.clone());
        worker.call(ask_value(hello, ())).await?;
        worker.close();
        word(&mine).await;
        stop.cancel("enough");
        worker.drain().await.unwrap();
        Ok(())
    })
    .await;
    assert!(ended.unwrap_err().into_task_error().is_cancelled());
    assert!(!exists(word(&path).await));
}

#[tokio::test]
async fn copies_share_calls_by_every_rule() {
    for balance in [Balance::RoundRobin, Balance::Random, Balance::LeastLoaded] {
        let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
            let worker: Counting =
                in_process("pool").copies(n(2)).balance(balance).start_portable(&s, counter, 0);
            let mut seen = std::collections::BTreeSet::new();
            for _ in 0..40 {
                seen.insert(worker.call(ask_value(process, ())).await?);
            }
            assert_eq!(seen.len(), 2, "{balance:?}");
            Ok(())
        })
        .await;
        ended.unwrap();
    }
}

#[tokio::test]
async fn a_retry_submits_anew_when_a_process_was_lost() {
    let path = a_path("retried");
    let mine = path.clone();
    let ended: Ended = scope(|s: Scope<ProcessError<String>>| async move {
        let worker: Counting =
            in_process("again").restart(Restart::Always).start_portable(&s, counter, 5);
        assert_eq!(worker.call(ask(add, 1)).await?, 6);
        let policy = Retry::new(4).backoff(Backoff::constant(Duration::from_millis(1)));
        let outcome = policy
            .run_if(
                |_| worker.call(ask(exits_twice, mine.clone())),
                |result| match result.as_ref().err().and_then(|error| error.failed()) {
                    Some(ProcessError::Lost { .. }) => Verdict::Again,
                    _ => Verdict::Take,
                },
            )
            .await;
        assert_eq!(outcome.unwrap(), 5);
        assert_eq!(worker.stats().restarts, 2);
        Ok(())
    })
    .await;
    ended.unwrap();
    assert_eq!(std::fs::read(path).unwrap().len(), 2);
}

/// A paused clock stands still while a process works and when it is dismissed.
#[tokio::test(start_paused = true)]
async fn virtual_time_stands_still() {
    let start = tokio::time::Instant::now();
    let ended: Ended = Scope::builder()
        .timeout(Duration::from_millis(1))
        .run(|s: Scope<ProcessError<String>>| async move {
            let worker: Counting = in_process("still").start_portable(&s, counter, 0);
            for _ in 0..3 {
                worker.call(ask(add, 1)).await?;
            }
            worker.drain().await.unwrap();
            Ok(())
        })
        .await;
    ended.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}
