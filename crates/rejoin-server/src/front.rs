//! What a request sees of the program: one snapshot, whatever is loaded while it runs.

use std::sync::{Arc, PoisonError, RwLock};

use rejoin_engine::App;

use crate::config::{ConfigError, ServerConfig};

/// An app together with what its program sets about the server.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) app: App,
    pub(crate) config: ServerConfig,
}

impl Front {
    pub(crate) fn new(app: App) -> Result<Self, ConfigError> {
        let config = ServerConfig::from_settings(app.program().settings())?;
        Ok(Self { app, config })
    }
}

/// The snapshot for the next request.
#[derive(Debug)]
pub(crate) struct Current(RwLock<Arc<Front>>);

impl Current {
    pub(crate) fn new(front: Front) -> Self {
        Self(RwLock::new(Arc::new(front)))
    }

    pub(crate) fn get(&self) -> Arc<Front> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests from now on see `front`; those under way keep what they have.
    pub(crate) fn swap(&self, front: Front) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(front);
    }
}
