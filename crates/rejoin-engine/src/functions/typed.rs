//! JSON from outside as values of the types that a signature names: structs and variants know their type, and what does not fit is
//! said with the path to it. So are rows of databases, which have fewer types, and values that stand in the program.

use std::fmt;
use std::sync::Arc;

use rejoin_lang::plan::{
    Literal, RecordDefinition, TypeDefinitions, TypeForm, Widening, union_members,
};
use rejoin_value::{Object, Value};

use super::record::Record;
use super::{Datum, member, plain};
use crate::deep_stack::on_deep_stack;

/// Why a value is none of a type.
#[derive(Debug)]
pub(super) struct Misfit {
    /// The steps to it from the value as a whole, the last first.
    path: Vec<String>,
    /// What it is, and what it should be.
    what: String,
}

impl Misfit {
    fn new(kind: &str, value: &Value) -> Self {
        let of = type_of(value);
        let what = match (kind.trim().trim_end_matches('?'), of) {
            (kind @ "Bytes", "String") => format!("is of type {kind}: a text in base 64"),
            (kind @ "Decimal", "String") => {
                format!("is of type {kind}: a number, or the text of one")
            }
            (kind @ "DateTime", "Float") => {
                format!("is of type {kind}: a text, or whole seconds since 1970")
            }
            (kind @ "Char", "String") => format!("is of type {kind}: a text of one character"),
            _ => format!("is of type {}, not {of}", kind.trim()),
        };
        Self { path: Vec::new(), what }
    }

    fn within(mut self, step: impl ToString) -> Self {
        self.path.push(step.to_string());
        self
    }

    /// Whether it is the value as a whole that does not fit, for what is known of its type by sight.
    pub(super) fn is_all(&self) -> bool {
        self.path.is_empty() && self.what.contains(", not ")
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        write!(f, "`{}` {}", path.join("."), self.what)
    }
}

/// A value of this type; the path of what does not fit begins with `name`.
pub(super) fn made(types: &TypeDefinitions, kind: &str, value: &Value) -> Result<Datum, Misfit> {
    Maker { types, is_row: false }.made(kind, value, 0)
}

/// The same for what a database gives: 0 and 1 may be a `Bool`, the text of a number or of JSON what it says, and bytes come in
/// hexadecimal digits.
pub(super) fn of_row(types: &TypeDefinitions, kind: &str, value: &Value) -> Result<Datum, Misfit> {
    Maker { types, is_row: true }.made(kind, value, 0)
}

/// A value that stands in the program where one of this type is wanted.
pub(super) fn written(types: &TypeDefinitions, kind: &str, literal: &Literal) -> Datum {
    let plain = || Datum::from(literal).widened(Widening::of(kind).as_ref());
    match literal {
        // What it is otherwise the checker has said.
        Literal::Map(_) | Literal::List(_) => {
            made(types, kind, &Datum::from(literal).to_json()).unwrap_or_else(|_| plain())
        }
        _ => plain(),
    }
}

/// With the name of what the value is for in front of the path.
pub(super) fn named(misfit: Misfit, name: &str) -> String {
    misfit.within(name).to_string()
}

struct Maker<'t> {
    types: &'t TypeDefinitions,
    /// Whether the values come from a database.
    is_row: bool,
}

