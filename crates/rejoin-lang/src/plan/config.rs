//! Configuration blocks, with the environment still to be looked up by whoever loads the program.

use std::sync::Arc;

use crate::config_value::ConfigValue;
use crate::source::Span;

/// One configuration block. If a name occurs more than once in a program, the last block stands whole.
#[derive(Clone, Debug)]
pub struct ConfigBlock {
    /// What is configured.
    pub name: Arc<str>,
    /// Where the name stands.
    pub span: Span,
    /// Its settings; a later one of the same key has replaced an earlier.
    pub settings: Vec<ConfigSetting>,
}

impl ConfigBlock {
    /// The setting of that key.
    pub fn get(&self, key: &str) -> Option<&ConfigSetting> {
        self.settings.iter().find(|setting| &*setting.key == key)
    }
}

/// `key: value`
#[derive(Clone, Debug)]
pub struct ConfigSetting {
    /// The key.
    pub key: Arc<str>,
    /// Where the key stands.
    pub key_span: Span,
    /// The value as written.
    pub value: ConfigValue,
    /// Where the value stands.
    pub value_span: Span,
}
