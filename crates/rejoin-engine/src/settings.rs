//! The configuration of a program, with the environment looked up: typed access for those who use it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rejoin_lang::check::{refused_setting, setting_duration};
use rejoin_lang::config_value::ConfigValue;
use rejoin_lang::diagnostic::{Code, Diagnostic};
use rejoin_lang::plan::{ConfigBlock, ConfigSetting, Plan};

/// Resolved settings, by block and key.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    blocks: BTreeMap<Arc<str>, BTreeMap<Arc<str>, ConfigValue>>,
}

impl Settings {
    /// Looks up every `$NAME` of the plan's configuration with `env`. A block counts as absent, as a whole, if one of its
    /// variables is not set and has no default; [`unset_variables`] names them.
    ///
    /// # Errors
    /// One diagnostic for each variable that holds what its setting cannot be.
    pub fn resolve(
        plan: &Plan,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut blocks = BTreeMap::new();
        for block in &plan.config {
            let values = block.settings.iter().map(|setting| lookup(&setting.value, env));
            let Some(values) = values.collect::<Option<Vec<ConfigValue>>>() else { continue };
            let mut settings = BTreeMap::new();
            for (setting, value) in block.settings.iter().zip(values) {
                if let Some(needed) = refused_setting(&block.name, &setting.key, &value) {
                    problems.push(refused(block, setting, &needed));
                }
                settings.insert(setting.key.clone(), value);
            }
            blocks.insert(block.name.clone(), settings);
        }
        if problems.is_empty() { Ok(Self { blocks }) } else { Err(problems) }
    }

    /// Settings of one block, all of them texts, for what is configured by other means than a program.
    pub fn of_block<'a>(block: &str, texts: impl Iterator<Item = (&'a str, String)>) -> Self {
        let texts = texts.map(|(key, text)| (key.into(), ConfigValue::Text(text.into())));
        Self { blocks: BTreeMap::from([(block.into(), texts.collect())]) }
    }

    fn get(&self, block: &str, key: &str) -> Option<&ConfigValue> {
        self.blocks.get(block)?.get(key)
    }

    /// What a setting must be, if it is given and is not that; [`resolve`](Self::resolve) leaves no such one.
    pub fn refused(&self, block: &str, key: &str) -> Option<Cow<'static, str>> {
        refused_setting(block, key, self.get(block, key)?)
    }

    /// A text, or anything else as it would be written.
    pub fn text(&self, block: &str, key: &str) -> Option<String> {
        Some(match self.get(block, key)? {
            ConfigValue::Text(text) => text.to_string(),
            ConfigValue::Bool(yes) => yes.to_string(),
            ConfigValue::Int(n) => n.to_string(),
            ConfigValue::Duration(length) => format!("{}ms", length.as_millis()),
            ConfigValue::Env { .. } => return None,
        })
    }

    /// A whole number; text from the environment is read as one.
    pub fn int(&self, block: &str, key: &str) -> Option<u64> {
        match self.get(block, key)? {
            ConfigValue::Int(n) => Some(*n),
            ConfigValue::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// `true` or `false`; text from the environment is read as such (`1`, `0`, `on`, `off` too).
    pub fn bool(&self, block: &str, key: &str) -> Option<bool> {
        match self.get(block, key)? {
            ConfigValue::Bool(yes) => Some(*yes),
            ConfigValue::Text(text) => match &*text.trim().to_ascii_lowercase() {
                "true" | "1" | "on" | "yes" => Some(true),
                "false" | "0" | "off" | "no" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A length of time: `250ms`, `2s`, `1m`, `1h`, `1d`; a bare number is seconds.
    pub fn duration(&self, block: &str, key: &str) -> Option<Duration> {
        match self.get(block, key)? {
            ConfigValue::Duration(length) => Some(*length),
            ConfigValue::Int(seconds) => Some(Duration::from_secs(*seconds)),
            ConfigValue::Text(text) => setting_duration(text),
            _ => None,
        }
    }
}

/// A warning for each variable that is not set and has no default: its block counts as absent.
pub fn unset_variables(plan: &Plan, env: &dyn Fn(&str) -> Option<String>) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for block in &plan.config {
        for setting in &block.settings {
            let ConfigValue::Env { name, .. } = &setting.value else { continue };
            if setting.value.is_set(env) {
                continue;
            }
            let message = format!("the environment variable `{name}` is not set");
            let label = format!("so the whole `config {}` counts as absent", block.name);
            warnings.push(
                Diagnostic::new(Code::MISSING_VARIABLE, setting.value_span, message)
                    .label(label)
                    .help(format!("set `{name}`, or give a default: `${name} || \"…\"`")),
            );
        }
    }
    warnings
}

/// The checker has seen what the program says; this is about what the environment brought.
fn refused(block: &ConfigBlock, setting: &ConfigSetting, needed: &str) -> Diagnostic {
    let message = format!("this is no value for `{}.{}`", block.name, setting.key);
    // What the variable holds may be a secret, so it is not shown.
    Diagnostic::new(Code::WRONG_SETTING, setting.value_span, message)
        .label("what the environment has here is not accepted")
        .help(format!("set the variable to {needed}"))
}

/// `None` if it is a variable that is not set and has no default.
fn lookup(value: &ConfigValue, env: &dyn Fn(&str) -> Option<String>) -> Option<ConfigValue> {
    match value {
        ConfigValue::Env { name, default } => match (env(name), default) {
            (Some(text), _) => Some(ConfigValue::Text(text.into())),
            (None, Some(default)) => lookup(default, env),
            (None, None) => None,
        },
        other => Some(other.clone()),
    }
}
