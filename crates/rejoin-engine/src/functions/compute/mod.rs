//! The operations of `compute`: numbers, logic and conversions here, the others by what they work on.

mod bytes;
mod date;
mod list;
mod map;
mod set;

use std::cmp::Ordering;

pub(super) use date::is_time;

use super::{Datum, Record, equality, library};

/// What went wrong in an operation.
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Operations that are functions of the library under another name.
const SYNONYMS: &[(&str, &str)] = &[
    ("upper", "text.upper"),
    ("lower", "text.lower"),
    ("trim", "text.trim"),
    ("trim_start", "text.trim_start"),
    ("trim_end", "text.trim_end"),
    ("str_len", "text.str_len"),
    ("byte_len", "text.byte_len"),
    ("is_empty", "text.is_empty"),
    ("str_reverse", "text.str_reverse"),
    ("split", "text.split"),
    ("join", "text.join"),
    ("repeat", "text.repeat"),
    ("replace", "text.replace"),
    ("slice", "text.slice"),
    ("starts_with", "text.starts_with"),
    ("ends_with", "text.ends_with"),
    ("index_of", "text.index_of"),
    ("char_at", "text.char_at"),
    ("pad_start", "text.pad_start"),
    ("pad_end", "text.pad_end"),
    ("contains", "text.contains"),
    ("list_len", "list.len"),
    ("list_first", "list.first"),
    ("list_last", "list.last"),
    ("list_is_empty", "list.is_empty"),
    ("list_flatten", "list.flatten"),
    ("list_get", "list.get"),
    ("list_append", "list.append"),
    ("list_contains", "list.contains"),
    ("map_get", "map.get"),
];

fn synonym(operation: &str) -> Option<&'static str> {
    SYNONYMS.iter().find(|(name, _)| *name == operation).map(|(_, function)| *function)
}

/// Applies an operation. `none` in any input gives `none`, except where values are compared for equality.
pub(super) fn apply(operation: &str, inputs: Vec<Datum>) -> Result<Datum, Fault> {
    if let [a, b] = &*inputs {
        match operation {
            "equals" => return Ok(Datum::Bool(a == b)),
            "not_equals" => return Ok(Datum::Bool(a != b)),
            _ => {}
        }
    }
    // A list or a map may hold `none`, or get one.
    let containers = ["list_", "map_", "set_"].iter().any(|kind| operation.starts_with(kind));
    let decisive = if containers { &inputs[..inputs.len().min(1)] } else { &inputs[..] };
    if decisive.contains(&Datum::None) {
        return Ok(Datum::None);
    }
    if let Some(function) = synonym(operation) {
        let called = library::call(function, &inputs);
        return called.unwrap_or(Ok(Datum::None)).map_err(|message| mismatch(operation, message));
    }
    if let Some((kind, name)) = operation.split_once('_')
        && let Some(done) = match kind {
            "list" => Some(list::apply(name, &inputs)),
            "map" => Some(map::apply(name, &inputs)),
            "set" => Some(set::apply(name, &inputs)),
            "dt" => Some(date::apply(name, &inputs)),
            "bytes" => Some(bytes::apply(name, &inputs)),
            _ => None,
        }
    {
        return done.map_err(|message| mismatch(operation, message));
    }
    use Datum::{Bool, Float, Int};
    let overflow = || Fault {
        code: "E-RT-ARITH",
        message: format!("`{operation}`: the result does not fit in 64 bits"),
    };
    let whole = |number: Option<i64>| number.map(Int).ok_or_else(overflow);
    match (operation, &*inputs) {
        ("and", [Bool(a), Bool(b)]) => Ok(Bool(*a && *b)),
        ("or", [Bool(a), Bool(b)]) => Ok(Bool(*a || *b)),
        ("not", [Bool(a)]) => Ok(Bool(!a)),
        ("div" | "mod", [Int(_), Int(0)]) => {
            Err(Fault { code: "E-RT-ARITH", message: format!("`{operation}` by zero") })
        }
        ("add", [Int(a), Int(b)]) => whole(a.checked_add(*b)),
        ("sub", [Int(a), Int(b)]) => whole(a.checked_sub(*b)),
        ("mul", [Int(a), Int(b)]) => whole(a.checked_mul(*b)),
        ("div", [Int(a), Int(b)]) => whole(a.checked_div(*b)),
        ("mod", [Int(a), Int(b)]) => whole(a.checked_rem(*b)),
        ("neg", [Int(a)]) => whole(a.checked_neg()),
        ("abs", [Int(a)]) => whole(a.checked_abs()),
        ("sign", [Int(a)]) => Ok(Int(a.signum())),
        ("bit_and", [Int(a), Int(b)]) => Ok(Int(a & b)),
        ("bit_or", [Int(a), Int(b)]) => Ok(Int(a | b)),
        ("bit_xor", [Int(a), Int(b)]) => Ok(Int(a ^ b)),
        ("bit_not", [Int(a)]) => Ok(Int(!a)),
        ("bit_shl" | "bit_shr" | "bit_ushr", [Int(a), Int(b)]) => {
            let by = u32::try_from(*b).ok().filter(|by| *by < 64).ok_or_else(|| Fault {
                code: "E-RT-ARITH",
                message: format!("`{operation}` by {b}: at least 0 and less than 64"),
            })?;
            Ok(Int(match operation {
                "bit_shl" => a << by,
                "bit_shr" => a >> by,
                _ => ((*a as u64) >> by) as i64,
            }))
        }
        ("add", [Datum::Text(_), Datum::Text(_)]) | ("concat", _) => {
            let texts: Option<Vec<&str>> = inputs.iter().map(Datum::as_text).collect();
            let texts = texts.ok_or_else(|| mismatch(operation, "needs texts"))?;
            // Twice as long in each turn of a loop: that ends somewhere.
            let size = texts.iter().map(|text| text.len()).fold(0, usize::saturating_add);
            library::sized(size).map_err(|message| mismatch(operation, message))?;
            Ok(Datum::text(texts.concat()))
        }
        ("min" | "max" | "less" | "greater" | "less_eq" | "greater_eq", [a, b]) => {
            let order = order(a, b).ok_or_else(|| mismatch(operation, pair(a, b)))?;
            Ok(match operation {
                "min" => {
                    if order.is_le() {
                        a.clone()
                    } else {
                        b.clone()
                    }
                }
                "max" => {
                    if order.is_ge() {
                        a.clone()
                    } else {
                        b.clone()
                    }
                }
                "less" => Bool(order.is_lt()),
                "greater" => Bool(order.is_gt()),
                "less_eq" => Bool(order.is_le()),
                _ => Bool(order.is_ge()),
            })
        }
        ("clamp", [value, low, high]) => {
            let raised = apply("max", vec![value.clone(), low.clone()])?;
            apply("min", vec![raised, high.clone()])
        }
        ("to_int", [Int(a)]) => Ok(Int(*a)),
        ("to_int", [Bool(a)]) => Ok(Int(i64::from(*a))),
        ("floor" | "ceil" | "round" | "trunc", [Int(a)]) => Ok(Int(*a)),
        ("floor" | "ceil" | "round" | "trunc" | "to_int", [Float(a)]) => {
            let rounded = match operation {
                "floor" => a.floor(),
                "ceil" => a.ceil(),
                "round" => a.round(),
                _ => a.trunc(),
            };
            // Exactly the doubles that an i64 can hold.
            let fits =
                (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded);
            whole(fits.then_some(rounded as i64))
        }
        ("floor" | "ceil" | "round" | "trunc" | "to_int", [Datum::Long(_)]) => Err(overflow()),
        ("to_string", [Datum::Text(text)]) => Ok(Datum::Text(text.clone())),
        ("to_string", [value]) => match library::json::compact(value) {
            Ok(text) => Ok(Datum::text(text)),
            Err(message) => Err(mismatch(operation, message)),
        },
        ("parse_int" | "to_int", [Datum::Text(text)]) => Ok(match text.trim().parse() {
            Ok(number) => Int(number),
            Err(_) => parse_error(text, "a whole number"),
        }),
        ("parse_float" | "to_float", [Datum::Text(text)]) => Ok(match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Float(number),
            _ => parse_error(text, "a number"),
        }),
        (_, [a]) => match float(a).and_then(|a| real(operation, a, 0.0)) {
            Some(result) => finite(operation, result),
            None => Err(mismatch(operation, format!("does not take {}", a.type_name()))),
        },
        (_, [a, b]) => match (float(a), float(b)) {
            (Some(x), Some(y)) => match real(operation, x, y) {
                Some(result) => finite(operation, result),
                None => Err(mismatch(operation, pair(a, b))),
            },
            _ => Err(mismatch(operation, pair(a, b))),
        },
        _ => Err(mismatch(operation, "has the wrong number of inputs")),
    }
}

