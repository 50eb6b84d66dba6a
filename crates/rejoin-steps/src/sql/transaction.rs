//! A SQLite database for who is no step: statements, and transactions over several of them.

use std::sync::Arc;

use rejoin_engine::StepError;
use rejoin_value::Value;
use rusqlite::Connection;

use super::connection::Role;
use super::database::{Database, Lease, unless_stopped};
use super::run::{Place, PreparedSqlite, refused_by, statement};
use super::settings::SqliteSettings;
use super::{error, session};
use crate::sql_answer::SqlAnswer;

/// A database. Clones are the same one.
#[derive(Clone)]
pub(crate) struct SqliteDatabase(Arc<Database>);

impl SqliteDatabase {
    /// Opens nothing yet.
    pub(crate) fn new(settings: SqliteSettings) -> Self {
        Self(Database::new(settings, Arc::default()))
    }

    /// Runs a statement in a transaction of its own.
    ///
    /// # Cancel safety
    /// Dropping the future stops the statement and undoes it; the scope around the call waits for that.
    pub(crate) async fn run(&self, sql: &str, params: Vec<Value>) -> Result<SqlAnswer, StepError> {
        let prepared = PreparedSqlite::new(&Place::File(self.0.clone()), sql);
        prepared.answer(&self.0, params.into()).await
    }

    /// Waits until nobody else writes, and begins a transaction.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue.
    pub(crate) async fn begin(&self) -> Result<SqliteTransaction, StepError> {
        const BEGIN: &str = "begin immediate";
        let lease = self.0.lease(Role::Writes).await;
        let lease = lease.map_err(|problem| error::of_no_result(problem, BEGIN))?;
        let mut begun = SqliteTransaction { database: self.0.clone(), lease: Some(lease) };
        begun.own(BEGIN).await?;
        Ok(begun)
    }
}

/// A transaction: the connection that writes. Dropped, it is undone, and only then somebody else gets the connection.
pub(crate) struct SqliteTransaction {
    database: Arc<Database>,
    /// None while a statement runs, and when one was given up.
    lease: Option<Lease>,
}

impl SqliteTransaction {
    /// Runs a statement.
    ///
    /// # Cancel safety
    /// Dropping the future stops the statement, undoes the transaction and gives its connection back; the scope around the
    /// call waits for that.
    pub(crate) async fn run(
        &mut self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<SqlAnswer, StepError> {
        let most = self.database.settings().max_result;
        let (text, given) = (sql.to_owned(), params.len());
        let work = move |connection: &mut Connection| {
            statement(connection, Role::Writes, &text, &params, most)
        };
        let ended = unless_stopped(self.on(sql, work).await?).await;
        ended.map_err(|ended| refused_by(ended, sql, given, most))
    }

    /// A mark to come back to, a mark given up, a return to one: words that programs do not write.
    pub(crate) async fn own(&mut self, words: &'static str) -> Result<(), StepError> {
        let work = move |connection: &mut Connection| session::own(connection, words);
        let ended = unless_stopped(self.on(words, work).await?).await;
        ended.map_err(|error| error::of_statement(&error, words).into())
    }

    /// Makes it last.
    pub(crate) async fn commit(mut self) -> Result<(), StepError> {
        self.own("commit").await
    }

    async fn on<T: Send + 'static>(
        &mut self,
        sql: &str,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, StepError> {
        let Some(lease) = self.lease.take() else {
            return Err(error::local("the transaction was given up".into(), sql).into());
        };
        let ended = self.database.run_on(lease, Role::Writes, work).await;
        let (lease, made) = ended.map_err(|problem| error::of_no_result(problem, sql))?;
        self.lease = Some(lease);
        Ok(made)
    }
}
