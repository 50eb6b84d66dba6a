//! How long a script may run and how much it may use: `timeout`, `memory` and `fuel` in `config jq`, `timeout`
//! and `memory` in `config lua`, the first two for both in `config scripts`; else what the host says.

use std::time::Duration;

use rejoin_value::jq;

use crate::settings::Settings;

/// What one run of a script may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptLimits {
    /// How long it may run.
    pub time: Duration,
    /// How much memory it may hold, in bytes.
    pub memory: usize,
}

impl Default for ScriptLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(1), memory: 64 * 1024 * 1024 }
    }
}

/// What a program's configuration says about its scripts of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScriptSettings {
    time: Option<Duration>,
    memory: Option<usize>,
    fuel: Option<u64>,
}

impl ScriptSettings {
    /// Reads the block of that name, and for what it lacks `config scripts`.
    pub fn read(settings: &Settings, block: &str) -> Self {
        let either = [block, "scripts"];
        let memory = either.iter().find_map(|block| settings.int(block, "memory"));
        Self {
            time: either.iter().find_map(|block| settings.duration(block, "timeout")),
            memory: memory.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
            fuel: settings.int(block, "fuel"),
        }
    }

    /// The limits of a script that starts now, `default` where the program does not say; never more time than
    /// the request has left.
    pub fn limits(self, default: ScriptLimits) -> ScriptLimits {
        let time = self.time.unwrap_or(default.time);
        ScriptLimits {
            time: rejoin::remaining().map_or(time, |left| time.min(left)),
            memory: self.memory.unwrap_or(default.memory),
        }
    }

    pub(crate) fn jq(self, default: ScriptLimits) -> jq::Limits {
        let limits = self.limits(default);
        let default = jq::Limits::default();
        jq::Limits {
            time: Some(limits.time),
            memory: limits.memory,
            fuel: self.fuel.unwrap_or(default.fuel),
            ..default
        }
    }
}
