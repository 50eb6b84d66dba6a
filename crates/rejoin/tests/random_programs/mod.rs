//! Programs that nobody has thought of: everything that can be done in a scope, drawn at random, and
//! run under a schedule that is drawn as well. Both come from the checker's seed, which it prints with
//! a failure; `SHUTTLE_RANDOM_SEED` takes one.

mod plan;

use std::convert::Infallible;
use std::num::{NonZeroU32, NonZeroUsize};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use futures_util::future::{Either, select};
use rejoin::limit::{ConcurrencyLimit, LimitSet};
use rejoin::retry::Hedge;
use rejoin::single_flight::{Audience, SingleFlight};
use rejoin::worker::{Mode, Worker, asynchronous};
use rejoin::{
    OnError, Scope, TaskError, TaskHandle, any, as_completed, cancel_reason, cancelled, checkpoint,
    deadline, gather, live_tasks, map, race, scope, shield, timeout, wait,
};
use shuttle::Runner;
use shuttle::future::block_on;
use shuttle::rand::Rng;
use shuttle::scheduler::{PctScheduler, RandomScheduler};

use self::plan::{Draw, Join, Open, Plan, Step};
use super::{Present, SECOND, roomy, steps};

type Outcome = Result<(), TaskError<u8>>;
type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

const TWO: NonZeroUsize = NonZeroUsize::new(2).expect("it is not zero");

/// What everybody in a program has at hand.
#[derive(Clone)]
struct World {
    scope: Scope<u8>,
    /// Who is there in the scope.
    present: Arc<AtomicUsize>,
    /// What was begun in one task of the scope, for another to go on with. The body has it.
    handed: Weak<Handed>,
    worker: Worker<u8>,
    limit: ConcurrencyLimit,
    both: LimitSet,
    flights: Arc<SingleFlight<u8, u8, Infallible>>,
}

type Handed = Mutex<Vec<Running<()>>>;

/// What somebody has.
#[derive(Default)]
struct Own {
    handles: Vec<TaskHandle<(), u8>>,
    /// Begun, and not polled any more.
    held: Vec<Running<()>>,
}

impl World {
    fn child(&self, plan: Plan, taken: Option<TaskHandle<(), u8>>) -> Running<Outcome> {
        let (world, present) = (self.clone(), Present::new(&self.present));
        Box::pin(async move {
            let _present = present;
            if let Some(taken) = taken {
                let _ = taken.await;
            }
            world.run(plan).await
        })
    }

    /// As a child of a join, which is told of failures of its own only.
    fn part(&self, plan: Plan) -> Running<Result<(), u8>> {
        let child = self.child(plan, None);
        Box::pin(async move { child.await.map_err(|_| 0) })
    }

    /// Runs as the body of the scope.
    fn body(mut self, plan: Plan) -> Running<Outcome> {
        let handed = Arc::new(Handed::default());
        self.handed = Arc::downgrade(&handed);
        Box::pin(async move {
            let _handed = handed;
            self.run(plan).await
        })
    }

    fn run(self, plan: Plan) -> Running<Outcome> {
        Box::pin(async move {
            let mut own = Own::default();
            for step in plan.steps {
                self.step(step, &mut own).await;
            }
            if plan.fails { Err(TaskError::from(1)) } else { Ok(()) }
        })
    }

