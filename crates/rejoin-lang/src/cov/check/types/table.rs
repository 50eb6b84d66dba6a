//! The types that a file defines.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::super::ast::Block;
use super::super::super::{failures, library_types};
use super::super::program::Program;
use super::super::{is, parts};
use super::library::SHAPES;
use super::{Type, circles, read};

/// Types that come with the language and its library; what is in them is not known here.
const BUILT_IN: &[&str] = &[
    "Char",
    "Bytes",
    "DateTime",
    "Decimal",
    "Json",
    "JsonError",
    "Response",
    "HttpError",
    "IoError",
    "DirEntry",
    "FileHandle",
    "FileStat",
    "ProcessResult",
    "ProcessHandle",
    "ProcessError",
    "Url",
    "UrlError",
    "Document",
    "QueryResult",
    "Connection",
    "Rows",
    "DbError",
    "TimeoutError",
    "RaceError",
    "RuntimeError",
    "ParseError",
    "RandomError",
];

/// A chain of aliases is followed this far.
const MOST_ALIASES: usize = 16;
/// So many are followed for one type: each may name the next several times.
const MOST_FOLLOWED: usize = 1024;

/// The aliases that are being followed for a type.
#[derive(Default)]
struct Open {
    names: Vec<Arc<str>>,
    followed: usize,
}

impl Open {
    /// Whether nothing is to be known of one more.
    fn is_enough(&self) -> bool {
        self.names.len() >= MOST_ALIASES || self.followed >= MOST_FOLLOWED
    }
}

/// A field and its type.
pub(super) struct Field<'f> {
    pub(super) name: &'f str,
    pub(super) kind: Type,
    pub(super) may_miss: bool,
}

#[derive(Default)]
pub(super) struct Table<'f> {
    structs: HashMap<&'f str, Vec<Field<'f>>>,
    enums: HashMap<&'f str, Vec<(&'f str, Vec<Field<'f>>)>>,
    aliases: HashMap<&'f str, &'f str>,
    failures: HashSet<&'f str>,
    /// The aliases that lead back to themselves.
    recursive: HashSet<&'f str>,
    /// The types that steps of the file make, whether something defines them or not.
    made: HashSet<&'f str>,
    /// The structs of the library, but for those that the file makes itself: it may mean something else by the name.
    library: HashMap<&'static str, Vec<Field<'static>>>,
}

impl<'f> Table<'f> {
    pub(super) fn new(program: &Program<'f>) -> Self {
        let failures = failures::marked(program.snippets.iter().copied());
        let mut table = Table { failures, ..Table::default() };
        let mut definitions: Vec<&Block> = Vec::new();
        for snippet in &program.snippets {
            let sections = parts(snippet, "types").chain(parts(snippet, "signature"));
            for definition in sections.flat_map(Block::blocks) {
                definitions.push(definition);
                if let (Some(name), Some(kind)) = (definition.text("name"), definition.text("type"))
                    && is(definition, "alias")
                {
                    table.aliases.insert(name, kind);
                }
            }
        }
        table.recursive = circles::recursive(&table.aliases);
        for definition in definitions {
            let Some(name) = definition.text("name") else { continue };
            if is(definition, "struct") {
                let fields = table.fields(definition);
                table.structs.entry(name).or_insert(fields);
            } else if is(definition, "enum") {
                let variants = parts(definition, "variant").map(|variant| {
                    (variant.text("name").unwrap_or_default(), table.fields(variant))
                });
                let variants = variants.collect();
                table.enums.entry(name).or_insert(variants);
            }
        }
        let made = &mut table.made;
        program.bodies().for_each(|body| body.steps.iter().for_each(|step| types(step, made)));
        for (name, fields) in SHAPES {
            if table.made.contains(name) {
                continue;
            }
            let fields = fields.iter().map(|(name, kind)| Field {
                name,
                kind: table.read(kind),
                may_miss: true,
            });
            let fields = fields.collect();
            table.library.insert(name, fields);
        }
        table
    }

    fn fields(&self, block: &'f Block) -> Vec<Field<'f>> {
        let field = |field: &'f Block| {
            let is_optional = ["optional", "nullable"].iter().any(|flag| field.has_flag(flag));
            let kind = self.read(field.text("type").unwrap_or("Any"));
            let kind = if is_optional { kind.optional() } else { kind };
            let is_filled = ["auto", "auto_increment"].iter().any(|flag| field.has_flag(flag));
            let may_miss = kind.is_optional()
                || kind == Type::Any
                || is_filled
                || field.attribute("default").is_some();
            Field { name: field.text("name").unwrap_or_default(), kind, may_miss }
        };
        parts(block, "field").map(field).collect()
    }

