//! What a test puts in front of steps and pipelines.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use rejoin_value::Value;

use crate::envelope;
use crate::error::DomainError;
use crate::step::{Called, StepOutput, StepResult};

/// Decides for each call whether something else answers in its place. A server has none.
pub trait StandIns: Send + Sync + 'static {
    /// What answers a call of the step. `labels` are the names that the call goes by: the state's `resultName`,
    /// the name of its result, its task.
    fn step(&self, step: &str, labels: &[&str]) -> Option<StandIn>;

    /// What answers a call of the pipeline with this state; asked once for each call.
    fn pipeline(&self, pipeline: &str, state: &Value) -> Option<StandIn>;

    /// A task or branch of this name begins; once for each. It ends so much later than it would, so that a test can have
    /// those that run together end in any order.
    fn held_back(&self, task: &str) -> Duration {
        let _ = task;
        Duration::ZERO
    }

    /// The feature flags that are on. The steps that would decide it do not run.
    fn flags(&self) -> &[Arc<str>] {
        &[]
    }

    /// A step that reaches outside runs itself; what is returned is dropped when it has ended.
    fn outside(&self) -> Box<dyn Any + Send>;
}

/// An answer in place of a call.
#[derive(Clone, Debug)]
pub struct StandIn {
    /// How long it takes.
    pub after: Duration,
    /// What it yields, or the type of its error.
    pub result: Result<Value, Arc<str>>,
}

impl StandIn {
    pub(crate) fn call(&self) -> Called<'_> {
        if self.after.is_zero() {
            return Called::Ready(self.settle());
        }
        Called::pending(async {
            tokio::time::sleep(self.after).await;
            self.settle()
        })
    }

    /// The state that a pipeline would end with.
    pub(crate) async fn state(&self) -> Value {
        tokio::time::sleep(self.after).await;
        match &self.result {
            Ok(value) => value.clone(),
            Err(kind) => envelope::with_errors(envelope::domain(mocked(kind))),
        }
    }

    fn settle(&self) -> StepResult {
        match &self.result {
            // Without a name for it the value is what the step makes of the state, and not only what would be its `.data`.
            Ok(value) => Ok(StepOutput { bare: true, ..StepOutput::from(value.clone()) }),
            Err(kind) => Err(mocked(kind).into()),
        }
    }
}

/// Worth another try, so that a test sees what `@retry` does.
fn mocked(kind: &Arc<str>) -> DomainError {
    DomainError::new(kind.clone(), "the mock fails").retryable()
}
