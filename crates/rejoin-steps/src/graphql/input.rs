//! Values that come in: variables and arguments, held against their types.

use apollo_compiler::Schema as Types;
use apollo_compiler::ast::{Type, Value as Literal};
use apollo_compiler::executable::{Field, Operation};
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use rejoin_value::{Object, Value};

/// The values of an operation's variables; defaults stand in for those that are not given.
pub(super) fn variables(
    types: &Types,
    operation: &Operation,
    given: &Object,
) -> Result<Object, String> {
    let mut values = Object::new();
    for variable in &operation.variables {
        let name = variable.name.as_str();
        match (given.get(name), &variable.default_value) {
            (Some(value), _) => {
                let value = coerce(types, value, &variable.ty)
                    .map_err(|what| format!("the variable `${name}`: {what}"))?;
                values.insert(name, value);
            }
            (None, Some(default)) => {
                values.insert(
                    name,
                    literal(types, default, &variable.ty, &Object::new())?.unwrap_or_default(),
                );
            }
            (None, None) if variable.ty.is_non_null() => {
                return Err(format!(
                    "the variable `${name}` of type `{}` is not given",
                    variable.ty
                ));
            }
            (None, None) => {}
        }
    }
    Ok(values)
}

/// The arguments of a field: what is written, with variables put in and defaults filled in.
pub(super) fn arguments(
    types: &Types,
    definition: &FieldDefinition,
    field: &Field,
    variables: &Object,
) -> Result<Object, String> {
    let mut values = Object::new();
    for argument in &definition.arguments {
        let name = argument.name.as_str();
        let written = field.arguments.iter().find(|written| written.name == argument.name);
        let mut value = match written {
            Some(written) => literal(types, &written.value, &argument.ty, variables)?,
            None => None,
        };
        if let (None, Some(default)) = (&value, &argument.default_value) {
            value = literal(types, default, &argument.ty, variables)?;
        }
        match value {
            Some(Value::Null) | None if argument.ty.is_non_null() => {
                return Err(format!(
                    "the argument `{name}` of type `{}` is not given",
                    argument.ty
                ));
            }
            Some(value) => drop(values.insert(name, value)),
            None => {}
        }
    }
    Ok(values)
}

/// What is written in a document as a value of that type; `None` if it is a variable that has none.
fn literal(
    types: &Types,
    written: &Literal,
    ty: &Type,
    variables: &Object,
) -> Result<Option<Value>, String> {
    Ok(Some(match written {
        Literal::Null => Value::Null,
        Literal::Variable(name) => return Ok(variables.get(name.as_str()).cloned()),
        Literal::List(items) => {
            let ty = ty.item_type();
            let item = |item| literal(types, item, ty, variables).map(Option::unwrap_or_default);
            Value::from_iter(
                items.iter().map(|written| item(written)).collect::<Result<Vec<_>, _>>()?,
            )
        }
        // One value stands for a list of it.
        single if ty.is_list() => {
            let item = literal(types, single, ty.item_type(), variables)?;
            Value::from_iter([item.unwrap_or_default()])
        }
        Literal::Object(fields) => match types.types.get(ty.inner_named_type()) {
            Some(ExtendedType::InputObject(input)) => {
                let mut object = Object::new();
                for (name, definition) in &input.fields {
                    let written = fields.iter().find(|(key, _)| key == name);
                    let written = match written {
                        Some((_, value)) => literal(types, value, &definition.ty, variables)?,
                        None => None,
                    };
                    let value = match (written, &definition.default_value) {
                        (None, Some(default)) => {
                            literal(types, default, &definition.ty, variables)?
                        }
                        (written, _) => written,
                    };
                    match value {
                        Some(Value::Null) | None if definition.ty.is_non_null() => {
                            return Err(format!("`{}.{name}` is not given", input.name));
                        }
                        Some(value) => drop(object.insert(name.as_str(), value)),
                        None => {}
                    }
                }
                object.into()
            }
            _ => {
                let mut object = Object::new();
                for (name, value) in fields {
                    let value = literal(types, value, ty, variables)?;
                    object.insert(name.as_str(), value.unwrap_or_default());
                }
                object.into()
            }
        },
        Literal::Enum(name) => name.as_str().into(),
        Literal::String(text) => text.as_str().into(),
        Literal::Boolean(yes) => (*yes).into(),
        // In documents the validation has looked at them, at the defaults of a schema nobody.
        Literal::Int(digits) if ty.inner_named_type() == "Int" && digits.try_to_i32().is_err() => {
            return Err(too_large(digits.as_str()));
        }
        Literal::Int(digits) => number(digits.as_str())?,
        Literal::Float(digits) => number(digits.as_str())?,
    }))
}

