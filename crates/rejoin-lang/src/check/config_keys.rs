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
    /// One that is not zero.
    Count,
    /// A length of time; a bare number is seconds.
    Length,
    /// One that is not zero.
    Limit,
    /// A number of bytes.
    Size,
    /// One that is not zero.
    Room,
    /// Any value, read as text.
    Any,
}

use Kind::{Any, Bool, Count, Int, Length as Time, Limit, Room, Size, Text};

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
            ("trustProxy", Bool),
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
    ("jq", &[("timeout", Limit), ("memory", Room), ("fuel", Count)]),
    ("lua", &[("timeout", Limit), ("memory", Room)]),
    ("handlebars", &[("timeout", Limit), ("memory", Room)]),
    ("scripts", &[("timeout", Limit), ("memory", Room)]),
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
    ("featureFlags", &[("timeout", Limit)]),
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
            ("maxPoolSize", Count),
            ("initialPoolSize", Int),
            ("acquireTimeout", Time),
            ("maxResult", Size),
        ],
    ),
    (
        "sql",
        &[
            ("url", Text),
            ("maxPoolSize", Count),
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
    ("js", &[("timeout", Limit), ("memory", Room)]),
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
            Kind::Count => "a whole number above zero, such as 10",
            Kind::Length => "a length of time, such as `30s`",
            Kind::Limit => "a length of time above zero, such as `2s`",
            Kind::Size => "a number of bytes, such as 2097152",
            Kind::Room => "a number of bytes above zero, such as 67108864",
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
            (Kind::Limit | Kind::Room | Kind::Count, ConfigValue::Int(0)) => false,
            (Kind::Limit, ConfigValue::Duration(Duration::ZERO)) => false,
            (_, ConfigValue::Int(_)) if self.is_number() => true,
            (Kind::Length | Kind::Limit, ConfigValue::Duration(_)) => true,
            (Kind::Bool, ConfigValue::Text(text)) => matches!(
                &*text.trim().to_ascii_lowercase(),
                "true" | "1" | "on" | "yes" | "false" | "0" | "off" | "no"
            ),
            (Kind::Int | Kind::Size, ConfigValue::Text(text)) => text.trim().parse::<u64>().is_ok(),
            (Kind::Room | Kind::Count, ConfigValue::Text(text)) => {
                text.trim().parse().is_ok_and(|n: u64| n > 0)
            }
            (Kind::Length, ConfigValue::Text(text)) => setting_duration(text).is_some(),
            (Kind::Limit, ConfigValue::Text(text)) => {
                setting_duration(text).is_some_and(|length| length > Duration::ZERO)
            }
            _ => false,
        }
    }

    /// Whether a bare whole number can be one.
    fn is_number(self) -> bool {
        matches!(
            self,
            Kind::Int | Kind::Count | Kind::Size | Kind::Room | Kind::Length | Kind::Limit
        )
    }
}
