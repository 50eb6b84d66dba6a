//! The module `time`: the hour of the day, moved by the clock of the program.

use std::time::SystemTime;

use jiff::Timestamp;
use rejoin_engine::Datum;
use tokio::time::Instant;

/// What time it is. It goes on as the clock of deadlines does, which tests wind forward.
pub(super) struct Clock {
    began: (SystemTime, Instant),
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { began: (SystemTime::now(), Instant::now()) }
    }

    pub(super) fn now(&self) -> Datum {
        let (time, began) = self.began;
        time.checked_add(began.elapsed()).map(text).unwrap_or_default()
    }
}

/// A point in time as RFC 3339 has it, in UTC and to the millisecond.
pub(super) fn text(time: SystemTime) -> Datum {
    let time = Timestamp::try_from(time).ok();
    let time = time.and_then(|time| time.round(jiff::Unit::Millisecond).ok());
    time.map_or(Datum::None, |time| Datum::text(time.to_string()))
}
