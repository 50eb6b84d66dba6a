//! Dates: seconds since 1970 and jq's broken-down time,
//! `[year, month from 0, day, hours, minutes, seconds, day of week, day of year from 0]`.

use super::super::ops::{Outcome, fail, shown, whole};
use crate::Value;
use jiff::{
    Timestamp, Zoned,
    civil::{Date, DateTime},
    fmt::strtime::{self, BrokenDownTime},
    tz::TimeZone,
};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, from the system's clock.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// `mktime`
pub(super) fn mktime(value: &Value) -> Outcome {
    let Value::Array(_) = value else { return fail("mktime requires array of 6 numbers") };
    match date_time(value).and_then(|at| at.to_zoned(TimeZone::UTC).ok()) {
        Some(at) => Ok(at.timestamp().as_second().into()),
        None => fail("mktime requires parsed datetime inputs"),
    }
}

/// The date and time of a broken-down time.
fn date_time(value: &Value) -> Option<DateTime> {
    let field = |n: usize| value.at(n)?.as_f64().map(f64::floor);
    let (year, month, day) = (field(0)?, field(1)? + 1.0, field(2)?);
    let (hour, minute, second) = (field(3)?, field(4)?, field(5)?);
    let date = Date::new(year as i16, month as i8, day as i8).ok()?;
    // A leap second, or an hour beyond the day, carries over.
    let seconds = (hour * 60.0 + minute) * 60.0 + second;
    let midnight = date.to_datetime(jiff::civil::Time::midnight());
    midnight.checked_add(jiff::SignedDuration::from_secs(seconds as i64)).ok()
}

fn broken_down(at: DateTime, fraction: f64) -> Value {
    let seconds = f64::from(at.second()) + fraction;
    vec![
        Value::from(at.year()),
        (at.month() - 1).into(),
        at.day().into(),
        at.hour().into(),
        at.minute().into(),
        if fraction == 0.0 { at.second().into() } else { whole(seconds) },
        at.weekday().to_sunday_zero_offset().into(),
        (at.day_of_year() - 1).into(),
    ]
    .into()
}

fn timestamp(value: &Value, name: &str) -> Outcome<(Timestamp, f64)> {
    let Some(seconds) = value.as_f64() else {
        return fail(format!("{name} requires a number"));
    };
    match Timestamp::from_second(seconds.floor() as i64) {
        Ok(at) if seconds.is_finite() => {
            // A millionth is what a double of today can tell.
            let fraction = ((seconds - seconds.floor()) * 1e6).round() / 1e6;
            Ok((at, fraction))
        }
        _ => fail(format!("{} is not a time that a calendar can show", shown(value))),
    }
}

/// `gmtime` and `localtime`
pub(super) fn gmtime(value: &Value, zone: TimeZone, name: &str) -> Outcome {
    let (at, fraction) = timestamp(value, name)?;
    Ok(broken_down(at.to_zoned(zone).datetime(), fraction))
}

/// `strftime` and `strflocaltime`
pub(super) fn strftime(value: &Value, format: &Value, zone: TimeZone, name: &str) -> Outcome {
    let at: Option<Zoned> = match value {
        Value::Number(_) => Some(timestamp(value, name)?.0.to_zoned(zone)),
        Value::Array(_) => date_time(value).and_then(|at| at.to_zoned(zone).ok()),
        _ => None,
    };
    let Some(at) = at else {
        return fail(format!("{name} requires parsed datetime inputs"));
    };
    let Value::String(format) = format else {
        return fail(format!("{name} requires a string format"));
    };
    match strtime::format(format.as_bytes(), &at) {
        Ok(text) => Ok(text.into()),
        Err(e) => fail(format!("{name} cannot use the format \"{format}\": {e}")),
    }
}

/// `strptime`
pub(super) fn strptime(value: &Value, format: &Value) -> Outcome {
    let Value::String(text) = value else {
        return fail(format!(
            "strptime/1 requires string inputs and arguments, not {}",
            shown(value)
        ));
    };
    let Value::String(format) = format else {
        return fail("strptime/1 requires string inputs and arguments");
    };
    // Names of zones are read and do not count, as in the C library.
    let zone = ["UTC", "GMT", "Z"].into_iter().find(|zone| text.ends_with(zone));
    let with_zone = zone.map_or_else(|| format.to_string(), |zone| format.replace("%Z", zone));
    let read =
        BrokenDownTime::parse(with_zone.as_bytes(), text.as_bytes()).ok().and_then(|parts| {
            let date = match parts.to_date() {
                Ok(date) => date,
                Err(_) => {
                    let (year, month) = (parts.year().unwrap_or(1900), parts.month().unwrap_or(1));
                    Date::new(year, month, parts.day().unwrap_or(1)).ok()?
                }
            };
            let unit = |unit: Option<i8>| unit.unwrap_or(0);
            Some(date.at(unit(parts.hour()), unit(parts.minute()), unit(parts.second()), 0))
        });
    match read {
        Some(at) => Ok(broken_down(at, 0.0)),
        None => fail(format!("date \"{text}\" does not match format \"{format}\"")),
    }
}