    /// What a type string means; nothing is known of one that cannot be read.
    pub(super) fn read(&self, text: &str) -> Type {
        self.meaning(&read::read(text).map_or(Type::Any, |(kind, _)| kind))
    }

    /// With aliases replaced by what they stand for. Within a list or a map those that lead back to themselves keep their name.
    pub(super) fn meaning(&self, kind: &Type) -> Type {
        Type::union(self.members_of(kind, &mut Open::default()))
    }

    /// An alias that leads to itself adds nothing.
    fn members_of(&self, kind: &Type, open: &mut Open) -> Vec<Type> {
        match kind {
            Type::Named(name) => match self.aliases.get(&**name) {
                Some(_) if open.names.contains(name) => Vec::new(),
                Some(_) if open.is_enough() => vec![Type::Any],
                Some(meant) => {
                    let meant = read::read(meant).map_or(Type::Any, |(kind, _)| kind);
                    open.names.push(name.clone());
                    open.followed += 1;
                    let members = self.members_of(&meant, open);
                    open.names.pop();
                    members
                }
                None => vec![self.qualified(name).map_or_else(|| kind.clone(), Type::Named)],
            },
            Type::List(item) => vec![Type::List(self.within(item, open).into())],
            Type::Map(value) => vec![Type::Map(self.within(value, open).into())],
            Type::Union(members) => {
                members.iter().flat_map(|member| self.members_of(member, open)).collect()
            }
            other => vec![other.clone()],
        }
    }

    fn within(&self, kind: &Type, open: &mut Open) -> Type {
        match kind {
            Type::Named(name) if self.recursive.contains(&**name) => kind.clone(),
            Type::Union(members) => {
                Type::union(members.iter().map(|member| self.within(member, open)))
            }
            other => Type::union(self.members_of(other, open)),
        }
    }

    /// Whether a step of the file makes a value of this type.
    pub(super) fn is_made(&self, name: &str) -> bool {
        self.made.contains(name)
    }

    /// The variant behind a name whose enum is called otherwise: `Route::Land`, where `Route` is an alias of `Way`.
    pub(super) fn qualified(&self, name: &str) -> Option<Arc<str>> {
        let (of, variant) =
            name.split_once("::").filter(|(of, _)| self.aliases.contains_key(of))?;
        match self.read(of) {
            Type::Named(meant) => Some(format!("{meant}::{variant}").into()),
            _ => None,
        }
    }

    pub(super) fn is_known(&self, name: &str) -> bool {
        self.is_defined(name)
            || self.aliases.contains_key(name)
            || self.qualified(name).is_some_and(|name| self.is_known(&name))
            || BUILT_IN.contains(&name.split("::").next().unwrap_or(name))
    }

