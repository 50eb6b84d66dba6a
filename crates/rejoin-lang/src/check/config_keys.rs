//! The settings that exist: blocks, keys, and what their values must be.

use std::time::Duration;

use crate::config_value::ConfigValue;
use crate::duration;

/// What the value of a setting must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    Int,
    /// A length of time; a bare number is seconds.
    Length,
    /// A number of bytes.
    Size,
    /// Any value, read as text.
    Any,
}

use Kind::{Any, Bool, Int, Length as Time, Size, Text};

/// Blocks by name, each with its keys.
pub(super) const BLOCKS: &[(&str, &[(&str, Kind)])] = &[
    (
        "server",
        &[
            ("host", Text),
            ("port", Int),
            ("timeout", Time),
            ("maxBody", Size),
            ("maxHeader", Size),
            ("maxConnections", Int),
            ("headTimeout", Time),
            ("keepAlive", Time),
            ("writeTimeout", Time),
            ("drain", Time),
            ("cors", Any),
        ],
    ),
    (
        "fetch",
        &[
            ("timeout", Time),
            ("maxResponse", Size),
            ("maxRedirects", Int),
            ("denyPrivate", Bool),
            ("allow", Text),
            ("allowNetworks", Text),
            ("proxy", Text),
            ("noProxy", Text),
        ],
    ),
    ("jq", &[("timeout", Time), ("memory", Size), ("fuel", Int)]),
    ("lua", &[("timeout", Time), ("memory", Size)]),
    ("handlebars", &[("timeout", Time), ("memory", Size)]),
    ("scripts", &[("timeout", Time), ("memory", Size)]),
    (
        "log",
        &[
            ("enabled", Bool),
            ("level", Text),
            ("includeBody", Bool),
            ("includeHeaders", Bool),
            ("maxBodySize", Size),
            ("format", Text),
            ("timestamp", Bool),
        ],
    ),
    ("featureFlags", &[("timeout", Time)]),
    (
        "pg",
        &[
            ("host", Text),
            ("port", Int),
            ("database", Text),
            ("user", Text),
            ("password", Text),
            ("url", Text),
            ("ssl", Any),
            ("sslmode", Text),
            ("sslRootCert", Text),
            ("maxPoolSize", Int),
            ("initialPoolSize", Int),
            ("acquireTimeout", Time),
            ("maxResult", Size),
        ],
    ),
    (
        "sql",
        &[
            ("url", Text),
            ("maxPoolSize", Int),
            ("acquireTimeout", Time),
            ("busyTimeout", Time),
            ("sslmode", Text),
            ("sslRootCert", Text),
            ("maxResult", Size),
        ],
    ),
    (
        "auth",
        &[
            ("sessionTtl", Time),
            ("cookieName", Text),
            ("cookieSecure", Bool),
            ("cookieHttpOnly", Bool),
            ("cookieSameSite", Text),
            ("cookiePath", Text),
        ],
    ),
    (
        "cache",
        &[
            ("enabled", Bool),
            ("defaultTtl", Time),
            ("maxCacheSize", Size),
            ("maxEntrySize", Size),
            ("staleWhileRevalidate", Time),
        ],
    ),
    (
        "graphql",
        &[
            ("endpoint", Text),
            ("maxDepth", Int),
            ("maxFields", Int),
            ("maxNodes", Int),
            ("introspection", Bool),
        ],
    ),
    ("js", &[("timeout", Time), ("memory", Size)]),
    ("rateLimit", &[("maxEntries", Int), ("limit", Int), ("window", Time), ("enabled", Bool)]),
    ("typecheck", &[("strict", Any)]),
];

/// A length of time from a text, as the environment brings it; a bare number is seconds.
pub fn setting_duration(text: &str) -> Option<Duration> {
    match text.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => duration::parse(text),
    }
}

/// What a setting must be, if `value` is not that. Unknown settings take anything: nothing reads them.
pub fn refused_setting(block: &str, key: &str, value: &ConfigValue) -> Option<&'static str> {
    let (_, keys) = BLOCKS.iter().find(|(name, _)| *name == block)?;
    let (_, kind) = keys.iter().find(|(name, _)| *name == key)?;
    (!kind.accepts(value)).then(|| kind.describe())
}

impl Kind {
    /// What to call it in a message, with an example.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Kind::Text => "a text, such as \"localhost\"",
            Kind::Bool => "`true` or `false`",
            Kind::Int => "a whole number, such as 8080",
            Kind::Length => "a length of time, such as `30s`",
            Kind::Size => "a number of bytes, such as 2097152",
            Kind::Any => "a value",
        }
    }

    /// Whether a value can be read as this kind. What the environment brings is seen only when the program is loaded.
    pub(super) fn accepts(self, value: &ConfigValue) -> bool {
        match (self, value) {
            (Kind::Any, _) => true,
            (_, ConfigValue::Env { default, .. }) => {
                default.as_ref().is_none_or(|default| self.accepts(default))
            }
            (Kind::Text, ConfigValue::Text(_)) => true,
            (Kind::Bool, ConfigValue::Bool(_)) => true,
            (Kind::Int | Kind::Size | Kind::Length, ConfigValue::Int(_)) => true,
            (Kind::Length, ConfigValue::Duration(_)) => true,
            (Kind::Bool, ConfigValue::Text(text)) => matches!(
                &*text.trim().to_ascii_lowercase(),
                "true" | "1" | "on" | "yes" | "false" | "0" | "off" | "no"
            ),
            (Kind::Int | Kind::Size, ConfigValue::Text(text)) => text.trim().parse::<u64>().is_ok(),
            (Kind::Length, ConfigValue::Text(text)) => setting_duration(text).is_some(),
            _ => false,
        }
    }
}
