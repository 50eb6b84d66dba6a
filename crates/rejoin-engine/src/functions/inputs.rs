//! What a function is given from outside: text or JSON, by the names of its parameters.

use std::fmt;

use rejoin_lang::plan::{Function, FunctionParam};
use rejoin_value::Value;

use super::Datum;

/// Why something cannot be given to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The parameter, or what was taken for one.
    pub param: String,
    /// What is wrong, for a person.
    pub message: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Arguments given as text: a parameter of type `String` takes it as it is, the others take JSON, or failing that the text.
pub(super) fn from_texts(
    function: &Function,
    given: &[(String, String)],
) -> Result<Vec<Datum>, InputError> {
    let params = &function.params;
    let known = |name: &str| params.iter().any(|param| *param.name == *name);
    if let Some((name, _)) = given.iter().find(|(name, _)| !known(name)) {
        return Err(stranger(function, name));
    }
    let argument = |param: &FunctionParam| {
        let text = given.iter().rev().find(|(name, _)| **name == *param.name);
        match text {
            Some((_, text)) => from_text(param, text),
            None if param.optional => Ok(Datum::from(&param.default)),
            None => Err(InputError {
                param: param.name.to_string(),
                message: format!("the parameter `{0}` has no value: add `--arg {0}=…`", param.name),
            }),
        }
    };
    params.iter().map(argument).collect()
}

/// Arguments that are the members of an object. Where a parameter is no `String`, a text is read as in a query of HTTP.
/// Members that are no parameters are refused if `strict`.
pub(super) fn from_value(
    function: &Function,
    given: &Value,
    strict: bool,
) -> Result<Vec<Datum>, InputError> {
    let object = match given {
        Value::Object(object) => Some(object),
        _ => None,
    };
    if strict && object.is_none() {
        let message = format!("the inputs must be an object, not {}", given.type_name());
        return Err(InputError { param: String::new(), message });
    }
    let params = &function.params;
    if strict
        && let Some((name, _)) = object
            .into_iter()
            .flat_map(|object| object.iter())
            .find(|(name, _)| params.iter().all(|param| *param.name != *name.as_str()))
    {
        return Err(stranger(function, name.as_str()));
    }
    let argument = |param: &FunctionParam| {
        let value = object.and_then(|object| object.get(&param.name));
        match value.filter(|value| !value.is_null() || !param.optional) {
            Some(value) => from_member(param, value),
            None if param.optional => Ok(Datum::from(&param.default)),
            None => Err(InputError {
                param: param.name.to_string(),
                message: format!("`{}` of type {} is missing", param.name, param.kind),
            }),
        }
    };
    params.iter().map(argument).collect()
}

fn from_member(param: &FunctionParam, value: &Value) -> Result<Datum, InputError> {
    if let (Value::String(text), true) = (value, base(param) != "String") {
        return from_text(param, text.as_str());
    }
    let value = match (value, base(param)) {
        // A query or a path gives what looks like a number as one.
        (Value::Number(_), "String") => Datum::text(value.to_json()),
        _ => Datum::from(value),
    };
    match fits(param, &value) {
        true => Ok(value),
        false => {
            let what = value.type_name();
            let message = format!("`{}` is of type {}, not {what}", param.name, param.kind);
            Err(InputError { param: param.name.to_string(), message })
        }
    }
}

fn from_text(param: &FunctionParam, text: &str) -> Result<Datum, InputError> {
    if base(param) == "String" {
        return Ok(Datum::text(text));
    }
    let read = Value::parse(text.as_bytes());
    let value = read.map_or_else(|_| Datum::text(text), |value| Datum::from(&value));
    match fits(param, &value) {
        true => Ok(value),
        false => {
            let shown: String = text.chars().take(60).collect();
            let message = format!("`{}` is of type {}: `{shown}` is not", param.name, param.kind);
            Err(InputError { param: param.name.to_string(), message })
        }
    }
}

fn fits(param: &FunctionParam, value: &Datum) -> bool {
    if *value == Datum::None && param.optional {
        return true;
    }
    match base(param) {
        kind @ ("Int" | "Bool" | "String" | "List" | "Set") => value.is_a(kind),
        "Float" => matches!(value, Datum::Int(_) | Datum::Float(_)),
        "Map" => matches!(value, Datum::Record(_)),
        kind if kind.ends_with("[]") => matches!(value, Datum::List(_)),
        _ => true,
    }
}

/// The type without what stands in brackets and without its `?`.
fn base(param: &FunctionParam) -> &str {
    let kind = param.kind.trim().trim_end_matches('?');
    let kind = kind.strip_prefix("Optional<").map_or(kind, |kind| kind.trim_end_matches('>'));
    match kind.ends_with("[]") {
        true => kind,
        false => kind.split('<').next().unwrap_or(kind),
    }
}

fn stranger(function: &Function, name: &str) -> InputError {
    let known: Vec<&str> = function.params.iter().map(|param| &*param.name).collect();
    let takes = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let shown: String = name.chars().take(60).collect();
    let message = format!("no parameter is called `{shown}`: it takes {takes}");
    InputError { param: name.to_owned(), message }
}
