//! Which web pages of other origins may read answers: `config server { cors: … }`.
//!
//! Off by default: a browser then keeps answers from pages of other origins. Credentials are never allowed, so
//! that no setting lets a foreign page act with a visitor's cookies.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue};

/// Who may call from a page of another origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// Nobody (`false`).
    #[default]
    Off,
    /// Every page (`true`).
    Any,
    /// Pages of these origins (`"https://a.example, https://b.example"`).
    Origins(Vec<HeaderValue>),
}

impl Cors {
    /// Reads the setting. The error says what it must be.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        match text.trim() {
            "true" | "*" => return Ok(Self::Any),
            "false" | "" => return Ok(Self::Off),
            _ => {}
        }
        let origins = text.split(',').map(|origin| {
            let origin = origin.trim();
            // Browsers send an origin without a path, and compare it as text.
            let (_, host) = origin.split_once("://").filter(|(scheme, _)| !scheme.is_empty())?;
            let bare = !host.is_empty() && !host.contains(['/', '*', ' ']);
            bare.then(|| HeaderValue::from_str(origin).ok()).flatten()
        });
        origins.collect::<Option<_>>().map(Self::Origins).ok_or(
            "`true`, `false`, or origins such as `\"https://app.example\"`, separated by commas",
        )
    }

    /// Adds what a browser needs to let the page at `origin` read the response.
    pub(crate) fn apply(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        match self {
            Self::Off => return,
            Self::Any => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            Self::Origins(allowed) => {
                headers.append(VARY, HeaderValue::from_static("origin"));
                match origin {
                    Some(origin) if allowed.contains(origin) => {
                        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                    }
                    _ => return,
                }
            }
        }
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-request-id"));
    }

    /// Adds the answer to a browser's question before a call, if `request` is one; `allowed` are the methods.
    pub(crate) fn preflight(
        &self,
        request: &HeaderMap,
        allowed: &HeaderValue,
        headers: &mut HeaderMap,
    ) {
        let asked =
            request.contains_key(ORIGIN) && request.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if *self == Self::Off || !asked {
            return;
        }
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, allowed.clone());
        if let Some(names) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
            headers.append(VARY, HeaderValue::from_static("access-control-request-headers"));
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings() {
        assert_eq!(Cors::parse("true"), Ok(Cors::Any));
        assert_eq!(Cors::parse("false"), Ok(Cors::Off));
        let two = vec![
            HeaderValue::from_static("https://a.example"),
            HeaderValue::from_static("http://b.example:8080"),
        ];
        assert_eq!(Cors::parse("https://a.example, http://b.example:8080"), Ok(Cors::Origins(two)));
        for bad in ["a.example", "https://a.example/", "https://*.example", "https://", "://x"] {
            assert!(Cors::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_foreign_origin_gets_nothing() {
        let cors = Cors::parse("https://a.example").unwrap();
        let mut headers = HeaderMap::new();
        cors.apply(Some(&HeaderValue::from_static("https://evil.example")), &mut headers);
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        assert_eq!(headers[VARY], "origin");
        cors.apply(Some(&HeaderValue::from_static("https://a.example")), &mut headers);
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
    }
}
