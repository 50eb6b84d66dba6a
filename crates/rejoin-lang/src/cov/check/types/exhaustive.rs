//! Whether the cases of a `match` leave nothing out.

use super::super::super::ast::{Block, ValueKind};
use super::super::super::library_types;
use super::Type;
use super::table::Table;

/// What no case fits; nothing if some case fits each value, or if too little is known of the values.
pub(super) fn missing(on: &Type, cases: &[&Block], table: &Table<'_>) -> Vec<String> {
    let fits_all = |case: &&Block| case.has_flag("wildcard") || case.attribute("binding").is_some();
    if *on == Type::Any || cases.iter().any(fits_all) {
        return Vec::new();
    }
    let named: Vec<String> = cases
        .iter()
        .filter_map(|case| case.text("type"))
        .flat_map(|kind| {
            // As written, for short names of variants; and what that means, however it is written.
            let read = table.read(kind);
            let read = read.members().iter().filter(|member| **member != Type::Any);
            let mut names = table.meant(kind);
            names.extend(read.map(ToString::to_string));
            names
        })
        .collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let has_literal = |value: &ValueKind| {
        cases.iter().any(|case| case.attribute("literal").is_some_and(|a| a.value.kind == *value))
    };
    // All that is there, whatever its type.
    let takes_all = named.contains(&"Some") && (on.is_optional() || !table.has_variant("Some"));
    let mut missing = Vec::new();
    for member in on.members() {
        let name = member.to_string();
        let is_failure = table.is_failure(member);
        let by_kind = named.contains(&&*name)
            || named.contains(&if is_failure { "Err" } else { "Ok" })
            || *member != Type::None && takes_all
            || is_variant_in(&name, &named)
            || matches!(member, Type::List(_)) && named.contains(&"List")
            || matches!(member, Type::Map(_)) && named.contains(&"Map")
            || matches!(member, Type::Slots(_)) && has(&named, "Map");
        if by_kind {
            continue;
        }
        match member {
            Type::Named(name) => match table.variants(name) {
                Some(variants) => {
                    let left = variants
                        .iter()
                        .map(|(variant, _)| (*variant, format!("{name}::{variant}")));
                    let left = left.filter(|(short, whole)| {
                        !named.contains(short) && !named.contains(&whole.as_str())
                    });
                    missing.extend(left.map(|(_, whole)| whole));
                }
                None if !table.is_defined(name) && !of_library(name).is_empty() => {
                    let is_named = |variant: &&str| {
                        named.contains(variant)
                            || named.contains(&&*format!("{name}::{variant}"))
                            || **name == *"Json" && is_json_without_enum(variant, &named)
                    };
                    let left = of_library(name).into_iter().filter(|variant| !is_named(variant));
                    missing.extend(left.map(|variant| format!("{name}::{variant}")));
                }
                // An enum of another file, may be matched variant by variant.
                None if !table.is_defined(name) && may_be_variant(&named, on, table) => {}
                None => missing.push(name.to_string()),
            },
            Type::Bool => {
                let left = [true, false]
                    .into_iter()
                    .filter(|value| !has_literal(&ValueKind::Bool(*value)));
                missing.extend(left.map(|value| value.to_string()));
            }
            Type::None if has_literal(&ValueKind::None) => {}
            _ => missing.push(name),
        }
    }
    missing
}

/// The variants of an enum of the language or its library.
fn of_library(name: &str) -> Vec<&'static str> {
    if name == "Json" {
        return vec!["Null", "Bool", "Number", "String", "Array", "Object"];
    }
    let all = library_types::definitions().filter(|(of, ..)| *of == name);
    all.filter_map(|(_, whole, _)| Some(whole.split_once("::")?.1)).collect()
}

/// What JSON has are values as they are, so that a case may also name their types.
fn is_json_without_enum(variant: &str, named: &[&str]) -> bool {
    match variant {
        "Null" => named.contains(&"None"),
        "Number" => named.contains(&"Float"),
        "Array" => has(named, "List"),
        "Object" => has(named, "Map"),
        _ => false,
    }
}

/// Whether a case names this type, whatever is in it.
fn has(named: &[&str], of: &str) -> bool {
    named.iter().any(|name| {
        name.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('<'))
    })
}

/// Whether a case names a variant without its enum, or the enum of it.
fn is_variant_in(name: &str, named: &[&str]) -> bool {
    name.split_once("::")
        .is_some_and(|(of, variant)| named.contains(&of) || named.contains(&variant))
}

/// Whether a case names something that may be a variant of an enum whose variants are not known.
fn may_be_variant(named: &[&str], on: &Type, table: &Table<'_>) -> bool {
    named.iter().any(|case| {
        !table.is_defined(case) && on.members().iter().all(|member| member.to_string() != **case)
    })
}
