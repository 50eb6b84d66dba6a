//! What one running application shares among its requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rejoin_value::Value;
use rejoin_value::jq;

use crate::event::{Observer, Silent};
use crate::scripts::ScriptPool;

/// The surroundings of an application: they outlive each of its programs.
pub struct Host {
    /// Where scripts run that could spin.
    pub scripts: Arc<ScriptPool>,
    /// Who hears of events.
    pub observer: Arc<dyn Observer>,
    /// The name of the environment, for `@env`.
    pub environment: Option<Arc<str>>,
    /// Looks up an environment variable for scripts.
    pub variables: Arc<dyn Fn(&str) -> Option<String> + Send + Sync>,
    /// The scope of detached tasks; it ends with the server.
    pub detached: rejoin::Scope,
    /// What one script may use.
    pub script_limits: ScriptLimits,
}

/// What one run of a script may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptLimits {
    /// How long it may run; what is left of the request's deadline bounds it as well.
    pub time: Duration,
    /// How much memory it may hold, in bytes.
    pub memory: usize,
}

impl Default for ScriptLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(1), memory: 64 * 1024 * 1024 }
    }
}

impl Host {
    /// A host with defaults: a script pool for this machine, no observer, no environment.
    pub fn new(detached: rejoin::Scope) -> Self {
        Self {
            scripts: Arc::new(ScriptPool::for_this_machine()),
            observer: Arc::new(Silent),
            environment: None,
            variables: Arc::new(|_| None),
            detached,
            script_limits: ScriptLimits::default(),
        }
    }

    /// What a script that starts now may use: the configured limits, and no more time than the request has left.
    pub fn limits(&self) -> ScriptLimits {
        let left = rejoin::remaining().unwrap_or(self.script_limits.time);
        ScriptLimits { time: self.script_limits.time.min(left), ..self.script_limits }
    }

    pub(crate) async fn jq(
        &self,
        program: &Arc<jq::Program>,
        input: &Value,
        vars: &[Value],
    ) -> Result<Option<Value>, jq::RunError> {
        let limits = self.limits();
        if program.is_bounded() {
            return program.run_first(input, vars, &limits.jq());
        }
        let (program, input, vars) = (program.clone(), input.clone(), vars.to_vec());
        self.scripts
            .run(move |stop| {
                jq::stoppable(stop.shared(), || program.run_first(&input, &vars, &limits.jq()))
            })
            .await
            .unwrap_or_else(|panicked| {
                let message = panicked.to_string();
                Err(jq::RunError::Raised { value: message.as_str().into(), message })
            })
    }
}

impl ScriptLimits {
    fn jq(&self) -> jq::Limits {
        jq::Limits { time: Some(self.time), memory: self.memory, ..jq::Limits::default() }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("scripts", &self.scripts)
            .field("environment", &self.environment)
            .field("script_limits", &self.script_limits)
            .finish_non_exhaustive()
    }
}
