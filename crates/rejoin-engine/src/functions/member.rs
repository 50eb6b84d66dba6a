//! Which member of a union a value from outside is taken for.

use std::cell::Cell;
use std::sync::Arc;

use rejoin_lang::plan::{
    FieldDefinition, RecordDefinition, TypeDefinitions, TypeForm, union_members,
};
use rejoin_value::{Object, Value};

use super::plain;
use crate::deep_stack::on_deep_stack;

/// Aliases are followed this far: one may lead back to itself.
const MOST_ALIASES: usize = 16;

/// So many types are looked at to choose the member of a union, beside those of the elements: aliases may lead to each other in many ways.
const MOST_LOOKS: usize = 4096;

/// How much a value must look like a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// It is of that type as it is: a whole number is one, and none with a fraction.
    Exact,
    /// It becomes one of that type.
    Close,
    /// Nothing speaks against it.
    Open,
}

/// The member of a union that a value is taken for: by its `type` if it has one, and else the first that it looks like the most. None is
/// tried in depth, so that what comes from outside costs no more than its size.
pub(super) fn chosen<'m>(
    types: &TypeDefinitions,
    is_row: bool,
    members: &[&'m str],
    value: &Value,
    aliases: usize,
) -> Option<&'m str> {
    let inner = match value {
        Value::Array(items) => items.len(),
        Value::Object(object) => object.len(),
        _ => 0,
    };
    let most = MOST_LOOKS.saturating_add(inner.saturating_mul(members.len()));
    let look = || Look { types, is_row, looks: Cell::new(0), most };
    if let Some(tag) = value.get("type").and_then(Value::as_str) {
        // The whole name first: a struct may be called as a variant is at its end.
        for is_short in [false, true] {
            let look = look();
            let tagged =
                members.iter().find(|member| look.is_tagged(member, tag, is_short, aliases));
            if tagged.is_some() {
                return tagged.copied();
            }
        }
    }
    [Sight::Exact, Sight::Close, Sight::Open].into_iter().find_map(|sight| {
        let look = look();
        members.iter().find(|member| look.looks(member, value, sight, aliases)).copied()
    })
}

/// What a name means, if it is another one for a type.
pub(super) fn alias<'t>(
    types: &'t TypeDefinitions,
    name: &str,
    followed: usize,
) -> Option<&'t str> {
    let meant = types.aliases.get(name).filter(|_| followed < MOST_ALIASES);
    meant.map(|meant| &**meant)
}

pub(super) fn is_defined(types: &TypeDefinitions, name: &str) -> bool {
    types.records.contains_key(name) || !types.variants(name).is_empty()
}

/// The variant that an object says it is.
pub(super) fn variant<'v>(
    types: &TypeDefinitions,
    variants: &[&'v Arc<str>],
    object: &Object,
) -> Option<&'v Arc<str>> {
    let tag = object.get("type").and_then(Value::as_str)?;
    variants.iter().find(|name| is_called(types, name, tag)).copied()
}

/// Whether a type is called so: a variant may be without its enum, and that may have another name.
pub(super) fn is_called(types: &TypeDefinitions, name: &str, tag: &str) -> bool {
    let Some((of, variant)) = name.split_once("::") else { return name == tag };
    match tag.split_once("::") {
        None => tag == variant,
        Some((named, own)) => own == variant && is_another_name(types, named, of),
    }
}

/// Whether a name is that of a type, or an alias of it.
fn is_another_name(types: &TypeDefinitions, name: &str, of: &str) -> bool {
    let next = |name: &&str| types.aliases.get(*name).map(|meant| meant.trim());
    std::iter::successors(Some(name), next).take(MOST_ALIASES).any(|name| name == of)
}

/// The type that an object says it is, if that is another one than the one of this name.
pub(super) fn other_type<'v>(
    types: &TypeDefinitions,
    name: &str,
    definition: &RecordDefinition,
    object: &'v Object,
) -> Option<&'v str> {
    let is_field = definition.fields.iter().any(|field| *field.name == *"type");
    let tag = object.get("type").and_then(Value::as_str).filter(|_| !is_field)?;
    (!is_called(types, name, tag) && is_defined(types, tag)).then_some(tag)
}

