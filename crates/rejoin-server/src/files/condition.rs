//! What of a file a request asks for: all, a part, or only whether it has changed (RFC 9110, sections 13 and 14).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};

/// A state of a file, by which it is known again.
pub(super) struct Version {
    length: u64,
    /// In whole seconds, as headers have it.
    time: SystemTime,
    etag: String,
    modified: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Whole,
    /// From the first byte to the last.
    Part(u64, u64),
    /// The client has it.
    Nothing,
    /// A part that there is not.
    Outside,
}

impl Version {
    pub(super) fn new(length: u64, time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = UNIX_EPOCH + Duration::from_secs(since.as_secs());
        Self {
            length,
            time: seconds,
            etag: format!("\"{length:x}-{:x}\"", since.as_nanos()),
            modified: httpdate::fmt_http_date(seconds),
        }
    }

    pub(super) fn etag(&self) -> &str {
        &self.etag
    }

    pub(super) fn modified(&self) -> &str {
        &self.modified
    }
}

pub(super) fn asked(headers: &HeaderMap, version: &Version) -> Asked {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let has_it = match text(IF_NONE_MATCH) {
        // The tags decide, if there are any.
        Some(tags) => tags
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == version.etag),
        None => text(IF_MODIFIED_SINCE)
            .and_then(|date| httpdate::parse_http_date(date).ok())
            .is_some_and(|date| version.time <= date),
    };
    if has_it {
        return Asked::Nothing;
    }
    // A part of another version than the client has begun with would spoil what it has.
    let same =
        text(IF_RANGE).is_none_or(|known| known == version.etag || known == version.modified);
    match text(RANGE).filter(|_| same) {
        Some(range) => part(range, version.length).unwrap_or(Asked::Whole),
        None => Asked::Whole,
    }
}

/// One range of bytes; several, or what is none, are no reason not to send all.
fn part(range: &str, length: u64) -> Option<Asked> {
    let (from, to) = range.trim().strip_prefix("bytes=")?.trim().split_once('-')?;
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Some(text.parse::<u64>().unwrap_or(u64::MAX)),
        false => None,
    };
    let last = length.checked_sub(1);
    Some(match (from.is_empty(), to.is_empty()) {
        (true, true) => return None,
        (true, false) => match (number(to)?, last) {
            (0, _) | (_, None) => Asked::Outside,
            (count, Some(last)) => Asked::Part(length.saturating_sub(count), last),
        },
        (false, open) => {
            let from = number(from)?;
            let to = if open { u64::MAX } else { number(to)? };
            match last {
                _ if to < from => return None,
                Some(last) if from <= last => Asked::Part(from, to.min(last)),
                _ => Asked::Outside,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version() -> Version {
        Version::new(100, UNIX_EPOCH + Duration::from_millis(1_700_000_000_500))
    }

    #[track_caller]
    fn is(headers: &[(http::HeaderName, &str)], expected: Asked) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name, value.parse().unwrap());
        }
        assert_eq!(asked(&map, &version()), expected, "{headers:?}");
    }

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-0", Asked::Part(0, 0)),
            ("bytes=10-19", Asked::Part(10, 19)),
            ("bytes=90-", Asked::Part(90, 99)),
            ("bytes=-10", Asked::Part(90, 99)),
            ("bytes=-1000", Asked::Part(0, 99)),
            ("bytes=0-99999999999999999999999", Asked::Part(0, 99)),
            ("bytes=100-", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=5-4", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("lines=1-2", Asked::Whole),
        ] {
            is(&[(RANGE, range)], expected);
        }
        assert_eq!(part("bytes=0-", 0), Some(Asked::Outside));
    }

    #[test]
    fn versions() {
        let version = version();
        let weak = format!("\"x\", W/{}", version.etag);
        is(&[(IF_NONE_MATCH, version.etag())], Asked::Nothing);
        is(&[(IF_NONE_MATCH, &weak), (RANGE, "bytes=0-1")], Asked::Nothing);
        is(&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, version.modified())], Asked::Whole);
        is(&[(IF_MODIFIED_SINCE, version.modified())], Asked::Nothing);
        is(&[(IF_MODIFIED_SINCE, "Tue, 14 Nov 2023 22:13:19 GMT")], Asked::Whole);
        is(&[(IF_MODIFIED_SINCE, "yesterday")], Asked::Whole);
        is(&[(IF_RANGE, version.etag()), (RANGE, "bytes=0-1")], Asked::Part(0, 1));
        is(&[(IF_RANGE, "\"x\""), (RANGE, "bytes=0-1")], Asked::Whole);
    }
}
