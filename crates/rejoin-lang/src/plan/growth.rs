//! Steps that add to what a name stands for: lists, sets, maps and texts that grow in loops.

use std::sync::Arc;

use super::{Action, FunctionCallee, FunctionStep, Operand};

/// What grows, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrowthKind {
    /// A list, by an element.
    List,
    /// A set, by an element that may be in it.
    Set,
    /// A map, by a value under a key.
    Map,
    /// A text, by those that come behind it.
    Text,
}

/// What a step adds to what a name stands for.
#[derive(Debug)]
pub struct Growth<'s> {
    /// What grows.
    pub kind: GrowthKind,
    /// The name of what grows.
    pub of: &'s Arc<str>,
    /// What is added.
    pub by: Vec<&'s Operand>,
}

/// Where in a map a value is that goes back there.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name of the map.
    pub map: Arc<str>,
    /// The key.
    pub key: Operand,
}

impl FunctionStep {
    /// What it adds to what a name stands for, if it is one that does.
    pub fn growth(&self) -> Option<Growth<'_>> {
        let (kind, of, by) = match &self.action {
            Action::Compute(operation, inputs) => match (&**operation, &**inputs) {
                ("list_append", [list, item]) => (GrowthKind::List, list, vec![item]),
                ("set_add", [set, item]) => (GrowthKind::Set, set, vec![item]),
                ("map_insert", [map, key, value]) => (GrowthKind::Map, map, vec![key, value]),
                ("add", [text, more]) => (GrowthKind::Text, text, vec![more]),
                ("concat", [text, more @ ..]) => (GrowthKind::Text, text, more.iter().collect()),
                _ => return None,
            },
            Action::Call(call) => {
                let FunctionCallee::Library(function) = call.callee else { return None };
                let kind = match function.id {
                    "list.append" => GrowthKind::List,
                    "text.concat" => GrowthKind::Text,
                    _ => return None,
                };
                match &*call.arguments {
                    [(0, whole), (1, more)] | [(1, more), (0, whole)] => (kind, whole, vec![more]),
                    _ => return None,
                }
            }
            _ => return None,
        };
        match of {
            Operand::Path(of, _) => Some(Growth { kind, of, by }),
            _ => None,
        }
    }
}
