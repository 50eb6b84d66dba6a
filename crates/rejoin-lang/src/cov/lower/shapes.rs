//! The fields of the structs and variants that a file defines, in the order of their definition.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::aliases::Aliases;
use super::super::ast::{Block, File};
use super::super::library_types;
use super::operand::literal;
use super::{is, section, snippets};
use crate::plan::{
    FieldDefinition, Literal, Operand, RecordDefinition, TypeDefinitions, TypeForm, Widening,
    union_members,
};

/// A field as it is defined.
pub(super) struct Field {
    pub(super) name: Arc<str>,
    kind: Arc<str>,
    optional: bool,
    /// Whether a database gives it a value.
    is_filled: bool,
    widening: Option<Widening>,
    default: Option<Literal>,
}

/// What is known of the fields of a new value.
pub(super) struct Completed {
    pub(super) absent: Arc<[Arc<str>]>,
    pub(super) widening: Arc<[(Arc<str>, Widening)]>,
}

/// The fields of each struct, and of each variant under `Enum::Variant`.
#[derive(Default)]
pub(super) struct Shapes(HashMap<Arc<str>, Vec<Field>>);

impl Shapes {
    pub(super) fn new(file: &File, aliases: &Aliases) -> Self {
        let mut shapes = HashMap::new();
        let mut add = |name: String, block: &Block| {
            shapes.entry(name.into()).or_insert_with(|| fields(block, aliases));
        };
        for snippet in snippets(file) {
            let sections = ["types", "signature"].into_iter();
            let sections = sections.filter_map(|word| section(snippet, word));
            for block in sections.flat_map(Block::blocks) {
                let Some(name) = block.text("name") else { continue };
                if is(block, "struct") {
                    add(name.to_owned(), block);
                }
                for variant in block.blocks().filter(|part| is(part, "variant")) {
                    add(format!("{name}::{}", variant.text("name").unwrap_or_default()), variant);
                }
            }
        }
        Self(shapes)
    }

    /// The fields of a struct or variant; a variant may be named alone if only one enum has it.
    pub(super) fn of(&self, name: &str) -> Option<&[Field]> {
        let fields = self.0.get(name).or_else(|| self.0.get(&self.variant(name)?));
        fields.map(Vec::as_slice)
    }

    /// The variant with this short name, if only one enum has it and no type is called so.
    pub(super) fn variant(&self, name: &str) -> Option<Arc<str>> {
        let parts =
            |whole: &Arc<str>| whole.split_once("::").map(|(of, last)| (of == name, last == name));
        if self.0.contains_key(name)
            || self.0.keys().any(|whole| parts(whole).is_some_and(|(of, _)| of))
        {
            return None;
        }
        let mut all = self.0.keys().filter(|whole| parts(whole).is_some_and(|(_, last)| last));
        all.next().filter(|_| all.next().is_none()).cloned()
    }

    /// All of them, for values from outside.
    pub(super) fn definitions(
        &self,
        failures: &HashSet<Arc<str>>,
        aliases: &Aliases,
    ) -> TypeDefinitions {
        let record = |(name, fields): (&Arc<str>, &Vec<Field>)| {
            let fields = fields.iter().map(|field| FieldDefinition {
                name: field.name.clone(),
                kind: field.kind.clone(),
                optional: field.optional || field.is_filled,
                default: field.default.clone(),
            });
            let of = name.split("::").next().unwrap_or(name);
            let is_failure = failures.contains(of);
            (name.clone(), RecordDefinition { fields: fields.collect(), is_failure })
        };
        let mut records: HashMap<Arc<str>, RecordDefinition> = self.0.iter().map(record).collect();
        let aliases = aliases.all();
        for (of, name, definition) in library_types::definitions() {
            if !self.is_type(of) && !aliases.contains_key(of) {
                records.insert(name.into(), definition);
            }
        }
        TypeDefinitions { records, aliases }
    }

    /// Whether a struct or an enum has this name.
    fn is_type(&self, name: &str) -> bool {
        self.0.keys().any(|whole| whole.split("::").next() == Some(name))
    }

    /// Whether a struct, an enum or a variant has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.keys().any(|whole| {
            **whole == *name
                || whole.split_once("::").is_some_and(|(of, last)| of == name || last == name)
        })
    }

    /// Adds what a new value has without being given it. Gives the fields that it may go without, and those that are of numbers
    /// with a fraction.
    pub(super) fn complete(&self, name: &str, given: &mut Vec<(Arc<str>, Operand)>) -> Completed {
        let (mut absent, mut wide) = (Vec::new(), Vec::new());
        for field in self.0.get(name).into_iter().flatten() {
            wide.extend(field.widening.clone().map(|widening| (field.name.clone(), widening)));
            if given.iter().any(|(name, _)| *name == field.name) {
                continue;
            }
            match &field.default {
                Some(default) => {
                    let default = Operand::Default(default.clone(), field.kind.clone());
                    given.push((field.name.clone(), default));
                }
                None if field.optional => absent.push(field.name.clone()),
                None => {}
            }
        }
        Completed { absent: absent.into(), widening: wide.into() }
    }
}

fn fields(block: &Block, aliases: &Aliases) -> Vec<Field> {
    let field = |field: &Block| {
        let kind = aliases.meant(field.text("type").unwrap_or("Any"));
        Field {
            name: field.text("name").unwrap_or_default().into(),
            is_filled: ["auto", "auto_increment"].iter().any(|flag| field.has_flag(flag)),
            optional: ["optional", "nullable"].iter().any(|flag| field.has_flag(flag))
                || may_be_none(&kind),
            widening: Widening::of(&kind),
            kind,
            default: field.attribute("default").map(|default| literal(&default.value.kind)),
        }
    };
    block.blocks().filter(|part| is(part, "field")).map(field).collect()
}

/// Whether a type, written without aliases, says that there may be no value.
pub(super) fn may_be_none(kind: &str) -> bool {
    let is_none = |member: &str| {
        matches!(member, "None" | "Unit") || matches!(TypeForm::of(member), TypeForm::Optional(_))
    };
    union_members(kind).any(|member| is_none(member.trim()))
}
