//! Types that have no parts: numbers, texts, bytes and points in time, as JSON and rows of databases have them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rejoin_value::Value;

use super::Datum;

/// A value of a type that has no parts, if the type is one; within, whether the value fits.
pub(super) fn made(name: &str, value: &Value, is_row: bool) -> Option<Option<Datum>> {
    let datum = || Datum::from(value);
    Some(match (name, value) {
        ("Int", Value::Number(_)) => Some(datum()).filter(|datum| matches!(datum, Datum::Int(_))),
        ("Float", Value::Number(_)) => Some(match datum() {
            Datum::Int(number) => Datum::Float(number as f64),
            other => other,
        }),
        // A database may give the text of a number that it has more digits of.
        ("Int", Value::String(text)) if is_row => text.as_str().parse().ok().map(Datum::Int),
        ("Float", Value::String(text)) if is_row && is_decimal(text.as_str()) => {
            text.as_str().parse().ok().map(Datum::Float)
        }
        ("Bool", Value::Number(number)) if is_row => {
            number.as_i64().filter(|n| matches!(n, 0 | 1)).map(|n| Datum::Bool(n == 1))
        }
        // Seconds since 1970.
        ("DateTime", Value::Number(_)) => {
            Some(datum()).filter(|datum| matches!(datum, Datum::Int(_)))
        }
        ("Bool", Value::Bool(_))
        | ("String" | "DateTime", Value::String(_))
        | ("Decimal", Value::Number(_)) => Some(datum()),
        ("Char", Value::String(text)) => {
            Some(datum()).filter(|_| text.as_str().chars().count() == 1)
        }
        // A text keeps all of its digits.
        ("Decimal", Value::String(text)) => Some(datum()).filter(|_| is_decimal(text.as_str())),
        ("Bytes", Value::String(text)) => bytes(text.as_str(), is_row),
        ("None" | "Unit", Value::Null) => Some(Datum::None),
        (
            "Int" | "Float" | "Bool" | "String" | "Char" | "DateTime" | "Decimal" | "Bytes"
            | "None" | "Unit",
            _,
        ) => None,
        _ => return None,
    })
}

/// Whether a value is of such a type as it is, and nothing has to be made of it.
pub(super) fn is_exact(name: &str, value: &Value) -> bool {
    let is_whole = matches!(value, Value::Number(number) if number.as_i64().is_some());
    !(is_whole && matches!(name, "Float" | "DateTime"))
}

/// Bytes as a text has them: in base 64, and in a row as `\x` and hexadecimal digits.
fn bytes(text: &str, is_row: bool) -> Option<Datum> {
    let digits = text.strip_prefix("\\x").filter(|_| is_row);
    let Some(digits) = digits else { return Some(Datum::bytes(STANDARD.decode(text).ok()?)) };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    Some(Datum::bytes(pairs.collect::<Option<Vec<u8>>>()?))
}

/// Whether a text is a number as it is written: digits, with a sign, a fraction and an exponent.
fn is_decimal(text: &str) -> bool {
    let is_sign = |c: char| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
    text.chars().all(is_sign) && text.parse::<f64>().is_ok_and(f64::is_finite)
}
