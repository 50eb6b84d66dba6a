//! The present moment as logs write it: `2026-03-09T14:05:07.042Z`.

use std::time::{SystemTime, UNIX_EPOCH};

/// The present moment, in UTC with milliseconds: `2026-03-09T14:05:07.042Z`.
pub fn utc_now() -> String {
    let mut out = Vec::new();
    write_utc(&mut out, SystemTime::now());
    String::from_utf8(out).expect("it is all digits and signs")
}

/// Writes `time` in UTC with milliseconds; times before 1970 are written as its start.
pub(crate) fn write_utc(out: &mut Vec<u8>, time: SystemTime) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    digits(out, year, 4);
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, day, 2);
    out.push(b'T');
    digits(out, second / 3600, 2);
    out.push(b':');
    digits(out, second / 60 % 60, 2);
    out.push(b':');
    digits(out, second % 60, 2);
    out.push(b'.');
    digits(out, u64::from(since.subsec_millis()), 3);
    out.push(b'Z');
}

fn digits(out: &mut Vec<u8>, number: u64, width: u32) {
    for place in (0..width).rev() {
        out.push(b'0' + (number / 10_u64.pow(place) % 10) as u8);
    }
}

/// Year, month and day of a day counted from 1970-01-01. Counts years from March, so that the leap day is the
/// last of its year, in eras of 400 years, which all have the same length.
fn civil(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468;
    const DAYS_OF_ERA: u64 = 146_097;
    let days = days + DAYS_TO_1970;
    let (era, day) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[track_caller]
    fn is(millis: u64, expected: &str) {
        let mut out = Vec::new();
        write_utc(&mut out, UNIX_EPOCH + Duration::from_millis(millis));
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn known_moments() {
        is(0, "1970-01-01T00:00:00.000Z");
        is(951_782_400_000, "2000-02-29T00:00:00.000Z");
        is(951_868_800_000, "2000-03-01T00:00:00.000Z");
        is(1_234_567_890_123, "2009-02-13T23:31:30.123Z");
        is(4_107_542_399_999, "2100-02-28T23:59:59.999Z");
        is(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = civil(0);
        for day in 1..200_000 {
            let next = civil(day);
            let same_month = (last.0, last.1, last.2 + 1);
            let next_month = (last.0, last.1 + 1, 1);
            assert!(
                next == same_month || next == next_month || next == (last.0 + 1, 1, 1),
                "{last:?} then {next:?}"
            );
            last = next;
        }
    }
}
