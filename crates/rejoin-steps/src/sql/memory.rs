//! The database in memory of one host.

use std::sync::{Arc, Mutex, PoisonError};

use super::database::Database;
use super::settings::SqliteSettings;

/// It belongs to the host, as sessions and caches do: a reload keeps it, and each test begins with an empty one.
#[derive(Default)]
pub(super) struct Memory(Mutex<Option<Arc<Database>>>);

impl Memory {
    /// The database; new settings are for the next one.
    pub(super) fn database(&self, settings: &SqliteSettings) -> Arc<Database> {
        let mut database = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        database.get_or_insert_with(|| Database::new(settings.clone())).clone()
    }
}