    /// Whether the file says what is in it.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        self.structs.contains_key(name)
            || self.variants(name).is_some()
            || self.variant(name).is_some()
    }

    /// The name of a type, or what an alias means: one, or the members of a union.
    pub(super) fn meant(&self, name: &str) -> Vec<String> {
        match self.aliases.contains_key(name) {
            true => self.read(name).members().iter().map(ToString::to_string).collect(),
            false => vec![self.qualified(name).as_deref().unwrap_or(name).to_owned()],
        }
    }

    /// The type that a step makes: what an alias means, and the variant that a name alone means where only one enum has it.
    pub(super) fn made(&self, name: &str, is_variant: bool) -> String {
        match (&*self.meant(name), is_variant) {
            ([meant], true) => self.variant_called(meant).unwrap_or_else(|| meant.clone()),
            ([meant], false) => meant.clone(),
            _ => name.to_owned(),
        }
    }

    /// The only variant that is called so, unless a type is.
    pub(super) fn variant_called(&self, name: &str) -> Option<String> {
        if self.structs.contains_key(name) || self.enums.contains_key(name) {
            return None;
        }
        let has =
            |variants: &[(&str, Vec<Field<'_>>)]| variants.iter().any(|(own, _)| *own == name);
        let mut owners = self.enums.iter().filter(|(_, variants)| has(variants));
        let (of, _) = owners.next()?;
        owners.next().is_none().then(|| format!("{of}::{name}"))
    }

    /// The variant that a name means in a case for such values, although a type has that name, too: none of them is of that type.
    pub(super) fn short_for(&self, name: &str, on: &Type) -> Option<Arc<str>> {
        let named = on.members().iter().filter_map(|member| match member {
            Type::Named(named) => Some(&**named),
            _ => None,
        });
        let is_type =
            self.is_defined(name) || library_types::definitions().any(|(_, own, _)| own == name);
        if *on == Type::Any || !is_type || named.clone().any(|of| of == name) {
            return None;
        }
        let has = |of: &&str| match self.variants(of) {
            Some(variants) => variants.iter().any(|(own, _)| *own == name),
            None if self.is_defined(of) => false,
            None => library_types::definitions()
                .any(|(_, own, _)| own.split_once("::") == Some((of, name))),
        };
        let mut owners = named.filter(has);
        let of = owners.next()?;
        owners.next().is_none().then(|| format!("{of}::{name}").into())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'f str> {
        let enums = self.enums.keys().copied();
        self.structs.keys().copied().chain(enums).chain(self.aliases.keys().copied())
    }

    pub(super) fn variants(&self, name: &str) -> Option<&[(&'f str, Vec<Field<'f>>)]> {
        self.enums.get(name).map(Vec::as_slice)
    }

    /// Whether an enum of the file has a variant of this short name.
    pub(super) fn has_variant(&self, name: &str) -> bool {
        self.enums.values().flatten().any(|(variant, _)| *variant == name)
    }

    /// The fields of `Enum::Variant`.
    fn variant(&self, name: &str) -> Option<&[Field<'f>]> {
        let (of, variant) = name.split_once("::")?;
        let variants = self.variants(of)?;
        variants.iter().find(|(name, _)| *name == variant).map(|(_, fields)| fields.as_slice())
    }

    /// The fields of a struct or a variant.
    pub(super) fn fields_of(&self, name: &str) -> Option<&[Field<'f>]> {
        self.structs.get(name).map(Vec::as_slice).or_else(|| self.variant(name))
    }

    /// The fields of a struct or a variant, or of a struct of the library.
    pub(super) fn known_fields(&self, name: &str) -> Option<&[Field<'f>]> {
        match self.fields_of(name) {
            None if !self.is_defined(name) => self.library.get(name).map(Vec::as_slice),
            fields => fields,
        }
    }

    /// Whether it is known what is in it.
    pub(super) fn is_transparent(&self, name: &str) -> bool {
        self.is_defined(name) || self.library.contains_key(name)
    }

    /// Whether values of this type are failures.
    pub(super) fn is_failure(&self, kind: &Type) -> bool {
        let Type::Named(name) = kind else { return false };
        let name = name.split("::").next().unwrap_or(name);
        name.ends_with("Error") || self.failures.contains(name)
    }

    /// Whether a value of one type can stand where the other is wanted.
    pub(super) fn fits(&self, given: &Type, wanted: &Type) -> bool {
        match (given, wanted) {
            (Type::Any, _) | (_, Type::Any) | (Type::Int, Type::Float) => true,
            (Type::Union(members), _) => members.iter().all(|member| self.fits(member, wanted)),
            (_, Type::Union(members)) => members.iter().any(|member| self.fits(given, member)),
            (Type::List(given), Type::List(wanted)) | (Type::Map(given), Type::Map(wanted)) => {
                self.fits(given, wanted)
            }
            (Type::Named(given), Type::Named(wanted)) => {
                given == wanted
                    || !self.is_defined(given)
                    || !self.is_defined(wanted)
                    || given.split_once("::").is_some_and(|(of, _)| *of == **wanted)
            }
            // A map, or a list, to whoever reads it.
            (Type::Slots(_), wanted) => {
                !matches!(wanted, Type::None | Type::Int | Type::Float | Type::Bool | Type::Text)
            }
            // What is in a type that nothing defines is not known, so it may be this.
            (Type::Named(name), _) | (_, Type::Named(name)) => !self.is_transparent(name),
            _ => given == wanted,
        }
    }
}

/// The types of the values that a step makes itself.
fn types<'f>(block: &'f Block, made: &mut HashSet<&'f str>) {
    if !is(block, "case") {
        made.extend(block.text("type"));
    }
    block.blocks().for_each(|inner| types(inner, made));
}
