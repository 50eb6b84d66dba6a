//! What databases answer and refuse, as values of functions.

use rejoin_engine::{Datum, StepError, StoreAnswer, db_error};
use rejoin_value::Value;

use crate::sql_answer::SqlAnswer;

pub(super) fn answer(answer: SqlAnswer) -> StoreAnswer {
    let rows = answer.rows.as_slice().iter().map(Datum::from).collect();
    StoreAnswer { rows, count: answer.count, has_rows: answer.has_rows }
}

/// The failure `DbError`.
pub(super) fn failure(error: StepError) -> Datum {
    match error {
        StepError::Domain(error) => {
            let state = error.fields.get("sqlstate").and_then(Value::as_str);
            db_error("E-QUERY-012", state, &settings_named(&error.message))
        }
        StepError::Failed(message) => db_error("E-QUERY-012", None, &message),
        StepError::Abort(abort) => db_error("E-QUERY-012", None, &abort.detail),
    }
}

/// Messages of the steps name settings that functions do not have: what stands behind `;` there is no mend here.
fn settings_named(message: &str) -> String {
    match message.split_once("; ") {
        Some((what, mend)) if mend.contains("` in `config ") => what.to_owned(),
        _ => message.to_owned(),
    }
}
