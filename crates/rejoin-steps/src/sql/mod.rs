//! `sql`: a statement on a SQLite database inside the process, or on a PostgreSQL.

mod connection;
mod database;
mod error;
mod memory;
mod params;
mod rows;
mod run;
mod session;
mod settings;
mod spec;
mod syntax;
mod transaction;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::{CallSite, Prepared, Settings, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

use crate::pg::{Pg, Statements};
use crate::sql_text::{self, Dialect};
use database::Database;
pub(crate) use memory::migrate_memory;
use run::Place;
pub(crate) use run::PreparedSqlite;
use settings::BLOCK;
pub(crate) use settings::{SqlSettings, SqliteSettings};
pub(crate) use transaction::{SqliteDatabase, SqliteTransaction};

/// The step `sql`.
///
/// The text is one statement, its parameters are `$1`, `$2`, … (`?1` and `?` are the same), and everything else is as with
/// [`pg`](crate::pg::Pg): arguments, the answer `{rows, rowCount}`, and `sqlError` with `message`, `query`, `sqlstate` and `severity`.
///
/// `config sql` has these settings:
///
/// | key | default | what it does |
/// |---|---|---|
/// | `url` | `sqlite::memory:` | `sqlite:app.db` (from the working directory), `sqlite:/var/lib/app.db`, or `postgres://user:password@host/database` |
/// | `maxPoolSize` | 5; 20 with PostgreSQL | how many connections there are at most; with SQLite one of them writes, the others read |
/// | `acquireTimeout` | `3s` | how long a call waits for a free one |
/// | `busyTimeout` | `3s` | SQLite only: how long a statement waits for other processes that have the file locked |
/// | `maxResult` | 64 MiB | the most bytes that the rows of one call may have |
///
/// Values keep what they are: integers of 64 bits, doubles, texts; `null`; bytes as `\x…` in hexadecimal digits. `true` and
/// `false` are kept as 1 and 0 and come back as such from a column declared `boolean`; arrays and objects are kept as JSON and come back from
/// one declared `json`; whole numbers beyond 64 bits are kept as text.
///
/// A file is used in WAL mode, with foreign keys enforced. Statements that leave something on the connection (`begin`, `attach`,
/// temporary tables, most pragmas) are refused. A call that is given up stops within microseconds, and what it did is undone.
///
/// The database in memory belongs to the application: a reload keeps it, and it ends with the process.
///
/// Clones share the connections.
#[derive(Clone)]
pub struct Sql {
    /// For addresses of a PostgreSQL.
    pg: Pg,
    /// The file of the program that was loaded last. A reload with the same settings keeps its connections.
    current: Arc<Mutex<Option<Arc<Database>>>>,
}

impl Sql {
    /// The step, not yet connected to anything.
    pub fn new() -> Self {
        Self { pg: Pg::new(), current: Arc::default() }
    }

    /// What other steps run on the database that `config sql` names; `None` if it names none.
    pub(crate) fn statements(&self, settings: &Settings) -> Result<Option<SqlStatements>, String> {
        if settings.text(BLOCK, "url").is_none() {
            return Ok(None);
        }
        Ok(Some(match SqlSettings::read(settings)? {
            SqlSettings::Sqlite(settings) => SqlStatements::Sqlite(self.place(settings)),
            SqlSettings::Postgres(settings) => {
                SqlStatements::Postgres(self.pg.statements_on(*settings))
            }
        }))
    }

    fn place(&self, settings: SqliteSettings) -> Place {
        if !settings.is_file() {
            return Place::Memory(settings);
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        Place::File(match &*current {
            Some(known) if *known.settings() == settings => known.clone(),
            _ => current.insert(Database::new(settings, Arc::default())).clone(),
        })
    }
}

/// Statements of other steps.
#[derive(Clone)]
pub(crate) enum SqlStatements {
    Sqlite(Place),
    Postgres(Statements),
}

/// A connection for migrations, which may do what statements of programs may not. Blocks.
pub(crate) fn open_to_migrate(settings: &SqliteSettings) -> Result<rusqlite::Connection, String> {
    connection::open(settings, connection::Role::Writes)
        .map_err(|error| format!("the database cannot be opened: {error}"))
}

/// A connection that only prepares statements, to a file that is there. Blocks.
pub(crate) fn open_to_ask(settings: &SqliteSettings) -> Result<rusqlite::Connection, String> {
    if let Some(file) = &settings.file
        && !file.exists()
    {
        return Err(format!("there is no database `{}`", file.display()));
    }
    let mut connection = open_to_migrate(settings)?;
    connection::guard(&mut connection).map_err(|error| error.to_string())?;
    Ok(connection)
}

impl Default for Sql {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sql").finish_non_exhaustive()
    }
}

impl Step for Sql {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        sql_text::problems(text, Dialect::Either)
    }

    fn only_reads(&self, text: &str) -> bool {
        sql_text::only_reads(text, Dialect::Either)
    }

    fn placeholders(&self, text: &str) -> Option<usize> {
        sql_text::placeholders(text, Dialect::Either)
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        let problem = |message: String, help: &str| TextProblem {
            start: 0,
            end: text.len(),
            message,
            help: Some(help.into()),
        };
        let sql = text.trim();
        if sql.is_empty() {
            return Err(problem("there is no statement".into(), "write one: `select 1`"));
        }
        let settings = SqlSettings::read(site.settings)
            .map_err(|message| problem(message, "see `config sql`"))?;
        if let SqlSettings::Sqlite(_) = &settings
            && let Some(problem) = syntax::problem(text)
        {
            return Err(problem);
        }
        Ok(match settings {
            SqlSettings::Sqlite(settings) => {
                Arc::new(PreparedSqlite::new(&self.place(settings), sql))
            }
            SqlSettings::Postgres(settings) => Arc::new(self.pg.statement(*settings, sql)),
        })
    }
}
