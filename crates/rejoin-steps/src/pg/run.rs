//! A call of `pg`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use rejoin::Instant;
use rejoin_engine::{Abort, Called, DomainError, Input, Prepared, StepError, StepOutput};
use rejoin_value::{Array, Value, object};
use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};

use super::error;
use super::params::Param;
use super::pool::{Lease, Pool};
use super::rows;
use super::settings::PgSettings;
use super::statement::leaves_no_trace;
use crate::sql_params::{sql_params, wrong_number};

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
        let Some(pool) = &self.pool else {
            return Err(StepError::Abort(Abort {
                title: "database not configured".into(),
                detail: "`pg` needs a `host` or a `url` in `config pg`".into(),
            }));
        };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let mut lease =
            pool.lease().await.map_err(|problem| error::of_connection(&problem, &self.sql))?;
        match self.exchange(&mut lease, params, left, pool.settings()).await {
            Ok(value) => {
                self.put_back(lease);
                if self.raw { self.only_value(&value) } else { Ok(value) }
            }
            Err(Ended::Refused(error)) => {
                // An error of the statement ends the exchange. After one that ends the session, or that
                // is not the server's, there is nothing to go on with.
                match error.as_db_error().map(|db| db.parsed_severity()) {
                    Some(Some(Severity::Error)) => self.put_back(lease),
                    _ => lease.discard(),
                }
                Err(error::of_statement(&error, &self.sql).into())
            }
            Err(Ended::Params { needed }) => {
                self.put_back(lease);
                let given = params.len();
                Err(StepError::Failed(wrong_number(needed, given)))
            }
            // What is still under way is cancelled when the lease is dropped.
            Err(Ended::CutOff(error)) => Err(error.into()),
        }
    }
}

/// How an exchange ended without rows.
enum Ended {
    Refused(Error),
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

    async fn exchange(
        &self,
        lease: &mut Lease,
        params: &[Value],
        left: Option<Duration>,
        settings: &PgSettings,
    ) -> Result<Value, Ended> {
        let (max_result, block) = (settings.max_result, settings.block);
        let connection = lease.connection();
        connection.stop_after(left).await?;
        let mut again = true;
        let (compiled, stream) = loop {
            let compiled = connection.compiled(&self.sql).await?;
            let needed = compiled.statement.params().len();
            if needed != params.len() {
                return Err(Ended::Params { needed });
            }
            let params = params.iter().map(Param);
            match connection.client.query_raw(&compiled.statement, params).await {
                Ok(stream) => break (compiled, stream),
                // A table was changed since the statement was prepared. The server has not run it.
                Err(error) if again && error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) => {
                    connection.forget(&self.sql);
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
                return Err(Ended::CutOff(error::local(message, &self.sql)));
            }
            let object = rows::object(&row, &compiled.columns).ok_or_else(|| {
                let message = "a value is not in the form that its type promises".into();
                Ended::CutOff(error::local(message, &self.sql))
            })?;
            list.push(object);
        }
        let count = match compiled.columns.is_empty() {
            true => stream.rows_affected().unwrap_or(0),
            false => list.len() as u64,
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Ok(object! { "rows": list, "rowCount": count }.into())
    }
}
