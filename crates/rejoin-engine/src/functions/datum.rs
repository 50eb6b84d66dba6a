//! The values of functions: JSON's, whole numbers apart from others, and records that know their type.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rejoin_lang::plan::{Literal, TypeForm, Widening, union_members};
use rejoin_value::{Array, Number, Object, Value};

use super::list::List;
use super::record::Record;
use super::text::Text;

/// A value of a function. Cloning one costs a counter.
#[derive(Clone, Debug, Default)]
pub enum Datum {
    /// `none`
    #[default]
    None,
    /// `true`, `false`
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A whole number beyond 64 bits that came from outside. It passes through exactly; operations take it for one with a fraction.
    Long(Number),
    /// A text.
    Text(Text),
    /// Bytes that need not be a text.
    Bytes(Arc<[u8]>),
    /// A list, or a set.
    List(List),
    /// A struct, a variant, a map, or the result of a block.
    Record(Arc<Record>),
}

impl Datum {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(Text::from(text))
    }

    /// Bytes.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// A struct or a variant.
    pub fn record<const N: usize>(kind: &str, fields: [(&str, Datum); N]) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self::Record(Arc::new(Record::new(Some(kind.into()), fields)))
    }

    /// A map.
    pub fn map(fields: Vec<(Arc<str>, Datum)>) -> Self {
        Self::Record(Arc::new(Record::new(None, fields)))
    }

    /// Whether it stands for something that went wrong: its type, or that of its enum, ends in `Error` or says so.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Record(record) => {
                record.is_failure
                    || record.kind.as_deref().is_some_and(|kind| owner(kind).ends_with("Error"))
            }
            _ => false,
        }
    }

    /// The name of its struct or variant.
    pub fn kind(&self) -> Option<&str> {
        match self {
            Self::Record(record) => record.kind.as_deref(),
            _ => None,
        }
    }

    /// A field of a record.
    pub fn get(&self, name: &str) -> Option<&Datum> {
        match self {
            Self::Record(record) => record.get(name),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, also those of a text.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// What it is, in a message.
    pub fn type_name(&self) -> &str {
        match self {
            Self::None => "none",
            Self::Bool(_) => "Bool",
            Self::Int(_) => "Int",
            Self::Float(_) | Self::Long(_) => "Float",
            Self::Text(_) => "String",
            Self::Bytes(_) => "Bytes",
            Self::List(_) => "List",
            Self::Record(record) => record.kind.as_deref().unwrap_or("Map"),
        }
    }

    /// Whether a type in a pattern or a signature fits it, or one of the types that it is a union of.
    pub fn is_a(&self, kind: &str) -> bool {
        union_members(kind).any(|kind| self.is_one(kind))
    }

    fn is_one(&self, kind: &str) -> bool {
        if let TypeForm::Optional(inner) = TypeForm::of(kind) {
            return matches!(self, Self::None) || self.is_a(inner);
        }
        let base = kind.split('<').next().unwrap_or(kind).trim();
        match (base, self) {
            ("Any", _) => true,
            ("None" | "Unit", value) => *value == Self::None,
            ("Some", value) => *value != Self::None,
            ("Ok", value) => !value.is_failure(),
            ("Err", value) => value.is_failure(),
            ("List" | "Set" | "Rows", Self::List(_)) => true,
            // A struct and a failure are of their own types.
            ("Map", Self::Record(record)) if record.kind.is_none() => true,
            ("DateTime" | "Char", Self::Text(_)) | ("DateTime", Self::Int(_)) => true,
            ("Decimal", Self::Int(_) | Self::Float(_) | Self::Long(_) | Self::Text(_)) => true,
            // What JSON has are values as they are; its enum is another view of them.
            ("Json::Null", Self::None)
            | ("Json::Bool", Self::Bool(_))
            | ("Json::Number", Self::Int(_) | Self::Float(_) | Self::Long(_))
            | ("Json::String", Self::Text(_))
            | ("Json::Array", Self::List(_)) => true,
            ("Json::Object", Self::Record(record)) if record.kind.is_none() => true,
            ("Json", Self::Record(record)) if record.kind.is_none() => true,
            ("Json", value) if !matches!(value, Self::Bytes(_) | Self::Record(_)) => true,
            (base, Self::List(_)) => base.ends_with("[]"),
            (base, Self::Record(record)) => record.kind.as_deref().is_some_and(|kind| {
                kind == base
                    || owner(kind) == base
                    || kind.rsplit("::").next() == Some(base) && kind.contains("::")
            }),
            (base, value) => value.type_name() == base,
        }
    }

    /// With numbers that have a fraction, and nothing twice in it, where the type says so.
    pub(super) fn widened(self, widening: Option<&Widening>) -> Self {
        let Some(widening) = widening else { return self };
        match self.with_elements_widened(widening) {
            Self::List(items) if widening.set => Self::List(items.without_doubles()),
            value => value,
        }
    }

    fn with_elements_widened(self, widening: &Widening) -> Self {
        match (self, &widening.elements) {
            (Self::Int(number), _) if widening.number => Self::Float(number as f64),
            (Self::List(items), Some(inner)) if items.iter().any(|item| item.is_narrow(inner)) => {
                Self::List(items.iter().map(|item| item.clone().widened(Some(inner))).collect())
            }
            (Self::Record(map), Some(inner))
                if map.kind.is_none()
                    && map.ended.is_none()
                    && map.fields.iter().any(|(_, value)| value.is_narrow(inner)) =>
            {
                let fields = map.fields.iter();
                let fields =
                    fields.map(|(name, value)| (name.clone(), value.clone().widened(Some(inner))));
                Self::map(fields.collect())
            }
            (value, _) => value,
        }
    }

    /// Whether there is something to widen.
    fn is_narrow(&self, widening: &Widening) -> bool {
        let is_narrow =
            |value: &Self| widening.elements.as_ref().is_some_and(|inner| value.is_narrow(inner));
        match self {
            Self::Int(_) => widening.number,
            Self::List(items) => widening.set || items.iter().any(is_narrow),
            Self::Record(map) if map.kind.is_none() && map.ended.is_none() => {
                map.fields.iter().any(|(_, value)| is_narrow(value))
            }
            _ => false,
        }
    }

    /// As JSON. A failure or a variant has its type in front of its fields; bytes are in base 64. In place of a value that is too large
    /// to be written there is the failure that says so.
    pub fn to_json(&self) -> Value {
        match self.is_too_large() {
            true => Self::too_large().written(),
            false => self.written(),
        }
    }

    fn written(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
            Self::Long(number) => Value::Number(number.clone()),
            Self::Text(text) => (&**text).into(),
            Self::Bytes(bytes) => STANDARD.encode(bytes).into(),
            Self::List(items) => {
                Value::Array(Array::from_vec(items.iter().map(Datum::written).collect()))
            }
            Self::Record(record) => {
                let mut object = Object::new();
                if let Some(kind) = &record.kind
                    && (self.is_failure() || kind.contains("::"))
                {
                    object.insert("type", &**kind);
                }
                for (name, value) in &record.fields {
                    object.insert(&**name, value.written());
                }
                object.into()
            }
        }
    }
}

