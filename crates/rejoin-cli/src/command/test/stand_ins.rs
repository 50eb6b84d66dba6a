//! The mocks of one test, and what it saw.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rejoin_engine::{Event, Observer, StandIn, StandIns};
use rejoin_lang::plan::MockTarget;
use rejoin_value::Value;
use tokio::time::Instant;

use super::orders::Order;

/// What a test replaces and what it notes.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) mocks: Vec<(MockTarget, StandIn)>,
    /// In which order what runs together ends.
    pub(super) order: Option<Ordered>,
    /// Each call of a pipeline, with the state of its caller.
    calls: Mutex<Vec<(Arc<str>, Value)>>,
    /// How often each task was started and has not ended.
    open: Mutex<BTreeMap<Arc<str>, i64>>,
    outside: Arc<AtomicUsize>,
    was_outside: AtomicBool,
}

/// An order, and what has begun under it.
pub(super) struct Ordered {
    order: Order,
    begun: Mutex<Vec<Begun>>,
}

/// A task or branch that began.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub(super) name: Arc<str>,
    /// The how manieth of its name, from 0.
    pub(super) nth: usize,
    pub(super) from: Instant,
    /// When it ended by itself, as far as that is known.
    pub(super) to: Option<Instant>,
}

impl From<Order> for Ordered {
    fn from(order: Order) -> Self {
        Self { order, begun: Mutex::default() }
    }
}

impl Watch {
    /// The tasks and branches that began, in that order.
    pub(super) fn begun(&self) -> Vec<Begun> {
        let begun = self.order.as_ref().map(|ordered| ordered.begun.lock());
        begun.map(|begun| begun.unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    }

    pub(super) fn calls(&self, pipeline: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls
            .iter()
            .filter(|(name, _)| **name == *pipeline)
            .map(|(_, state)| state.clone())
            .collect()
    }

    /// Whether the task was started; if so, whether it was cut off.
    pub(super) fn was_cut_off(&self, task: &str) -> Option<bool> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(task).map(|open| *open > 0)
    }

    /// Whether a real service was reached.
    pub(super) fn was_outside(&self) -> bool {
        self.was_outside.load(Ordering::Relaxed)
    }

    fn find(&self, wanted: impl Fn(&MockTarget) -> bool) -> Option<StandIn> {
        let found = self.mocks.iter().find(|(target, _)| wanted(target));
        let mut stand_in = found.map(|(_, stand_in)| stand_in.clone())?;
        if self.order.is_some() {
            // The order says what ends first.
            stand_in.after = Duration::ZERO;
        }
        Some(stand_in)
    }
}

impl StandIns for Watch {
    fn step(&self, step: &str, labels: &[&str]) -> Option<StandIn> {
        let is = |target: &MockTarget, label: Option<&str>| matches!(target, MockTarget::Step { step: of, name } if **of == *step && name.as_deref() == label);
        let named = labels.iter().find_map(|label| self.find(|target| is(target, Some(label))));
        let mocked = named.or_else(|| self.find(|target| is(target, None)));
        let sleeps = self.order.is_some() && step == "sleep";
        let instant = || StandIn { after: Duration::ZERO, result: Ok(Value::Null) };
        mocked.or_else(|| sleeps.then(instant))
    }

    fn held_back(&self, task: &str) -> Duration {
        let Some(Ordered { order, begun }) = &self.order else { return Duration::ZERO };
        let mut begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
        let nth = begun.iter().filter(|one| *one.name == *task).count();
        let rank = order.rank(task, nth).unwrap_or(begun.len());
        begun.push(Begun { name: task.into(), nth, from: Instant::now(), to: None });
        Duration::from_millis(rank as u64 + 1)
    }

    fn pipeline(&self, pipeline: &str, state: &Value) -> Option<StandIn> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push((pipeline.into(), state.clone()));
        self.find(|target| matches!(target, MockTarget::Pipeline(name) if **name == *pipeline))
    }

    fn outside(&self) -> Box<dyn Any + Send> {
        self.was_outside.store(true, Ordering::Relaxed);
        if self.outside.fetch_add(1, Ordering::Relaxed) == 0 {
            tokio::time::resume();
        }
        Box::new(RealTime(self.outside.clone()))
    }
}

/// While it lives, time is real: a service outside knows no other.
struct RealTime(Arc<AtomicUsize>);

impl Drop for RealTime {
    fn drop(&mut self) {
        let was_last = self.0.fetch_sub(1, Ordering::Relaxed) == 1;
        if was_last && tokio::runtime::Handle::try_current().is_ok() {
            tokio::time::pause();
        }
    }
}

impl Observer for Watch {
    fn observe(&self, _: &str, event: &Event) {
        let (task, change) = match event {
            Event::TaskStarted { task } => (task, 1),
            Event::TaskEnded { task, .. } => (task, -1),
            _ => return,
        };
        if let (Some(ordered), -1) = (&self.order, change) {
            let mut begun = ordered.begun.lock().unwrap_or_else(PoisonError::into_inner);
            let mut of_name = begun.iter_mut().filter(|one| one.name == *task);
            // Of several with one name nobody knows which has ended.
            if let (Some(only), None) = (of_name.next(), of_name.next()) {
                only.to = Some(Instant::now());
            }
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open.entry(task.clone()).or_default() += change;
    }
}
