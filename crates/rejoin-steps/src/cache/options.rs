//! The settings of `cache`.

use std::time::Duration;

use rejoin_engine::{Input, Settings};
use rejoin_value::{Value, object};

use crate::key_template::KeyTemplate;
use crate::reading::Reading;
use crate::settings_text::{self, length, yes_or_no};

/// The settings that there are.
pub(super) const KEYS: [&str; 5] =
    ["keyTemplate", "ttl", "staleWhileRevalidate", "audience", "enabled"];

#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) template: Option<KeyTemplate>,
    pub(super) ttl: Duration,
    pub(super) stale: Duration,
    pub(super) for_everybody: bool,
    pub(super) is_off: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            template: None,
            ttl: Duration::from_secs(60),
            stale: Duration::from_secs(30),
            for_everybody: false,
            is_off: false,
        }
    }
}

impl Options {
    pub(super) fn of_config(settings: &Settings) -> Self {
        let default = Self::default();
        let length = |key| settings.duration("cache", key);
        Self {
            ttl: length("defaultTtl").unwrap_or(default.ttl),
            stale: length("staleWhileRevalidate").unwrap_or(default.stale),
            is_off: settings.bool("cache", "enabled") == Some(false),
            ..default
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

    /// What later steps see of it.
    pub(super) fn note(&self, input: &Input<'_>) {
        let template = self.template.as_ref().map_or(Value::Null, |it| it.written().into());
        let note = object! {
            "enabled": !self.is_off,
            "ttl": i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX),
            "key_template": template
        };
        input.context.note("cache", note.into());
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "keyTemplate" => self.template = Some(KeyTemplate::parse(value)?),
            "ttl" => self.ttl = length(value)?,
            "staleWhileRevalidate" => self.stale = length(value)?,
            "enabled" => self.is_off = !yes_or_no(value)?,
            "audience" => {
                self.for_everybody = match value {
                    "everybody" => true,
                    "caller" => false,
                    _ => return Err(format!("`{value}` is neither `caller` nor `everybody`")),
                }
            }
            _ => {
                return Err(format!("`cache` has no setting `{key}`: it has {}", KEYS.join(", ")));
            }
        }
        Ok(())
    }
}
