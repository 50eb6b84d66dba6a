//! What the operations of `compute` take and give.

use super::Type;

/// What an operation takes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Takes {
    Anything,
    Numbers,
    /// Numbers, or texts.
    Ordered,
    Whole,
    Bools,
    Texts,
}

impl Takes {
    pub(super) fn accepts(self, kind: &Type) -> bool {
        match self {
            Takes::Anything => true,
            Takes::Numbers => matches!(kind, Type::Int | Type::Float),
            Takes::Ordered => matches!(kind, Type::Int | Type::Float | Type::Text),
            Takes::Whole => *kind == Type::Int,
            Takes::Bools => *kind == Type::Bool,
            Takes::Texts => *kind == Type::Text,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Takes::Anything => "any value",
            Takes::Numbers => "numbers",
            Takes::Ordered => "numbers or texts",
            Takes::Whole => "whole numbers",
            Takes::Bools => "`Bool` values",
            Takes::Texts => "texts",
        }
    }
}

/// What an operation takes, and what it gives for such inputs.
pub(super) fn of(operation: &str, inputs: &[Type]) -> (Takes, Type) {
    let has = |kind| inputs.contains(&kind);
    let widest = || match inputs.iter().all(|kind| matches!(kind, Type::Int | Type::Float)) {
        true if has(Type::Float) => Type::Float,
        true => Type::Int,
        false => Type::Any,
    };
    match operation {
        "add" if inputs.iter().all(|kind| *kind == Type::Text) => (Takes::Ordered, Type::Text),
        "add" => (Takes::Ordered, widest()),
        "sub" | "mul" | "div" | "mod" | "neg" | "abs" | "min" | "max" | "clamp" => {
            (Takes::Numbers, widest())
        }
        "equals" | "not_equals" => (Takes::Anything, Type::Bool),
        "less" | "greater" | "less_eq" | "greater_eq" => (Takes::Ordered, Type::Bool),
        "and" | "or" | "not" => (Takes::Bools, Type::Bool),
        "pow" | "sqrt" => (Takes::Numbers, Type::Float),
        "floor" | "ceil" | "round" | "trunc" => (Takes::Numbers, Type::Int),
        "bit_and" | "bit_or" | "bit_xor" | "bit_not" | "bit_shl" | "bit_shr" | "bit_ushr" => {
            (Takes::Whole, Type::Int)
        }
        "to_string" | "concat" | "dt_format" | "bytes_to_base64" | "bytes_to_hex" => {
            (Takes::Anything, Type::Text)
        }
        "parse_int" => (Takes::Texts, or_failure(Type::Int, "ParseError")),
        "parse_float" => (Takes::Texts, or_failure(Type::Float, "ParseError")),
        "map_len" | "set_len" | "bytes_len" | "list_index_of" => (Takes::Anything, Type::Int),
        "map_is_empty" | "map_has" | "set_is_empty" | "set_has" | "set_is_subset"
        | "set_is_superset" | "bytes_is_empty" => (Takes::Anything, Type::Bool),
        "map_keys" => (Takes::Anything, Type::List(Type::Text.into())),
        "list_reverse" | "list_sort" | "list_dedup" | "list_take" | "list_drop" | "list_slice"
        | "set_remove" | "set_to_list" | "set_intersect" | "set_diff" => {
            let list = inputs.first().filter(|kind| matches!(kind, Type::List(_)));
            (Takes::Anything, list.cloned().unwrap_or(Type::Any))
        }
        "list_append" => {
            let other = inputs.get(1).cloned().unwrap_or(Type::Any);
            (Takes::Anything, Type::List(Type::union([item(inputs), other]).into()))
        }
        "list_len" => (Takes::Anything, Type::Int),
        "list_contains" | "list_is_empty" => (Takes::Anything, Type::Bool),
        "bytes_to_string" => (Takes::Anything, or_failure(Type::Text, "ParseError")),
        // A text that is no point in time is a failure.
        "dt_year" | "dt_month" | "dt_day" | "dt_hour" | "dt_minute" | "dt_second"
        | "dt_weekday" | "dt_unix" | "dt_diff" => {
            (Takes::Anything, or_failure(Type::Int, "ParseError"))
        }
        _ => (Takes::Anything, Type::Any),
    }
}

/// What is in the list that comes first.
fn item(inputs: &[Type]) -> Type {
    match inputs.first() {
        Some(Type::List(item)) => (**item).clone(),
        _ => Type::Any,
    }
}

fn or_failure(kind: Type, failure: &str) -> Type {
    Type::union([kind, Type::Named(failure.into())])
}
