//! Between numbers, texts and JSON.

use super::{Fail, Outcome, fail, shown};
use crate::{
    Number, Value,
    jq::limits::{charge_string, tick, tick_many},
};

/// `tojson`
pub(in crate::jq) fn tojson(value: &Value) -> Value {
    let text = value.to_json();
    charge_string(text.len());
    tick_many(text.len() / 64);
    text.into()
}

/// `tostring`
pub(in crate::jq) fn tostring(value: Value) -> Value {
    match value {
        Value::String(_) => value,
        // Most numbers are short enough to need no memory.
        Value::Number(number) if let Some(int) = number.as_int() => {
            let mut digits = itoa::Buffer::new();
            let text = digits.format(int);
            charge_string(text.len());
            text.into()
        }
        other => tojson(&other),
    }
}

/// `fromjson`
pub(in crate::jq) fn fromjson(value: &Value) -> Outcome {
    let Value::String(text) = value else {
        return fail(format!("{} cannot be parsed as JSON", shown(value)));
    };
    if text.trim() == "nan" {
        return Ok(f64::NAN.into());
    }
    // A document takes about five times the memory of its text.
    charge_string(text.len());
    tick_many(text.len() / 16);
    Value::parse(text.as_bytes()).map_err(|e| Fail(format!("{e} (while parsing '{text}')").into()))
}

/// `tonumber`
pub(in crate::jq) fn tonumber(value: Value) -> Outcome {
    let parsed = match &value {
        Value::Number(_) => return Ok(value),
        Value::String(text) => {
            let text = text.trim();
            let plain =
                text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'));
            if text == "nan" {
                Some(f64::NAN.into())
            } else {
                plain.then(|| Number::parse(text)).flatten()
            }
        }
        _ => None,
    };
    match parsed {
        Some(n) => Ok(Value::Number(n)),
        None => fail(format!("{} cannot be parsed as a number", shown(&value))),
    }
}

/// `toboolean`
pub(in crate::jq) fn toboolean(value: &Value) -> Outcome {
    match value {
        Value::Bool(b) => Ok((*b).into()),
        Value::String(s) if s == "true" => Ok(true.into()),
        Value::String(s) if s == "false" => Ok(false.into()),
        _ => fail(format!("{} cannot be parsed as a boolean", shown(value))),
    }
}

/// The double behind a number, for the functions of mathematics.
pub(in crate::jq) fn double(value: &Value) -> Outcome<f64> {
    match value {
        Value::Number(n) => Ok(n.as_f64()),
        _ => fail(format!("{} number required", shown(value))),
    }
}

/// A double as the whole number that it is, if it is one.
pub(in crate::jq) fn whole(x: f64) -> Value {
    let n = Number::from(x);
    n.as_i64().map_or(Value::Number(n), Value::from)
}

/// `floor`, `round`, `ceil`, …: long integers stay as they are.
pub(in crate::jq) fn rounded(value: Value, round: fn(f64) -> f64) -> Outcome {
    match &value {
        Value::Number(n) if n.is_whole() => match n.as_i64() {
            Some(n) => Ok(n.into()),
            None => Ok(value),
        },
        other => Ok(whole(round(double(other)?))),
    }
}

/// `abs`
pub(in crate::jq) fn abs(value: Value) -> Outcome {
    match &value {
        Value::Number(n) if n.as_f64() < 0.0 => Ok(Value::Number(n.negated())),
        Value::Number(_) => Ok(value),
        other => fail(format!("{} has no absolute value", shown(other))),
    }
}

/// `range(from; to; by)`
pub(in crate::jq) fn range(
    from: &Value,
    to: &Value,
    by: &Value,
) -> Outcome<impl Iterator<Item = Value> + use<>> {
    let (Value::Number(from), Value::Number(to), Value::Number(by)) = (from, to, by) else {
        return fail("Range bounds must be numeric");
    };
    // Whole numbers stay exact; doubles are added up one by one, as jq does.
    let whole = match (from.as_i64(), by.as_i64()) {
        (Some(from), Some(by)) => Some((from, by)),
        _ => None,
    };
    let (to, by) = (to.clone(), by.clone());
    let (zero, mut next) = (Number::from(0), Some(from.clone()));
    let mut step = whole;
    Ok(std::iter::from_fn(move || {
        tick();
        let now = next.take()?;
        let within = if by > zero { now < to } else { by < zero && now > to };
        if !within {
            return None;
        }
        next = match &mut step {
            Some((at, by)) => match at.checked_add(*by) {
                Some(sum) => {
                    *at = sum;
                    Some(sum.into())
                }
                None => None,
            },
            None => Some((now.as_f64() + by.as_f64()).into()),
        };
        Some(Value::Number(now))
    }))
}
