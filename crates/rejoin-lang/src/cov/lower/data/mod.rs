//! Steps on data: where they go, and what they ask.

mod condition;
pub(super) mod database;
mod placeholder;
pub(super) mod project;
mod select;
mod sql;
mod tables;
mod walk;
mod write;

use std::sync::Arc;

use super::super::ast::{Block, Value, ValueKind};
use super::operand::text;
use super::{Lower, shown};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Action, DataStep, DataTarget, Function, Operand, Request};
use crate::source::Span;

/// The collections of `project`.
pub(super) const COLLECTIONS: &[&str] = &[
    "functions",
    "structs",
    "types",
    "enums",
    "requirements",
    "tests",
    "steps",
    "literals",
    "snippets",
];

/// A word in the text.
#[derive(Clone, Copy)]
struct Named<'b> {
    name: &'b str,
    span: Span,
}

impl Lower {
    /// A step on data, or nothing for a step of another kind.
    pub(super) fn data_step(
        &mut self,
        step: &Block,
        kind: &str,
        known: &[Function],
    ) -> Option<Action> {
        let asked = match kind {
            "query" if step.blocks().any(|block| &*block.word.text == "body") => self.sql(step),
            "query" => self.select(step),
            "insert" => self.insert(step),
            "update" => self.update(step),
            "delete" => self.delete(step),
            "transaction" => return Some(self.transaction(step, known)),
            "traverse" => return Some(self.traverse(step)),
            _ => return None,
        };
        // Without a target there is a problem, and nothing runs.
        Some(asked.map_or_else(|| Action::Absent(kind.into()), data))
    }

    /// The place that `target` names.
    fn target(&mut self, target: Named<'_>) -> Option<DataTarget> {
        if target.name == "project" {
            return Some(DataTarget::Project);
        }
        if target.name == "std.storage" {
            return Some(DataTarget::Documents);
        }
        let databases = self.databases.clone();
        if let Some(at) = databases.iter().position(|database| *database.id == *target.name) {
            return Some(DataTarget::Database(at));
        }
        let ends = |id: &str| id.rsplit('.').next() == Some(target.name);
        let mut named = (0..).zip(&*databases).filter(|(_, database)| ends(&database.id));
        let help = match (named.next(), named.next()) {
            (Some((at, _)), None) => return Some(DataTarget::Database(at)),
            (Some(_), Some(_)) => "several databases end so: write the whole id of the one".into(),
            (None, _) => {
                let ids = databases
                    .iter()
                    .map(|database| &*database.id)
                    .chain(["project", "std.storage"]);
                match nearest(target.name, ids) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!(
                        "declare it: `snippet id=\"db.{}\" kind=\"database\"`, then `end`",
                        shown(target.name)
                    ),
                }
            }
        };
        let message = format!("there is no database `{}`", shown(target.name));
        let problem = Diagnostic::new(Code::COV_QUERY_TARGET, target.span, message);
        self.problems.push(problem.label("unknown").help(help));
        None
    }

    /// `store.collection`: the place and the name of the collection.
    fn place<'b>(&mut self, whole: Named<'b>) -> Option<(DataTarget, Named<'b>)> {
        let Some((store, table)) = whole.name.rsplit_once('.') else {
            let message = format!("`{}` names no table of a database", shown(whole.name));
            let problem = Diagnostic::new(Code::COV_QUERY_TARGET, whole.span, message);
            self.problems.push(
                problem
                    .label("has no dot")
                    .help("write it like `app_db.users`: database, dot, table"),
            );
            return None;
        };
        let target = self.target(Named { name: store, span: whole.span })?;
        if target == DataTarget::Project {
            self.cannot(whole.span, "`project` can only be read", "change the files instead");
            return None;
        }
        Some((target, Named { name: table, span: whole.span }))
    }

    /// What a target cannot do.
    fn cannot(&mut self, span: Span, message: &str, help: &str) {
        let problem = Diagnostic::new(Code::COV_QUERY_SHAPE, span, message);
        self.problems.push(problem.label("cannot be done").help(help));
    }

    /// A whole number that is not negative.
    fn count(&mut self, step: &Block, name: &str) -> Option<u64> {
        let attribute = step.attribute(name)?;
        match attribute.value.kind {
            ValueKind::Int(number) if number >= 0 => u64::try_from(number).ok(),
            _ => {
                self.bad(&attribute.value, "a whole number, 0 or more");
                None
            }
        }
    }

    fn bad(&mut self, value: &Value, wanted: &str) {
        let message = format!("a value that is not {wanted}");
        let problem = Diagnostic::new(Code::COV_BAD_VALUE, value.span, message);
        self.problems.push(problem.label("does not fit here").help(format!("write {wanted}")));
    }
}

fn data((target, request): (DataTarget, Request<Operand>)) -> Action {
    Action::Data(Box::new(DataStep { target, request }))
}

/// The text of an attribute, with its place.
fn named<'b>(block: &'b Block, name: &str) -> Option<Named<'b>> {
    let attribute = block.attribute(name)?;
    Some(Named { name: block.text(name)?, span: attribute.value.span })
}

/// Every `field` of a block or line, in the order written.
fn fields(block: &Block) -> Vec<Named<'_>> {
    let attributes = block.attributes().filter(|attribute| &*attribute.name.text == "field");
    attributes
        .filter_map(|attribute| match &attribute.value.kind {
            ValueKind::Text(name) | ValueKind::Word(name) => {
                Some(Named { name, span: attribute.value.span })
            }
            _ => None,
        })
        .collect()
}

/// What a line such as `equals field="a" …` or `set field="a" …` compares or sets its first field with.
enum Side<'b> {
    Value(Operand),
    Field(Named<'b>),
}

fn side(line: &Block) -> Option<(Named<'_>, Side<'_>)> {
    let fields = fields(line);
    let first = *fields.first()?;
    if let Some(of) = line.attribute("of") {
        // `field="price" of="quote"`; with one `field` it is both, the column and what is read.
        let read = fields.get(1).unwrap_or(&first);
        let path = format!("{}.{}", text(&of.value.kind)?, read.name);
        return Some((first, Side::Value(Operand::Path(path.into(), of.value.span))));
    }
    match fields.get(1) {
        Some(second) => Some((first, Side::Field(*second))),
        None => Some((first, Side::Value(super::operand::operand(line)?))),
    }
}

/// A node: the value of a name if there is one, or else the id itself.
fn node(block: &Block, name: &str) -> Option<Operand> {
    Some(Operand::Node(Arc::from(block.text(name)?)))
}
