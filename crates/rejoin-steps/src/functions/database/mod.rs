//! The databases of `.cov` programs: the pools of `pg` and `sql`, with the program's steps as parameterised statements.

mod answer;
pub(super) mod call;
mod postgres;
mod sqlite;
mod statement;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::{Settings, Store};
use rejoin_lang::plan::Database;

use crate::pg::PgDatabase;
use crate::sql::{SqlSettings, SqliteDatabase};
use postgres::PgStore;
use sqlite::SqliteStore;

/// Every database that programs of a host have asked for, by its address: they share its connections.
#[derive(Default)]
pub(super) struct Databases {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
pub(super) enum Known {
    Sqlite(SqliteDatabase),
    Postgres(PgDatabase),
}

impl Databases {
    /// The database that a declaration names; a variable of the environment is looked up with `env`.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn store(
        &self,
        database: &Database,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Arc<dyn Store>, String> {
        let connection = database.connection.as_deref().unwrap_or_default();
        let address = Self::address(connection, env)?;
        let dialect = database.dialect.as_deref();
        let known = self.known(&address)?;
        let speaks = match known {
            Known::Sqlite(_) => "sqlite",
            Known::Postgres(_) => "postgres",
        };
        let dialect =
            dialect.map(|dialect| if dialect == "postgresql" { "postgres" } else { dialect });
        if let Some(dialect) = dialect.filter(|dialect| *dialect != speaks) {
            return Err(format!(
                "its dialect is {dialect}, and what it connects to speaks {speaks}"
            ));
        }
        let schema = Arc::new(database.clone());
        Ok(match known {
            Known::Sqlite(database) => Arc::new(SqliteStore { database, schema }),
            Known::Postgres(database) => Arc::new(PgStore { database, schema }),
        })
    }

    /// An address, which `env:NAME` has from the environment.
    fn address(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
        match text.strip_prefix("env:") {
            Some(name) => {
                env(name).ok_or_else(|| format!("the environment variable `{name}` is not set"))
            }
            None => Ok(text.to_owned()),
        }
    }

    pub(super) fn known(&self, address: &str) -> Result<Known, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(address) {
            return Ok(known.clone());
        }
        let settings = Settings::of_block("sql", [("url", address.to_owned())].into_iter());
        let settings = SqlSettings::read(&settings)
            .map_err(|problem| problem.replace("`url` in `config sql`", "`connection`"))?;
        Ok(match settings {
            // One in memory is new for each run.
            SqlSettings::Sqlite(settings) if !settings.is_file() => {
                Known::Sqlite(SqliteDatabase::new(settings))
            }
            SqlSettings::Sqlite(settings) => {
                let opened = Known::Sqlite(SqliteDatabase::new(settings));
                known.entry(address.to_owned()).or_insert(opened).clone()
            }
            SqlSettings::Postgres(settings) => {
                let opened = Known::Postgres(PgDatabase::new(*settings));
                known.entry(address.to_owned()).or_insert(opened).clone()
            }
        })
    }
}
