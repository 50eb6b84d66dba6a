//! The mocks of one test, and what it saw.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rejoin_engine::{Event, Observer, StandIn, StandIns};
use rejoin_lang::plan::MockTarget;
use rejoin_value::Value;

use super::ordered::Ordered;
use super::outside::Outside;

/// What a test replaces and what it notes.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) mocks: Vec<(MockTarget, StandIn)>,
    /// The feature flags that are on.
    pub(super) flags: Vec<Arc<str>>,
    /// In which order what runs together ends.
    pub(super) order: Option<Ordered>,
    /// Each call of a pipeline, with the state of its caller.
    calls: Mutex<Vec<(Arc<str>, Value)>>,
    /// How often each task was started and has not ended.
    open: Mutex<BTreeMap<Arc<str>, i64>>,
    pub(super) outside: Outside,
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
        self.order.as_ref().map_or(Duration::ZERO, |ordered| ordered.begins(task))
    }

    fn pipeline(&self, pipeline: &str, state: &Value) -> Option<StandIn> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push((pipeline.into(), state.clone()));
        self.find(|target| matches!(target, MockTarget::Pipeline(name) if **name == *pipeline))
    }

    fn flags(&self) -> &[Arc<str>] {
        &self.flags
    }

    fn outside(&self) -> Box<dyn Any + Send> {
        self.outside.enter()
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
            ordered.ends(task);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open.entry(task.clone()).or_default() += change;
    }
}
