//! A call of `assert`.

use rejoin_engine::{Called, DomainError, Input, Prepared};
use rejoin_value::Value;

use super::path::{Part, Path};
use super::schema::{Field, Schema};
use crate::text_rule::{Bounds, is_email};

pub(super) struct PreparedAssert {
    pub(super) schema: Schema,
}

impl Prepared for PreparedAssert {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        if self.schema.fits(input.state) {
            return Called::Ready(Ok(input.state.clone().into()));
        }
        let mut path = Vec::new();
        let what = self.schema.explain(input.state, &mut path);
        let field = Path(&path).to_string();
        let error = DomainError::new("assertionError", format!("`{field}` {what}"))
            .field("field", &*field)
            .field("context", &*field)
            .field("rule", "assert")
            .field("code", "assert_failed");
        Called::Ready(Err(error.into()))
    }
}

impl Schema {
    /// Each part of the value is looked at once for each part of the schema that stands at its place.
    fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Schema::Any, _)
            | (Schema::Number, Value::Number(_))
            | (Schema::Bool, Value::Bool(_))
            | (Schema::Null, Value::Null)
            | (Schema::Array(None), Value::Array(_)) => true,
            (Schema::Text(bounds), Value::String(text)) => {
                bounds.is_none_or(|bounds| holds_length(bounds, text))
            }
            (Schema::Email, Value::String(text)) => is_email(text),
            (Schema::Literal(wanted), value) => wanted == value,
            (Schema::Array(Some(items)), Value::Array(list)) => {
                list.iter().all(|item| items.fits(item))
            }
            (Schema::Object(fields), Value::Object(object)) => {
                fields.iter().all(|field| field.fits(object.get(&field.key)))
            }
            (Schema::Union(all), value) => all.iter().any(|one| one.fits(value)),
            _ => false,
        }
    }

    /// What is wrong with a value that does not fit, and in `path` where.
    fn explain<'a>(&'a self, value: &Value, path: &mut Vec<Part<'a>>) -> String {
        match (self, value) {
            (Schema::Array(Some(items)), Value::Array(list)) => {
                let wrong = list.iter().enumerate().find(|(_, item)| !items.fits(item));
                if let Some((n, item)) = wrong {
                    path.push(Part::Index(n));
                    return items.explain(item, path);
                }
            }
            (Schema::Object(fields), Value::Object(object)) => {
                for field in fields {
                    match object.get(&field.key) {
                        found if field.fits(found) => {}
                        Some(value) => {
                            path.push(Part::Key(&field.key));
                            return field.schema.explain(value, path);
                        }
                        None => {
                            path.push(Part::Key(&field.key));
                            return "is missing".to_owned();
                        }
                    }
                }
            }
            // Where only one of them has the value's shape, that one was meant.
            (Schema::Union(all), value) => {
                let mut similar = all.iter().filter(|one| one.has_shape_of(value));
                if let (Some(one), None) = (similar.next(), similar.next()) {
                    return one.explain(value, path);
                }
            }
            _ => {}
        }
        let another = if self.speaks_of_type_of(value) { "another " } else { "" };
        format!("must be {}, not {another}{}", self.describe(), value.type_name())
    }

    /// Whether a value of this type could fit, so that the name of its type says nothing.
    fn speaks_of_type_of(&self, value: &Value) -> bool {
        match self {
            Schema::Text(_) | Schema::Email => value.as_str().is_some(),
            Schema::Literal(wanted) => wanted.type_name() == value.type_name(),
            Schema::Union(all) => all.iter().any(|one| one.speaks_of_type_of(value)),
            _ => false,
        }
    }

    fn has_shape_of(&self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Schema::Object(_), Value::Object(_)) | (Schema::Array(_), Value::Array(_))
        )
    }

    fn describe(&self) -> String {
        match self {
            Schema::Any => "anything".into(),
            Schema::Text(None) => "a string".into(),
            Schema::Text(Some(Bounds { min, max })) => match (min, max) {
                (Some(min), Some(max)) if min == max => format!("a string of {min} characters"),
                (Some(min), Some(max)) => format!("a string of {min} to {max} characters"),
                (Some(min), None) => format!("a string of at least {min} characters"),
                (None, Some(max)) => format!("a string of at most {max} characters"),
                (None, None) => "a string".into(),
            },
            Schema::Email => "an e-mail address".into(),
            Schema::Number => "a number".into(),
            Schema::Bool => "true or false".into(),
            Schema::Null => "null".into(),
            Schema::Literal(value) => value.to_json(),
            Schema::Array(_) => "an array".into(),
            Schema::Object(_) => "an object".into(),
            Schema::Union(all) => all.iter().map(Schema::describe).collect::<Vec<_>>().join(" or "),
        }
    }
}

impl Field {
    fn fits(&self, value: Option<&Value>) -> bool {
        value.map_or(self.optional, |value| self.schema.fits(value))
    }
}

fn holds_length(bounds: Bounds<u64>, text: &str) -> bool {
    let length = text.chars().count() as u64;
    !bounds.is_below(length) && !bounds.is_above(length)
}
