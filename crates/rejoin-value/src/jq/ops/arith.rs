//! The operators `+ - * / %`, negation, `length` and `contains`.

use super::{Fail, Outcome, fail, shown};
use crate::{
    Array, Number, Object, Str, Value,
    jq::limits::{charge, charge_items, charge_string, tick, tick_many},
};

fn two(left: &Value, right: &Value, what: &str) -> Fail {
    Fail(format!("{} and {} {what}", shown(left), shown(right)).into())
}

fn number(n: impl Into<Number>) -> Value {
    Value::Number(n.into())
}

/// `left + right`
pub(in crate::jq) fn add(left: Value, right: Value) -> Outcome {
    Ok(match (left, right) {
        (Value::Null, value) | (value, Value::Null) => value,
        (Value::Number(l), Value::Number(r)) => match (l.as_int(), r.as_int()) {
            (Some(l), Some(r)) if let Some(sum) = l.checked_add(r) => number(sum),
            _ => number(l.as_f64() + r.as_f64()),
        },
        (Value::String(l), Value::String(r)) => {
            charge_string(l.len() + r.len());
            Str::concat(&l, &r).into()
        }
        (Value::Array(l), Value::Array(r)) if l.is_empty() => Value::Array(r),
        (Value::Array(mut l), Value::Array(r)) => {
            charge_items(r.len());
            tick_many(r.len());
            l.extend(r);
            Value::Array(l)
        }
        (Value::Object(mut l), Value::Object(r)) => {
            charge(r.len() * 64);
            tick_many(r.len());
            l.extend(r);
            Value::Object(l)
        }
        (left, right) => return Err(two(&left, &right, "cannot be added")),
    })
}

/// `left - right`
pub(in crate::jq) fn sub(left: &Value, right: &Value) -> Outcome {
    Ok(match (left, right) {
        (Value::Number(l), Value::Number(r)) => match (l.as_int(), r.as_int()) {
            (Some(l), Some(r)) if let Some(difference) = l.checked_sub(r) => number(difference),
            _ => number(l.as_f64() - r.as_f64()),
        },
        (Value::Array(l), Value::Array(r)) => {
            tick_many(l.len().saturating_mul(r.len()));
            charge_items(l.len());
            l.iter().filter(|item| !r.contains(item)).cloned().collect::<Array>().into()
        }
        _ => return Err(two(left, right, "cannot be subtracted")),
    })
}

/// `left * right`
pub(in crate::jq) fn mul(left: Value, right: Value) -> Outcome {
    Ok(match (left, right) {
        (Value::Number(l), Value::Number(r)) => match (l.as_int(), r.as_int()) {
            (Some(l), Some(r)) if let Some(product) = l.checked_mul(r) => number(product),
            _ => number(l.as_f64() * r.as_f64()),
        },
        (Value::String(s), Value::Number(n)) | (Value::Number(n), Value::String(s)) => {
            repeat(&s, n.as_f64())
        }
        (Value::Object(l), Value::Object(r)) => Value::Object(merge(l, r)),
        (left, right) => return Err(two(&left, &right, "cannot be multiplied")),
    })
}

fn repeat(text: &str, times: f64) -> Value {
    if times.is_nan() || times <= 0.0 {
        return Value::Null;
    }
    let times = times.clamp(1.0, 1e18) as usize;
    charge_string(text.len().saturating_mul(times));
    tick_many(times.min(1 << 20));
    text.repeat(if text.is_empty() { 1 } else { times }).into()
}

fn merge(mut left: Object, right: Object) -> Object {
    tick();
    charge(right.len() * 64);
    for (key, value) in right {
        match (left.get(&key), value) {
            (Some(Value::Object(_)), Value::Object(r)) => {
                let slot = left.entry(&key);
                if let Value::Object(l) = slot.take() {
                    *slot = Value::Object(merge(l, r));
                }
            }
            (_, value) => {
                left.insert(key, value);
            }
        }
    }
    left
}

/// `left / right`
pub(in crate::jq) fn div(left: &Value, right: &Value) -> Outcome {
    match (left, right) {
        (Value::Number(l), Value::Number(r)) => {
            if r.as_f64() == 0.0 {
                return Err(two(left, right, "cannot be divided because the divisor is zero"));
            }
            Ok(match (l.as_int(), r.as_int()) {
                (Some(l), Some(r)) if l.checked_rem(r) == Some(0) => number(l / r),
                _ => number(l.as_f64() / r.as_f64()),
            })
        }
        (Value::String(l), Value::String(r)) => Ok(super::split(l, r)),
        _ => Err(two(left, right, "cannot be divided")),
    }
}

/// `left % right`, which cuts both to whole numbers; the sign is that of the left.
pub(in crate::jq) fn rem(left: &Value, right: &Value) -> Outcome {
    let (Value::Number(l), Value::Number(r)) = (left, right) else {
        return Err(two(left, right, "cannot be divided"));
    };
    if l.is_nan() || r.is_nan() {
        return Ok(number(f64::NAN));
    }
    // Doubles beyond the range stop at its ends.
    let cut = |n: &Number| n.as_int().unwrap_or_else(|| n.as_f64() as i64);
    match cut(r) {
        0 => Err(two(left, right, "cannot be divided (remainder) because the divisor is zero")),
        // The one quotient that overflows.
        -1 => Ok(number(0)),
        r => Ok(number(cut(l) % r)),
    }
}

/// `-value`
pub(in crate::jq) fn neg(value: &Value) -> Outcome {
    match value {
        Value::Number(n) => Ok(Value::Number(n.negated())),
        _ => fail(format!("{} cannot be negated", shown(value))),
    }
}

/// `length`
pub(in crate::jq) fn length(value: &Value) -> Outcome {
    Ok(match value {
        Value::Null => number(0),
        Value::Bool(_) => return fail(format!("{} has no length", shown(value))),
        Value::Number(n) if n.as_f64() < 0.0 => Value::Number(n.negated()),
        Value::Number(n) => Value::Number(n.clone()),
        Value::String(s) => {
            tick_many(s.len() / 64);
            number(s.chars().count())
        }
        Value::Array(array) => number(array.len()),
        Value::Object(object) => number(object.len()),
    })
}

/// `left | contains(right)`
pub(in crate::jq) fn contains(left: &Value, right: &Value) -> Outcome<bool> {
    tick();
    Ok(match (left, right) {
        (Value::String(l), Value::String(r)) => {
            tick_many(l.len() / 16);
            l.contains(r.as_str())
        }
        (Value::Array(l), Value::Array(r)) => {
            for r in r {
                let mut found = false;
                for l in l {
                    if l.type_name() == r.type_name() && contains(l, r)? {
                        found = true;
                        break;
                    }
                }
                if !found {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Object(l), Value::Object(r)) => {
            for (key, r) in r {
                match l.get(key) {
                    Some(l) if l.type_name() == r.type_name() && contains(l, r)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        _ if left.type_name() == right.type_name() => left == right,
        _ => {
            let what = "cannot have their containment checked";
            return Err(two(left, right, what));
        }
    })
}