/// The enum of a variant; a struct is its own.
fn owner(kind: &str) -> &str {
    kind.split("::").next().unwrap_or(kind)
}

impl From<&Literal> for Datum {
    fn from(literal: &Literal) -> Self {
        match literal {
            Literal::None => Self::None,
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Int(number) => Self::Int(*number),
            Literal::Float(number) => Self::Float(*number),
            Literal::Text(text) => Self::text(text.clone()),
            Literal::List(items) => Self::List(items.iter().map(Datum::from).collect()),
            Literal::Map(members) => {
                Self::map(members.iter().map(|(key, value)| (key.clone(), value.into())).collect())
            }
        }
    }
}

impl From<&Value> for Datum {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::from(number),
            Value::String(text) => Self::text(text.as_str()),
            Value::Array(items) => Self::List(items.iter().map(Datum::from).collect()),
            Value::Object(object) => Self::map(
                object.iter().map(|(key, value)| (key.as_str().into(), value.into())).collect(),
            ),
        }
    }
}

impl From<&Number> for Datum {
    fn from(number: &Number) -> Self {
        match number.as_i64() {
            Some(whole) => Self::Int(whole),
            None if number.is_long() => Self::Long(number.clone()),
            None => Self::Float(number.as_f64()),
        }
    }
}
