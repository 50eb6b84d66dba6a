//! The types that are written: names that nothing defines, and unions whose members cannot be told apart.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::super::ast::{self, Block, ValueKind};
use super::super::super::library_types;
use super::super::program::Program;
use super::super::{is, parts, place, shown};
use super::sources::literal;
use super::table::Table;
use super::{Type, circles, read};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Span;

pub(super) fn check(program: &Program<'_>, table: &Table<'_>, problems: &mut Vec<Diagnostic>) {
    let mut rule = Declared { table, problems, said: HashSet::new() };
    rule.distinct(program);
    for snippet in &program.snippets {
        for section in parts(snippet, "types").chain(parts(snippet, "signature")) {
            let generics = section.blocks().flat_map(|block| parts(block, "generic"));
            let generics: Vec<&str> = generics.filter_map(|generic| generic.text("name")).collect();
            section.blocks().for_each(|block| rule.block(block, &generics));
        }
    }
    for body in program.bodies() {
        let generics = body.signature.into_iter().flat_map(|signature| parts(signature, "generic"));
        let generics: Vec<&str> = generics.filter_map(|generic| generic.text("name")).collect();
        body.steps.iter().for_each(|step| rule.cases(step, &generics));
    }
}

/// What a pattern may name that is no type: the two sides of an optional value and of a result, and the variants of `Json`.
const PATTERNS: &[&str] = &["Some", "Ok", "Err", "Null", "Number", "Array", "Object"];

/// Whether two definitions say the same.
fn is_same(a: &Block, b: &Block) -> bool {
    let attributes = |block: &Block| -> Vec<(Arc<str>, ValueKind)> {
        let all = block.attributes();
        all.map(|all| (all.name.text.clone(), all.value.kind.clone())).collect()
    };
    let flags = |block: &Block| -> Vec<Arc<str>> {
        let flags = block.entries.iter().filter_map(|entry| match entry {
            ast::Entry::Flag(word) => Some(word.text.clone()),
            _ => None,
        });
        flags.collect()
    };
    a.word.text == b.word.text
        && attributes(a) == attributes(b)
        && flags(a) == flags(b)
        && a.blocks().count() == b.blocks().count()
        && a.blocks().zip(b.blocks()).all(|(a, b)| is_same(a, b))
}

struct Declared<'p, 't, 'f> {
    table: &'t Table<'f>,
    problems: &'p mut Vec<Diagnostic>,
    /// Each unknown name is said once.
    said: HashSet<String>,
}

