//! A PostgreSQL for who is no step: statements, and transactions over several of them.

use std::sync::Arc;

use rejoin::Instant;
use rejoin_engine::StepError;
use rejoin_value::Value;
use tokio_postgres::Error;

use super::error;
use super::pool::{Lease, Pool};
use super::run::{Ended, PreparedPg, exchange, goes_on_after};
use super::settings::PgSettings;
use super::statement::{first_word, leaves_no_trace};
use crate::sql_answer::SqlAnswer;
use crate::sql_params::wrong_number;

/// Words of statements that would end a transaction, or begin another.
const NOT_WITHIN: &[&str] =
    &["abort", "begin", "commit", "end", "prepare", "release", "rollback", "savepoint", "start"];

/// A database with its pool. Clones share it.
#[derive(Clone)]
pub(crate) struct PgDatabase(Arc<Pool>);

impl PgDatabase {
    /// Opens nothing yet.
    pub(crate) fn new(settings: PgSettings) -> Self {
        Self(Pool::new(settings))
    }

    /// Runs a statement in a transaction of its own.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the statement on the server.
    pub(crate) async fn run(
        &self,
        sql: &str,
        params: &[Value],
        deadline: Option<Instant>,
    ) -> Result<SqlAnswer, StepError> {
        let prepared = PreparedPg { pool: Some(self.0.clone()), sql: sql.into(), raw: false };
        prepared.answer(params, deadline).await
    }

    /// Takes a connection, and begins a transaction on it with `begin`, such as `begin isolation level serializable`.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue, or the transaction.
    pub(crate) async fn begin(
        &self,
        begin: &str,
        deadline: Option<Instant>,
    ) -> Result<PgTransaction, StepError> {
        let lease = self.0.lease().await;
        let mut lease =
            lease.map_err(|problem| error::of_connection(&problem, self.0.settings(), begin))?;
        // A setting that is made within a transaction would be undone with it, so the server's own time-out is set before.
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if let Err(error) = lease.connection().stop_after(left).await {
            lease.discard();
            return Err(error::of_statement(&error, begin).into());
        }
        lease.set_in_transaction(true);
        let mut begun = PgTransaction { lease, is_fit: true, leaves_trace: false };
        begun.own(begin).await?;
        Ok(begun)
    }
}

/// A transaction: a connection of its own. Dropped, it is cancelled and undone on the server, and its connection comes back when that
/// is proven.
pub(crate) struct PgTransaction {
    lease: Lease,
    /// Whether more can be said on the connection.
    is_fit: bool,
    /// Whether a statement may have left something in the session.
    leaves_trace: bool,
}

impl PgTransaction {
    /// Runs a statement.
    ///
    /// # Cancel safety
    /// Dropping the future leaves a transaction that is fit for nothing but being dropped, too.
    pub(crate) async fn run(
        &mut self,
        sql: &str,
        params: &[Value],
    ) -> Result<SqlAnswer, StepError> {
        let word = first_word(sql);
        if NOT_WITHIN.contains(&word.as_str()) {
            let message = format!(
                "`{word}` is no statement for within a transaction, which its block begins and ends"
            );
            return Err(error::local(message, sql).into());
        }
        self.check_fit(sql)?;
        self.leaves_trace |= !leaves_no_trace(sql);
        // Until it is known how it ended.
        self.is_fit = false;
        let text: Arc<str> = sql.into();
        let pool = self.lease.pool().clone();
        match exchange(self.lease.connection(), &text, params, pool.settings()).await {
            Ok(answer) => {
                self.is_fit = true;
                Ok(answer)
            }
            Err(Ended::Refused(error)) => Err(self.refused(&error, sql)),
            Err(Ended::NotSent(error)) => {
                self.is_fit = true;
                Err(error.into())
            }
            Err(Ended::Params { needed }) => {
                self.is_fit = true;
                Err(StepError::Failed(wrong_number(needed, params.len())))
            }
            Err(Ended::CutOff(error)) => Err(error.into()),
        }
    }

    /// A mark to come back to, a mark given up, a return to one: words that programs do not write.
    pub(crate) async fn own(&mut self, words: &str) -> Result<(), StepError> {
        self.check_fit(words)?;
        self.is_fit = false;
        match self.lease.connection().client.batch_execute(words).await {
            Ok(()) => {
                self.is_fit = true;
                Ok(())
            }
            Err(error) => Err(self.refused(&error, words)),
        }
    }

    /// Ends it with `commit` or `rollback`.
    pub(crate) async fn end(mut self, word: &str) -> Result<(), StepError> {
        self.own(word).await?;
        self.lease.set_in_transaction(false);
        if self.leaves_trace {
            self.lease.discard();
        } else {
            self.lease.give_back();
        }
        Ok(())
    }

    fn check_fit(&self, sql: &str) -> Result<(), StepError> {
        match self.is_fit {
            true => Ok(()),
            false => Err(error::local("the transaction was given up".into(), sql).into()),
        }
    }

    fn refused(&mut self, error: &Error, sql: &str) -> StepError {
        self.is_fit = goes_on_after(error);
        error::of_statement(error, sql).into()
    }
}
