//! From an answer of the server to a value.

use redis::Value;
use rejoin_engine::Datum;

use super::command::{Shape, To};
use super::{failure, refused};

/// Answers may nest this deep; none of these commands has one that does.
const DEEPEST: usize = 8;

pub(super) fn value(shape: Shape, answer: Value) -> Result<Datum, Datum> {
    let answer = datum(answer, DEEPEST)?;
    Ok(match (shape.to, answer) {
        (To::Unit, _) => Datum::None,
        (To::Bool, answer) => Datum::Bool(matches!(answer, Datum::Int(1..) | Datum::Bool(true))),
        // There is no key, or it has no end.
        (To::Time, Datum::Int(..0)) => Datum::None,
        // The older protocol has a list of fields and values in turn.
        (To::Map, Datum::List(items)) => {
            let fields = items.chunks_exact(2).map(|pair| (key(&pair[0]), pair[1].clone()));
            Datum::map(fields.collect())
        }
        (_, answer) => answer,
    })
}

fn datum(answer: Value, depth: usize) -> Result<Datum, Datum> {
    let below =
        || depth.checked_sub(1).ok_or_else(|| refused("Redis: an answer that nests too deep"));
    Ok(match answer {
        Value::Nil => Datum::None,
        Value::Okay => Datum::text("OK"),
        Value::Int(number) => Datum::Int(number),
        Value::Double(number) => Datum::Float(number),
        Value::Boolean(value) => Datum::Bool(value),
        Value::SimpleString(text) => Datum::text(text),
        Value::VerbatimString { text, .. } => Datum::text(text),
        Value::BulkString(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Datum::text(text),
            Err(not) => Datum::bytes(not.into_bytes()),
        },
        Value::Array(items) | Value::Set(items) => {
            let depth = below()?;
            let items = items.into_iter().map(|item| datum(item, depth));
            Datum::List(items.collect::<Result<_, _>>()?)
        }
        Value::Map(pairs) => {
            let depth = below()?;
            let fields = pairs
                .into_iter()
                .map(|(name, value)| Ok((key(&datum(name, depth)?), datum(value, depth)?)));
            Datum::map(fields.collect::<Result<_, Datum>>()?)
        }
        Value::ServerError(error) => return Err(failure(&error.into())),
        _ => return Err(refused("Redis: an answer that no command here has")),
    })
}

fn key(value: &Datum) -> std::sync::Arc<str> {
    match value.as_bytes() {
        Some(bytes) => String::from_utf8_lossy(bytes).into(),
        None => value.to_json().to_json().into(),
    }
}
