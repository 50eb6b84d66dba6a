//! Values that go out, held against the types of their fields.

use std::sync::Arc;

use apollo_compiler::ast::Type;
use apollo_compiler::executable::Field;
use apollo_compiler::schema::{ExtendedType, ObjectType};
use rejoin_value::{Array, Value};

use super::error::{At, Key};
use super::execute::{Done, Execution, Part, together};

/// Scalars that every schema has. Their values pass through as they are, only not as lists or objects.
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

impl<'a> Execution<'a> {
    /// A value as one of that type, with what is asked of it.
    pub(super) fn complete(
        &'a self,
        ty: &'a Type,
        fields: Arc<[&'a Field]>,
        value: Value,
        at: At<'_, 'a>,
    ) -> Part<'a> {
        if !self.spend() {
            // Said once, for the whole answer.
            return Part::Ready(Done { value: None, problems: Vec::new() });
        }
        let failed =
            |message: String| Part::Ready(Done::failed(self.problem(message, fields[0], at)));
        let part = match (&value, ty.is_list()) {
            (Value::Null, _) if ty.is_non_null() => {
                failed(format!("a value of type `{ty}` cannot be null"))
            }
            (Value::Null, _) => Part::Ready(Done::of(Value::Null)),
            (Value::Array(items), true) => self.list(ty.item_type(), fields, items, at),
            (other, true) => failed(format!("a list `{ty}` is wanted, not {}", kind(other))),
            (_, false) => self.named(ty, fields, value, at),
        };
        self.within(part, ty)
    }

    fn list(
        &'a self,
        ty: &'a Type,
        fields: Arc<[&'a Field]>,
        items: &Array,
        at: At<'_, 'a>,
    ) -> Part<'a> {
        let here = at.place();
        let parts = items.iter().enumerate().map(|(n, item)| {
            let at = At { up: Some(&here), key: Key::Item(n) };
            self.complete(ty, fields.clone(), item.clone(), at)
        });
        together(parts.collect(), |done| {
            let mut problems = Vec::new();
            let mut values = Some(Vec::with_capacity(done.len()));
            for part in done {
                problems.extend(part.problems);
                match (part.value, &mut values) {
                    (Some(value), Some(values)) => values.push(value),
                    _ => values = None,
                }
            }
            Done { value: values.map(|values| Array::from_vec(values).into()), problems }
        })
    }

    fn named(
        &'a self,
        ty: &'a Type,
        fields: Arc<[&'a Field]>,
        value: Value,
        at: At<'_, 'a>,
    ) -> Part<'a> {
        let name = ty.inner_named_type();
        let is_container = matches!(value, Value::Object(_) | Value::Array(_));
        let wanted = |what: &str| format!("{what} `{name}` is wanted, not {}", kind(&value));
        let object = match self.schema.types.types.get(name) {
            Some(ExtendedType::Object(object)) => match value {
                Value::Object(_) => Ok(&**object),
                _ => Err(wanted("an object")),
            },
            Some(ExtendedType::Interface(_) | ExtendedType::Union(_)) => {
                self.concrete(name, &value)
            }
            Some(ExtendedType::Enum(of)) => {
                let text = value.as_str();
                if text.is_some_and(|text| of.values.keys().any(|known| known == text)) {
                    return Part::Ready(Done::of(value));
                }
                Err(match text {
                    Some(_) => format!("`{name}` has no such value"),
                    None => wanted("a value of"),
                })
            }
            Some(ExtendedType::Scalar(_)) => {
                if !is_container || !BUILT_IN.contains(&name.as_str()) {
                    return Part::Ready(Done::of(value));
                }
                Err(wanted("a value of type"))
            }
            Some(ExtendedType::InputObject(_)) | None => {
                Err(format!("the schema has no type `{name}` for what goes out"))
            }
        };
        match object {
            Ok(object) => {
                let sets: Vec<_> = fields.iter().map(|field| &field.selection_set).collect();
                self.object(object, value, sets.into_iter(), Some(at.place()))
            }
            Err(message) => Part::Ready(Done::failed(self.problem(message, fields[0], at))),
        }
    }

    /// The type of an object whose field only says which it may be.
    fn concrete(&self, name: &str, value: &Value) -> Result<&'a ObjectType, String> {
        let Value::Object(object) = value else {
            return Err(format!("an object `{name}` is wanted, not {}", kind(value)));
        };
        let types = &self.schema.types;
        let of = match object.get("__typename").and_then(Value::as_str) {
            Some(of) => of.to_owned(),
            None => match self.only_type(name) {
                Some(of) => of,
                None => {
                    return Err(format!(
                        "which `{name}` this is does not show: give it a key `__typename`"
                    ));
                }
            },
        };
        match types.get_object(&of) {
            Some(object) if types.is_subtype(name, &of) => Ok(object),
            _ => Err(format!("the `__typename` of a `{name}` must be one of its types")),
        }
    }

    fn only_type(&self, name: &str) -> Option<String> {
        let names: Vec<String> = match self.schema.types.types.get(name)? {
            ExtendedType::Union(of) => of.members.iter().map(|name| name.to_string()).collect(),
            _ => {
                self.schema.implementers.get(name)?.objects.iter().map(|n| n.to_string()).collect()
            }
        };
        match &names[..] {
            [only] => Some(only.clone()),
            _ => None,
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
    }
}