impl Maker<'_> {
    fn made(&self, kind: &str, value: &Value, aliases: usize) -> Result<Datum, Misfit> {
        on_deep_stack(|| {
            let members: Vec<&str> = union_members(kind).collect();
            match &members[..] {
                [single] => self.single(single, value, aliases),
                _ => match member::chosen(self.types, self.is_row, &members, value, aliases) {
                    Some(member) => self.single(member, value, aliases),
                    None => Err(Misfit::new(kind, value)),
                },
            }
        })
    }

    fn single(&self, kind: &str, value: &Value, aliases: usize) -> Result<Datum, Misfit> {
        let misfit = || Misfit::new(kind, value);
        let read = self.is_row.then(|| self.read(kind, value)).flatten();
        let value = read.as_ref().unwrap_or(value);
        match TypeForm::of(kind) {
            TypeForm::Optional(_) if value.is_null() => Ok(Datum::None),
            TypeForm::Optional(inner) => self.made(inner, value, aliases),
            TypeForm::List(inner) => {
                let items = value.as_array().ok_or_else(misfit)?;
                let item = |(at, item): (usize, &Value)| {
                    self.made(inner, item, 0).map_err(|misfit| misfit.within(at))
                };
                Ok(Datum::List(items.iter().enumerate().map(item).collect::<Result<_, _>>()?))
            }
            TypeForm::Set(inner) => {
                let list = self.single(&format!("List<{inner}>"), value, aliases)?;
                let is_set = Widening { set: true, ..Widening::default() };
                Ok(list.widened(Some(&is_set)))
            }
            TypeForm::Map(inner) => {
                let Value::Object(object) = value else { return Err(misfit()) };
                let member = |(key, value): (&_, &Value)| {
                    let key: &str = AsRef::<str>::as_ref(key);
                    let value = self.made(inner, value, 0);
                    Ok((key.into(), value.map_err(|misfit| misfit.within(key))?))
                };
                Ok(Datum::map(object.iter().map(member).collect::<Result<_, Misfit>>()?))
            }
            TypeForm::Other => Ok(Datum::from(value)),
            TypeForm::Name(name) => {
                if let Some(fits) = plain::made(name, value, self.is_row) {
                    return fits.ok_or_else(misfit);
                }
                if let Some(meant) = member::alias(self.types, name, aliases) {
                    return self.made(meant, value, aliases + 1);
                }
                if let Some((name, definition)) = self.types.records.get_key_value(name) {
                    return self.record(name, definition, value);
                }
                let variants = self.types.variants(name);
                if variants.is_empty() {
                    return Ok(Datum::from(value));
                }
                // A column may have the name of a variant, as many schemas do.
                let named = value.as_str().filter(|_| self.is_row).map(|name| {
                    let mut object = Object::new();
                    object.insert("type", name);
                    Value::Object(object)
                });
                let value = named.as_ref().unwrap_or(value);
                let object = match value {
                    Value::Object(object) => Some(object),
                    _ => None,
                };
                let chosen = object.and_then(|own| member::variant(self.types, &variants, own));
                let Some(chosen) = chosen else {
                    let all: Vec<&str> = variants.iter().take(8).map(|name| &***name).collect();
                    let what = match object {
                        Some(_) => "its `type` must be one of",
                        None => "an object, whose `type` is one of",
                    };
                    let what = format!("is of type {name}: {what} {}", all.join(", "));
                    return Err(Misfit { path: Vec::new(), what });
                };
                self.record(chosen, &self.types.records[chosen], value)
            }
        }
    }

    fn record(
        &self,
        name: &Arc<str>,
        definition: &RecordDefinition,
        value: &Value,
    ) -> Result<Datum, Misfit> {
        let Value::Object(object) = value else { return Err(Misfit::new(name, value)) };
        let own = |key: &str| definition.fields.iter().any(|field| *field.name == *key);
        let tag = object.get("type").and_then(Value::as_str).filter(|_| !own("type"));
        let is_tag = tag.is_some_and(|tag| member::is_called(self.types, name, tag));
        if let Some(other) = member::other_type(self.types, name, definition, object) {
            let what = format!("is of type {name}, not {other}");
            return Err(Misfit { path: Vec::new(), what });
        }
        let (mut fields, mut absent) = (Vec::new(), Vec::new());
        for field in &definition.fields {
            let given = match object.get(&field.name) {
                Some(Value::Null) if field.optional => Datum::None,
                Some(given) => {
                    let made = self.made(&field.kind, given, 0);
                    made.map_err(|misfit| misfit.within(&field.name))?
                }
                None => match &field.default {
                    Some(default) => written(self.types, &field.kind, default),
                    None if member::may_miss(field) => {
                        absent.push(field.name.clone());
                        continue;
                    }
                    None => {
                        let what = format!("of type {} is missing", field.kind);
                        return Err(Misfit { path: vec![field.name.to_string()], what });
                    }
                },
            };
            fields.push((field.name.clone(), given));
        }
        for (key, value) in object.iter() {
            let key: &str = key.as_ref();
            let is_known = own(key) || is_tag && key == "type";
            if !is_known {
                fields.push((key.into(), Datum::from(value)));
            }
        }
        Ok(Datum::Record(Arc::new(Record {
            is_failure: definition.is_failure,
            absent: absent.into(),
            ..Record::new(Some(name.clone()), fields)
        })))
    }

    /// What the text of a row says where a list, a map or a struct is wanted.
    fn read(&self, kind: &str, value: &Value) -> Option<Value> {
        let text = value.as_str()?;
        let is_made_of_parts = match TypeForm::of(kind) {
            TypeForm::List(_) | TypeForm::Set(_) | TypeForm::Map(_) => true,
            TypeForm::Name(name) => member::is_defined(self.types, name),
            TypeForm::Optional(_) | TypeForm::Other => false,
        };
        is_made_of_parts.then(|| Value::parse(text.as_bytes()).ok()).flatten()
    }
}

/// What a value is, in the words of the language.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "none",
        Value::Bool(_) => "Bool",
        Value::Number(number) if number.as_i64().is_some() => "Int",
        Value::Number(_) => "Float",
        Value::String(_) => "String",
        Value::Array(_) => "List",
        Value::Object(_) => "Map",
    }
}
