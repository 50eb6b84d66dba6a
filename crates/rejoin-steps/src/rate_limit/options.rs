//! The settings of `rateLimit`.

use std::time::Duration;

use rejoin_engine::Settings;
use rejoin_value::Value;

use crate::key_template::KeyTemplate;
use crate::reading::Reading;
use crate::settings_text::{self, length, whole, yes_or_no};

/// The settings that there are.
pub(super) const KEYS: [&str; 6] = ["keyTemplate", "limit", "window", "burst", "scope", "enabled"];

/// What was given so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) template: Option<KeyTemplate>,
    pub(super) scope: String,
    pub(super) is_off: bool,
    limit: Option<u32>,
    window: Option<Duration>,
    burst: u32,
}

/// How a bucket fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) limit: u32,
    pub(super) window: Duration,
    pub(super) burst: u32,
}

impl Options {
    pub(super) fn of_config(settings: &Settings) -> Self {
        let limit = settings.int("rateLimit", "limit").and_then(|n| u32::try_from(n).ok());
        Self {
            limit: limit.filter(|limit| *limit > 0),
            window: settings.duration("rateLimit", "window").filter(|window| !window.is_zero()),
            is_off: settings.bool("rateLimit", "enabled") == Some(false),
            ..Self::default()
        }
    }

    pub(super) fn with_text(mut self, text: &str) -> Reading<Self> {
        let problems = settings_text::parse(text, &KEYS, |key, value| self.set(key, value));
        Reading { said: self, problems }
    }

    pub(super) fn with_argument(mut self, argument: &Value) -> Result<Self, String> {
        settings_text::read(argument, |key, value| self.set(key, value))?;
        Ok(self)
    }

    /// # Errors
    /// Which setting is missing.
    pub(super) fn policy(&self) -> Result<Policy, String> {
        let missing = |key| format!("`{key}` is missing");
        self.template.as_ref().ok_or_else(|| missing("keyTemplate"))?;
        Ok(Policy {
            limit: self.limit.ok_or_else(|| missing("limit"))?,
            window: self.window.ok_or_else(|| missing("window"))?,
            burst: self.burst,
        })
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "keyTemplate" => self.template = Some(KeyTemplate::parse(value)?),
            "limit" => match whole(value)? {
                0 => return Err("`limit` must be at least 1".into()),
                limit => self.limit = Some(limit),
            },
            "window" => match length(value)? {
                Duration::ZERO => return Err("`window` must be longer than nothing".into()),
                window => self.window = Some(window),
            },
            "burst" => self.burst = whole(value)?,
            "scope" => self.scope = value.to_owned(),
            "enabled" => self.is_off = !yes_or_no(value)?,
            _ => {
                return Err(format!(
                    "`rateLimit` has no setting `{key}`: it has {}",
                    KEYS.join(", ")
                ));
            }
        }
        Ok(())
    }
}
