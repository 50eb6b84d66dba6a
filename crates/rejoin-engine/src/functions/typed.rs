//! JSON from outside as values of the types that a signature names: structs and variants know their type, and what does not fit is
//! said with the path to it. So are rows of databases, which have fewer types, and values that stand in the program.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rejoin_lang::plan::{
    Literal, RecordDefinition, TypeDefinitions, TypeForm, Widening, union_members,
};
use rejoin_value::{Object, Value};

use super::Datum;
use super::record::Record;

/// Aliases are followed this far: one may lead back to itself.
const MOST_ALIASES: usize = 16;

/// So many types are looked at to choose the member of a union: aliases may lead to each other in many ways.
const MOST_LOOKS: usize = 4096;

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
    Maker { types, is_row: false, looks: Cell::new(0) }.made(kind, value, 0)
}

/// The same for what a database gives: 0 and 1 may be a `Bool`, the text of a number or of JSON what it says, and bytes come in
/// hexadecimal digits.
pub(super) fn of_row(types: &TypeDefinitions, kind: &str, value: &Value) -> Result<Datum, Misfit> {
    Maker { types, is_row: true, looks: Cell::new(0) }.made(kind, value, 0)
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
    /// How many types were looked at for the union at hand.
    looks: Cell<usize>,
}

