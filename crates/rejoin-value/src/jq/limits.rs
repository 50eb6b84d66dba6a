//! What a program may use, and how it is stopped when it wants more.
//!
//! The evaluators call [`tick`] on every step and [`charge`] wherever memory grows. When a budget is
//! used up they unwind to [`bounded`] with a private payload: neither `try` in a program nor an
//! evaluator in between can hold that up, and nothing is printed because the panic hook is not
//! called. This needs unwinding, so `panic = "abort"` is out for programs that use this crate.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::chains::Chain;

/// What one run of a program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time on the clock, from the start of the run.
    pub time: Option<Duration>,
    /// A point in time; the earlier of the two counts.
    pub deadline: Option<Instant>,
    /// Steps of evaluation; a step takes some ten to some hundred nanoseconds.
    pub fuel: u64,
    /// Bytes that the run may allocate in all (an estimate; memory that was freed again counts), and what it may keep
    /// at once to go on with later.
    pub memory: usize,
    /// Levels of nesting that an output may have.
    pub depth: u32,
    /// Outputs that a run may have, where all of them are wanted.
    pub outputs: usize,
}

/// One second, 50 million steps, 512 MiB, 512 levels, 100,000 outputs.
impl Default for Limits {
    fn default() -> Self {
        Limits {
            time: Some(Duration::from_secs(1)),
            deadline: None,
            fuel: 50_000_000,
            memory: 512 << 20,
            depth: 512,
            outputs: 100_000,
        }
    }
}

/// The limit that a run came up against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// The time or the deadline.
    Time,
    /// The number of steps.
    Fuel,
    /// The number of steps of a program that holds on to what the earlier turns of a loop made.
    Chain,
    /// The memory, or the length of one string (64 MiB).
    Memory,
    /// What is kept to go on with later, such as what stands behind a comma while the program is at what stands before it.
    Pending,
    /// The nesting of an output, or the depth of the program's own recursion.
    Depth,
    /// The number of outputs.
    Outputs,
    /// None: somebody raised the flag of [`stoppable`].
    Stopped,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Time => "the program ran longer than its time limit",
            Limit::Fuel => "the program took more steps than its limit",
            Limit::Chain => {
                "the program took more steps than one may whose paths or filter arguments grow with each turn of a loop"
            }
            Limit::Memory => "the program used more memory than its limit",
            Limit::Pending => {
                "the program kept more alternatives for later than its limit of memory allows: does something call itself before a comma?"
            }
            Limit::Depth => "the program went deeper than its limit of nesting",
            Limit::Outputs => "the program had more outputs than its limit",
            Limit::Stopped => "the program was stopped from outside",
        })
    }
}

/// Bytes that one string may have.
const LONGEST_STRING: usize = 64 << 20;
/// Stack that must be left for what happens between two steps.
const STACK_RESERVE: usize = 256 << 10;
/// Stack for the second try of a run that recursed too deeply for the thread that it is on.
const LARGE_STACK: usize = 64 << 20;
/// Links that a chain may have, and what stack each takes when the chain is dropped, which recurses over it.
/// There are at most so many links as steps add to it.
const MOST_LINKS: u64 = 1_000_000;
const LINK_STACK: usize = 256;
/// Up to so many links at once are bounded by the stack alone where each takes some: a call takes more than 64 bytes of it for each.
const MOST_ON_STACK: usize = 8;

/// Memory that each of the evaluator's contexts stands for: itself, and the iterator that it waits in.
const CONTEXT: usize = 256;

struct Budget {
    fuel: Cell<u64>,
    memory: Cell<usize>,
    /// Contexts that may be kept besides those that there are.
    contexts: Cell<usize>,
    deadline: Cell<Option<Instant>>,
    /// Addresses below this one belong to the reserve.
    stack_floor: Cell<usize>,
}

thread_local! {
    static BUDGET: Budget = const {
        Budget {
            fuel: Cell::new(u64::MAX),
            memory: Cell::new(usize::MAX),
            contexts: Cell::new(usize::MAX),
            deadline: Cell::new(None),
            stack_floor: Cell::new(0),
        }
    };
}

