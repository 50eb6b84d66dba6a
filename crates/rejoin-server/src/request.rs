//! Binds a request: what came over the wire becomes the value that a route starts with.
//!
//! The object has `method`, `path` (as sent), `ip`, `query`, `params`, `headers`, `cookies`, `body`,
//! `content_type`, and `originalRequest` with the first of these once more, for programs that replace them.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use rejoin_value::{Number, Object, Str, Value};

use crate::problem::Problem;
use crate::tested::AsWritten;

/// The object of one request.
pub(crate) fn bind(
    head: &Parts,
    params: &[(Arc<str>, String)],
    caller: Caller<'_>,
    body: &Bytes,
) -> Result<Value, Problem> {
    let keys = &*KEYS;
    let content_type = head.headers.get(CONTENT_TYPE).map_or("application/json", text);
    let body = bind_body(content_type, body)?;
    let method = keys.method(&head.method);
    let written = head.extensions.get::<AsWritten>();
    let query = match written {
        None => head.uri.query().map_or_else(Object::new, |query| pairs(query.as_bytes())),
        Some(written) => plain_pairs(&written.query),
    };
    let headers = written.map_or_else(|| headers(head), |written| written.headers.clone());
    let cookies = written
        .and_then(|written| written.cookies.clone())
        .unwrap_or_else(|| cookies(&head.headers).into());
    let params: Object =
        params.iter().map(|(name, text)| (Str::from(&**name), coerce(decode(text)))).collect();

    let names = &keys.names;
    let original = Object::from_entries(vec![
        (names.method.clone(), method.clone()),
        (names.params.clone(), params.clone().into()),
        (names.query.clone(), query.clone().into()),
    ]);
    let mut request = Vec::with_capacity(10);
    request.push((names.method.clone(), method));
    request.push((names.path.clone(), head.uri.path().into()));
    request.extend(caller.ip(&head.headers).map(|ip| (names.ip.clone(), ip.into())));
    request.extend([
        (names.query.clone(), query.into()),
        (names.params.clone(), params.into()),
        (names.headers.clone(), headers.into()),
        (names.cookies.clone(), cookies),
        (names.body.clone(), body),
        (names.content_type.clone(), content_type.into()),
        (names.original.clone(), original.into()),
    ]);
    Ok(Object::from_entries(request).into())
}

/// Texts that every request needs, made once and then only shared.
struct Keys {
    names: Names,
    methods: [(http::Method, Value); 7],
}

struct Names {
    method: Str,
    path: Str,
    ip: Str,
    query: Str,
    params: Str,
    headers: Str,
    cookies: Str,
    body: Str,
    content_type: Str,
    original: Str,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    names: Names {
        method: "method".into(),
        path: "path".into(),
        ip: "ip".into(),
        query: "query".into(),
        params: "params".into(),
        headers: "headers".into(),
        cookies: "cookies".into(),
        body: "body".into(),
        content_type: "content_type".into(),
        original: "originalRequest".into(),
    },
    methods: [
        http::Method::GET,
        http::Method::POST,
        http::Method::PUT,
        http::Method::PATCH,
        http::Method::DELETE,
        http::Method::HEAD,
        http::Method::OPTIONS,
    ]
    .map(|method| (method.clone(), Value::from(method.as_str()))),
});

impl Keys {
    fn method(&self, method: &http::Method) -> Value {
        let known = self.methods.iter().find(|(known, _)| known == method);
        known.map_or_else(|| Value::from(method.as_str()), |(_, text)| text.clone())
    }
}

/// A header's value, if it is text.
fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    /// The other side of the connection.
    pub(crate) peer: Option<&'a Str>,
    /// Whether that is a proxy, which says who the client is.
    pub(crate) is_proxy: bool,
}

impl Caller<'_> {
    /// The first address that a proxy names, else the connection's.
    fn ip(self, headers: &HeaderMap) -> Option<Str> {
        let named = |name: HeaderName| headers.get(name).map(text).filter(|_| self.is_proxy);
        let forwarded = named(FORWARDED_FOR).and_then(|list| list.split(',').next());
        match forwarded.or_else(|| named(REAL_IP)).map(str::trim) {
            Some(ip) if !ip.is_empty() => Some(ip.into()),
            _ => self.peer.cloned(),
        }
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Names are in lower case already; of a repeated header the first value is kept. HTTP/2, and a target that is a
/// whole URL, say there which host is meant, which goes before a header (RFC 9112, 3.2.2); a program finds it where
/// HTTP/1 has it.
fn headers(head: &Parts) -> Object {
    let headers = &head.headers;
    let mut entries: Vec<(Str, Value)> = Vec::with_capacity(headers.keys_len() + 1);
    let authority = head.uri.authority();
    entries.extend(authority.map(|host| (HOST.as_str().into(), host.as_str().into())));
    // The values of one name follow each other.
    let mut last = None;
    for (name, value) in headers {
        if last != Some(name) && !(authority.is_some() && name == HOST) {
            entries.push((name.as_str().into(), text(value).into()));
            last = Some(name);
        }
    }
    Object::from_entries(entries)
}

/// Values are percent-decoded, never coerced; of a repeated name the first value is kept, as browsers send the
/// most specific cookie first.
fn cookies(headers: &HeaderMap) -> Object {
    let mut object = Object::new();
    // One cookie with bytes that are no text must not hide the others, such as a session's.
    let lines = headers.get_all(COOKIE).iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
    let lines: Vec<_> = lines.collect();
    for pair in lines.iter().flat_map(|line| line.split(';')) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (name.trim(), value.trim());
        let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
        if !name.is_empty() && !object.contains_key(name) {
            object.insert(name, &*decode(value));
        }
    }
    object
}