impl Maker<'_> {
    fn made(&self, kind: &str, value: &Value, aliases: usize) -> Result<Datum, Misfit> {
        let members: Vec<&str> = union_members(kind).collect();
        match &members[..] {
            [single] => self.single(single, value, aliases),
            _ => match self.member(&members, value, aliases) {
                Some(member) => self.single(member, value, aliases),
                None => Err(Misfit::new(kind, value)),
            },
        }
    }

    /// The member of a union that a value is taken for: by its `type` if it has one, and else the first that it looks like. None is
    /// tried in depth, so that what comes from outside costs no more than its size.
    fn member<'m>(&self, members: &[&'m str], value: &Value, aliases: usize) -> Option<&'m str> {
        self.looks.set(0);
        if let Some(tag) = value.get("type").and_then(Value::as_str)
            && let Some(member) = members.iter().find(|member| self.is_tagged(member, tag, aliases))
        {
            return Some(member);
        }
        // A whole number is one first, and what anything fits comes last.
        let is_whole = |member: &&&str| {
            member.trim() == "Int" && matches!(value, Value::Number(n) if n.as_i64().is_some())
        };
        let looks = |open: bool| move |member: &&&str| self.looks(member, value, open, aliases);
        let found = members.iter().find(is_whole);
        let found = found.or_else(|| members.iter().find(looks(false)));
        found.or_else(|| members.iter().find(looks(true))).copied()
    }

    /// Counts a look, and says whether it is one too many.
    fn is_enough(&self) -> bool {
        self.looks.set(self.looks.get() + 1);
        self.looks.get() > MOST_LOOKS
    }

    /// Whether a value that says to be of type `tag` is one of `kind`.
    fn is_tagged(&self, kind: &str, tag: &str, aliases: usize) -> bool {
        if self.is_enough() {
            return false;
        }
        let any = |kinds: &str, aliases| {
            union_members(kinds).any(|kind| self.is_tagged(kind, tag, aliases))
        };
        match TypeForm::of(kind) {
            TypeForm::Optional(inner) => any(inner, aliases),
            TypeForm::Name(name) => {
                let of_tag = tag.split_once("::").map(|(of, _)| of);
                let alias = self.alias(name, aliases);
                name == tag
                    || of_tag == Some(name)
                    || alias.is_some_and(|meant| any(meant, aliases + 1))
            }
            TypeForm::List(_) | TypeForm::Set(_) | TypeForm::Map(_) | TypeForm::Other => false,
        }
    }

    /// Whether a value may be of a type, by what is seen of it at once; `open` says whether that counts of which nothing is known.
    fn looks(&self, kind: &str, value: &Value, open: bool, aliases: usize) -> bool {
        if self.is_enough() {
            return open;
        }
        match TypeForm::of(kind) {
            TypeForm::Optional(inner) => {
                value.is_null()
                    || union_members(inner).any(|inner| self.looks(inner, value, open, aliases))
            }
            TypeForm::List(inner) | TypeForm::Set(inner) => value
                .as_array()
                .is_some_and(|items| items.iter().all(|item| self.look_like(inner, item, aliases))),
            TypeForm::Map(inner) => match value {
                Value::Object(object) => {
                    object.values().all(|value| self.look_like(inner, value, aliases))
                }
                _ => false,
            },
            TypeForm::Other => open,
            TypeForm::Name(name) => {
                if let Some(fits) = self.plain(name, value) {
                    return fits.is_some();
                }
                if let Some(meant) = self.alias(name, aliases) {
                    let mut members = union_members(meant);
                    return members.any(|member| self.looks(member, value, open, aliases + 1));
                }
                let Value::Object(object) = value else {
                    return open && !self.is_defined(name);
                };
                match self.types.records.get(name) {
                    Some(definition) => definition
                        .fields
                        .iter()
                        .all(|field| may_miss(field) || object.contains_key(&field.name)),
                    None => match &self.types.variants(name)[..] {
                        [] => open,
                        variants => variant(variants, object).is_some(),
                    },
                }
            }
        }
    }

    /// As [`looks`](Self::looks), for a type that may be a union.
    fn look_like(&self, kinds: &str, value: &Value, aliases: usize) -> bool {
        union_members(kinds).any(|kind| self.looks(kind, value, true, aliases))
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
                if let Some(fits) = self.plain(name, value) {
                    return fits.ok_or_else(misfit);
                }
                if let Some(meant) = self.alias(name, aliases) {
                    return self.made(meant, value, aliases + 1);
                }
                if let Some((name, definition)) = self.types.records.get_key_value(name) {
                    return self.record(name, definition, value);
                }
                let variants = self.types.variants(name);
                if variants.is_empty() {
                    return Ok(Datum::from(value));
                }
                let Value::Object(object) = value else { return Err(misfit()) };
                let Some(chosen) = variant(&variants, object) else {
                    let all: Vec<&str> = variants.iter().take(8).map(|name| &***name).collect();
                    let what =
                        format!("is of type {name}: its `type` must be one of {}", all.join(", "));
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
        let is_tag = tag.is_some_and(|tag| is_called(name, tag));
        if let Some(other) = tag.filter(|tag| !is_tag && self.is_defined(tag)) {
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
                    None if may_miss(field) => {
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

    fn alias(&self, name: &str, followed: usize) -> Option<&str> {
        let meant = self.types.aliases.get(name).filter(|_| followed < MOST_ALIASES);
        meant.map(|meant| &**meant)
    }

    fn is_defined(&self, name: &str) -> bool {
        self.types.records.contains_key(name) || !self.types.variants(name).is_empty()
    }

    /// What the text of a row says where a list, a map or a struct is wanted.
    fn read(&self, kind: &str, value: &Value) -> Option<Value> {
        let text = value.as_str()?;
        let is_made_of_parts = match TypeForm::of(kind) {
            TypeForm::List(_) | TypeForm::Set(_) | TypeForm::Map(_) => true,
            TypeForm::Name(name) => self.is_defined(name),
            TypeForm::Optional(_) | TypeForm::Other => false,
        };
        is_made_of_parts.then(|| Value::parse(text.as_bytes()).ok()).flatten()
    }

    /// A value of a type that has no parts, if the type is one; within, whether the value fits.
    fn plain(&self, name: &str, value: &Value) -> Option<Option<Datum>> {
        let datum = || Datum::from(value);
        Some(match (name, value) {
            ("Int", Value::Number(_)) => {
                Some(datum()).filter(|datum| matches!(datum, Datum::Int(_)))
            }
            ("Float", Value::Number(_)) => Some(match datum() {
                Datum::Int(number) => Datum::Float(number as f64),
                other => other,
            }),
            // A database may give the text of a number that it has more digits of.
            ("Int", Value::String(text)) if self.is_row => {
                text.as_str().parse().ok().map(Datum::Int)
            }
            ("Float", Value::String(text)) if self.is_row && is_decimal(text.as_str()) => {
                text.as_str().parse().ok().map(Datum::Float)
            }
            ("Bool", Value::Number(number)) if self.is_row => {
                number.as_i64().filter(|n| matches!(n, 0 | 1)).map(|n| Datum::Bool(n == 1))
            }
            ("Bool", Value::Bool(_))
            | ("String" | "DateTime", Value::String(_))
            | ("Decimal", Value::Number(_)) => Some(datum()),
            ("Char", Value::String(text)) => {
                Some(datum()).filter(|_| text.as_str().chars().count() == 1)
            }
            // A text keeps all of its digits.
            ("Decimal", Value::String(text)) => Some(datum()).filter(|_| is_decimal(text.as_str())),
            ("Bytes", Value::String(text)) => self.bytes(text.as_str()),
            ("None" | "Unit", Value::Null) => Some(Datum::None),
            (
                "Int" | "Float" | "Bool" | "String" | "Char" | "DateTime" | "Decimal" | "Bytes"
                | "None" | "Unit",
                _,
            ) => None,
            _ => return None,
        })
    }

    /// Bytes as a text has them: in base 64, and in a row as `\x` and hexadecimal digits.
    fn bytes(&self, text: &str) -> Option<Datum> {
        let digits = text.strip_prefix("\\x").filter(|_| self.is_row);
        let Some(digits) = digits else { return Some(Datum::bytes(STANDARD.decode(text).ok()?)) };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok());
        let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        });
        Some(Datum::bytes(pairs.collect::<Option<Vec<u8>>>()?))
    }
}

/// Whether a text is a number as it is written: digits, with a sign, a fraction and an exponent.
fn is_decimal(text: &str) -> bool {
    let is_sign = |c: char| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
    text.chars().all(is_sign) && text.parse::<f64>().is_ok_and(f64::is_finite)
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

/// The variant that an object says it is.
fn variant<'v>(variants: &[&'v Arc<str>], object: &Object) -> Option<&'v Arc<str>> {
    let tag = object.get("type").and_then(Value::as_str)?;
    variants.iter().find(|name| is_called(name, tag)).copied()
}

/// Whether a type is called so: a variant may be without its enum.
fn is_called(name: &str, tag: &str) -> bool {
    name == tag || name.split_once("::").is_some_and(|(_, variant)| variant == tag)
}

fn may_miss(field: &rejoin_lang::plan::FieldDefinition) -> bool {
    field.optional || field.default.is_some() || *field.kind == *"Any"
}
