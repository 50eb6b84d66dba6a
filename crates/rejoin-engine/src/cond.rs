//! Whether a condition holds, on a state and in a context.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rejoin_value::Value;
use rejoin_value::jq;

use crate::context::Context;
use crate::program::TaskReads;

/// A condition with its jq compiled.
#[derive(Clone, Debug)]
pub(crate) enum Cond {
    Const(bool),
    All(Vec<Cond>),
    Any(Vec<Cond>),
    Env { name: Arc<str>, negated: bool },
    Flags { names: Vec<Arc<str>>, negated: bool },
    When { names: Vec<Arc<str>>, negated: bool },
    Guard { program: Arc<jq::Program>, negated: bool, reads_tasks: TaskReads },
}

impl Cond {
    /// Whether one of its programs looks at the outcome of this task.
    pub(crate) fn looks_at(&self, task: &str) -> bool {
        match self {
            Cond::All(parts) | Cond::Any(parts) => parts.iter().any(|part| part.looks_at(task)),
            Cond::Guard { reads_tasks, .. } => reads_tasks.contains(task),
            Cond::Const(_) | Cond::Env { .. } | Cond::Flags { .. } | Cond::When { .. } => false,
        }
    }

    /// Decides from left to right, no further than needed.
    pub(crate) fn holds<'a>(
        &'a self,
        context: &'a Context,
        state: &'a Value,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            match self {
                Cond::Const(value) => *value,
                Cond::All(parts) => {
                    for part in parts {
                        if !part.holds(context, state).await {
                            return false;
                        }
                    }
                    true
                }
                Cond::Any(parts) => {
                    for part in parts {
                        if part.holds(context, state).await {
                            return true;
                        }
                    }
                    false
                }
                // Without an environment a step marked for one runs, and a step marked against one does not.
                Cond::Env { name, negated } => match context.host().environment.as_deref() {
                    Some(environment) => (environment == &**name) != *negated,
                    None => !negated,
                },
                Cond::Flags { names, negated } => {
                    names.iter().all(|name| context.flag(name) != *negated)
                }
                Cond::When { names, negated } => {
                    names.iter().all(|name| context.condition(name) != *negated)
                }
                Cond::Guard { program, negated, .. } => match context.jq(program, state, &[]).await
                {
                    Ok(output) => output.is_some_and(|value| value.is_truthy()) != *negated,
                    // A program that fails decides nothing, so the step does not run either way.
                    Err(_) => false,
                },
            }
        })
    }
}
