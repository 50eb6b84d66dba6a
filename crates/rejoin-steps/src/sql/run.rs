//! A call of `sql` on SQLite.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rejoin_engine::{Called, Context, DomainError, Input, Prepared, StepError};
use rejoin_value::{Array, Value};
use rusqlite::Connection;
use rusqlite::limits::Limit;

use super::connection::Role;
use super::database::{Database, unless_stopped};
use super::error;
use super::memory::Memory;
use super::params::{Misfit, bind};
use super::rows;
use super::settings::{BLOCK, SqliteSettings};
use crate::sql_answer::SqlAnswer;
use crate::sql_params::{sql_params, wrong_number};

/// A statement with its database.
pub(crate) struct PreparedSqlite {
    place: Place,
    sql: Arc<str>,
    /// Known once it was prepared: it does not only read.
    writes: AtomicBool,
}

/// Which database it is.
#[derive(Clone)]
pub(crate) enum Place {
    File(Arc<Database>),
    /// The host's; each host has one of its own.
    Memory(SqliteSettings),
}

impl Prepared for PreparedSqlite {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let params = match sql_params(&input) {
            Ok(params) => params,
            Err(message) => return Called::Ready(Err(StepError::Failed(message))),
        };
        Called::pending(async move { self.run(&params, input.context).await.map(Into::into) })
    }
}

/// How a statement ended without rows.
pub(super) enum Ended {
    /// Nothing was done: it does not only read, and the connection does.
    Writes,
    Sqlite(rusqlite::Error),
    Params(Misfit),
    TooLarge,
    /// Which column has bytes that are no text.
    NoText(String),
}

impl From<rusqlite::Error> for Ended {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl PreparedSqlite {
    pub(crate) fn new(place: &Place, sql: &str) -> Self {
        Self { place: place.clone(), sql: sql.into(), writes: AtomicBool::new(false) }
    }

    /// Runs it; the answer is `{rows, rowCount}`.
    ///
    /// # Cancel safety
    /// Dropping the future stops the statement and undoes it; the scope around the call waits for that.
    pub(crate) async fn run(
        &self,
        params: &[Value],
        context: &Context,
    ) -> Result<Value, StepError> {
        let database = match &self.place {
            Place::File(database) => database.clone(),
            Place::Memory(settings) => context.host().shared.get::<Memory>().database(settings),
        };
        self.answer(&database, params.into()).await.map(SqlAnswer::into_value)
    }

    /// Runs it on that database.
    ///
    /// # Cancel safety
    /// As of [`run`](Self::run).
    pub(super) async fn answer(
        &self,
        database: &Database,
        params: Arc<[Value]>,
    ) -> Result<SqlAnswer, StepError> {
        let most = database.settings().max_result;
        let run = |role| {
            let (sql, params) = (self.sql.clone(), params.clone());
            database.run(role, move |connection| statement(connection, role, &sql, &params, most))
        };
        let refused = |problem| error::of_no_result(problem, &self.sql);
        // A connection that reads knows whether the statement does, too; nobody has to wait for it behind one that writes.
        let mut ended = match database.has_readers() && !self.writes.load(Ordering::Relaxed) {
            true => run(Role::Reads).await.map_err(refused)?,
            false => Err(Ended::Writes),
        };
        if let Err(Ended::Writes) = ended {
            self.writes.store(true, Ordering::Relaxed);
            ended = run(Role::Writes).await.map_err(refused)?;
        }
        let ended = unless_stopped(ended).await;
        ended.map_err(|ended| refused_by(ended, &self.sql, params.len(), most))
    }
}

/// Why there is no answer, as an error of the program.
pub(super) fn refused_by(ended: Ended, sql: &str, given: usize, most: usize) -> StepError {
    let local = |message| -> DomainError { error::local(message, sql) };
    match ended {
        Ended::Writes => unreachable!("on a connection that writes"),
        Ended::Sqlite(error) => error::of_statement(&error, sql).into(),
        Ended::Params(Misfit::Number(needed)) => local(wrong_number(needed, given)).into(),
        Ended::Params(Misfit::Named(name)) => StepError::Failed(format!(
            "`{name}` is no placeholder here: parameters are `$1`, `$2`, …"
        )),
        Ended::TooLarge => local(format!(
            "the result is larger than {most} bytes; ask for less with `limit`, or set `maxResult` in `config {BLOCK}`"
        ))
        .into(),
        Ended::NoText(name) => local(format!(
            "the text in `{name}` is not UTF-8; `hex(…)` shows its bytes"
        ))
        .into(),
    }
}

/// Runs a statement to its end. Blocks.
pub(super) fn statement(
    connection: &Connection,
    role: Role,
    sql: &str,
    params: &[Value],
    most: usize,
) -> Result<SqlAnswer, Ended> {
    // One value cannot be larger than all of them.
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(most).unwrap_or(i32::MAX))?;
    let mut statement = connection.prepare_cached(sql)?;
    if role == Role::Reads && !statement.readonly() {
        return Err(Ended::Writes);
    }
    bind(&mut statement, params)?.map_err(Ended::Params)?;
    let columns = rows::columns(&statement);
    let before = connection.total_changes();
    let mut list = Array::new();
    let mut size = 0usize;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let refused = match rows::object(row, &columns)? {
            Ok((object, bytes)) => {
                size = size.saturating_add(bytes);
                list.push(object);
                (size > most).then_some(Ended::TooLarge)
            }
            Err(column) => Some(Ended::NoText(column)),
        };
        if let Some(refused) = refused {
            // A statement that is left alone before its end counts as done. One that is interrupted is undone, and a
            // call that fails must have done nothing.
            connection.get_interrupt_handle().interrupt();
            rows.next().err();
            return Err(refused);
        }
    }
    drop(rows);
    let count = match columns.is_empty() {
        // What the last statement changed is known; whether that was this one, only the sum says.
        true if connection.total_changes() == before => 0,
        true => connection.changes(),
        false => list.len() as u64,
    };
    Ok(SqlAnswer { rows: list, count, has_rows: !columns.is_empty() })
}
