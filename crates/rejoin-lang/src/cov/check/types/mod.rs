//! Types: what is written, what is known of a value, and whether the one fits the other. What is not known fits all.

mod cases;
mod circles;
mod declared;
mod exhaustive;
mod forks;
mod generic;
mod library;
mod loops;
mod narrow;
mod operations;
mod paths;
mod read;
mod sources;
mod table;
mod values;

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::Variants;
use super::program::Program;
use crate::diagnostic::Diagnostic;

use table::Table;

pub(super) fn check(program: &Program<'_>, problems: &mut Vec<Diagnostic>) -> Variants {
    let table = Table::new(program);
    declared::check(program, &table, problems);
    values::check(program, &table, problems)
}

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// Nothing is known.
    Any,
    None,
    Int,
    Float,
    Bool,
    Text,
    List(Rc<Type>),
    Map(Rc<Type>),
    /// A struct, an enum, a variant as `Enum::Variant`, or something that the file does not define.
    Named(Arc<str>),
    /// The result of `parallel`: what each branch came to.
    Slots(Rc<[forks::Slot]>),
    /// One of several; `T?` is one of `T` and `None`. Never one in another.
    Union(Rc<[Type]>),
}

impl Type {
    fn union(members: impl IntoIterator<Item = Type>) -> Type {
        let mut all: Vec<Type> = Vec::new();
        for member in members {
            let inner: Vec<Type> = match member {
                Type::Union(inner) => inner.to_vec(),
                other => vec![other],
            };
            for member in inner {
                if member == Type::Any {
                    return Type::Any;
                }
                if !all.contains(&member) {
                    all.push(member);
                }
            }
        }
        match all.len() {
            0 => Type::Any,
            1 => all.remove(0),
            _ => Type::Union(all.into()),
        }
    }

    fn optional(self) -> Type {
        Type::union([self, Type::None])
    }

    fn members(&self) -> &[Type] {
        match self {
            Type::Union(members) => members,
            single => std::slice::from_ref(single),
        }
    }

    fn is_optional(&self) -> bool {
        self.members().contains(&Type::None)
    }

    /// Without the members that `drop` picks; nothing is known of what would be left of several.
    fn without(&self, drop: impl Fn(&Type) -> bool) -> Type {
        match self {
            Type::Union(members) => {
                Type::union(members.iter().filter(|member| !drop(member)).cloned())
            }
            single => single.clone(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Any => f.write_str("Any"),
            Type::None => f.write_str("None"),
            Type::Int => f.write_str("Int"),
            Type::Float => f.write_str("Float"),
            Type::Bool => f.write_str("Bool"),
            Type::Text => f.write_str("String"),
            Type::List(item) => write!(f, "List<{item}>"),
            Type::Map(value) => write!(f, "Map<String, {value}>"),
            Type::Named(name) => f.write_str(&super::shown(name)),
            Type::Slots(slots) => {
                f.write_str("{")?;
                for (index, name) in forks::names(slots).into_iter().take(4).enumerate() {
                    let before = if index > 0 { ", " } else { "" };
                    write!(f, "{before}{}", super::shown(name))?;
                }
                f.write_str(if slots.len() > 4 { ", …}" } else { "}" })
            }
            Type::Union(members) => {
                for (index, member) in members.iter().take(6).enumerate() {
                    let before = if index > 0 { " | " } else { "" };
                    write!(f, "{before}{member}")?;
                }
                f.write_str(if members.len() > 6 { " | …" } else { "" })
            }
        }
    }
}
