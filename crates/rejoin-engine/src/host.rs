//! What one running application shares among its requests.

use std::fmt;
use std::sync::Arc;

use crate::event::{Observer, Silent};
use crate::script_limits::ScriptLimits;
use crate::scripts::ScriptPool;
use crate::shared::Shared;
use crate::stand_in::StandIns;

/// Looks up an environment variable by its name.
pub type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The surroundings of an application: they outlive each of its programs.
pub struct Host {
    /// Where scripts run that could spin.
    pub scripts: Arc<ScriptPool>,
    /// Who hears of events.
    pub observer: Arc<dyn Observer>,
    /// The name of the environment, for `@env`.
    pub environment: Option<Arc<str>>,
    /// Looks up an environment variable for scripts.
    pub variables: Arc<Variables>,
    /// The scope of detached tasks; it ends with the server.
    pub detached: rejoin::Scope,
    /// What one script may use, where the program's configuration does not say.
    pub script_limits: ScriptLimits,
    /// What steps keep between requests.
    pub shared: Arc<Shared>,
    /// What a test puts in front of steps and pipelines.
    pub stand_ins: Option<Arc<dyn StandIns>>,
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
            shared: Arc::default(),
            stand_ins: None,
        }
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
