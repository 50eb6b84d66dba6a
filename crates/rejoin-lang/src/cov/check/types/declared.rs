//! The types that are written: names that nothing defines, and unions whose members cannot be told apart.

use std::collections::HashSet;

use super::super::super::ast::{Block, ValueKind};
use super::super::program::Program;
use super::super::{is, parts, shown};
use super::sources::literal;
use super::table::Table;
use super::{Type, read};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Span;

pub(super) fn check(program: &Program<'_>, table: &Table<'_>, problems: &mut Vec<Diagnostic>) {
    let mut rule = Declared { table, problems, said: HashSet::new() };
    for snippet in &program.snippets {
        for section in parts(snippet, "types").chain(parts(snippet, "signature")) {
            let generics = section.blocks().flat_map(|block| parts(block, "generic"));
            let generics: Vec<&str> = generics.filter_map(|generic| generic.text("name")).collect();
            section.blocks().for_each(|block| rule.block(block, &generics));
        }
    }
}

struct Declared<'p, 't, 'f> {
    table: &'t Table<'f>,
    problems: &'p mut Vec<Diagnostic>,
    /// Each unknown name is said once.
    said: HashSet<String>,
}

impl Declared<'_, '_, '_> {
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
            self.problems.push(problem.label("anything fits it").help(help));
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