fn bind_body(content_type: &str, body: &Bytes) -> Result<Value, Problem> {
    let is = |kind: &str| {
        content_type.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind))
    };
    if body.is_empty() {
        Ok(Object::new().into())
    } else if is("application/json") {
        Value::parse(body).map_err(Problem::BodyNotJson)
    } else if is("application/x-www-form-urlencoded") {
        Ok(pairs(body).into())
    } else {
        Ok(Value::from(&*String::from_utf8_lossy(body)))
    }
}

/// `name=value&…`, decoded as browsers encode it; a repeated name keeps the last value. What is no valid
/// encoding stands for itself, as in every browser; bytes that are no UTF-8 become U+FFFD.
fn pairs(text: &[u8]) -> Object {
    form_urlencoded::parse(text).map(|(name, value)| (Str::from(&*name), coerce(value))).collect()
}

/// `name=value&…` of which nothing is encoded.
fn plain_pairs(text: &str) -> Object {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (Str::from(name), coerce(value.into()))).collect()
}

fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// Text of a query, a path or a form as a value: a number if it is one, otherwise the text. Whole numbers keep every
/// digit, also beyond 64 bits.
fn coerce(text: Cow<'_, str>) -> Value {
    // Everything that is a number begins so; most texts do not.
    if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        if let Ok(int) = text.parse::<i64>() {
            return int.into();
        }
        let digits = text.trim_start_matches(['+', '-']);
        if text.len() - digits.len() < 2 && digits.bytes().all(|b| b.is_ascii_digit()) {
            let digits = digits.trim_start_matches('0');
            let sign = if text.starts_with('-') { "-" } else { "" };
            if let Some(number) = Number::parse(&format!("{sign}{digits}")) {
                return number.into();
            }
        }
        if let Ok(float) = text.parse::<f64>()
            && float.is_finite()
        {
            return float.into();
        }
    }
    Value::from(&*text)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn bound(request: http::request::Builder, params: &[(&str, &str)], body: &str) -> Value {
        let head = request.body(()).unwrap().into_parts().0;
        let params: Vec<_> = params.iter().map(|(k, v)| ((*k).into(), (*v).to_owned())).collect();
        let body = Bytes::copy_from_slice(body.as_bytes());
        bind(&head, &params, caller(&"127.0.0.1".into(), true), &body).unwrap()
    }

    fn caller(peer: &Str, is_proxy: bool) -> Caller<'_> {
        Caller { peer: Some(peer), is_proxy }
    }

    #[test]
    fn a_client_that_is_no_proxy_cannot_say_who_it_is() {
        let request = Request::get("/").header("x-forwarded-for", "10.0.0.1");
        let head = request.header("x-real-ip", "10.0.0.2").body(()).unwrap().into_parts().0;
        let peer = "127.0.0.1".into();
        let ip = |is_proxy| caller(&peer, is_proxy).ip(&head.headers).unwrap();
        assert_eq!((&*ip(true), &*ip(false)), ("10.0.0.1", "127.0.0.1"));
    }

    #[track_caller]
    fn is(value: &Value, path: &[&str], json: &str) {
        assert_eq!(value.path(path).expect("it is there").to_json(), json);
    }

    #[test]
    fn a_plain_get() {
        let request = Request::get(
            "/a%20b?x=1&y=a+b%21&x=2&flag&n=007&f=1e3&big=12345678901234567890&nan=nan\
             &low=-0012345678901234567890&high=%2B12345678901234567890&odd=--12345678901234567890",
        );
        let value = bound(request, &[("id", "42"), ("name", "a%2Fb")], "");
        is(&value, &["method"], r#""GET""#);
        is(&value, &["path"], r#""/a%20b""#);
        is(&value, &["ip"], r#""127.0.0.1""#);
        is(&value, &["query", "x"], "2");
        is(&value, &["query", "y"], r#""a b!""#);
        is(&value, &["query", "flag"], r#""""#);
        is(&value, &["query", "n"], "7");
        assert_eq!(value.path(&["query", "f"]).unwrap().as_f64(), Some(1000.0));
        is(&value, &["query", "big"], "12345678901234567890");
        is(&value, &["query", "low"], "-12345678901234567890");
        is(&value, &["query", "high"], "12345678901234567890");
        is(&value, &["query", "odd"], r#""--12345678901234567890""#);
        is(&value, &["query", "nan"], r#""nan""#);
        is(&value, &["params", "id"], "42");
        is(&value, &["params", "name"], r#""a/b""#);
        is(&value, &["headers"], "{}");
        is(&value, &["cookies"], "{}");
        is(&value, &["body"], "{}");
        is(&value, &["content_type"], r#""application/json""#);
        is(&value, &["originalRequest", "method"], r#""GET""#);
        is(&value, &["originalRequest", "params", "id"], "42");
    }

    #[test]
    fn headers_and_cookies() {
        let request = Request::get("/")
            .header("X-Thing", "a")
            .header("x-bytes", HeaderValue::from_bytes(b"\xff").unwrap())
            .header("cookie", "a=1=2; b=%C3%A9; a=3; c")
            .header("cookie", "d=\"q\"")
            .header("x-forwarded-for", " 10.0.0.1 , 10.0.0.2");
        let value = bound(request, &[], "");
        is(&value, &["headers", "x-thing"], r#""a""#);
        is(&value, &["headers", "x-bytes"], r#""""#);
        is(&value, &["cookies"], r#"{"a":"1=2","b":"é","c":"","d":"q"}"#);
        is(&value, &["ip"], r#""10.0.0.1""#);

        let mixed = HeaderValue::from_bytes(b"x=\xff\xc3\xa9; wp_session=abc; \xe9=1").unwrap();
        let value = bound(Request::get("/").header("cookie", mixed), &[], "");
        is(&value, &["cookies", "wp_session"], r#""abc""#);
        is(&value, &["cookies", "x"], "\"\u{fffd}é\"");
    }

    #[test]
    fn a_test_says_what_http_would_change() {
        let written = AsWritten {
            query: "a=1&b=x%20y&&c=d=e&flag&a=2".to_owned(),
            headers: Object::from_iter([("X-Clerk", "kim")]),
            cookies: Some(Object::from_iter([("t", 2)]).into()),
        };
        let request = || Request::get("/a?a=1").header("x-clerk", "kim").header("cookie", "s=1");
        let value = bound(request().extension(written.clone()), &[], "");
        is(&value, &["query"], r#"{"a":2,"b":"x%20y","c":"d=e","flag":""}"#);
        is(&value, &["originalRequest", "query", "b"], r#""x%20y""#);
        is(&value, &["headers"], r#"{"X-Clerk":"kim"}"#);
        is(&value, &["cookies"], r#"{"t":2}"#);
        let value = bound(request().extension(AsWritten { cookies: None, ..written }), &[], "");
        is(&value, &["cookies"], r#"{"s":"1"}"#);
    }

    #[test]
    fn the_host_of_a_whole_target_is_a_header_whatever_the_header_says() {
        let whole = || Request::get("http://shop.example:81/a");
        is(&bound(whole(), &[], ""), &["headers"], r#"{"host":"shop.example:81"}"#);
        let both = whole().header("host", "other.example");
        is(&bound(both, &[], ""), &["headers"], r#"{"host":"shop.example:81"}"#);
    }

    #[test]
    fn bodies() {
        let typed = |kind: &str| Request::post("/").header("content-type", kind);
        is(&bound(typed("application/json; charset=utf-8"), &[], "[1]"), &["body"], "[1]");
        is(&bound(typed("Application/JSON"), &[], "{\"a\":null}"), &["body"], "{\"a\":null}");
        is(&bound(Request::post("/"), &[], "true"), &["body"], "true");
        let form =
            bound(typed("application/x-www-form-urlencoded"), &[], "a=1&b=x%3Dy&c=d=e+f&%zz=%");
        is(&form, &["body"], r#"{"a":1,"b":"x=y","c":"d=e f","%zz":"%"}"#);
        is(&bound(typed("text/plain"), &[], "{not json"), &["body"], r#""{not json""#);
        is(&bound(typed("é"), &[], "x"), &["body"], r#""x""#);
    }

    #[test]
    fn a_body_that_is_not_json_is_refused() {
        let head = Request::post("/").body(()).unwrap().into_parts().0;
        for body in [b"{\"a\": 1,}".as_slice(), b"\xff", b"{} {}", &[b'['; 100_000]] {
            let nobody = Caller { peer: None, is_proxy: true };
            let refused = bind(&head, &[], nobody, &Bytes::copy_from_slice(body));
            assert!(matches!(refused, Err(Problem::BodyNotJson(_))));
        }
    }

    #[test]
    fn hostile_pairs_are_bound() {
        for query in ["&&&", "=", "%", "%f", "%ff%fe=%00", "+", "a=%F0%9F%98%80"] {
            let request = Request::get(format!("/?{query}"));
            assert!(bound(request, &[], "").get("query").unwrap().as_object().is_some(), "{query}");
        }
    }
}
