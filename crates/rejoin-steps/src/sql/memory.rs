//! The database in memory of one host.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rejoin_engine::Shared;

use super::database::Database;
use super::settings::SqliteSettings;
use crate::migrate::Migration;

/// It belongs to the host, as sessions and caches do: a reload keeps it, and each test begins with an empty one.
#[derive(Default)]
pub(super) struct Memory(Mutex<State>);

#[derive(Default)]
struct State {
    /// What it has from its beginning.
    migrations: Arc<[Migration]>,
    database: Option<Arc<Database>>,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database; new settings are for the next one.
    pub(super) fn database(&self, settings: &SqliteSettings) -> Arc<Database> {
        let mut state = self.state();
        let migrations = state.migrations.clone();
        state.database.get_or_insert_with(|| Database::new(settings.clone(), migrations)).clone()
    }
}

/// The migrations that the database in memory of a host is to have, when it is first used.
pub(crate) fn migrate_memory(shared: &Shared, migrations: Arc<[Migration]>) {
    shared.get::<Memory>().state().migrations = migrations;
}