fn real(operation: &str, a: f64, b: f64) -> Option<f64> {
    Some(match operation {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / b,
        "mod" => a % b,
        "pow" => a.powf(b),
        "neg" => -a,
        "abs" => a.abs(),
        "sign" if a == 0.0 => 0.0,
        "sign" => a.signum(),
        "sqrt" => a.sqrt(),
        "to_float" => a,
        _ => return None,
    })
}

fn finite(operation: &str, number: f64) -> Result<Datum, Fault> {
    match number.is_finite() {
        true => Ok(Datum::Float(number)),
        false => Err(Fault {
            code: "E-RT-ARITH",
            message: format!("`{operation}` has no finite result"),
        }),
    }
}

fn float(value: &Datum) -> Option<f64> {
    match value {
        Datum::Int(number) => Some(*number as f64),
        Datum::Float(number) => Some(*number),
        Datum::Long(number) => Some(number.as_f64()),
        _ => None,
    }
}

fn order(a: &Datum, b: &Datum) -> Option<Ordering> {
    match (a, b) {
        (Datum::Text(a), Datum::Text(b)) => Some(a.cmp(b)),
        _ => equality::order(a, b),
    }
}

fn parse_error(text: &str, wanted: &str) -> Datum {
    let shown: String = text.chars().take(40).collect();
    Datum::record("ParseError", [("message", Datum::text(format!("`{shown}` is not {wanted}")))])
}

/// The kinds of values that an operation does not take.
fn kinds(inputs: &[Datum]) -> String {
    let kinds: Vec<&str> = inputs.iter().map(Datum::type_name).collect();
    format!("does not take {}", kinds.join(" and "))
}

fn pair(a: &Datum, b: &Datum) -> String {
    format!("does not take {} and {}", a.type_name(), b.type_name())
}

fn mismatch(operation: &str, message: impl AsRef<str>) -> Fault {
    Fault { code: "E-TYPE-001", message: format!("`{operation}`: {}", message.as_ref()) }
}
