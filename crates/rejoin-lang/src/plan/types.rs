//! The types that a program of functions defines, for values that come from outside: there they are JSON, which knows no names.

use std::collections::HashMap;
use std::sync::Arc;

use super::Literal;
use super::widening::split;

/// A type string beyond this is not taken apart.
const LONGEST: usize = 4096;

/// Structs, variants of enums, and other names for types.
#[derive(Clone, Debug, Default)]
pub struct TypeDefinitions {
    /// The fields of each struct, and of each variant under `Enum::Variant`.
    pub records: HashMap<Arc<str>, RecordDefinition>,
    /// What each alias means, as written.
    pub aliases: HashMap<Arc<str>, Arc<str>>,
}

/// A struct or a variant.
#[derive(Clone, Debug)]
pub struct RecordDefinition {
    /// Its fields, in order.
    pub fields: Vec<FieldDefinition>,
    /// Whether its definition says that it stands for something that went wrong.
    pub is_failure: bool,
}

/// A field of it.
#[derive(Clone, Debug)]
pub struct FieldDefinition {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub kind: Arc<str>,
    /// Whether a value may go without it.
    pub optional: bool,
    /// What it is then.
    pub default: Option<Literal>,
}

/// What a type string is made of, if it is no union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeForm<'k> {
    /// `T?`, `Optional<T>`
    Optional(&'k str),
    /// `T[]`, `List<T>`
    List(&'k str),
    /// `Set<T>`: a list in which nothing is twice.
    Set(&'k str),
    /// `Map<K, T>`
    Map(&'k str),
    /// A name.
    Name(&'k str),
    /// A function, a tuple, or a name with parameters: nothing is known of its values.
    Other,
}

impl<'k> TypeForm<'k> {
    /// The form of a type that is written so.
    pub fn of(kind: &'k str) -> Self {
        let kind = kind.trim();
        if kind.len() > LONGEST || kind.starts_with(['(', '{']) {
            return Self::Other;
        }
        if let Some(inner) = kind.strip_suffix('?') {
            return Self::Optional(inner);
        }
        if let Some(inner) = kind.strip_suffix("[]") {
            return Self::List(inner);
        }
        let (name, inner) = match kind.split_once('<') {
            None => (kind, None),
            Some((name, rest)) => {
                let Some(inner) = rest.strip_suffix('>') else { return Self::Other };
                (name.trim(), split(inner, ',').last())
            }
        };
        match (name, inner) {
            ("Optional", Some(inner)) => Self::Optional(inner),
            ("List", inner) => Self::List(inner.unwrap_or("Any")),
            ("Set", inner) => Self::Set(inner.unwrap_or("Any")),
            ("Map", inner) => Self::Map(inner.unwrap_or("Any")),
            (name, None) => Self::Name(name),
            _ => Self::Other,
        }
    }
}

impl TypeDefinitions {
    /// The variants of an enum, as `Enum::Variant`; none if it is no enum of the program.
    pub fn variants(&self, name: &str) -> Vec<&Arc<str>> {
        let is_own = |whole: &&Arc<str>| whole.split_once("::").is_some_and(|(of, _)| of == name);
        let mut all: Vec<&Arc<str>> = self.records.keys().filter(is_own).collect();
        all.sort();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::TypeForm::{self, *};

    #[test]
    fn the_forms_of_types() {
        for (kind, form) in [
            ("Int", Name("Int")),
            ("Int[]?", Optional("Int[]")),
            ("Optional<A | B>", Optional("A | B")),
            ("List< Map<String,Int> >", List(" Map<String,Int> ")),
            ("Map<String, List<Int>>", Map(" List<Int>")),
            ("Set", Set("Any")),
            ("(Int) -> Int", Other),
            ("Pair<Int>", Other),
            ("List<Int", Other),
        ] {
            assert_eq!(TypeForm::of(kind), form, "{kind}");
        }
    }
}