    async fn step(&self, step: Step, own: &mut Own) {
        let handles = &mut own.handles;
        match step {
            Step::Steps(n) => steps(n).await,
            Step::Idle => drop(cancelled().await),
            Step::Silent => std::future::pending().await,
            Step::Checkpoint => drop(checkpoint().await),
            Step::Spawn { plan, named, takes } => {
                let taken = if takes { handles.pop() } else { None };
                let child = self.child(plan, taken);
                handles.push(match named {
                    true => self.scope.task("named").spawn_outcome(child),
                    false => self.scope.spawn_outcome(child),
                });
            }
            Step::SpawnReady(plan) => {
                let child = self.part(plan);
                let started = self.scope.spawn_ready(|ready| async move {
                    steps(1).await;
                    ready.signal(());
                    child.await
                });
                handles.extend(started.await.map(|((), handle)| handle));
            }
            Step::Await => {
                if let Some(handle) = handles.pop() {
                    let _ = handle.await;
                }
            }
            Step::Drop => drop(handles.pop()),
            Step::Cancel => {
                if let Some(handle) = handles.last() {
                    handle.cancel("that one");
                }
            }
            Step::CancelChildren => drop(self.scope.cancel_children("all of them")),
            Step::CancelScope => drop(self.scope.cancel("enough")),
            Step::Deadline(None) => drop(self.scope.move_deadline(None)),
            Step::Deadline(Some(seconds)) => {
                if let Some(now) = self.scope.deadline().or_else(deadline) {
                    self.scope.move_deadline(now + SECOND * seconds as u32);
                }
            }
            Step::Look => drop(self.scope.tree().await),
            Step::Shield(seconds, plan) => {
                drop(shield(SECOND * seconds as u32, self.clone().run(plan)).await);
            }
            Step::Timeout(seconds, plan) => {
                drop(timeout(SECOND * seconds as u32, self.clone().run(plan)).await);
            }
            Step::Open(open) => self.open(open).await,
            Step::Leave(open, n) => {
                drop(select(self.open(open), Box::pin(steps(n))).await);
            }
            Step::Join(join, plans) => self.join(join, plans).await,
            Step::LeaveJoin(join, plans, n) => {
                drop(select(self.join(join, plans), Box::pin(steps(n))).await);
            }
            Step::Hold(open, n) => own.held.extend(begin(self.open(open), n).await),
            Step::HoldJoin(join, plans, n) => {
                own.held.extend(begin(self.join(join, plans), n).await);
            }
            Step::Hand(open, n) => {
                let begun = begin(self.open(open), n).await;
                if let Some(handed) = self.handed.upgrade() {
                    handed.lock().unwrap().extend(begun);
                }
            }
            Step::TakeOver => {
                let handed = self.handed.upgrade();
                if let Some(begun) = handed.and_then(|handed| handed.lock().unwrap().pop()) {
                    begun.await;
                }
            }
            Step::Limited(n) => {
                let _place = self.limit.acquire().await;
                steps(n).await;
            }
            Step::BothLimits(n) => {
                let _places = self.both.acquire().await;
                steps(n).await;
            }
            Step::Call(n) => drop(self.worker.call(call(n)).await),
            Step::CallInVain(n) => {
                if let Ok(call) = self.worker.submit(call(n)).await {
                    call.cancel("not that one");
                    let _ = call.await;
                }
            }
            Step::Fly(n) => {
                let run = || async move {
                    steps(n).await;
                    Ok(7)
                };
                assert!(self.flights.run(Audience::Everybody, 1, run).await.is_ok());
            }
            Step::Hedge(n) => {
                let copy = |copy: u32| async move {
                    steps(n).await;
                    if copy == 1 { Err(copy) } else { Ok(copy) }
                };
                let won = Hedge::after(SECOND).run(copy).await;
                assert!(won.is_err() || won.is_ok_and(|won| won.value == 2));
            }
        }
    }

    /// Runs a scope of its own. Nothing of it is left when it comes back.
    fn open(&self, open: Open) -> Running<()> {
        let outer = self.clone();
        Box::pin(async move {
            let present = Arc::new(AtomicUsize::new(0));
            let inside = Arc::clone(&present);
            let run = |scope| World { scope, present: inside, ..outer }.body(open.plan.clone());
            let _ = builder(&open).run(run).await;
            assert_eq!(present.load(Ordering::SeqCst), 0, "children outlived their scope");
        })
    }

    fn join(&self, join: Join, plans: Vec<Plan>) -> Running<()> {
        let world = self.clone();
        Box::pin(async move {
            let count = plans.len();
            if let Join::Map = join {
                return drop(map(plans, TWO, |plan| world.part(plan)).await);
            }
            let mut parts = Vec::new();
            for plan in plans {
                parts.push(world.part(plan));
            }
            match join {
                Join::Map => unreachable!("it has gone"),
                Join::Gather => drop(gather(parts).await),
                Join::Race => drop(race(parts).await),
                Join::Any => drop(any(parts).await),
                Join::Wait => assert_eq!(wait(parts).await.len(), count),
                Join::AsCompleted => {
                    let all = as_completed(parts, TWO, |mut results| async move {
                        let mut seen = 0;
                        while let Some((_, outcome)) = results.next().await {
                            seen += 1;
                            drop(outcome);
                        }
                        Ok(seen)
                    });
                    // It has no value if it was stopped.
                    assert!(all.await.is_ok_and(|seen| seen == count) || cancel_reason().is_some());
                }
            }
        })
    }
}