pub(super) fn may_miss(field: &FieldDefinition) -> bool {
    field.optional || field.default.is_some() || *field.kind == *"Any"
}

struct Look<'t> {
    types: &'t TypeDefinitions,
    /// Whether the values come from a database.
    is_row: bool,
    /// How many types were looked at.
    looks: Cell<usize>,
    most: usize,
}

impl Look<'_> {
    /// Counts a look, and says whether it is one too many.
    fn is_enough(&self) -> bool {
        self.looks.set(self.looks.get() + 1);
        self.looks.get() > self.most
    }

    /// Whether a value that says to be of type `tag` is one of `kind`, where a variant may be without its enum, or that have another name.
    fn is_tagged(&self, kind: &str, tag: &str, is_short: bool, aliases: usize) -> bool {
        if self.is_enough() {
            return false;
        }
        let any = |kinds: &str, aliases| {
            union_members(kinds).any(|kind| self.is_tagged(kind, tag, is_short, aliases))
        };
        match TypeForm::of(kind) {
            TypeForm::Optional(inner) => any(inner, aliases),
            TypeForm::Name(name) => {
                let of_tag = tag.split_once("::").map(|(of, _)| of);
                let is_it = match is_short {
                    false => name == tag || of_tag == Some(name),
                    true => is_called(self.types, name, tag) || self.has_variant(name, tag),
                };
                let alias = alias(self.types, name, aliases);
                is_it || alias.is_some_and(|meant| any(meant, aliases + 1))
            }
            TypeForm::List(_) | TypeForm::Set(_) | TypeForm::Map(_) | TypeForm::Other => false,
        }
    }

    /// Whether a value may be of a type, by what is seen of it at once.
    fn looks(&self, kind: &str, value: &Value, sight: Sight, aliases: usize) -> bool {
        let open = sight == Sight::Open;
        if self.is_enough() {
            return open;
        }
        match TypeForm::of(kind) {
            TypeForm::Optional(inner) => {
                value.is_null()
                    || union_members(inner).any(|inner| self.looks(inner, value, sight, aliases))
            }
            TypeForm::List(inner) | TypeForm::Set(inner) => value.as_array().is_some_and(|items| {
                items.iter().all(|item| self.all(inner, item, sight, aliases))
            }),
            TypeForm::Map(inner) => match value {
                Value::Object(object) => {
                    object.values().all(|value| self.all(inner, value, sight, aliases))
                }
                _ => false,
            },
            TypeForm::Other => open,
            TypeForm::Name(name) => {
                if let Some(fits) = plain::made(name, value, self.is_row) {
                    let is_near = sight != Sight::Exact || plain::is_exact(name, value);
                    return fits.is_some() && is_near;
                }
                if let Some(meant) = alias(self.types, name, aliases) {
                    let mut members = union_members(meant);
                    return members.any(|member| self.looks(member, value, sight, aliases + 1));
                }
                let Value::Object(object) = value else {
                    let is_variant = || {
                        self.is_row
                            && value.as_str().is_some_and(|text| self.has_variant(name, text))
                    };
                    return open && !is_defined(self.types, name) || is_variant();
                };
                match self.types.records.get(name) {
                    Some(definition) => {
                        let has = |field: &FieldDefinition| object.contains_key(&field.name);
                        let mut fields = definition.fields.iter();
                        fields.all(|field| may_miss(field) || has(field))
                            && other_type(self.types, name, definition, object).is_none()
                    }
                    None => match &self.types.variants(name)[..] {
                        [] => open,
                        variants => variant(self.types, variants, object).is_some(),
                    },
                }
            }
        }
    }

    /// As [`looks`](Self::looks), for what is in a list or a map, of a type that may be a union.
    fn all(&self, kinds: &str, value: &Value, sight: Sight, aliases: usize) -> bool {
        let sight = if sight == Sight::Exact { sight } else { Sight::Open };
        on_deep_stack(|| union_members(kinds).any(|kind| self.looks(kind, value, sight, aliases)))
    }

    fn has_variant(&self, name: &str, tag: &str) -> bool {
        self.types.variants(name).iter().any(|name| is_called(self.types, name, tag))
    }
}