/// With every digit, as JSON has it.
fn number(digits: &str) -> Result<Value, String> {
    Value::parse(digits.as_bytes()).map_err(|_| format!("`{digits}` is no number"))
}

/// A value from outside as one of that type. Numbers stay as they are written.
fn coerce(types: &Types, value: &Value, ty: &Type) -> Result<Value, String> {
    if value.is_null() {
        return match ty.is_non_null() {
            true => Err(format!("a value of type `{ty}` cannot be null")),
            false => Ok(Value::Null),
        };
    }
    if ty.is_list() {
        let Value::Array(items) = value else {
            return Ok(Value::from_iter([coerce(types, value, ty.item_type())?]));
        };
        let items = items.iter().enumerate().map(|(n, item)| {
            coerce(types, item, ty.item_type()).map_err(|what| format!("item {n}: {what}"))
        });
        return Ok(Value::from_iter(items.collect::<Result<Vec<_>, _>>()?));
    }
    let name = ty.inner_named_type();
    let fits = match (types.types.get(name), name.as_str()) {
        (Some(ExtendedType::Scalar(_)), "Int") => match value {
            Value::Number(number) if number.is_whole() => {
                let fits = number.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
                if !fits {
                    return Err(too_large(&value.to_json()));
                }
                true
            }
            _ => false,
        },
        (Some(ExtendedType::Scalar(_)), "Float") => matches!(value, Value::Number(_)),
        (Some(ExtendedType::Scalar(_)), "String") => value.as_str().is_some(),
        (Some(ExtendedType::Scalar(_)), "Boolean") => value.as_bool().is_some(),
        (Some(ExtendedType::Scalar(_)), "ID") => {
            value.as_str().is_some() || matches!(value, Value::Number(n) if n.is_whole())
        }
        (Some(ExtendedType::Scalar(_)), _) => true,
        (Some(ExtendedType::Enum(of)), _) => {
            value.as_str().is_some_and(|text| of.values.keys().any(|name| name == text))
        }
        (Some(ExtendedType::InputObject(of)), _) => match value {
            Value::Object(given) => {
                if let Some(key) = given.keys().find(|key| !of.fields.contains_key(&***key)) {
                    return Err(format!("`{name}` has no field `{}`", short(key)));
                }
                let mut object = Object::new();
                for (field, definition) in &of.fields {
                    match (given.get(field), &definition.default_value) {
                        (Some(value), _) => {
                            let value = coerce(types, value, &definition.ty)
                                .map_err(|what| format!("field `{field}`: {what}"))?;
                            object.insert(field.as_str(), value);
                        }
                        (None, Some(default)) => {
                            let value = literal(types, default, &definition.ty, &Object::new())?;
                            object.insert(field.as_str(), value.unwrap_or_default());
                        }
                        (None, None) if definition.ty.is_non_null() => {
                            return Err(format!("`{name}.{field}` is not given"));
                        }
                        (None, None) => {}
                    }
                }
                return Ok(object.into());
            }
            _ => false,
        },
        _ => false,
    };
    match fits {
        true => Ok(value.clone()),
        false => Err(format!("a value of type `{ty}` is wanted, not {}", shown(value))),
    }
}

/// GraphQL's `Int` is smaller than the numbers of JSON.
fn too_large(number: &str) -> String {
    let (min, max) = (i32::MIN, i32::MAX);
    format!("{} is no `Int`, which has 32 bits: from {min} to {max}", short(number))
}

/// What a client sent, short enough for a message.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => format!("an {}", value.type_name()),
        other => short(&other.to_json()),
    }
}

fn short(text: &str) -> String {
    match text.len() {
        0..=80 => text.to_owned(),
        _ => format!("{}…", &text[..text.floor_char_boundary(80)]),
    }
}
