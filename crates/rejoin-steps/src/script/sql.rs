//! `executeSql`: statements of scripts, on the program's database.
//!
//! A script blocks its thread while a statement runs. The statement itself runs in the task of the request, so it ends with
//! the request as that of a step does.

use rejoin_engine::{Context, StepError};
use rejoin_value::Value;
use tokio::sync::{mpsc, oneshot};

use super::mentioned;
use crate::database::Statements;

/// A statement that a script asks for.
pub(crate) struct Ask {
    sql: String,
    params: Vec<Value>,
    answer: oneshot::Sender<Result<Value, String>>,
}

/// Why a script has no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SqlEnd {
    /// The database, or what leads to it, says no.
    Refused(String),
    /// Nobody waits for the script any more.
    Stopped,
}

/// Whether a script runs statements itself. Those that it requires are not looked into.
pub(crate) fn runs_statements(text: &str) -> bool {
    mentioned(text, ["executeSql"].into_iter()).next().is_some()
}

/// Hands a statement over and blocks until it has ended.
pub(super) fn ask(
    asks: &mpsc::Sender<Ask>,
    sql: &str,
    params: Vec<Value>,
) -> Result<Value, SqlEnd> {
    let (answer, answered) = oneshot::channel();
    let ask = Ask { sql: sql.to_owned(), params, answer };
    asks.blocking_send(ask).map_err(|_| SqlEnd::Stopped)?;
    match answered.blocking_recv() {
        Ok(answer) => answer.map_err(SqlEnd::Refused),
        Err(_) => Err(SqlEnd::Stopped),
    }
}

/// What a script may keep of all its answers, in bytes.
pub(super) struct Room(pub(super) usize);

impl Ask {
    /// Runs it and hands the answer to the script.
    ///
    /// # Cancel safety
    /// Dropping the future stops the statement.
    pub(super) async fn run(
        self,
        database: Option<&Statements>,
        context: &Context,
        room: &mut Room,
    ) {
        let answer = match database {
            None => Err("database not configured".to_owned()),
            Some(_) if self.sql.trim().is_empty() => Err("the statement is empty".to_owned()),
            Some(database) => {
                let ran = database.prepare(&self.sql).run(&self.params, context).await;
                if let Err(StepError::Domain(error)) = &ran {
                    context.log_error(format_args!("executeSql"), error);
                }
                ran.map_err(message).and_then(|rows| room.take(rows))
            }
        };
        // The script may have been stopped.
        let _ = self.answer.send(answer);
    }
}

impl Room {
    fn take(&mut self, rows: Value) -> Result<Value, String> {
        match self.0.checked_sub(size(&rows)) {
            Some(left) => {
                self.0 = left;
                Ok(rows)
            }
            None => {
                self.0 = 0;
                Err("the rows of this script's statements take more memory than it may hold; ask for less with `limit`".into())
            }
        }
    }
}

/// About how much memory a value takes.
fn size(value: &Value) -> usize {
    let within = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(object) => object.iter().map(|(key, value)| key.len() + size(value)).sum(),
        _ => 0,
    };
    within + size_of::<Value>()
}

fn message(error: StepError) -> String {
    match error {
        StepError::Domain(error) => error.message,
        StepError::Failed(message) => message,
        StepError::Abort(abort) => abort.title,
    }
}
