//! Rows as JSON, without loss.

use std::error::Error;

use rejoin_value::{Array, Number, Object, Value, json};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};

use super::bytes::Bytes;
use super::calendar;
use super::numeric;
use crate::hex::hex;

/// One row as an object, its columns in the order of the statement.
///
/// `None` if a value is not in the form that its type promises.
pub(super) fn object(row: &Row, names: &[String]) -> Option<Object> {
    let mut object = Object::with_capacity(names.len());
    for (n, (name, column)) in names.iter().zip(row.columns()).enumerate() {
        let raw: Raw<'_> = row.try_get(n).ok()?;
        let value = match raw.0 {
            None => Value::Null,
            Some(bytes) => read(column.type_(), bytes)?,
        };
        object.insert(name.as_str(), value);
    }
    Some(object)
}

/// The bytes of any value.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Whether [`read`] knows the type's binary form. The others are printed by the server.
pub(super) fn is_readable(ty: &Type) -> bool {
    match ty.kind() {
        Kind::Domain(inner) | Kind::Array(inner) => is_readable(inner),
        Kind::Composite(fields) => fields.iter().all(|field| is_readable(field.type_())),
        Kind::Enum(_) => true,
        Kind::Simple | Kind::Pseudo => READABLE.contains(ty),
        _ => false,
    }
}

const READABLE: &[Type] = &[
    Type::BOOL,
    Type::INT2,
    Type::INT4,
    Type::INT8,
    Type::OID,
    Type::FLOAT4,
    Type::FLOAT8,
    Type::NUMERIC,
    Type::TEXT,
    Type::VARCHAR,
    Type::BPCHAR,
    Type::NAME,
    Type::UNKNOWN,
    Type::JSON,
    Type::JSONB,
    Type::UUID,
    Type::BYTEA,
    Type::DATE,
    Type::TIME,
    Type::TIMESTAMP,
    Type::TIMESTAMPTZ,
    Type::VOID,
];

/// A value from its binary form.
fn read(ty: &Type, raw: &[u8]) -> Option<Value> {
    let mut bytes = Bytes(raw);
    match ty.kind() {
        Kind::Domain(inner) => return read(inner, raw),
        Kind::Array(member) => return array(member, &mut bytes),
        Kind::Composite(fields) => {
            let mut object = Object::new();
            bytes.i32()?;
            for field in fields {
                bytes.i32()?;
                let value = match bytes.counted()? {
                    None => Value::Null,
                    Some(raw) => read(field.type_(), raw)?,
                };
                object.insert(field.name(), value);
            }
            return Some(object.into());
        }
        Kind::Enum(_) => return text(raw),
        _ => {}
    }
    Some(match *ty {
        Type::BOOL => (*raw.first()? != 0).into(),
        Type::INT2 => i64::from(bytes.i16()?).into(),
        Type::INT4 => i64::from(bytes.i32()?).into(),
        Type::INT8 => bytes.i64()?.into(),
        Type::OID => i64::from(bytes.i32()?.cast_unsigned()).into(),
        // The shortest text of a float is the one of the value that was stored.
        Type::FLOAT4 => float(&f32::from_bits(bytes.i32()?.cast_unsigned()).to_string()),
        Type::FLOAT8 => float(&f64::from_bits(bytes.i64()?.cast_unsigned()).to_string()),
        Type::NUMERIC => numeric::read(&mut bytes)?,
        Type::JSON => json::parse(raw).ok()?,
        // Its first byte is the version of the form.
        Type::JSONB => json::parse(raw.get(1..)?).ok()?,
        Type::UUID => uuid(raw)?.into(),
        Type::BYTEA => format!("\\x{}", hex(raw)).into(),
        Type::DATE => calendar::date(bytes.i32()?).into(),
        Type::TIME => calendar::time(bytes.i64()?).into(),
        Type::TIMESTAMP => calendar::timestamp(bytes.i64()?, "").into(),
        Type::TIMESTAMPTZ => calendar::timestamp(bytes.i64()?, "+00:00").into(),
        Type::VOID => Value::Null,
        _ => return text(raw),
    })
}

fn text(raw: &[u8]) -> Option<Value> {
    std::str::from_utf8(raw).ok().map(Value::from)
}

/// JSON has no number for `NaN` and the infinities.
fn float(text: &str) -> Value {
    match text {
        "inf" => "Infinity".into(),
        "-inf" => "-Infinity".into(),
        _ => Number::parse(text).map_or_else(|| text.into(), Value::from),
    }
}

fn uuid(raw: &[u8]) -> Option<String> {
    let text = hex(raw);
    let part = |from, to| text.get(from..to);
    Some(format!(
        "{}-{}-{}-{}-{}",
        part(0, 8)?,
        part(8, 12)?,
        part(12, 16)?,
        part(16, 20)?,
        part(20, 32)?
    ))
}

fn array(member: &Type, bytes: &mut Bytes<'_>) -> Option<Value> {
    let dimensions = bytes.i32()?;
    // Whether there are nulls, and the type of the elements, which is known.
    bytes.i64()?;
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(usize::try_from(bytes.i32()?).ok()?);
        // Where its numbering begins; JSON's begins at 0.
        bytes.i32()?;
    }
    match lengths.as_slice() {
        [] => Some(Array::new().into()),
        lengths => elements(member, lengths, bytes),
    }
}

fn elements(member: &Type, lengths: &[usize], bytes: &mut Bytes<'_>) -> Option<Value> {
    let Some((length, inner)) = lengths.split_first() else {
        return match bytes.counted()? {
            None => Some(Value::Null),
            Some(raw) => read(member, raw),
        };
    };
    let mut items = Vec::new();
    for _ in 0..*length {
        items.push(elements(member, inner, bytes)?);
    }
    Some(items.into())
}
