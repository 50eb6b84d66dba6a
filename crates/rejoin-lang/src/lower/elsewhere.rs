//! What a name without a module was probably meant for: something of a module that the file imports.

use super::Lowering;

impl Lowering<'_> {
    /// `alias::name`, if a module that this file imports has a pipeline of that name.
    pub(super) fn pipeline_elsewhere(&self, name: &str) -> Option<String> {
        self.elsewhere(name, |module| self.scopes[module].pipelines.contains_key(name))
    }

    /// `alias::name`, if a module that this file imports has such a variable.
    pub(super) fn variable_elsewhere(&self, step: &str, name: &str) -> Option<String> {
        self.elsewhere(name, |module| self.scopes[module].variables.has(step, name))
    }

    fn elsewhere(&self, name: &str, has: impl Fn(usize) -> bool) -> Option<String> {
        let aliases = self.scope().aliases.iter();
        let having = aliases.filter(|&(_, module)| module.is_some_and(&has));
        having.map(|(alias, _)| alias).min().map(|alias| format!("{alias}::{name}"))
    }
}
