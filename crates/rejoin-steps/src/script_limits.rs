//! How long a script may run and how much it may hold: `timeout` and `memory` in `config jq`, `config lua`, or
//! for both in `config scripts`; else what the host says.

use std::time::Duration;

use rejoin_engine::{Host, ScriptLimits, Settings};

/// What the program's configuration says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Configured {
    time: Option<Duration>,
    memory: Option<usize>,
}

impl Configured {
    /// Reads the block of that name, and for what it lacks `config scripts`.
    pub(crate) fn read(settings: &Settings, block: &str) -> Self {
        let either = [block, "scripts"];
        Self {
            time: either.iter().find_map(|block| settings.duration(block, "timeout")),
            memory: either
                .iter()
                .find_map(|block| settings.int(block, "memory"))
                .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        }
    }

    /// The limits of a script that starts now; never more time than the request has left.
    pub(crate) fn on(self, host: &Host) -> ScriptLimits {
        let time = self.time.unwrap_or(host.script_limits.time);
        ScriptLimits {
            time: rejoin::remaining().map_or(time, |left| time.min(left)),
            memory: self.memory.unwrap_or(host.script_limits.memory),
        }
    }
}
