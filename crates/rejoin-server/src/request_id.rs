//! The id of a request: the caller's, if it sent a sound one, else a new one.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderName};

/// Carries the id in both directions.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// Tells the ids of this process from those of others: 16 hexadecimal digits and a hyphen.
static PROCESS: LazyLock<String> =
    LazyLock::new(|| format!("{:016x}-", RandomState::new().hash_one(std::process::id())));
static NEXT: AtomicU64 = AtomicU64::new(1);

/// How long that is, and how many digits may follow.
const PREFIX: usize = 17;
const DIGITS: usize = 16;

/// The id for a request with these headers.
pub(crate) fn request_id(headers: &HeaderMap) -> Arc<str> {
    let sent = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match sent {
        Some(id) if is_sound(id) => id.into(),
        _ => new_request_id(),
    }
}

/// Short, and nothing that could mislead whoever reads it in a log or puts it into a query.
fn is_sound(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&b);
    !id.is_empty() && id.len() <= LONGEST && id.bytes().all(plain)
}

/// A new id, unique in this process and, as good as certainly, among processes.
pub fn new_request_id() -> Arc<str> {
    let mut next = NEXT.fetch_add(1, Ordering::Relaxed);
    // From its end: most numbers need few digits.
    let mut id = [0; PREFIX + DIGITS];
    let mut start = id.len();
    while next > 0 {
        start -= 1;
        id[start] = b"0123456789abcdef"[(next % 16) as usize];
        next /= 16;
    }
    start -= PREFIX;
    id[start..start + PREFIX].copy_from_slice(PROCESS.as_bytes());
    str::from_utf8(&id[start..]).expect("it is all digits and a hyphen").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(id: &str) -> Arc<str> {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, http::HeaderValue::from_bytes(id.as_bytes()).unwrap());
        request_id(&headers)
    }

    #[test]
    fn a_sound_id_is_kept_and_any_other_replaced() {
        assert_eq!(&*sent("01J-abc_9.z:/+=@"), "01J-abc_9.z:/+=@");
        for bad in ["", "a b", "a\"b", "é", "<script>", &"a".repeat(129)] {
            assert_ne!(&*sent(bad), bad);
        }
        assert_ne!(new_request_id(), new_request_id());
        assert!(is_sound(&new_request_id()));
    }
}
