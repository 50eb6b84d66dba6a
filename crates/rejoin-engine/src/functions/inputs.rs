//! What a function is given from outside: text or JSON, by the names of its parameters.

use std::fmt;

use rejoin_lang::plan::{Function, FunctionParam, TypeDefinitions, TypeForm};
use rejoin_value::Value;

use super::Datum;
use super::typed::{self, Misfit};

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

/// Arguments given as text: a parameter of type `String` takes it as it is, the others take JSON, or failing that the text. `null` is the
/// `none` of every parameter that may be that.
pub(super) fn from_texts(
    types: &TypeDefinitions,
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
            Some((_, text)) => from_text(types, param, text),
            None if param.optional => Ok(typed::written(types, &param.kind, &param.default)),
            None => Err(InputError {
                param: param.name.to_string(),
                message: format!("the parameter `{0}` has no value: add `--arg {0}=…`", param.name),
            }),
        }
    };
    params.iter().map(argument).collect()
}

/// Arguments that are the members of an object. Where a text is none of a parameter's type, it is read as in a query of HTTP.
/// Members that are no parameters are refused if `strict`.
pub(super) fn from_value(
    types: &TypeDefinitions,
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
            Some(value) => from_member(types, param, value),
            None if param.optional => Ok(typed::written(types, &param.kind, &param.default)),
            None => Err(InputError {
                param: param.name.to_string(),
                message: format!("`{}` of type {} is missing", param.name, param.kind),
            }),
        }
    };
    params.iter().map(argument).collect()
}

fn from_member(
    types: &TypeDefinitions,
    param: &FunctionParam,
    value: &Value,
) -> Result<Datum, InputError> {
    // What comes in JSON is what it is; a query has only texts for what is neither text nor number.
    if let Value::String(text) = value
        && typed::made(types, &param.kind, value).is_err()
    {
        return from_text(types, param, text.as_str());
    }
    // A query or a path gives what looks like a number as one.
    if let (Value::Number(_), "String") = (value, base(param)) {
        return Ok(Datum::text(value.to_json()));
    }
    made(types, param, value).map_err(|misfit| refused(param, misfit))
}

fn from_text(
    types: &TypeDefinitions,
    param: &FunctionParam,
    text: &str,
) -> Result<Datum, InputError> {
    if base(param) == "String" {
        let may_be_none =
            param.optional || matches!(TypeForm::of(&param.kind), TypeForm::Optional(_));
        return match text == "null" && may_be_none {
            true => made(types, param, &Value::Null).map_err(|misfit| refused(param, misfit)),
            false => Ok(Datum::text(text)),
        };
    }
    let as_text = || made(types, param, &text.into());
    let Ok(value) = Value::parse(text.as_bytes()) else {
        return as_text().map_err(|misfit| unlike(param, text, misfit));
    };
    // A type with room for a text takes what else does not fit as one.
    made(types, param, &value)
        .or_else(|misfit| as_text().map_err(|_| misfit))
        .map_err(|misfit| unlike(param, text, misfit))
}

fn made(types: &TypeDefinitions, param: &FunctionParam, value: &Value) -> Result<Datum, Misfit> {
    match value.is_null() && param.optional {
        true => Ok(typed::written(types, &param.kind, &param.default)),
        false => typed::made(types, &param.kind, value),
    }
}

fn refused(param: &FunctionParam, misfit: Misfit) -> InputError {
    InputError { param: param.name.to_string(), message: typed::named(misfit, &param.name) }
}

fn unlike(param: &FunctionParam, text: &str, misfit: Misfit) -> InputError {
    if !misfit.is_all() {
        return refused(param, misfit);
    }
    let shown: String = text.chars().take(60).collect();
    let message = format!("`{}` is of type {}: `{shown}` is not", param.name, param.kind);
    InputError { param: param.name.to_string(), message }
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
