//! Rows of SQLite as JSON, without loss.

use rejoin_value::{Object, Value, json};
use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement};

use crate::hex::hex;

/// A column: its name, and what its table says that it holds.
pub(super) struct Column {
    name: String,
    holds: Holds,
}

/// SQLite has five types of values; what a table declares may say more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Anything,
    /// Declared `boolean`: 0 and 1 mean `false` and `true`.
    Bool,
    /// Declared `json`: a text that is JSON means its value.
    Json,
}

impl Holds {
    fn declared(name: Option<&str>) -> Self {
        match name.unwrap_or_default().to_ascii_lowercase().as_str() {
            "bool" | "boolean" => Self::Bool,
            "json" | "jsonb" => Self::Json,
            _ => Self::Anything,
        }
    }
}

pub(super) fn columns(statement: &Statement<'_>) -> Vec<Column> {
    let columns = statement.columns();
    columns
        .map(|column| Column {
            name: column.name().to_owned(),
            holds: Holds::declared(column.decl_type()),
        })
        .collect()
}

/// One row as an object, its columns in the order of the statement, and its size in bytes.
///
/// `Err` names a column whose text is no text.
pub(super) fn object(
    row: &Row<'_>,
    columns: &[Column],
) -> rusqlite::Result<Result<(Object, usize), String>> {
    let mut object = Object::with_capacity(columns.len());
    let mut size = 0usize;
    for (n, column) in columns.iter().enumerate() {
        let raw = row.get_ref(n)?;
        size = size.saturating_add(match raw {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
            _ => size_of::<i64>(),
        });
        let Some(value) = value(raw, column.holds) else { return Ok(Err(column.name.clone())) };
        object.insert(column.name.as_str(), value);
    }
    Ok(Ok((object, size)))
}

fn value(raw: ValueRef<'_>, holds: Holds) -> Option<Value> {
    Some(match (raw, holds) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(n @ (0 | 1)), Holds::Bool) => (n == 1).into(),
        (ValueRef::Integer(n), _) => n.into(),
        (ValueRef::Real(x), _) if x.is_finite() => x.into(),
        (ValueRef::Real(x), _) => if x > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        (ValueRef::Text(text), holds) => {
            let parsed = (holds == Holds::Json).then(|| json::parse(text).ok()).flatten();
            match parsed {
                Some(value) => value,
                None => std::str::from_utf8(text).ok()?.into(),
            }
        }
        (ValueRef::Blob(bytes), _) => format!("\\x{}", hex(bytes)).into(),
    })
}
