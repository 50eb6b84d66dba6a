//! `where` and `on`: which records.

use super::super::super::ast::Block;
use super::super::Lower;
use super::tables::Tables;
use super::{Side, node, side};
use crate::plan::{Comparison, Condition, Operand};

impl Lower {
    /// The `where` of a step.
    pub(super) fn filter(&mut self, step: &Block, tables: &Tables) -> Option<Condition<Operand>> {
        let group = step.blocks().find(|block| &*block.word.text == "where")?;
        Some(self.all(group, tables))
    }

    /// Every condition in a block must hold.
    pub(super) fn all(&mut self, group: &Block, tables: &Tables) -> Condition<Operand> {
        let mut all = self.conditions(group, tables);
        match all.len() {
            1 => all.remove(0),
            _ => Condition::All(all),
        }
    }

    fn conditions(&mut self, group: &Block, tables: &Tables) -> Vec<Condition<Operand>> {
        group.blocks().filter_map(|block| self.condition(block, tables)).collect()
    }

    fn condition(&mut self, block: &Block, tables: &Tables) -> Option<Condition<Operand>> {
        let kind = || block.text("type").unwrap_or_default().into();
        Some(match &*block.word.text {
            "and" => Condition::All(self.conditions(block, tables)),
            "or" => Condition::Any(self.conditions(block, tables)),
            "not" => Condition::Not(Box::new(self.all(block, tables))),
            word @ ("rel_to" | "rel_from" | "has_rel") => {
                if !tables.is_project() {
                    let message = format!("`{word}` is for nodes of `project`");
                    self.cannot(block.word.span, &message, "compare fields instead");
                    return None;
                }
                match word {
                    "rel_to" => Condition::RelatedTo(kind(), node(block, "target")),
                    "rel_from" => Condition::RelatedFrom(kind(), node(block, "source")?),
                    _ => Condition::RelatedTo(kind(), None),
                }
            }
            word => {
                let comparison = comparison(word)?;
                let (field, side) = side(block)?;
                self.check_field(field, tables);
                match side {
                    Side::Value(value) => Condition::Value(comparison, field.name.into(), value),
                    Side::Field(other) => {
                        self.check_field(other, tables);
                        Condition::Fields(comparison, field.name.into(), other.name.into())
                    }
                }
            }
        })
    }
}

fn comparison(word: &str) -> Option<Comparison> {
    Some(match word {
        "equals" => Comparison::Equals,
        "not_equals" => Comparison::NotEquals,
        "less" => Comparison::Less,
        "greater" => Comparison::Greater,
        "less_eq" => Comparison::LessEq,
        "greater_eq" => Comparison::GreaterEq,
        "contains" => Comparison::Contains,
        "matches" => Comparison::Matches,
        _ => return None,
    })
}
