//! Whether tables and their fields are those of the schema.

use std::sync::Arc;

use super::super::{Lower, shown};
use super::{COLLECTIONS, Named};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{DataTarget, Database};
use crate::source::Span;

/// The tables that a step reads or writes.
pub(super) struct Tables {
    databases: Arc<[Database]>,
    target: DataTarget,
    names: Vec<Arc<str>>,
}

impl Tables {
    pub(super) fn is_project(&self) -> bool {
        self.target == DataTarget::Project
    }

    /// The schema, if all of these tables are in one.
    pub(super) fn database(&self) -> Option<&Database> {
        let DataTarget::Database(at) = self.target else { return None };
        let database = &self.databases[at];
        let all = self.names.iter().all(|name| database.table(name).is_some());
        (all && database.tables.is_some()).then_some(database)
    }

    /// Every field of these tables, also with the table in front.
    fn fields(&self) -> Vec<String> {
        let Some(database) = self.database() else { return Vec::new() };
        let tables = self.names.iter().filter_map(|name| database.table(name));
        let fields = tables.flat_map(|table| {
            table.fields.iter().flat_map(|field| {
                [field.name.to_string(), format!("{}.{}", table.name, field.name)]
            })
        });
        fields.collect()
    }
}

impl Lower {
    /// The tables of a step; those that a schema does not have are reported.
    pub(super) fn tables(&mut self, target: DataTarget, names: &[Named<'_>]) -> Tables {
        let databases = self.databases.clone();
        for table in names {
            let known: Vec<&str> = match target {
                DataTarget::Project => COLLECTIONS.to_vec(),
                DataTarget::Documents => continue,
                DataTarget::Database(at) => match &databases[at].tables {
                    Some(tables) => tables.iter().map(|table| &*table.name).collect(),
                    None => continue,
                },
            };
            if known.contains(&table.name) {
                continue;
            }
            let (what, place, code) = match target {
                DataTarget::Database(at) => ("table", &*databases[at].id, Code::COV_QUERY_TARGET),
                _ => ("collection", "project", Code::COV_QUERY_TARGET),
            };
            let message = format!("`{place}` has no {what} `{}`", shown(table.name));
            self.unknown(code, table.span, message, table.name, &known);
        }
        let names = names.iter().map(|table| table.name.into()).collect();
        Tables { databases, target, names }
    }

    /// Reports a field that no table of the step has. Of tables without a schema nothing is known.
    pub(super) fn check_field(&mut self, field: Named<'_>, tables: &Tables) {
        let known = tables.fields();
        if tables.database().is_none() || known.iter().any(|name| name == field.name) {
            return;
        }
        let table = tables.names.first().map_or("", |name| name);
        let message = format!("`{}` has no field `{}`", shown(table), shown(field.name));
        let short: Vec<&str> =
            known.iter().map(String::as_str).filter(|name| !name.contains('.')).collect();
        self.unknown(Code::COV_TABLE_FIELD, field.span, message, field.name, &short);
    }

    fn unknown(&mut self, code: Code, span: Span, message: String, name: &str, known: &[&str]) {
        let help = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "there is none".to_owned(),
            None => format!("there are {}", known.join(", ")),
        };
        self.problems.push(Diagnostic::new(code, span, message).label("unknown").help(help));
    }
}
