//! Values of settings, as every syntax may write them.

use std::sync::Arc;
use std::time::Duration;

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigValue {
    /// `$NAME` or `$NAME || default`: read from the environment when the program is loaded.
    Env {
        /// The variable, without the dollar sign.
        name: Arc<str>,
        /// What holds when it is not set.
        default: Option<Box<ConfigValue>>,
    },
    /// `"text"`
    Text(Arc<str>),
    /// `true` or `false`
    Bool(bool),
    /// `5432`
    Int(u64),
    /// `250ms`, `2s`, `1m`
    Duration(Duration),
}

impl ConfigValue {
    /// Whether there is a value, given what looks up the environment.
    pub fn is_set(&self, env: &dyn Fn(&str) -> Option<String>) -> bool {
        match self {
            Self::Env { name, default: None } => env(name).is_some(),
            _ => true,
        }
    }
}
