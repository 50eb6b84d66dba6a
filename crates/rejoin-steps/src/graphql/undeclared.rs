//! Variables that an operation uses and does not declare, wherever they stand.
//!
//! The validator does not look for them in objects where any JSON may stand.

use std::collections::HashSet;

use apollo_compiler::Node;
use apollo_compiler::ast::{Argument, DirectiveList, Value};
use apollo_compiler::executable::{ExecutableDocument, Operation, Selection, SelectionSet};
use apollo_compiler::parser::SourceSpan;

/// The first one of a document that is valid otherwise, and where it stands.
pub(super) fn first(document: &ExecutableDocument) -> Option<(String, Option<SourceSpan>)> {
    document.operations.iter().find_map(|operation| {
        let mut walk = Walk { document, operation, seen: HashSet::new() };
        walk.set(&operation.selection_set)
    })
}

struct Walk<'d> {
    document: &'d ExecutableDocument,
    operation: &'d Operation,
    /// Fragments that have been looked at.
    seen: HashSet<&'d str>,
}

type Found = Option<(String, Option<SourceSpan>)>;

impl<'d> Walk<'d> {
    fn set(&mut self, set: &'d SelectionSet) -> Found {
        set.selections.iter().find_map(|selection| match selection {
            Selection::Field(field) => self
                .arguments(&field.arguments)
                .or_else(|| self.directives(&field.directives))
                .or_else(|| self.set(&field.selection_set)),
            Selection::InlineFragment(inline) => {
                self.directives(&inline.directives).or_else(|| self.set(&inline.selection_set))
            }
            Selection::FragmentSpread(spread) => {
                let own = self.directives(&spread.directives);
                let is_new = self.seen.insert(spread.fragment_name.as_str());
                let fragment = self.document.fragments.get(&spread.fragment_name);
                own.or_else(|| self.set(&fragment.filter(|_| is_new)?.selection_set))
            }
        })
    }

    fn directives(&self, directives: &'d DirectiveList) -> Found {
        directives.iter().find_map(|directive| self.arguments(&directive.arguments))
    }

    fn arguments(&self, arguments: &'d [Node<Argument>]) -> Found {
        arguments.iter().find_map(|argument| self.value(&argument.value))
    }

    fn value(&self, value: &'d Node<Value>) -> Found {
        match &**value {
            Value::Variable(name) => {
                let is_known = self.operation.variables.iter().any(|known| known.name == *name);
                (!is_known).then(|| (name.to_string(), value.location()))
            }
            Value::List(items) => items.iter().find_map(|item| self.value(item)),
            Value::Object(fields) => fields.iter().find_map(|(_, value)| self.value(value)),
            _ => None,
        }
    }
}
