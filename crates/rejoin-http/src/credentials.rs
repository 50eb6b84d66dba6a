//! What a request says of who sends it, and to whom it may be said.

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName};

use crate::url::Url;

/// What must not go to another origin: it was meant for the first one.
pub(crate) const HEADERS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// Takes out what must not go from one origin to another.
pub(crate) fn leave(headers: &mut HeaderMap, from: &Url, to: &Url) {
    if from.same_origin(to) {
        return;
    }
    for name in HEADERS {
        headers.remove(name);
    }
    // A `host` set by hand belongs to the first server too.
    headers.remove(http::header::HOST);
}
