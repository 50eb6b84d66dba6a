//! Turns a program's answer into a response.

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderName, HeaderValue, Response};
use rejoin_engine::{Answer, ContentType};
use rejoin_value::Value;

use crate::problem::{answer_status, retry_after};

/// The response of an answer. `warn` hears of headers that cannot be sent.
pub(crate) fn respond(answer: Answer, mut warn: impl FnMut(&str)) -> Response<Bytes> {
    let (body, content_type) = match (answer.content_type, &answer.body) {
        (ContentType::Html, Value::String(html)) => {
            (Bytes::copy_from_slice(html.as_bytes()), "text/html; charset=utf-8")
        }
        (ContentType::Text, Value::String(text)) => {
            (Bytes::copy_from_slice(text.as_bytes()), "text/plain; charset=utf-8")
        }
        (ContentType::Text, other) => (json(other), "text/plain; charset=utf-8"),
        (ContentType::Html, other) => (json_in_page(other), "text/html; charset=utf-8"),
        (ContentType::Json, value) => (json(value), "application/json"),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer_status(&answer);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in &answer.set_headers {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), _) if FRAMING.contains(&name) => {
                warn(&format!("the header `{name}` is the server's own, it was not set"));
            }
            // An error that nothing handled is JSON, whatever the answer would have been.
            (Ok(name), _) if name == CONTENT_TYPE && answer.error.is_some() => {}
            (Ok(name), Ok(value)) => {
                headers.insert(name, value);
            }
            (Err(_), _) => warn(&format!("`{name}` is no name of a header, it was not set")),
            (_, Err(_)) => {
                warn(&format!("the value for the header `{name}` is invalid, it was not set"))
            }
        }
    }
    for what in &answer.unset {
        warn(&format!("{what}, it was not set"));
    }
    if let Some(seconds) = retry_after(&answer)
        && !headers.contains_key(RETRY_AFTER)
    {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    for cookie in &answer.set_cookies {
        match HeaderValue::try_from(cookie.trim()) {
            Ok(cookie) if cookie.is_empty() => {
                warn("a cookie in `setCookies` is an empty text, it was not set")
            }
            Ok(cookie) => {
                headers.append(SET_COOKIE, cookie);
            }
            // Its value may be a secret.
            Err(_) => warn("a cookie has characters that no header can have, it was not set"),
        }
    }
    response
}

/// Headers that say where a message ends; a program that set them could smuggle a second response.
const FRAMING: [HeaderName; 4] = [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE];

fn json(value: &Value) -> Bytes {
    rejoin_value::json::to_vec(value).into()
}

/// JSON that a browser takes for a page: the same values, but with nothing in it that begins a tag.
fn json_in_page(value: &Value) -> Bytes {
    let json = rejoin_value::json::to_vec(value);
    let mut safe = Vec::with_capacity(json.len());
    for byte in json {
        match byte {
            b'<' => safe.extend(b"\\u003c"),
            b'&' => safe.extend(b"\\u0026"),
            other => safe.push(other),
        }
    }
    safe.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: Value) -> Answer {
        Answer {
            body,
            taken: None,
            status: None,
            content_type: ContentType::Json,
            error: None,
            set_cookies: Vec::new(),
            set_headers: Vec::new(),
            unset: Vec::new(),
            retry_after: None,
        }
    }

    #[test]
    fn what_cannot_be_set_is_said() {
        let unset = Answer { unset: vec!["`setCookies` is no list".into()], ..answer(Value::Null) };
        let mut said = Vec::new();
        respond(unset, |text| said.push(text.to_owned()));
        assert_eq!(said, ["`setCookies` is no list, it was not set"]);
        said.clear();
        let empty = Answer { set_cookies: vec![" ".into(), "a=1".into()], ..answer(Value::Null) };
        let response = respond(empty, |text| said.push(text.to_owned()));
        assert_eq!(said, ["a cookie in `setCookies` is an empty text, it was not set"]);
        let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1"]);
    }

    #[test]
    fn json_and_html() {
        let response = respond(answer(Value::from([1, 2])), |_| panic!());
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(response.body(), "[1,2]");
        let html = Answer { content_type: ContentType::Html, ..answer("<b>".into()) };
        let response = respond(html, |_| panic!());
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(response.body(), "<b>");
        let html = Answer { content_type: ContentType::Html, ..answer(["<b>&"].into()) };
        assert_eq!(respond(html, |_| panic!()).body(), r#"["\u003cb>\u0026"]"#);
    }

    #[test]
    fn an_error_is_json_whatever_the_program_says() {
        let set_headers = vec![("content-type".to_owned(), "text/html".to_owned())];
        let well = Answer { set_headers, ..answer(Value::Null) };
        assert_eq!(respond(well.clone(), |_| panic!()).headers()[CONTENT_TYPE], "text/html");
        let failed = Answer { error: Some("jqError".into()), ..well };
        assert_eq!(respond(failed, |_| panic!()).headers()[CONTENT_TYPE], "application/json");
    }

    #[test]
    fn an_unhandled_error_has_the_status_of_its_type_unless_the_program_gave_one() {
        let failed = Answer { error: Some("timeoutError".into()), ..answer(Value::Null) };
        assert_eq!(respond(failed.clone(), |_| panic!()).status(), 504);
        let chosen = Answer { status: Some(418), ..failed };
        assert_eq!(respond(chosen, |_| panic!()).status(), 418);
    }

    #[test]
    fn who_asked_too_often_hears_when_to_ask_again() {
        let limited = |status, millis| {
            let wait = std::time::Duration::from_millis(millis);
            let answer = Answer { status, retry_after: Some(wait), ..answer(Value::Null) };
            let response = respond(answer, |_| panic!());
            response.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(limited(Some(429), 1_001), Some("2".to_owned()));
        assert_eq!(limited(Some(503), 1), Some("1".to_owned()));
        assert_eq!(limited(Some(200), 1_001), None);
        let error = Answer { error: Some("rateLimitError".into()), ..answer(Value::Null) };
        assert_eq!(respond(error.clone(), |_| panic!()).status(), 429);
        let own = Answer {
            retry_after: Some(std::time::Duration::from_secs(9)),
            set_headers: vec![("retry-after".to_owned(), "5".to_owned())],
            ..error
        };
        assert_eq!(respond(own, |_| panic!()).headers()[RETRY_AFTER], "5");
    }

    #[test]
    fn headers_cannot_be_injected() {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let mut warnings = Vec::new();
        let hostile = Answer {
            set_headers: vec![
                pair("x-ok", "1"),
                pair("x-bad", "a\r\nx-evil: 1"),
                pair("x evil", "1"),
                pair("Content-Length", "0"),
                pair("transfer-encoding", "chunked"),
                pair("content-type", "text/csv"),
            ],
            set_cookies: vec![
                "a=1; Path=/".to_owned(),
                "b=2\r\nx-evil: 1".to_owned(),
                "c=3".to_owned(),
            ],
            ..answer(Value::Null)
        };
        let response = respond(hostile, |text| warnings.push(text.to_owned()));
        let headers = response.headers();
        assert_eq!(headers["x-ok"], "1");
        assert_eq!(headers[CONTENT_TYPE], "text/csv");
        let cookies: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; Path=/", "c=3"]);
        assert_eq!(headers.len(), 4);
        assert_eq!(warnings.len(), 5, "{warnings:?}");
        assert!(warnings.iter().all(|text| !text.contains("x-evil")));
    }
}