thread_local! {
    static STOP_FLAG: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Runs `work`; programs in it end with [`Limit::Stopped`] soon after another thread has raised `flag`.
pub fn stoppable<T>(flag: Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    /// Puts back the flag of the work outside, also when `work` panics.
    struct PutBack(Option<Arc<AtomicBool>>);
    impl Drop for PutBack {
        fn drop(&mut self) {
            STOP_FLAG.set(self.0.take());
        }
    }
    let _put_back = PutBack(STOP_FLAG.replace(Some(flag)));
    work()
}

/// What unwinds from the place where a budget ran out.
struct Stopped(Why);

#[derive(Clone, Copy)]
enum Why {
    Limit(Limit),
    Stack,
}

#[cold]
fn stop(why: Why) -> ! {
    resume_unwind(Box::new(Stopped(why)))
}

/// Stops the run for a reason that the caller found out.
#[cold]
pub(super) fn stop_at(limit: Limit) -> ! {
    stop(Why::Limit(limit))
}

/// Counts one step, and looks at the stack and now and then at the clock.
#[inline]
pub(super) fn tick() {
    BUDGET.with(|budget| {
        let left = budget.fuel.get();
        let here = 0u8;
        let address = std::ptr::from_ref(&here).addr();
        if left == 0 || left % 256 == 0 || address < budget.stack_floor.get() {
            budget.look(left, address);
        }
        budget.fuel.set(left - 1);
    });
}

/// Counts the steps of a loop in a native function.
#[inline]
pub(super) fn tick_many(steps: usize) {
    BUDGET.with(|budget| {
        let left = budget.fuel.get();
        match left.checked_sub(steps as u64) {
            Some(rest) => budget.fuel.set(rest),
            None => stop(Why::Limit(Limit::Fuel)),
        }
        if steps > 1024 {
            budget.look_at_clock();
        }
    });
}

/// Counts memory that is about to be allocated.
#[inline]
pub(super) fn charge(bytes: usize) {
    BUDGET.with(|budget| match budget.memory.get().checked_sub(bytes) {
        Some(rest) => budget.memory.set(rest),
        None => stop(Why::Limit(Limit::Memory)),
    });
}

/// Counts one of the evaluator's contexts for as long as it is kept. It has to end within the run that it began in.
pub(super) struct Kept(());

impl Kept {
    #[inline]
    pub(super) fn new() -> Self {
        BUDGET.with(|budget| match budget.contexts.get().checked_sub(1) {
            Some(rest) => budget.contexts.set(rest),
            None => stop(Why::Limit(Limit::Pending)),
        });
        Kept(())
    }
}

impl Clone for Kept {
    #[inline]
    fn clone(&self) -> Self {
        Kept::new()
    }
}

impl Drop for Kept {
    #[inline]
    fn drop(&mut self) {
        BUDGET.with(|budget| budget.contexts.set(budget.contexts.get() + 1));
    }
}

/// Counts the memory of a string that is about to be made.
#[inline]
pub(super) fn charge_string(bytes: usize) {
    if bytes > LONGEST_STRING {
        stop(Why::Limit(Limit::Memory));
    }
    charge(bytes + 16);
}

/// Counts the memory of an array that is about to be made.
#[inline]
pub(super) fn charge_items(n: usize) {
    charge(48 + n.saturating_mul(24));
}

impl Budget {
    #[cold]
    fn look(&self, left: u64, address: usize) {
        if left == 0 {
            stop(Why::Limit(Limit::Fuel));
        }
        if address < self.stack_floor.get() {
            stop(Why::Stack);
        }
        self.look_at_clock();
    }

    fn look_at_clock(&self) {
        if self.deadline.get().is_some_and(|deadline| Instant::now() >= deadline) {
            stop(Why::Limit(Limit::Time));
        }
        let raised =
            STOP_FLAG.with_borrow(|flag| flag.as_ref().is_some_and(|f| f.load(Ordering::Relaxed)));
        if raised {
            stop(Why::Limit(Limit::Stopped));
        }
    }
}

/// Puts back the budget of the run outside, if there is one.
struct Outer {
    fuel: u64,
    memory: usize,
    contexts: usize,
    deadline: Option<Instant>,
    stack_floor: usize,
}

impl Outer {
    /// `depth` is how many bytes of stack may be used from here on.
    fn replace(limits: &Limits, deadline: Option<Instant>, depth: usize) -> Self {
        let here = 0u8;
        let address = std::ptr::from_ref(&here).addr();
        BUDGET.with(|budget| Outer {
            fuel: budget.fuel.replace(limits.fuel),
            memory: budget.memory.replace(limits.memory),
            contexts: budget.contexts.replace(limits.memory / CONTEXT),
            deadline: budget.deadline.replace(deadline),
            stack_floor: budget.stack_floor.replace(address.saturating_sub(depth)),
        })
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        BUDGET.with(|budget| {
            budget.fuel.set(self.fuel);
            budget.memory.set(self.memory);
            budget.contexts.set(self.contexts);
            budget.deadline.set(self.deadline);
            budget.stack_floor.set(self.stack_floor);
        });
    }
}

/// Runs `work`, which may make a chain, within the limits. The chain may end at the very bottom of
/// the stack, so what it takes to drop it stays free.
pub(super) fn bounded_chain<T>(
    limits: &Limits,
    chain: Chain,
    work: impl Fn() -> T,
) -> Result<T, Limit> {
    let links = chain.links;
    let by_stack = chain.takes_stack && links <= MOST_ON_STACK;
    let most = MOST_LINKS / links as u64;
    let is_lowered = !by_stack && most < limits.fuel;
    let steps = limits.fuel.min(most);
    let fuel = if by_stack { limits.fuel } else { steps };
    let limits = Limits { fuel, ..*limits };
    let Some(deadline) = deadline(&limits) else { return Err(Limit::Time) };
    let reserve = STACK_RESERVE + steps as usize * links * LINK_STACK;
    let stack = reserve + if by_stack { LARGE_STACK / links } else { LARGE_STACK };
    let ended = stacker::grow(stack, || attempt(&limits, deadline, stack, reserve, work));
    ended.map_err(|why| match Limit::from(why) {
        Limit::Fuel if is_lowered => Limit::Chain,
        limit => limit,
    })
}

/// Runs `work` within the limits.
///
/// If the thread's stack turns out too small, the work starts over on a larger one; so it must
/// have no effects.
pub(super) fn bounded<T>(limits: &Limits, work: impl Fn() -> T) -> Result<T, Limit> {
    let Some(deadline) = deadline(limits) else { return Err(Limit::Time) };
    let stack = stacker::remaining_stack().unwrap_or(LARGE_STACK);
    let first = if stack > 2 * STACK_RESERVE {
        attempt(limits, deadline, stack, STACK_RESERVE, &work)
    } else {
        Err(Why::Stack)
    };
    let outcome = match first {
        Err(Why::Stack) => stacker::grow(LARGE_STACK, || {
            attempt(limits, deadline, LARGE_STACK, STACK_RESERVE, &work)
        }),
        outcome => outcome,
    };
    outcome.map_err(Limit::from)
}

/// When a run must have ended, if ever; `None` if that is past.
fn deadline(limits: &Limits) -> Option<Option<Instant>> {
    let from_time = limits.time.and_then(|time| Instant::now().checked_add(time));
    let deadline = match (from_time, limits.deadline) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let is_past =
        limits.deadline.is_some() && deadline.is_some_and(|deadline| Instant::now() >= deadline);
    (!is_past).then_some(deadline)
}

impl From<Why> for Limit {
    fn from(why: Why) -> Limit {
        match why {
            Why::Limit(limit) => limit,
            Why::Stack => Limit::Depth,
        }
    }
}

fn attempt<T>(
    limits: &Limits,
    deadline: Option<Instant>,
    stack: usize,
    reserve: usize,
    work: impl Fn() -> T,
) -> Result<T, Why> {
    let _outer = Outer::replace(limits, deadline, stack.saturating_sub(reserve));
    // What the work holds is dropped by the unwinding; nothing shared is changed by it.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload: Box<dyn Any + Send>| {
        match payload.downcast::<Stopped>() {
            Ok(stopped) => stopped.0,
            Err(panic) => resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Value,
        jq::{Program, RunError},
    };

    #[test]
    fn a_raised_flag_stops_a_program_and_only_inside() {
        let endless = Program::compile("def f: f; f", &[]).expect("a program");
        let limits = Limits { time: None, fuel: u64::MAX, ..Limits::default() };
        let flag = Arc::new(AtomicBool::new(true));
        let ended = stoppable(flag, || endless.run_first(Value::Null, &[], &limits));
        assert!(matches!(ended, Err(RunError::Limit(Limit::Stopped))), "{ended:?}");
        let bounded = Limits { fuel: 10_000, ..limits };
        let ended = endless.run_first(Value::Null, &[], &bounded);
        assert!(matches!(ended, Err(RunError::Limit(Limit::Fuel))), "{ended:?}");
    }
}
