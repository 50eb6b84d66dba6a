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
    Lists,
    /// Maps, and structs for their fields.
    Maps,
    /// Points in time: texts, or whole seconds.
    Times,
    /// Bytes, for which a text may stand.
    Bytes,
}

impl Takes {
    pub(super) fn accepts(self, kind: &Type) -> bool {
        match self {
            Takes::Anything => true,
            Takes::Numbers => matches!(kind, Type::Int | Type::Float),
            Takes::Ordered => matches!(kind, Type::Int | Type::Float | Type::Text),
            Takes::Whole => *kind == Type::Int,
            Takes::Bools => *kind == Type::Bool,
            Takes::Texts | Takes::Bytes => *kind == Type::Text,
            Takes::Lists => matches!(kind, Type::List(_)),
            Takes::Maps => matches!(kind, Type::Map(_) | Type::Named(_)),
            Takes::Times => matches!(kind, Type::Text | Type::Int),
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
            Takes::Lists => "lists",
            Takes::Maps => "maps",
            Takes::Times => "points in time",
            Takes::Bytes => "bytes",
        }
    }
}

/// What an operation takes first, what behind that, and what it gives for such inputs.
pub(super) fn of(operation: &str, inputs: &[Type]) -> (Takes, Takes, Type) {
    let (first, gives) = numbers(operation, inputs).unwrap_or_else(|| parts(operation, inputs));
    let others = match operation {
        "repeat" | "slice" | "char_at" | "list_get" | "list_take" | "list_drop" | "list_slice"
        | "dt_add_days" | "dt_add_hours" | "dt_add_minutes" | "dt_add_seconds" | "bytes_get"
        | "bytes_slice" => Takes::Whole,
        "join" | "map_has" | "map_remove" | "dt_format" => Takes::Texts,
        "list_concat" | "set_union" | "set_intersect" | "set_diff" | "set_symmetric_diff"
        | "set_is_subset" | "set_is_superset" => Takes::Lists,
        "map_merge" => Takes::Maps,
        "dt_diff" => Takes::Times,
        "bytes_concat" => Takes::Bytes,
        "pad_start" | "pad_end" => Takes::Anything,
        _ if holds_values(operation) => Takes::Anything,
        _ => first,
    };
    (first, others, gives)
}

/// Whether an operation works on a list or a map, in which there may be `none`: only what comes first makes its value that.
pub(super) fn holds_values(operation: &str) -> bool {
    ["list_", "map_", "set_"].iter().any(|kind| operation.starts_with(kind))
}

/// Operations on numbers and on what is true, and comparisons.
fn numbers(operation: &str, inputs: &[Type]) -> Option<(Takes, Type)> {
    let has = |kind| inputs.contains(&kind);
    let widest = || match inputs.iter().all(|kind| matches!(kind, Type::Int | Type::Float)) {
        true if has(Type::Float) => Type::Float,
        true => Type::Int,
        false => Type::Any,
    };
    Some(match operation {
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
        _ => return None,
    })
}

/// Operations on what is made of parts: texts, lists, maps, bytes and points in time.
fn parts(operation: &str, inputs: &[Type]) -> (Takes, Type) {
    let first = || inputs.first().cloned().unwrap_or(Type::Any);
    let list = || if matches!(first(), Type::List(_)) { first() } else { Type::Any };
    let map = || if matches!(first(), Type::Map(_)) { first() } else { Type::Any };
    match operation {
        "to_string" => (Takes::Anything, Type::Text),
        "upper" | "lower" | "trim" | "trim_start" | "trim_end" | "str_reverse" | "replace"
        | "concat" | "repeat" | "slice" | "char_at" | "pad_start" | "pad_end" => {
            (Takes::Texts, Type::Text)
        }
        "str_len" | "byte_len" | "index_of" => (Takes::Texts, Type::Int),
        "starts_with" | "ends_with" => (Takes::Texts, Type::Bool),
        // Of a text, or of a list.
        "contains" | "is_empty" => (Takes::Anything, Type::Bool),
        "split" => (Takes::Texts, Type::List(Type::Text.into())),
        "join" => (Takes::Lists, Type::Text),
        "parse_int" => (Takes::Texts, or_failure(Type::Int, "ParseError")),
        "parse_float" => (Takes::Texts, or_failure(Type::Float, "ParseError")),
        "map_len" => (Takes::Maps, Type::Int),
        "map_is_empty" | "map_has" => (Takes::Maps, Type::Bool),
        "map_keys" => (Takes::Maps, Type::List(Type::Text.into())),
        "map_remove" => (Takes::Maps, map()),
        "map_insert" | "map_merge" | "map_values" | "map_entries" => (Takes::Maps, Type::Any),
        "set_len" | "list_len" | "list_index_of" => (Takes::Lists, Type::Int),
        "set_is_empty" | "set_has" | "set_is_subset" | "set_is_superset" | "list_contains"
        | "list_is_empty" => (Takes::Lists, Type::Bool),
        "list_reverse" | "list_sort" | "list_dedup" | "list_take" | "list_drop" | "list_slice"
        | "set_remove" | "set_to_list" | "set_intersect" | "set_diff" => (Takes::Lists, list()),
        "list_append" => {
            let other = inputs.get(1).cloned().unwrap_or(Type::Any);
            (Takes::Lists, Type::List(Type::union([item(inputs), other]).into()))
        }
        _ if operation.starts_with("list_") || operation.starts_with("set_") => {
            (Takes::Lists, Type::Any)
        }
        "bytes_len" => (Takes::Bytes, Type::Int),
        "bytes_is_empty" => (Takes::Bytes, Type::Bool),
        "bytes_to_string" => (Takes::Bytes, or_failure(Type::Text, "ParseError")),
        "bytes_to_base64" | "bytes_to_hex" => (Takes::Bytes, Type::Text),
        "bytes_get" | "bytes_slice" | "bytes_concat" => (Takes::Bytes, Type::Any),
        "dt_format" => (Takes::Times, Type::Text),
        // A text that is no point in time is a failure.
        "dt_year" | "dt_month" | "dt_day" | "dt_hour" | "dt_minute" | "dt_second"
        | "dt_weekday" | "dt_unix" | "dt_diff" => {
            (Takes::Times, or_failure(Type::Int, "ParseError"))
        }
        _ if operation.starts_with("dt_") => (Takes::Times, Type::Any),
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
