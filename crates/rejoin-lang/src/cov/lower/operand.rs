//! Values and places of values.

use std::sync::Arc;

use super::super::ast::{Block, ValueKind};
use crate::plan::{Literal, Operand};

/// The value that a block or line takes from `from`, `var`, `lit`, or `field` and `of`.
pub(super) fn operand(block: &Block) -> Option<Operand> {
    for name in ["from", "var"] {
        if let Some(attribute) = block.attribute(name)
            && let Some(path) = text(&attribute.value.kind)
        {
            return Some(Operand::Path(path, attribute.value.span));
        }
    }
    if let (Some(field), Some(of)) = (block.text("field"), block.attribute("of")) {
        let base = text(&of.value.kind)?;
        return Some(Operand::Path(format!("{base}.{field}").into(), of.value.span));
    }
    let literal_of = |name| block.attribute(name).map(|attribute| &attribute.value);
    if let Some(value) = literal_of("lit") {
        return Some(match &value.kind {
            ValueKind::Var(path) => Operand::Path(path.clone(), value.span),
            kind => Operand::Literal(literal(kind)),
        });
    }
    // The name of a function, handed over as a text.
    block.text("fn").map(|name| Operand::Literal(Literal::Text(name.into())))
}

/// The path in an attribute such as `on` or `condition`.
pub(super) fn path(block: &Block, name: &str) -> Operand {
    let path = block.attribute(name).and_then(|attribute| {
        Some(Operand::Path(text(&attribute.value.kind)?, attribute.value.span))
    });
    path.unwrap_or(Operand::Literal(Literal::None))
}

pub(super) fn text(kind: &ValueKind) -> Option<Arc<str>> {
    match kind {
        ValueKind::Text(text) | ValueKind::Word(text) => Some(text.clone()),
        _ => None,
    }
}

pub(super) fn literal(kind: &ValueKind) -> Literal {
    match kind {
        ValueKind::Text(text) | ValueKind::Word(text) => Literal::Text(text.clone()),
        ValueKind::Int(number) => Literal::Int(*number),
        ValueKind::Float(number) => Literal::Float(*number),
        ValueKind::Duration(time) => {
            Literal::Int(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
        }
        ValueKind::Bool(value) => Literal::Bool(*value),
        ValueKind::Array(items) => Literal::List(items.iter().map(literal).collect()),
        ValueKind::Object(members) => {
            let member = |(key, value): &(Arc<str>, ValueKind)| (key.clone(), literal(value));
            Literal::Map(members.iter().map(member).collect())
        }
        ValueKind::Typed(value, kind) => match (literal(value), &**kind) {
            (Literal::Int(number), "Float") => Literal::Float(number as f64),
            (value, _) => value,
        },
        _ => Literal::None,
    }
}
