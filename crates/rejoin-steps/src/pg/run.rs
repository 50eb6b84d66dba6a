//! A call of `pg`.

use std::sync::Arc;

use futures_util::TryStreamExt;
use rejoin::Instant;
use rejoin_engine::{Abort, Called, DomainError, Input, Prepared, StepError, StepOutput};
use rejoin_lang::step_spec::TextProblem;
use rejoin_value::{Array, Value};
use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};

use super::connection::Connection;
use super::error;
use super::params::Param;
use super::pool::{Lease, Pool};
use super::rows;
use super::settings::PgSettings;
use super::statement::{first_word, leaves_no_trace};
use crate::sql_answer::SqlAnswer;
use crate::sql_params::{sql_params, wrong_number};
use crate::sql_text;

/// A statement with its pool.
pub(crate) struct PreparedPg {
    /// `None` if the program has no database.
    pub(super) pool: Option<Arc<Pool>>,
    pub(super) sql: Arc<str>,
    /// The only value of its only row is the answer.
    pub(super) raw: bool,
}

impl Prepared for PreparedPg {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let params = match sql_params(&input) {
            Ok(params) => params,
            Err(message) => return Called::Ready(Err(StepError::Failed(message))),
        };
        let deadline = input.context.scope().deadline();
        Called::pending(async move {
            {
                let value = self.run(&params, deadline).await?;
                Ok(StepOutput { bare: self.raw, ..value.into() })
            }
        })
    }
}

impl PreparedPg {
    /// Runs it; the answer is `{rows, rowCount}`.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the statement on the server.
    pub(crate) async fn run(
        &self,
        params: &[Value],
        deadline: Option<Instant>,
    ) -> Result<Value, StepError> {
        let value = self.answer(params, deadline).await?.into_value();
        if self.raw { self.only_value(&value) } else { Ok(value) }
    }

    /// Runs it.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the statement on the server.
    pub(super) async fn answer(
        &self,
        params: &[Value],
        deadline: Option<Instant>,
    ) -> Result<SqlAnswer, StepError> {
        let Some(pool) = &self.pool else {
            return Err(StepError::Abort(Abort {
                title: "database not configured".into(),
                detail: "`pg` needs a `host` or a `url` in `config pg`".into(),
            }));
        };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let mut lease = pool
            .lease()
            .await
            .map_err(|problem| error::of_connection(&problem, pool.settings(), &self.sql))?;
        let ran = match lease.connection().stop_after(left).await {
            Ok(()) => exchange(lease.connection(), &self.sql, params, pool.settings()).await,
            Err(error) => Err(error.into()),
        };
        match ran {
            Ok(answer) => {
                self.put_back(lease);
                Ok(answer)
            }
            Err(Ended::Refused(error)) => {
                if goes_on_after(&error) {
                    self.put_back(lease);
                } else {
                    lease.discard();
                }
                Err(error::of_statement(&error, &self.sql).into())
            }
            Err(Ended::NotSent(error)) => {
                lease.give_back();
                Err(error.into())
            }
            Err(Ended::Params { needed }) => {
                self.put_back(lease);
                Err(error::local(wrong_number(needed, params.len()), &self.sql).into())
            }
            // What is still under way is cancelled when the lease is dropped.
            Err(Ended::CutOff(error)) => Err(error.into()),
        }
    }
}

/// Whether the connection is fit for use after an error. One of the statement ends the exchange; after one that ends the
/// session, or that is not the server's, there is nothing to go on with.
pub(super) fn goes_on_after(error: &Error) -> bool {
    let severity = error.as_db_error().map(|db| db.parsed_severity());
    severity == Some(Some(Severity::Error))
}

/// How an exchange ended without rows.
pub(super) enum Ended {
    Refused(Error),
    /// Nothing was sent: the statement is none for a program.
    NotSent(DomainError),
    /// Nothing was sent: the number of parameters is another one.
    Params {
        needed: usize,
    },
    /// The server may still be sending.
    CutOff(DomainError),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl PreparedPg {
    fn only_value(&self, answer: &Value) -> Result<Value, StepError> {
        let rows =
            answer.get("rows").and_then(Value::as_array).map_or(&[][..], |rows| rows.as_slice());
        let columns = rows.first().and_then(Value::as_object);
        match (rows, columns) {
            ([_], Some(columns)) if columns.len() == 1 => {
                Ok(columns.iter().next().map(|(_, value)| value.clone()).unwrap_or_default())
            }
            _ => {
                let count = columns.map_or(0, |columns| columns.len());
                let message = format!(
                    "`!raw` needs one row with one column, and there are {} with {count}; say which with `limit 1`, or leave `!raw` away",
                    rows.len()
                );
                Err(error::local(message, &self.sql).into())
            }
        }
    }

    fn put_back(&self, lease: Lease) {
        if leaves_no_trace(&self.sql) { lease.give_back() } else { lease.discard() }
    }
}

/// Sends a statement, and reads what it yields up to its end.
pub(super) async fn exchange(
    connection: &mut Connection,
    sql: &Arc<str>,
    params: &[Value],
    settings: &PgSettings,
) -> Result<SqlAnswer, Ended> {
    // The server would change to a protocol of its own for it, and the connection would be lost.
    if first_word(sql) == "copy"
        && let Some(TextProblem { message, help, .. }) = sql_text::streamed_copy(sql)
    {
        let message = format!("{message}: {}", help.unwrap_or_default());
        return Err(Ended::NotSent(error::local(message, sql)));
    }
    let (max_result, block) = (settings.max_result, settings.block);
    let mut again = true;
    let (compiled, stream) = loop {
        let compiled = connection.compiled(sql).await?;
        let needed = compiled.statement.params().len();
        if needed != params.len() {
            return Err(Ended::Params { needed });
        }
        let params = params.iter().map(Param);
        match connection.client.query_raw(&compiled.statement, params).await {
            Ok(stream) => break (compiled, stream),
            // A table was changed since the statement was prepared. The server has not run it.
            Err(error) if again && error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) => {
                connection.forget(sql);
                again = false;
            }
            Err(error) => return Err(error.into()),
        }
    };
    let mut stream = std::pin::pin!(stream);
    let mut list = Array::new();
    let mut size = 0usize;
    while let Some(row) = stream.try_next().await? {
        size = size.saturating_add(row.raw_size_bytes());
        if size > max_result {
            let message = format!(
                "the result is larger than {max_result} bytes; ask for less with `limit`, or set `maxResult` in `config {block}`"
            );
            return Err(Ended::CutOff(error::local(message, sql)));
        }
        let object = rows::object(&row, &compiled.columns).ok_or_else(|| {
            let message = "a value is not in the form that its type promises".into();
            Ended::CutOff(error::local(message, sql))
        })?;
        list.push(object);
    }
    let has_rows = !compiled.columns.is_empty();
    let count = match has_rows {
        false => stream.rows_affected().unwrap_or(0),
        true => list.len() as u64,
    };
    Ok(SqlAnswer { rows: list, count, has_rows })
}
