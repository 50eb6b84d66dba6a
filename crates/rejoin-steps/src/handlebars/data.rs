//! The state as a template sees it.

use handlebars::JsonValue;
use rejoin_value::{Number, Object, Value};

/// A state may be so deep.
const MAX_DEPTH: u32 = 512;

/// What the names in a template stand for: the state's keys, or `data` for a state that is no object; and `context`.
pub(super) fn of(state: &Value, context: Value) -> Result<JsonValue, String> {
    let mut root = match state {
        Value::Object(object) => object.clone(),
        other => {
            let mut object = Object::new();
            object.insert("data", other.clone());
            object
        }
    };
    root.insert("context", context);
    plain(&Value::from(root))
}

/// A value as it is, unless it is too deep.
pub(super) fn plain(value: &Value) -> Result<JsonValue, String> {
    match value.depth_within(MAX_DEPTH) {
        Some(_) => Ok(convert(value)),
        None => Err(format!("the state is more than {MAX_DEPTH} deep")),
    }
}

fn convert(value: &Value) -> JsonValue {
    match value {
        Value::Null => JsonValue::Null,
        Value::Bool(yes) => (*yes).into(),
        Value::Number(number) => convert_number(number),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.as_slice().iter().map(convert).collect(),
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| (key.to_string(), convert(value)));
            JsonValue::Object(entries.collect())
        }
    }
}

/// Integers of any size keep all digits: what a number cannot hold is shown as text.
fn convert_number(number: &Number) -> JsonValue {
    match number.as_i64() {
        Some(whole) => whole.into(),
        None if number.is_whole() => number.to_string().into(),
        None => number.as_f64().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_every_kind() {
        for (state, expected) in [
            (r#"{"a":[1,2.5,null,true,"x"]}"#, r#"{"a":[1,2.5,null,true,"x"],"context":null}"#),
            (r#"{"context":1}"#, r#"{"context":null}"#),
            ("[1]", r#"{"data":[1],"context":null}"#),
            (
                r#"{"n":123456789012345678901234567890}"#,
                r#"{"n":"123456789012345678901234567890","context":null}"#,
            ),
        ] {
            let state = Value::parse(state.as_bytes()).unwrap();
            let expected: JsonValue = serde_json::from_str(expected).unwrap();
            assert_eq!(of(&state, Value::Null), Ok(expected));
        }
    }

    #[test]
    fn a_state_that_is_too_deep_is_refused() {
        let deep = (0..600).fold(Value::Null, |inner, _| Value::from([inner]));
        assert!(of(&deep, Value::Null).unwrap_err().contains("512 deep"));
    }
}
