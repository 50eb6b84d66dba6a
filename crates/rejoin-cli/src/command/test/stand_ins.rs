//! The mocks of one test, and what it saw.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::{Event, Observer, StandIn, StandIns};
use rejoin_lang::plan::MockTarget;
use rejoin_value::Value;

/// What a test replaces and what it notes.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) mocks: Vec<(MockTarget, StandIn)>,
    /// Each call of a pipeline, with the state of its caller.
    calls: Mutex<Vec<(Arc<str>, Value)>>,
    /// How often each task was started and has not ended.
    open: Mutex<BTreeMap<Arc<str>, i64>>,
    outside: Arc<AtomicUsize>,
    was_outside: AtomicBool,
}

impl Watch {
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
        found.map(|(_, stand_in)| stand_in.clone())
    }
}

impl StandIns for Watch {
    fn step(&self, step: &str, labels: &[&str]) -> Option<StandIn> {
        let is = |target: &MockTarget, label: Option<&str>| matches!(target, MockTarget::Step { step: of, name } if **of == *step && name.as_deref() == label);
        let named = labels.iter().find_map(|label| self.find(|target| is(target, Some(label))));
        named.or_else(|| self.find(|target| is(target, None)))
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
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open.entry(task.clone()).or_default() += change;
    }
}
