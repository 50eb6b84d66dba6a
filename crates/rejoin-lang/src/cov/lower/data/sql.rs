//! `query` with a `body`: a statement in the database's own language.

use std::sync::Arc;

use super::super::super::ast::{Block, Entry, Value, ValueKind};
use super::super::operand::{operand, text};
use super::super::{Lower, is, shown};
use super::placeholder::{self, Style};
use super::{Named, named};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{DataTarget, Literal, Operand, Request, Returns, Rows, Sql};

impl Lower {
    pub(super) fn sql(&mut self, step: &Block) -> Option<(DataTarget, Request<Operand>)> {
        let target = named(step, "target")?;
        let place = self.target(target)?;
        let DataTarget::Database(at) = place else {
            let message = format!("`{}` has no SQL", target.name);
            self.cannot(target.span, &message, "use `select`");
            return None;
        };
        let dialect = self.dialect(step, at)?;
        let body = step.blocks().find(|block| is(block, "body"))?;
        let (written, from) = body.entries.iter().find_map(|entry| match entry {
            Entry::Value(Value { kind: ValueKind::Text(text), span }) => Some((text, *span)),
            _ => None,
        })?;
        let params: Vec<&Block> = step
            .blocks()
            .filter(|block| is(block, "params"))
            .flat_map(Block::blocks)
            .filter(|block| is(block, "param"))
            .collect();
        let names: Vec<Named<'_>> =
            params.iter().filter_map(|param| named(param, "name")).collect();
        let all: Vec<&str> = names.iter().map(|name| name.name).collect();
        let read = placeholder::read(written, Style::of(&dialect), &all);
        for unbound in read.unbound {
            let name = &written[unbound.clone()];
            let message = format!("the placeholder `{}` has no parameter", shown(name));
            let meant = nearest(name.trim_start_matches([':', '@']), all.iter().copied());
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "add a `param` to `params`".to_owned(),
            };
            let span = from.slice(unbound.start, unbound.end);
            let problem = Diagnostic::new(Code::COV_UNBOUND_PLACEHOLDER, span, message);
            self.problems.push(problem.label("has no value").help(help));
        }
        for at in read.unused {
            let message = format!("nothing in the statement uses `{}`", shown(names[at].name));
            let problem = Diagnostic::new(Code::COV_UNUSED_PARAMETER, names[at].span, message);
            let help = "remove it, or write its placeholder into the statement";
            self.problems.push(problem.label("unused").help(help));
        }
        let returns = self.returns(step)?;
        let values = params.iter().map(|param| operand(param));
        let params = values.map(|value| value.unwrap_or(Operand::Literal(Literal::None))).collect();
        let sql = Sql { text: dedent(&read.text).into(), params, returns: Arc::new(returns) };
        Some((place, Request::Sql(sql)))
    }

    /// Whose SQL it is: the step says so, or else the database.
    fn dialect(&mut self, step: &Block, at: usize) -> Option<Arc<str>> {
        let declared = self.databases[at].dialect.clone();
        let Some(said) = named(step, "dialect") else {
            if declared.is_none() {
                let message = "`query` with a `body` without `dialect`";
                let problem = Diagnostic::new(Code::COV_MISSING, step.word.span, message);
                let help = "add `dialect=\"postgres\"` or `dialect=\"sqlite\"`";
                self.problems.push(problem.label("incomplete").help(help));
            }
            return declared;
        };
        if let Some(declared) = declared.filter(|declared| **declared != *said.name) {
            let database = &self.databases[at];
            let message = format!("`{}` speaks {}", database.id, shown(&declared));
            let problem = Diagnostic::new(Code::COV_QUERY_DIALECT, said.span, message)
                .label("another dialect")
                .also(database.span, "the database");
            self.problems.push(problem.help(format!("write `dialect=\"{}\"`", shown(&declared))));
        }
        Some(said.name.into())
    }

    fn returns(&mut self, step: &Block) -> Option<Returns> {
        let Some(block) = step.blocks().find(|block| is(block, "returns")) else {
            let message = "a statement that does not say what it returns";
            let problem = Diagnostic::new(Code::COV_NO_RETURNS, step.word.span, message);
            let help = "add `returns type=\"T\"` for one row, `returns type=\"T\" optional` for one or none, or `returns collection of=\"T\"`";
            self.problems.push(problem.label("incomplete").help(help));
            return None;
        };
        let (mut kind, mut rows) = (None, Rows::One);
        for attribute in block.attributes() {
            let Some(name) = text(&attribute.value.kind) else { continue };
            match &*attribute.name.text {
                "of" => (kind, rows) = (Some(name), Rows::Many),
                // Of a union the first type is that of the rows, and the others are what can go wrong.
                _ => _ = kind.get_or_insert(name),
            }
        }
        let kind = kind.unwrap_or_else(|| "Any".into());
        let (kind, rows) = match (unwrapped(&kind), rows) {
            (Some((inner, rows)), Rows::One) => (inner.into(), rows),
            _ => (kind, rows),
        };
        let rows =
            if rows == Rows::One && block.has_flag("optional") { Rows::Optional } else { rows };
        let fields = self.structs.get(&kind).cloned().unwrap_or_default();
        Some(Returns { rows, kind, fields })
    }
}

/// `T?`, `T[]`, `Optional<T>`, `List<T>`.
fn unwrapped(kind: &str) -> Option<(&str, Rows)> {
    let inside = |name: &str| kind.strip_prefix(name)?.strip_suffix('>');
    kind.strip_suffix('?')
        .or_else(|| inside("Optional<"))
        .map(|inner| (inner, Rows::Optional))
        .or_else(|| Some((kind.strip_suffix("[]").or_else(|| inside("List<"))?, Rows::Many)))
}

/// Without the blanks that all lines begin with, and without blank lines around it; the rest stays byte for byte.
fn dedent(text: &str) -> String {
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let is_blank = |line: &str| line.trim().is_empty();
    let lines = text.split('\n').map(|line| if is_blank(line) { "" } else { line });
    let lines: Vec<&str> = lines.collect();
    let common = lines.iter().filter(|line| !line.is_empty()).map(|line| blanks(line)).min();
    let lines: Vec<&str> =
        lines.iter().map(|line| line.get(common.unwrap_or(0)..).unwrap_or_default()).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}
