//! `insert`, `update`, `delete`.

use super::super::super::ast::Block;
use super::super::{Lower, is};
use super::tables::Tables;
use super::{Named, Side, named, side};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Change, DataTarget, Operand, Request};

/// What `set` can do to what a field was.
const OPERATIONS: &[&str] = &["add", "sub", "mul", "div", "append"];

impl Lower {
    pub(super) fn insert(&mut self, step: &Block) -> Option<(DataTarget, Request<Operand>)> {
        let (target, table, tables) = self.written(step, "into")?;
        let before = self.problems.len();
        let changes = self.changes(step, &tables, false);
        // What is wrong with a field may be why it is missing.
        let is_sound = self.problems.len() == before;
        if let Some(schema) = tables.database().and_then(|database| database.table(table.name)) {
            let missing = schema.fields.iter().find(|field| {
                !(field.nullable || field.auto || field.default.is_some())
                    && changes.iter().all(|change| change.field != field.name)
            });
            if let Some(field) = missing.filter(|_| is_sound) {
                let message = format!("`{}` needs a value for `{}`", table.name, field.name);
                let help = format!("add `set field=\"{}\"` with `from` or `lit`", field.name);
                let problem = Diagnostic::new(Code::COV_TABLE_FIELD, table.span, message);
                self.problems.push(problem.label("is given none").help(help));
            }
        }
        let fields = changes.into_iter().map(|change| (change.field, change.value)).collect();
        Some((target, Request::Insert(table.name.into(), fields)))
    }

    pub(super) fn update(&mut self, step: &Block) -> Option<(DataTarget, Request<Operand>)> {
        let (target, table, tables) = self.written(step, "target")?;
        let before = self.problems.len();
        let changes = self.changes(step, &tables, true);
        if changes.is_empty() && self.problems.len() == before {
            let help = "add `set field=\"name\"` with `from` or `lit`";
            self.cannot(step.word.span, "this `update` sets nothing", help);
        }
        let filter = self.filter(step, &tables);
        Some((target, Request::Update(table.name.into(), changes, filter)))
    }

    pub(super) fn delete(&mut self, step: &Block) -> Option<(DataTarget, Request<Operand>)> {
        let (target, table, tables) = self.written(step, "from")?;
        let filter = self.filter(step, &tables);
        Some((target, Request::Delete(table.name.into(), filter)))
    }

    fn written<'b>(
        &mut self,
        step: &'b Block,
        name: &str,
    ) -> Option<(DataTarget, Named<'b>, Tables)> {
        let (target, table) = self.place(named(step, name)?)?;
        let tables = self.tables(target, &[table]);
        Some((target, table, tables))
    }

    fn changes(&mut self, step: &Block, tables: &Tables, relative: bool) -> Vec<Change<Operand>> {
        let mut changes: Vec<Change<Operand>> = Vec::new();
        for set in step.blocks().filter(|block| is(block, "set")) {
            let Some((field, side)) = side(set) else { continue };
            self.check_field(field, tables);
            let Side::Value(value) = side else {
                self.cannot(set.word.span, "a field is set to another field", "read it first");
                continue;
            };
            if changes.iter().any(|change| *change.field == *field.name) {
                let message = format!("`{}` is set twice", super::shown(field.name));
                let problem = Diagnostic::new(Code::COV_REPEATED, field.span, message);
                self.problems.push(problem.label("again here").help("remove one of them"));
                continue;
            }
            if let Some(attribute) = set.attribute("op")
                && !(relative && set.text("op").is_some_and(|op| OPERATIONS.contains(&op)))
            {
                match relative {
                    true => self.bad(&attribute.value, "`add`, `sub`, `mul`, `div` or `append`"),
                    false => self.cannot(
                        attribute.name.span,
                        "a new record has no value yet that `op` could change",
                        "remove `op`",
                    ),
                }
                continue;
            }
            let operation = set.text("op").map(Into::into);
            changes.push(Change { field: field.name.into(), operation, value });
        }
        changes
    }
}
