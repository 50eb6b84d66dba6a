//! The module `json`: texts to values and back.

use rejoin_value::Value;

use super::{Datum, refused, sized};

/// The widest indent of a level.
const WIDEST: usize = 16;

pub(super) fn call(name: &str, arguments: &[Datum]) -> Result<Datum, String> {
    use Datum::{Bool, Float, Int, List, Text};
    Ok(match (name, arguments) {
        ("parse", [Text(text)]) => match Value::parse(text.as_bytes()) {
            Ok(value) => Datum::from(&value),
            Err(error) => {
                let place = |at| Int(i64::try_from(at).unwrap_or(i64::MAX));
                let fields = [
                    ("message", Datum::text(error.to_string())),
                    ("line", place(error.line())),
                    ("column", place(error.column())),
                ];
                Datum::record("JsonError::ParseError", fields)
            }
        },
        ("parse", [other]) => {
            let fields =
                [("expected", Datum::text("String")), ("actual", Datum::text(other.type_name()))];
            Datum::record("JsonError::InvalidType", fields)
        }
        ("is_valid", [Text(text)]) => Bool(Value::parse(text.as_bytes()).is_ok()),
        ("stringify", [value]) => Datum::text(compact(value)?),
        ("format", [value] | [value, Datum::None]) => Datum::text(indented(value, 2)?),
        ("format", [value, Int(width)]) => match usize::try_from(*width) {
            Ok(0) => Datum::text(compact(value)?),
            Ok(width @ 1..=WIDEST) => Datum::text(indented(value, width)?),
            _ => return Err(format!("`indent` is a number from 0 to {WIDEST}")),
        },
        ("is_object", [value]) => Bool(matches!(value, Datum::Record(_))),
        ("is_array", [value]) => Bool(matches!(value, List(_))),
        ("is_string", [value]) => Bool(matches!(value, Text(_))),
        ("is_number", [value]) => Bool(matches!(value, Int(_) | Float(_) | Datum::Long(_))),
        ("is_bool", [value]) => Bool(matches!(value, Bool(_))),
        ("is_null", [value]) => Bool(*value == Datum::None),
        ("as_string", [value @ Text(_)])
        | ("as_number", [value @ (Int(_) | Float(_) | Datum::Long(_))])
        | ("as_bool", [value @ Bool(_)]) => value.clone(),
        ("as_string" | "as_number" | "as_bool", [_]) => Datum::None,
        ("get_field", [object, Text(key)]) => object.get(key).cloned().unwrap_or_default(),
        ("get_index", [List(items), Int(at)]) => {
            let at = usize::try_from(*at).ok();
            at.and_then(|at| items.get(at)).cloned().unwrap_or_default()
        }
        ("get_index" | "get_field", [Datum::None, _]) => Datum::None,
        _ => return Err(refused(arguments)),
    })
}

/// The shortest text of a value.
///
/// # Errors
/// If it has more parts than are written out.
pub(in super::super) fn compact(value: &Datum) -> Result<String, String> {
    written(value).map(|value| value.to_json())
}

fn written(value: &Datum) -> Result<Value, String> {
    match value.is_too_large() {
        true => Err("the value has too many parts to be written out".to_owned()),
        false => Ok(value.to_json()),
    }
}

/// On lines of their own, each level this much further in.
fn indented(value: &Datum, width: usize) -> Result<String, String> {
    let pretty = rejoin_value::json::to_vec_pretty(&written(value)?);
    let pretty = String::from_utf8_lossy(&pretty);
    // Line breaks in texts are escaped, so what a line begins with is its indent: two blanks a level.
    let lines = pretty.split('\n').map(|line| {
        let text = line.trim_start_matches(' ');
        ((line.len() - text.len()) / 2 * width, text)
    });
    let lines: Vec<(usize, &str)> = lines.collect();
    sized(lines.iter().map(|(blanks, text)| blanks + text.len() + 1).sum())?;
    let lines = lines.iter().map(|(blanks, text)| " ".repeat(*blanks) + text);
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
