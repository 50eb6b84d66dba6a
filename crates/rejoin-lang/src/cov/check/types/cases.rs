//! The cases of a `match`: whether they leave something out, and what is known of the names that they bind.

use super::super::super::ast::{Block, ValueKind};
use super::super::{parts, place, shown};
use super::paths::{Last, Path};
use super::values::Walk;
use super::{Type, exhaustive};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Span;

impl<'f> Walk<'_, 'f> {
    pub(super) fn matched(&mut self, step: &'f Block) -> Vec<Last> {
        let on = self.path_of(step, "on");
        let cases: Vec<&'f Block> = parts(step, "case").collect();
        let missing = exhaustive::missing(&on, &cases, self.table);
        if !missing.is_empty() {
            let shown: Vec<String> =
                missing.iter().take(5).map(|name| format!("`{name}`")).collect();
            let more = if missing.len() > shown.len() { ", …" } else { "" };
            let message = format!("no case fits {}{more}", shown.join(", "));
            self.problems.push(
                Diagnostic::new(Code::COV_NOT_EXHAUSTIVE, place(step, "on"), message)
                    .label(format!("is of type `{on}`"))
                    .help("add a case for each, or `case wildcard`"),
            );
        }
        let paths = cases.iter().map(|case| Path::of(case, self.pattern(case, &on))).collect();
        self.apart(paths)
    }

    /// Says so if an enum of the file has no such variant.
    pub(super) fn known_variant(&mut self, name: &str, span: Span) {
        let whole = self.table.qualified(name);
        let name = whole.as_deref().unwrap_or(name);
        let Some((of, variant)) = name.split_once("::") else { return };
        let Some(variants) = self.table.variants(of) else { return };
        if variants.iter().any(|(name, _)| *name == variant) {
            return;
        }
        let known = variants.iter().map(|(name, _)| *name);
        let help = match nearest(variant, known.clone()) {
            Some(meant) => format!("did you mean `{of}::{meant}`?"),
            None => format!("it has {}", known.collect::<Vec<_>>().join(", ")),
        };
        let message = format!("`{}` has no variant `{}`", shown(of), shown(variant));
        let problem = Diagnostic::new(Code::COV_UNKNOWN_TYPE, span, message);
        self.problems.push(problem.label("nothing is of this type").help(help));
    }

    /// The names of a pattern, with what is known of them.
    fn pattern(&mut self, case: &'f Block, on: &Type) -> Vec<(&'f str, Type)> {
        if let Some(kind) = case.text("type") {
            self.known_variant(kind, place(case, "type"));
            let variant = self.table.short_for(kind, on);
            self.variants.extend(variant.map(|variant| (place(case, "type"), variant)));
        }
        if let Some(name) = case.text("binding") {
            return vec![(name, on.clone())];
        }
        let (list, kind) =
            (case.attribute("bindings").or(case.attribute("fields")), case.text("type"));
        let (Some(list), Some(kind)) = (list, kind) else { return Vec::new() };
        let whole = self.table.qualified(kind);
        let kind = whole.as_deref().unwrap_or(kind);
        let ValueKind::Names(names) = &list.value.kind else { return Vec::new() };
        let fields = self.table.fields_of(kind);
        let is_struct = &*list.name.text == "fields";
        let mut bound = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let known = match fields {
                Some(fields) if is_struct => {
                    let known = fields.iter().find(|field| field.name == &**name);
                    if known.is_none() {
                        let all = fields.iter().map(|field| field.name).collect();
                        self.unknown_field(list.value.span, kind, name, all);
                    }
                    known.map(|field| field.kind.clone())
                }
                Some(fields) if kind.contains("::") => {
                    if index >= fields.len().max(1) {
                        let all = fields.iter().map(|field| field.name).collect();
                        self.unknown_field(list.value.span, kind, name, all);
                        break;
                    }
                    fields.get(index).map(|field| field.kind.clone())
                }
                _ if kind == "Some" => Some(on.without(|member| *member == Type::None)),
                _ if self.table.is_transparent(kind) => Some(self.table.read(kind)),
                _ => None,
            };
            bound.push((&**name, known.unwrap_or(Type::Any)));
        }
        bound
    }
}
