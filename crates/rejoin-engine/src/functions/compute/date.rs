//! The operations on points in time: texts as RFC 3339 has them, or whole seconds since 1970. Everything is in UTC.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{Datum, kinds, parse_error};

/// The longest format, in bytes.
const LONGEST_FORMAT: usize = 1024;

pub(super) fn apply(name: &str, inputs: &[Datum]) -> Result<Datum, String> {
    use Datum::Int;
    let refused = || kinds(inputs);
    let [first, rest @ ..] = inputs else { return Err(refused()) };
    let Some(read) = read(first) else { return Err(refused()) };
    let Some(time) = read else {
        return Ok(no_time(first));
    };
    let utc = || time.to_zoned(TimeZone::UTC);
    let field = |field: fn(&Zoned) -> i64| Int(field(&utc()));
    Ok(match (name, rest) {
        ("year", []) => field(|time| time.year().into()),
        ("month", []) => field(|time| time.month().into()),
        ("day", []) => field(|time| time.day().into()),
        ("hour", []) => field(|time| time.hour().into()),
        ("minute", []) => field(|time| time.minute().into()),
        ("second", []) => field(|time| time.second().into()),
        // From Monday, which is 1, as ISO 8601 counts.
        ("weekday", []) => field(|time| time.weekday().to_monday_one_offset().into()),
        ("unix", []) => Int(time.as_second()),
        ("add_days", [Int(count)]) => later(time, *count, 86_400)?,
        ("add_hours", [Int(count)]) => later(time, *count, 3_600)?,
        ("add_minutes", [Int(count)]) => later(time, *count, 60)?,
        ("add_seconds", [Int(count)]) => later(time, *count, 1)?,
        ("diff", [other]) => match self::read(other).ok_or_else(refused)? {
            Some(other) => Int(time.as_second() - other.as_second()),
            None => no_time(other),
        },
        ("format", [Datum::Text(format)]) if format.len() <= LONGEST_FORMAT => {
            let written = jiff::fmt::strtime::format(format.as_bytes(), &utc());
            Datum::text(written.map_err(|error| format!("`{format}` is no format: {error}"))?)
        }
        ("format", [Datum::Text(_)]) => {
            return Err(format!("a format has at most {LONGEST_FORMAT} bytes"));
        }
        _ => return Err(refused()),
    })
}

fn no_time(value: &Datum) -> Datum {
    match value {
        Datum::Int(seconds) => parse_error(&seconds.to_string(), "a point in time"),
        value => parse_error(value.as_text().unwrap_or_default(), "a point in time"),
    }
}

fn later(time: Timestamp, count: i64, seconds: i64) -> Result<Datum, String> {
    let moved = count.checked_mul(seconds).map(SignedDuration::from_secs);
    let moved = moved.and_then(|by| time.checked_add(by).ok());
    moved.map(|time| Datum::text(time.to_string())).ok_or_else(|| "leaves the calendar".to_owned())
}

/// Whether a text is a point in time.
pub(in super::super) fn is_time(text: &str) -> bool {
    matches!(read(&Datum::text(text)), Some(Some(_)))
}

/// The point in time; nothing within if the value could be one and is none.
fn read(value: &Datum) -> Option<Option<Timestamp>> {
    match value {
        Datum::Int(seconds) => Some(Timestamp::from_second(*seconds).ok()),
        Datum::Text(text) => {
            let exact = text.parse::<Timestamp>().ok();
            // Without an offset, or without a time of day.
            let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
            Some(exact.or_else(|| civil().map(|time| time.timestamp())))
        }
        _ => None,
    }
}
