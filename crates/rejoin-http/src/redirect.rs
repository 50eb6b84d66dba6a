//! Where a redirect leads, and what the next request may take along.

use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};

use crate::credentials;
use crate::error::{ErrorKind, Failure, Phase, Retry};
use crate::request::Parts;

/// The reference that a response redirects to, if it is a redirect.
pub(crate) fn location(status: StatusCode, headers: &HeaderMap) -> Option<String> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let value = headers.get(LOCATION)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Turns `request` into the one that follows a redirect with `status` to `reference`.
pub(crate) fn follow(
    request: &mut Parts,
    status: StatusCode,
    reference: &str,
) -> Result<(), Failure> {
    let next = request.url.join(reference).map_err(|bad| {
        refused(format!("the answer ({status}) redirects to where nobody can go: {bad}"))
    })?;
    if becomes_get(status, &request.method) {
        request.method = Method::GET;
        request.body = bytes::Bytes::new();
        drop_body_headers(&mut request.headers);
    }
    if request.url.is_https() && !next.is_https() {
        return Err(refused(format!(
            "the answer ({status}) redirects from https to {next}, where nothing is encrypted; \
             ask that URL directly if this is meant"
        )));
    }
    credentials::leave(&mut request.headers, &request.url, &next);
    request.url = next;
    Ok(())
}

/// 303 means "see there"; 301 and 302 mean it for POST, as every browser has it.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        303 => method != Method::HEAD && method != Method::GET,
        301 | 302 => method == Method::POST,
        _ => false,
    }
}

fn drop_body_headers(headers: &mut HeaderMap) {
    use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE};
    for name in [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE] {
        headers.remove(name);
    }
}

fn refused(message: String) -> Failure {
    Failure::new(ErrorKind::RedirectRefused, Phase::Redirect, Retry::Never, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;

    fn after(method: Method, url: &str, status: u16, reference: &str) -> Request {
        let mut request = Request::new(method, url.parse().unwrap())
            .header("content-type", "text/plain")
            .unwrap()
            .header("x-own", "1")
            .unwrap()
            .body("text");
        follow(&mut request.parts, StatusCode::from_u16(status).unwrap(), reference).unwrap();
        request
    }

    #[test]
    fn methods_are_rewritten_as_browsers_do() {
        for (status, method, expected) in [
            (301, Method::POST, Method::GET),
            (302, Method::POST, Method::GET),
            (303, Method::POST, Method::GET),
            (303, Method::PUT, Method::GET),
            (303, Method::HEAD, Method::HEAD),
            (301, Method::PUT, Method::PUT),
            (302, Method::DELETE, Method::DELETE),
            (307, Method::POST, Method::POST),
            (308, Method::POST, Method::POST),
        ] {
            let kept = method == expected;
            let request = after(method, "http://a/", status, "/b");
            assert_eq!(request.parts.method, expected, "{status}");
            assert_eq!(request.parts.body.is_empty(), !kept, "{status}");
            assert_eq!(request.parts.headers.contains_key("content-type"), kept, "{status}");
            assert!(request.parts.headers.contains_key("x-own"));
        }
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let with = |url: &str, reference: &str| {
            let mut request = Request::get(url).unwrap();
            for name in crate::credentials::HEADERS {
                request.parts.headers.insert(name, "secret".parse().unwrap());
            }
            follow(&mut request.parts, StatusCode::FOUND, reference).map(|()| request)
        };
        let kept = with("http://a/", "/b").unwrap();
        assert_eq!(kept.parts.headers.len(), 3);
        for elsewhere in ["http://b/", "http://a:81/", "https://a/"] {
            let request = with("http://a/", elsewhere).unwrap();
            assert!(request.parts.headers.is_empty(), "{elsewhere}");
        }
        let error = with("https://a/", "http://a/").unwrap_err();
        assert_eq!(error.kind, ErrorKind::RedirectRefused);
        assert!(!error.message.contains("secret"));
        let own = with("http://a/", "http://u:p@b/").unwrap();
        assert!(own.parts.url.basic_auth().is_some(), "the redirect's own credentials are used");
    }

    #[test]
    fn nothing_loses_its_encryption() {
        let status = StatusCode::TEMPORARY_REDIRECT;
        for mut request in
            [Request::post("https://a/", "text").unwrap(), Request::get("https://a/").unwrap()]
        {
            let error = follow(&mut request.parts, status, "http://a/").unwrap_err();
            assert_eq!(error.kind, ErrorKind::RedirectRefused);
        }
        let mut request = Request::get("http://a/").unwrap();
        follow(&mut request.parts, status, "https://a/").unwrap();
    }
}