/// Polls `work` for so many steps. What has not ended then is given back.
async fn begin(work: Running<()>, n: usize) -> Option<Running<()>> {
    match select(work, Box::pin(steps(n))).await {
        Either::Left(_) => None,
        Either::Right((_, work)) => Some(work),
    }
}

fn call(n: usize) -> impl rejoin::worker::Call<u8, Output = u8, Error = Infallible> + 'static {
    asynchronous(move |state: &mut u8| {
        Box::pin(async move {
            *state = state.wrapping_add(1);
            steps(n).await;
            Ok(*state)
        })
    })
}

fn builder(open: &Open) -> rejoin::ScopeBuilder {
    let errors = if open.ignores_errors { OnError::IgnoreErrors } else { OnError::FailFast };
    let builder = Scope::builder().grace(SECOND * open.grace as u32).on_error(errors);
    match open.timeout {
        Some(seconds) => builder.timeout(SECOND * seconds as u32),
        None => builder,
    }
}

/// Runs the program; if anybody in it may wait for ever, it is stopped from outside at some time.
async fn program(open: Open, stopped_after: Option<usize>) {
    let limit = ConcurrencyLimit::new(NonZeroU32::MIN);
    let both = LimitSet::new().and(&limit, 1).and(&ConcurrencyLimit::new(NonZeroU32::MIN), 1);
    let present = Arc::new(AtomicUsize::new(0));
    let (places, inside) = (limit.clone(), Arc::clone(&present));
    let flights = Arc::new(SingleFlight::new());
    let under_way = Arc::clone(&flights);
    let ended = scope(|outer: Scope| async move {
        let root = builder(&open).run(|scope: Scope<u8>| {
            if let Some(n) = stopped_after {
                let stops = scope.canceller();
                drop(outer.spawn_value(async move {
                    steps(n).await;
                    stops.cancel("it is over")
                }));
            }
            let mode = if open.ignores_errors { Mode::Task } else { Mode::Inline };
            let worker = Worker::builder("w").mode(mode).queue(TWO).start(&scope, || 0);
            let handed = Weak::new();
            World { scope, present: inside, handed, worker, limit, both, flights }
                .body(open.plan.clone())
        });
        drop(root.await);
        assert_eq!(present.load(Ordering::SeqCst), 0, "children outlived their scope");
        Ok(())
    });
    ended.await.unwrap();
    assert_eq!((places.in_use(), under_way.under_way()), (0, 0));
}

const PROGRAMS: usize = 2_000;

/// They all end, whatever is in them, and leave nothing behind.
#[test]
fn a_random_program_ends_and_leaves_nothing_behind() {
    let last = Arc::new(Mutex::new(String::new()));
    let shown = Arc::clone(&last);
    let run = move || {
        let mut draw = Draw::new(shuttle::rand::thread_rng().r#gen());
        let depth = draw.few();
        let open = draw.open(depth);
        let stopped_after = draw.stopped.then(|| draw.few() * 2);
        *shown.lock().unwrap() = format!("{open:#?}\nstopped after: {stopped_after:?}");
        block_on(program(open, stopped_after));
        assert_eq!(live_tasks(), 0, "tasks outlived their scope");
    };
    let clone = run.clone();
    let explored = catch_unwind(AssertUnwindSafe(|| {
        Runner::new(RandomScheduler::new(PROGRAMS), roomy()).run(run);
        Runner::new(PctScheduler::new(3, PROGRAMS), roomy()).run(clone);
    }));
    if let Err(failure) = explored {
        println!("the program: {}", last.lock().unwrap());
        resume_unwind(failure);
    }
}
