//! Which database a program's migrations are for.

use rejoin_engine::Settings;

use super::error::MigrateError;
use crate::pg::PgSettings;
use crate::sql::{SqlSettings, SqliteSettings};

/// The step whose database is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// That of `config pg`.
    Pg,
    /// That of `config sql`.
    Sql,
}

/// Where the database is.
pub(super) enum Target {
    Postgres(Box<PgSettings>),
    File(SqliteSettings),
    /// It is empty whenever it is opened.
    Memory,
}

impl Target {
    /// `config pg`, `config sql`, or the variables `WP_PG_…`; `None` if the program has no database.
    pub(super) fn of_program(
        settings: &Settings,
        env: &dyn Fn(&str) -> Option<String>,
        which: Option<Which>,
    ) -> Result<Option<Self>, MigrateError> {
        let pg = || PgSettings::read(settings, "pg").map_err(MigrateError::new);
        let has_sql = settings.text("sql", "url").is_some();
        if which.is_none() && has_sql && pg()?.is_some() {
            return Err(MigrateError::new(
                "`config pg` and `config sql` both name a database: say which with `--on pg` or `--on sql`",
            ));
        }
        if which == Some(Which::Sql) || (which.is_none() && has_sql) {
            return Ok(Some(match SqlSettings::read(settings).map_err(MigrateError::new)? {
                SqlSettings::Postgres(settings) => Self::Postgres(settings),
                SqlSettings::Sqlite(settings) if settings.is_file() => Self::File(settings),
                SqlSettings::Sqlite(_) => Self::Memory,
            }));
        }
        let found = match pg()? {
            Some(settings) => Some(settings),
            None => of_environment(env)?,
        };
        Ok(found.map(|settings| Self::Postgres(Box::new(settings))))
    }
}

/// `WP_PG_HOST`, `WP_PG_PORT`, `WP_PG_DATABASE`, `WP_PG_USER`, `WP_PG_PASSWORD`; the third must be there.
fn of_environment(
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<PgSettings>, MigrateError> {
    if env("WP_PG_DATABASE").is_none() {
        return Ok(None);
    }
    let keys = ["host", "port", "database", "user", "password"];
    let values = keys.iter().filter_map(|key| {
        let value = env(&format!("WP_PG_{}", key.to_ascii_uppercase()));
        let value = value.or_else(|| (*key == "host").then(|| "localhost".to_owned()));
        Some((*key, value?))
    });
    let settings = Settings::of_block("pg", values);
    PgSettings::read(&settings, "pg").map_err(MigrateError::new)
}
