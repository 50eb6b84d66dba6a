//! The pause that a server asks for.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// How long `retry-after` asks to wait, written as seconds or as a date.
///
/// A date is read by the server's own clock if the response tells it: ours may differ from it.
pub(super) fn pause(headers: &HeaderMap) -> Option<Duration> {
    pause_at(headers, SystemTime::now())
}

fn pause_at(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if asked.bytes().all(|byte| byte.is_ascii_digit()) {
        // So many digits that they are no number mean: never. No deadline lets that pass.
        return (!asked.is_empty()).then(|| Duration::from_secs(asked.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(asked).ok()?;
    let now = text(DATE).and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(until.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(values: &[(&'static str, &str)]) -> Option<Duration> {
        let headers = values
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        // Sun, 06 Nov 1994 08:49:37 GMT
        pause_at(&headers.collect(), SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn seconds_and_dates_are_read() {
        let seconds = Duration::from_secs;
        assert_eq!(asked(&[("retry-after", " 120 ")]), Some(seconds(120)));
        assert_eq!(asked(&[("retry-after", "0")]), Some(Duration::ZERO));
        let date = "Sun, 06 Nov 1994 08:50:07 GMT";
        assert_eq!(asked(&[("retry-after", date)]), Some(seconds(30)));
        let theirs = ("date", "Sun, 06 Nov 1994 08:50:00 GMT");
        assert_eq!(asked(&[("retry-after", date), theirs]), Some(seconds(7)), "by their clock");
        let over = "Sun, 06 Nov 1994 08:00:00 GMT";
        assert_eq!(asked(&[("retry-after", over)]), Some(Duration::ZERO));
        assert_eq!(asked(&[("retry-after", "99999999999999999999")]), Some(seconds(u64::MAX)));
    }

    #[test]
    fn what_is_neither_asks_for_nothing() {
        for bad in ["", "soon", "-1", "1.5", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(asked(&[("retry-after", bad)]), None, "{bad}");
        }
        assert_eq!(asked(&[]), None);
    }
}
