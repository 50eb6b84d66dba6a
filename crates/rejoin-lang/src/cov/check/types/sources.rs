//! What names, paths and literals stand for where a step takes its values from.

use super::super::super::ast::{Block, ValueKind};
use super::super::{is, place};
use super::table::Table;
use super::values::Walk;
use super::{Type, forks};
use crate::source::Span;

impl<'f> Walk<'_, 'f> {
    /// The type of what `from`, `var`, `lit`, or `field` and `of` name.
    pub(super) fn source(&mut self, block: &'f Block) -> Type {
        for name in ["from", "var"] {
            if block.attribute(name).is_some() {
                return self.path_of(block, name);
            }
        }
        if let (Some(field), Some(_)) = (block.text("field"), block.text("of")) {
            let base = self.path_of(block, "of");
            return self.field(&base, field, place(block, "field"));
        }
        match block.attribute("lit").map(|attribute| &attribute.value.kind) {
            Some(ValueKind::Var(_)) => self.path_of(block, "lit"),
            Some(kind) => {
                if let Some((given, wanted)) = untrue(kind, self.table) {
                    let message = format!("a value of type `{given}`");
                    self.mismatch(place(block, "lit"), message, &format!("`{wanted}` is written"));
                }
                literal(kind, self.table)
            }
            None if is(block, "step") => Type::None,
            None => Type::Any,
        }
    }

    pub(super) fn path_of(&mut self, block: &'f Block, name: &str) -> Type {
        let Some(attribute) = block.attribute(name) else { return Type::Any };
        let (ValueKind::Text(path) | ValueKind::Word(path) | ValueKind::Var(path)) =
            &attribute.value.kind
        else {
            return Type::Any;
        };
        let ends = path.rmatch_indices('.').map(|(at, _)| at);
        let mut ends = [path.len()].into_iter().chain(ends);
        let Some(end) = ends.find(|end| self.known.contains_key(&path[..*end])) else {
            return Type::Any;
        };
        let mut kind = self.known[&path[..end]].clone();
        for field in path[end..].split('.').skip(1) {
            kind = self.field(&kind, field, attribute.value.span);
        }
        kind
    }

    fn field(&mut self, of: &Type, field: &str, span: Span) -> Type {
        let found = match self.usable(of) {
            Type::List(item) if field.bytes().all(|b| b.is_ascii_digit()) => {
                self.table.meaning(&item).optional()
            }
            Type::Map(value) => self.table.meaning(&value).optional(),
            Type::Slots(slots) => match forks::slot(&slots, field) {
                Some(kind) => kind,
                None => {
                    self.unknown_field(span, &of.to_string(), field, forks::names(&slots));
                    Type::Any
                }
            },
            Type::Named(name) => match self.table.known_fields(&name) {
                None => Type::Any,
                Some(fields) => match fields.iter().find(|known| known.name == field) {
                    Some(known) => known.kind.clone(),
                    None => {
                        let known = fields.iter().map(|field| field.name).collect();
                        self.unknown_field(span, &name, field, known);
                        Type::Any
                    }
                },
            },
            kind @ (Type::Int | Type::Float | Type::Bool | Type::Text) => {
                self.unknown_field(span, &kind.to_string(), field, Vec::new());
                Type::Any
            }
            _ => Type::Any,
        };
        if of.is_optional() { found.optional() } else { found }
    }
}

/// Where a source names its value.
pub(super) fn source_place(block: &Block) -> Span {
    let named = ["from", "var", "lit", "field"].iter().find_map(|name| block.attribute(name));
    named.map_or(block.word.span, |attribute| attribute.value.span)
}

/// A number that is not of the type that stands behind it: `8.5:Int`.
fn untrue(kind: &ValueKind, table: &Table<'_>) -> Option<(Type, Type)> {
    match kind {
        ValueKind::Typed(number, name) => {
            let (given, wanted) = (literal(number, table), table.read(name));
            (!table.fits(&given, &wanted)).then_some((given, wanted))
        }
        ValueKind::Array(items) => items.iter().find_map(|item| untrue(item, table)),
        ValueKind::Object(members) => members.iter().find_map(|(_, item)| untrue(item, table)),
        _ => None,
    }
}

pub(super) fn literal(kind: &ValueKind, table: &Table<'_>) -> Type {
    match kind {
        ValueKind::Text(_) => Type::Text,
        ValueKind::Int(_) => Type::Int,
        ValueKind::Float(_) => Type::Float,
        ValueKind::Bool(_) => Type::Bool,
        ValueKind::None => Type::None,
        ValueKind::Array(items) if !items.is_empty() => {
            Type::List(Type::union(items.iter().map(|item| literal(item, table))).into())
        }
        ValueKind::Array(_) => Type::List(Type::Any.into()),
        ValueKind::Typed(_, name) => table.read(name),
        _ => Type::Any,
    }
}
