//! The settings that exist: blocks, keys, and what their values must be.

use std::borrow::Cow;
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
    /// One within these bounds.
    Between(u64, u64),
    /// A length of time; a bare number is seconds.
    Length,
    /// One that is not zero.
    Limit,
    /// One of at most a day: clocks and timers take no length whatever.
    Pause,
    /// One of at most a day that is not zero.
    Patience,
    /// A number of bytes.
    Size,
    /// One that is not zero.
    Room,
    /// Any value, read as text.
    Any,
}

use Kind::{
    Any, Between, Bool, Count, Int, Length as Time, Limit, Patience, Pause, Room, Size, Text,
};

const DAY: Duration = Duration::from_secs(86_400);
const PORT: Kind = Between(0, 65_535);

/// Blocks by name, each with its keys.
pub(super) const BLOCKS: &[(&str, &[(&str, Kind)])] = &[
    (
        "server",
        &[
            ("host", Text),
            ("port", PORT),
            ("timeout", Patience),
            ("maxBody", Between(1, 1 << 30)),
            // Fewer than these bytes are no buffer for the HTTP code.
            ("maxHeader", Between(8 * 1024, 1 << 20)),
            ("maxConnections", Between(1, 1_000_000)),
            ("headTimeout", Patience),
            ("keepAlive", Patience),
            ("writeTimeout", Patience),
            ("drain", Pause),
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
            ("port", PORT),
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
pub fn refused_setting(block: &str, key: &str, value: &ConfigValue) -> Option<Cow<'static, str>> {
    let (_, keys) = BLOCKS.iter().find(|(name, _)| *name == block)?;
    let (_, kind) = keys.iter().find(|(name, _)| *name == key)?;
    (!kind.accepts(value)).then(|| kind.describe())
}

impl Kind {
    /// What to call it in a message, with an example.
    pub(super) fn describe(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Kind::Between(least, most) => {
                return Cow::Owned(format!("a whole number from {least} to {most}"));
            }
            Kind::Text => "a text, such as \"localhost\"",
            Kind::Bool => "`true` or `false`",
            Kind::Int => "a whole number, such as 8080",
            Kind::Count => "a whole number above zero, such as 10",
            Kind::Length => "a length of time, such as `30s`",
            Kind::Limit => "a length of time above zero, such as `2s`",
            Kind::Pause => "a length of time of at most a day, such as `30s`",
            Kind::Patience => "a length of time above zero and of at most a day, such as `30s`",
            Kind::Size => "a number of bytes, such as 2097152",
            Kind::Room => "a number of bytes above zero, such as 67108864",
            Kind::Any => "a value",
        })
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
            (Kind::Room | Kind::Count, ConfigValue::Int(0)) => false,
            (Kind::Between(least, most), ConfigValue::Int(n)) => (least..=most).contains(n),
            (_, ConfigValue::Int(seconds)) if self.is_length() => {
                self.has(Duration::from_secs(*seconds))
            }
            (_, ConfigValue::Int(_)) => {
                matches!(self, Kind::Int | Kind::Count | Kind::Size | Kind::Room)
            }
            (_, ConfigValue::Duration(length)) => self.has(*length),
            (Kind::Bool, ConfigValue::Text(text)) => matches!(
                &*text.trim().to_ascii_lowercase(),
                "true" | "1" | "on" | "yes" | "false" | "0" | "off" | "no"
            ),
            (Kind::Int | Kind::Size, ConfigValue::Text(text)) => text.trim().parse::<u64>().is_ok(),
            (Kind::Room | Kind::Count, ConfigValue::Text(text)) => {
                text.trim().parse().is_ok_and(|n: u64| n > 0)
            }
            (Kind::Between(least, most), ConfigValue::Text(text)) => {
                text.trim().parse().is_ok_and(|n: u64| (least..=most).contains(&n))
            }
            (_, ConfigValue::Text(text)) => {
                setting_duration(text).is_some_and(|length| self.has(length))
            }
            _ => false,
        }
    }

    fn is_length(self) -> bool {
        matches!(self, Kind::Length | Kind::Limit | Kind::Pause | Kind::Patience)
    }

    /// Whether it is a length of time, and this may be its value.
    fn has(self, length: Duration) -> bool {
        match self {
            Kind::Length => true,
            Kind::Limit => !length.is_zero(),
            Kind::Pause => length <= DAY,
            Kind::Patience => !length.is_zero() && length <= DAY,
            _ => false,
        }
    }
}
