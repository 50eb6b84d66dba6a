//! `pg`: a statement on a PostgreSQL database.

mod bytes;
mod calendar;
mod cancel;
mod connection;
mod error;
mod numeric;
mod params;
mod pool;
mod rows;
mod run;
mod settings;
mod spec;
mod statement;
mod tls;
mod transaction;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::{CallSite, Prepared, Settings, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

use crate::sql_text::{self, Dialect};
use pool::Pool;
pub(crate) use run::PreparedPg;
pub(crate) use settings::PgSettings;
pub(crate) use transaction::{PgDatabase, PgTransaction};

/// The step `pg`.
///
/// The text is one statement. Its parameters `$1`, `$2`, … are the array that is the first argument, or
/// without arguments `sqlParams` of the state. They are sent apart from the statement, as the types that the
/// server sees in it; arrays and objects become arrays, composites or JSON. The answer is
/// `{rows, rowCount}`; what the database refuses is a `sqlError` with `message`, `query` and, if the server
/// said so, `sqlstate` and `severity`.
///
/// `config pg` has these settings:
///
/// | key | default | what it does |
/// |---|---|---|
/// | `url` | none | `postgres://user:password@host:port/database`, instead of the next five |
/// | `host` | none | the database's host |
/// | `port` | 5432 | its port |
/// | `database`, `user`, `password` | `postgres` | what to open, as whom |
/// | `sslmode` | `prefer` | `disable`, `prefer`, `require` (TLS with whoever answers) or `verify-full`; `ssl: true` is `require` |
/// | `sslRootCert` | the system's | a PEM file with the certificates that `verify-full` trusts |
/// | `maxPoolSize` | 20 | how many connections there are at most |
/// | `acquireTimeout` | `3s` | how long a call waits for a free one, and for a new one to open |
/// | `maxResult` | 64 MiB | the most bytes that the rows of one call may have |
///
/// All calls of a program share one pool. A call that is given up is cancelled on the server, and its
/// connection goes to nobody else before that is over.
///
/// A text that begins with `!raw` is for a statement that yields one row with one column: the answer is that value, and no
/// `{rows, rowCount}`.
///
/// Clones share the pool.
#[derive(Clone)]
pub struct Pg {
    /// The pool of the program that was loaded last. A reload with the same settings keeps its connections.
    current: Arc<Mutex<Option<Arc<Pool>>>>,
}

impl Pg {
    /// The step, not yet connected to anything.
    pub fn new() -> Self {
        Self { current: Arc::default() }
    }

    /// What other steps run on the same connections; `None` if the program has no database.
    pub(crate) fn statements(&self, settings: &Settings) -> Result<Option<Statements>, String> {
        Ok(PgSettings::read(settings, spec::SPEC.name)?
            .map(|settings| Statements(self.pool(settings))))
    }

    /// Statements on a database of another step's configuration.
    pub(crate) fn statements_on(&self, settings: PgSettings) -> Statements {
        Statements(self.pool(settings))
    }

    /// A statement of `sql`, on a database of that step's own configuration.
    pub(crate) fn statement(&self, settings: PgSettings, sql: &str) -> PreparedPg {
        PreparedPg { pool: Some(self.pool(settings)), sql: sql.into(), raw: false }
    }

    fn pool(&self, settings: PgSettings) -> Arc<Pool> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some(known) if *known.settings() == settings => known.clone(),
            _ => current.insert(Pool::new(settings)).clone(),
        }
    }
}

/// Statements of other steps, on the pool of a program.
#[derive(Clone)]
pub(crate) struct Statements(Arc<Pool>);

impl Statements {
    pub(crate) fn prepare(&self, sql: &str) -> PreparedPg {
        PreparedPg { pool: Some(self.0.clone()), sql: sql.into(), raw: false }
    }
}

/// A connection of its own, for work that is no step.
pub(crate) async fn connect(settings: &PgSettings) -> Result<tokio_postgres::Client, String> {
    let no = |problem| format!("{}; {}", error::why_not(&problem), settings.place());
    let opened = pool::open(settings).await.map_err(no)?;
    Ok(opened.client)
}

/// What stands before a statement whose only value is the answer.
const RAW: &str = "!raw";

/// The statement that a call's text holds, and where it begins.
pub(crate) fn statement_of(text: &str) -> (usize, &str) {
    let start = text.len() - text.trim_start().len();
    let rest = &text[start..];
    let sql = match rest.strip_prefix(RAW) {
        Some(sql) if sql.starts_with(char::is_whitespace) || sql.is_empty() => sql.trim_start(),
        _ => rest,
    };
    (text.len() - sql.len(), sql.trim_end())
}

impl Default for Pg {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Pg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pg").finish_non_exhaustive()
    }
}

impl Step for Pg {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        let (from, sql) = statement_of(text);
        let mut problems = sql_text::problems(sql, Dialect::Postgres);
        for problem in &mut problems {
            problem.start += from;
            problem.end += from;
        }
        problems
    }

    fn only_reads(&self, text: &str) -> bool {
        sql_text::only_reads(statement_of(text).1, Dialect::Postgres)
    }

    fn placeholders(&self, text: &str) -> Option<usize> {
        sql_text::placeholders(statement_of(text).1, Dialect::Postgres)
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        let problem = |message: String, help: &str| TextProblem {
            start: 0,
            end: text.len(),
            message,
            help: Some(help.into()),
        };
        let (from, sql) = statement_of(text);
        let raw = from > 0 && text[..from].trim() == RAW;
        let settings = PgSettings::read(site.settings, spec::SPEC.name)
            .map_err(|message| problem(message, "see `config pg`"))?;
        Ok(Arc::new(run::PreparedPg {
            pool: settings.map(|settings| self.pool(settings)),
            sql: sql.into(),
            raw,
        }))
    }
}
