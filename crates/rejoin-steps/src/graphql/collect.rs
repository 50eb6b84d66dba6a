//! The fields that are asked of an object: its selections, with fragments put in and skipped ones left out.

use std::collections::HashSet;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Schema as Types;
use apollo_compiler::collections::IndexMap;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::schema::{ExtendedType, ObjectType};
use rejoin_value::{Object, Value};

/// By their keys in the answer. All of one key ask for the same.
pub(super) type Fields<'a> = IndexMap<&'a str, Vec<&'a Field>>;

/// What a collection goes by.
pub(super) struct Collector<'a> {
    pub(super) types: &'a Types,
    pub(super) document: &'a ExecutableDocument,
    pub(super) variables: &'a Object,
}

impl<'a> Collector<'a> {
    /// The fields of an object of that type.
    pub(super) fn collect(
        &self,
        ty: &ObjectType,
        sets: impl Iterator<Item = &'a SelectionSet>,
    ) -> Fields<'a> {
        let mut fields = Fields::default();
        let mut seen = HashSet::new();
        for set in sets {
            self.add(ty, set, &mut seen, &mut fields);
        }
        fields
    }

    fn add(
        &self,
        ty: &ObjectType,
        set: &'a SelectionSet,
        seen: &mut HashSet<&'a str>,
        fields: &mut Fields<'a>,
    ) {
        for selection in &set.selections {
            if self.decides(selection, "skip") == Some(true)
                || self.decides(selection, "include") == Some(false)
            {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    fields.entry(field.response_key().as_str()).or_default().push(field);
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    if seen.insert(name) && self.applies(ty, fragment.type_condition().as_str()) {
                        self.add(ty, &fragment.selection_set, seen, fields);
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.type_condition.as_ref();
                    if condition.is_none_or(|name| self.applies(ty, name.as_str())) {
                        self.add(ty, &inline.selection_set, seen, fields);
                    }
                }
            }
        }
    }

    fn applies(&self, ty: &ObjectType, condition: &str) -> bool {
        match self.types.types.get(condition) {
            Some(ExtendedType::Object(object)) => object.name == ty.name,
            Some(ExtendedType::Interface(_)) => {
                ty.implements_interfaces.iter().any(|name| name.name == condition)
            }
            Some(ExtendedType::Union(of)) => of.members.iter().any(|member| member.name == ty.name),
            _ => false,
        }
    }

    /// What `@skip(if:)` or `@include(if:)` says.
    fn decides(&self, selection: &Selection, directive: &str) -> Option<bool> {
        let directive = selection.directives().get(directive)?;
        let written = directive.specified_argument_by_name("if")?;
        match written.as_variable() {
            Some(name) => self.variables.get(name.as_str()).and_then(Value::as_bool),
            None => written.to_bool(),
        }
    }
}
