//! Values as parameters of SQLite.

use rejoin_value::Value;
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{Statement, ToSql};

/// A value on its way into a statement. Nothing is lost: what SQLite has no type for goes as text.
struct Param<'a>(&'a Value);

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Null => ToSqlOutput::Owned(Owned::Null),
            Value::Bool(yes) => ToSqlOutput::Owned(Owned::Integer((*yes).into())),
            Value::String(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Number(number) => ToSqlOutput::Owned(match number.as_i64() {
                Some(whole) => Owned::Integer(whole),
                // A whole number beyond 64 bits is no double, either.
                None if number.is_whole() && !is_double(number) => Owned::Text(number.to_string()),
                None => Owned::Real(number.as_f64()),
            }),
            Value::Array(_) | Value::Object(_) => ToSqlOutput::Owned(Owned::Text(self.0.to_json())),
        })
    }
}

/// Whether it has the digits of a double: 2^63 as it was written has others than the double of that value.
fn is_double(number: &rejoin_value::Number) -> bool {
    rejoin_value::Number::from(number.as_f64()).to_string() == number.to_string()
}

/// Why the parameters do not fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// How many there must be.
    Number(usize),
    /// A placeholder that is none of `$1`, `?1`, `?`.
    Named(String),
}

/// Where each placeholder of a statement gets its value from, and how many values there are.
///
/// SQLite knows `$1` as a name, and numbers such names as they come. Here it is what it is everywhere else: the first value.
pub(super) fn places(statement: &Statement<'_>) -> Result<(Vec<usize>, usize), Misfit> {
    let mut places = Vec::new();
    let mut needed = 0;
    for index in 1..=statement.parameter_count() {
        let place = match statement.parameter_name(index) {
            // `?`, or a number that `?7` skipped.
            None => index,
            Some(name) => match name.strip_prefix(['$', '?']).map(str::parse::<usize>) {
                Some(Ok(number)) if number > 0 => number,
                _ => return Err(Misfit::Named(name.to_owned())),
            },
        };
        needed = needed.max(place);
        places.push(place - 1);
    }
    Ok((places, needed))
}

/// Binds the values.
pub(super) fn bind(
    statement: &mut Statement<'_>,
    values: &[Value],
) -> rusqlite::Result<Result<(), Misfit>> {
    let (places, needed) = match places(statement) {
        Ok(places) => places,
        Err(misfit) => return Ok(Err(misfit)),
    };
    if needed != values.len() {
        return Ok(Err(Misfit::Number(needed)));
    }
    for (index, place) in places.into_iter().enumerate() {
        if let Some(value) = values.get(place) {
            statement.raw_bind_parameter(index + 1, Param(value))?;
        }
    }
    Ok(Ok(()))
}