impl Declared<'_, '_, '_> {
    /// Of several types of one name only the first would count. To write the same twice does no harm. The tables of a database
    /// are its own.
    fn distinct(&mut self, program: &Program<'_>) {
        let sections = program
            .snippets
            .iter()
            .filter(|snippet| snippet.text("kind") != Some("database"))
            .flat_map(|snippet| parts(snippet, "types").chain(parts(snippet, "signature")));
        let types = sections.flat_map(Block::blocks);
        let types = types.filter(|block| ["struct", "enum", "alias"].iter().any(|w| is(block, w)));
        let (mut known, mut aliases) = (HashMap::new(), Vec::new());
        for block in types {
            let Some(name) = block.text("name") else { continue };
            if is(block, "alias") {
                aliases.push(block);
            }
            match known.entry(name) {
                Entry::Vacant(new) => _ = new.insert(block),
                Entry::Occupied(first) if is_same(first.get(), block) => {}
                Entry::Occupied(first) => {
                    let message = format!("two types are called `{}`", shown(name));
                    let span = place(block, "name");
                    self.problems.push(
                        Diagnostic::new(Code::COV_REPEATED, span, message)
                            .label("again here, and not the same")
                            .also(place(first.get(), "name"), "first here")
                            .help("give one of them another name, or remove it"),
                    );
                }
            }
        }
        circles::check(&aliases, self.problems);
    }

    /// The types in the cases of `match` and `handle`.
    fn cases(&mut self, block: &Block, generics: &[&str]) {
        if is(block, "case")
            && let Some(attribute) = block.attribute("type")
            && let ValueKind::Text(text) = &attribute.value.kind
        {
            // What steps make and what a row is called has a name, whether something defines it or not.
            let is_named = |name: &str| {
                let whole = self.table.qualified(name);
                let name = whole.as_deref().unwrap_or(name);
                let short = name.rsplit("::").next().unwrap_or(name);
                // A variant that its enum does not have is said where the case is.
                let is_of_known = || {
                    let of = name.split_once("::");
                    of.is_some_and(|(of, _)| self.table.variants(of).is_some())
                };
                self.table.is_made(name)
                    || is_of_known()
                    || PATTERNS.contains(&name)
                    || self.table.variant_called(name).is_some()
                    || self.table.has_variant(name)
                    || library_types::definitions()
                        .any(|(_, known, _)| known.rsplit("::").next() == Some(short))
            };
            let is_named =
                read::read(text).is_none_or(|(_, names)| names.iter().all(|name| is_named(name)));
            if !is_named {
                self.names(text, attribute.value.span, generics, "nothing is of this type");
            }
        }
        block.blocks().for_each(|inner| self.cases(inner, generics));
    }

    fn block(&mut self, block: &Block, generics: &[&str]) {
        for attribute in block.attributes() {
            if let ("type" | "of", ValueKind::Text(text)) =
                (&*attribute.name.text, &attribute.value.kind)
            {
                self.text(text, attribute.value.span, generics);
            }
        }
        self.default(block);
        if is(block, "returns") && block.has_flag("union") {
            self.members(block);
        }
        block.blocks().for_each(|inner| self.block(inner, generics));
    }

    /// The value that a parameter or a field is without one.
    fn default(&mut self, block: &Block) {
        let (Some(kind), Some(default)) = (block.text("type"), block.attribute("default")) else {
            return;
        };
        if matches!(default.value.kind, ValueKind::Var(_)) {
            return;
        }
        let (given, wanted) = (literal(&default.value.kind, self.table), self.table.read(kind));
        // Without a value, that is.
        if given != Type::None && !self.table.fits(&given, &wanted) {
            let message = format!("the default is of type `{given}`");
            self.problems.push(
                Diagnostic::new(Code::COV_TYPE, default.value.span, message)
                    .label(format!("`{wanted}` is declared"))
                    .help("use a value of that type, or change the type"),
            );
        }
    }

    fn text(&mut self, text: &str, span: Span, generics: &[&str]) {
        self.names(text, span, generics, "anything fits it");
    }

    /// `label` says what comes of a name that nothing defines.
    fn names(&mut self, text: &str, span: Span, generics: &[&str], label: &str) {
        let Some((_, names)) = read::read(text) else {
            let problem = Diagnostic::new(Code::COV_BAD_VALUE, span, "a type that cannot be read");
            let help = "write it like `Int`, `Quote?`, `List<Int>` or `Map<String, Int>`";
            self.problems.push(problem.label("no type").help(help));
            return;
        };
        for name in names {
            if self.table.is_known(name)
                || generics.contains(&name)
                || !self.said.insert(name.to_owned())
            {
                continue;
            }
            let help = match nearest(name, self.table.names()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "define it in `types`, or with a `struct` or `enum` snippet".to_owned(),
            };
            let message = format!("nothing defines the type `{}`", shown(name));
            let problem = Diagnostic::new(Code::COV_UNKNOWN_TYPE, span, message);
            self.problems.push(problem.label(label).help(help));
        }
    }

    fn members(&mut self, returns: &Block) {
        let mut seen: Vec<(Type, Span)> = Vec::new();
        for member in returns.attributes().filter(|attribute| &*attribute.name.text == "type") {
            let ValueKind::Text(text) = &member.value.kind else { continue };
            let kind = self.table.read(text);
            let alike = seen.iter().find(|(earlier, _)| match (earlier, &kind) {
                // Whatever the value is, a failure beside it is known by its type.
                (Type::Any, other) | (other, Type::Any) => !self.table.is_failure(other),
                (Type::List(_), Type::List(_)) | (Type::Map(_), Type::Map(_)) => true,
                (a, b) => a.members().iter().any(|a| b.members().contains(a)),
            });
            match alike {
                Some((earlier, place)) => {
                    let message = format!("`{earlier}` and `{kind}` cannot be told apart");
                    self.problems.push(
                        Diagnostic::new(Code::COV_ALIKE_MEMBERS, member.value.span, message)
                            .label("looks the same at run time")
                            .also(*place, "as this member")
                            .help("remove one, or wrap one in a struct"),
                    );
                }
                None if seen.len() < 64 => seen.push((kind, member.value.span)),
                None => return,
            }
        }
    }
}
