//! [`Url`]: an absolute `http` or `https` URL that is known to be good and holds no secret.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use crate::error::{Error, ErrorKind, Failure, Phase, Retry};

/// What DNS allows, and a dot at the end.
const MAX_HOST: usize = 254;

/// An absolute `http` or `https` URL, checked when it is made.
///
/// A user name and a password in the text (`http://user:secret@host/`) become the value of an
/// `authorization` header and are then forgotten: they are in neither [`Display`](fmt::Display) nor
/// [`Debug`]. A fragment is dropped, as it is never sent.
///
/// ```
/// use rejoin_http::Url;
///
/// let url: Url = "http://user:secret@example.com/a b#top".parse()?;
/// assert_eq!(url.to_string(), "http://example.com/a%20b");
/// # Ok::<(), rejoin_http::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    uri: Uri,
    basic_auth: Option<HeaderValue>,
}

impl Url {
    /// The URL as the type of the `http` crate, without user name and password.
    pub fn as_uri(&self) -> &Uri {
        &self.uri
    }

    /// The host as written: a name in lower case, or an address; IPv6 without brackets.
    pub fn host(&self) -> &str {
        host(&self.uri)
    }

    /// The port, also when the scheme implies it.
    pub fn port(&self) -> u16 {
        port(&self.uri)
    }

    /// Whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        is_https(&self.uri)
    }

    /// The `authorization` value that user name and password of the URL amount to.
    pub(crate) fn basic_auth(&self) -> Option<&HeaderValue> {
        self.basic_auth.as_ref()
    }

    /// Whether both URLs have the same scheme, host and port.
    pub fn same_origin(&self, other: &Url) -> bool {
        self.is_https() == other.is_https()
            && self.port() == other.port()
            && self.host().eq_ignore_ascii_case(other.host())
    }

    /// Resolves `reference`, which may be relative, against this URL. What has the same origin has the same user
    /// name and password, unless it has its own.
    pub(crate) fn join(&self, reference: &str) -> Result<Url, Failure> {
        let base = url::Url::parse(&self.uri.to_string())
            .map_err(|error| invalid(reference, error.to_string()))?;
        let joined = base.join(reference).map_err(|error| invalid(reference, error.to_string()))?;
        let mut joined = from_whatwg(joined, reference)?;
        if joined.basic_auth.is_none() && joined.same_origin(self) {
            joined.basic_auth.clone_from(&self.basic_auth);
        }
        Ok(joined)
    }

    pub(crate) fn parse(text: &str) -> Result<Url, Failure> {
        if is_plain(text)
            && let Ok(uri) = Uri::try_from(text)
            && (1..=MAX_HOST).contains(&host(&uri).len())
        {
            return Ok(Url { uri, basic_auth: None });
        }
        let parsed = url::Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => {
                invalid(text, "it needs a scheme, as in http://example.com/")
            }
            error => invalid(text, error.to_string()),
        })?;
        from_whatwg(parsed, text)
    }
}

/// The host of `uri`, without the brackets of an IPv6 address.
pub(crate) fn host(uri: &Uri) -> &str {
    let host = uri.host().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

pub(crate) fn port(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or_else(|| implied_port(uri))
}

/// The port that the scheme implies.
pub(crate) fn implied_port(uri: &Uri) -> u16 {
    if is_https(uri) { 443 } else { 80 }
}

pub(crate) fn is_https(uri: &Uri) -> bool {
    uri.scheme() == Some(&http::uri::Scheme::HTTPS)
}

/// Whether `text` means the same to `http::Uri`, which takes URLs as they are, as to the WHATWG
/// rules, which mend them: most URLs do, and skip the slow parser.
fn is_plain(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else {
        return false;
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    // `0x7f.1` and `2130706433` are addresses too: they must be seen as what they are.
    let numeric = host.as_bytes().first().is_some_and(u8::is_ascii_digit);
    host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
        && (!numeric || host.parse::<Ipv4Addr>().is_ok())
        && !path.contains("/.")
        && path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&()*+,;=%".contains(&byte))
}

fn from_whatwg(mut url: url::Url, text: &str) -> Result<Url, Failure> {
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme();
        // `localhost:8080` reads as something of the scheme `localhost`.
        if url.cannot_be_a_base() && url.path().starts_with(|c: char| c.is_ascii_digit()) {
            return Err(invalid(
                text,
                format!("it needs a scheme, as in http://{scheme}:{}", url.path()),
            ));
        }
        return Err(invalid(text, format!("scheme {scheme:?} is not http or https")));
    }
    match url.host_str().map_or(0, str::len) {
        0 => return Err(invalid(text, "it has no host")),
        1..=MAX_HOST => {}
        _ => return Err(invalid(text, format!("its host is longer than {MAX_HOST} characters"))),
    }
    let basic_auth = basic_auth(&url);
    // These fail only for URLs without a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    let uri = Uri::try_from(String::from(url)).map_err(|error| invalid(text, error.to_string()))?;
    Ok(Url { uri, basic_auth })
}

fn basic_auth(url: &url::Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    let text = format!("Basic {}", BASE64_STANDARD.encode(pair));
    let mut value = HeaderValue::try_from(text).expect("base64 is made of visible characters");
    value.set_sensitive(true);
    Some(value)
}

fn invalid(text: &str, reason: impl fmt::Display) -> Failure {
    let shown = redact(text);
    Failure::new(
        ErrorKind::InvalidUrl,
        Phase::Prepare,
        Retry::Never,
        format!("{shown:?} is not a URL that can be fetched: {reason}"),
    )
}

/// `text` fit for a message: without what may be a user name and a password, and not too long.
pub(crate) fn redact(text: &str) -> String {
    let start = text.find("//").map_or(0, |at| at + 2);
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    // What stands in the place of a port and is none may be the beginning of a password with a `/` in it.
    let no_port = |(_, port): (&str, &str)| !port.bytes().all(|byte| byte.is_ascii_digit());
    let within = match text[start..end].rsplit_once(':').is_some_and(no_port) {
        true => &text[start..],
        false => &text[start..end],
    };
    let clean = match within.rfind('@') {
        Some(at) => format!("{}{}", &text[..start], &text[start + at + 1..]),
        None => text.to_owned(),
    };
    shortened(&clean)
}

/// The beginning of `text`, long enough to know it by.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Url, Error> {
        Url::parse(text).map_err(Failure::without_request)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parsed(text: &str) -> String {
        Url::parse(text).expect("a good URL").to_string()
    }

    #[track_caller]
    fn refused(text: &str) -> String {
        Url::parse(text).expect_err("a bad URL").to_string()
    }

    #[test]
    fn both_parsers_agree_where_the_fast_one_is_used() {
        for text in [
            "http://example.com/",
            "http://example.com",
            "https://example.com:8443/a/b?c=d&e=%20f",
            "http://127.0.0.1:80/x",
            "http://localhost:1/?q=a:b@c",
            "http://a-b.c/~user/(x)*!;,=+$",
        ] {
            assert!(is_plain(text), "{text}");
            let slow = from_whatwg(url::Url::parse(text).unwrap(), text).unwrap();
            let fast = Url::parse(text).unwrap();
            assert_eq!(slow.as_uri().path_and_query(), fast.as_uri().path_and_query(), "{text}");
            assert!(slow.same_origin(&fast), "{text}");
        }
    }

    #[test]
    fn urls_are_mended_as_browsers_do() {
        assert_eq!(parsed("HTTP://Example.COM/a/../b"), "http://example.com/b");
        assert_eq!(parsed("http://bücher.example/ü"), "http://xn--bcher-kva.example/%C3%BC");
        assert_eq!(parsed(" http://example.com/a b "), "http://example.com/a%20b");
        assert_eq!(parsed("http://2130706433/"), "http://127.0.0.1/");
        assert_eq!(parsed("http://0x7f.1/"), "http://127.0.0.1/");
        assert_eq!(parsed("http://[::1]:8080/x#y"), "http://[::1]:8080/x");
        assert_eq!(parsed("http://example.com\\a"), "http://example.com/a");
    }

    #[test]
    fn a_bad_url_says_why() {
        assert!(refused("/users").contains("needs a scheme"));
        assert!(refused("").contains("needs a scheme"));
        assert!(refused("ftp://example.com/").contains("\"ftp\" is not http or https"));
        assert!(refused("file:///etc/passwd").contains("\"file\""));
        assert!(refused("localhost:8080/a").ends_with("a scheme, as in http://localhost:8080/a"));
        assert!(refused("mailto:a@example.com").contains("\"mailto\""));
        assert!(refused("http://").contains("host"));
        assert!(refused("http://example.com:99999/").contains("port"));
        assert!(refused(&format!("http://{}/", "a".repeat(10_000))).len() < 400);
        assert!(refused(&format!("http://a/{}", "a".repeat(100_000))).len() < 400);
    }

    #[test]
    fn credentials_never_show() {
        let url = Url::parse("https://user:s%3Acret@example.com/").unwrap();
        assert!(!format!("{url} {url:?}").contains("cret"));
        assert_eq!(url.basic_auth().unwrap(), "Basic dXNlcjpzOmNyZXQ=");
        assert!(!refused("http://user:s3cret@example.com:99999/").contains("s3cret"));
        assert!(!refused("http://user:s3cret@").contains("s3cret"));
        for unescaped in ["http://user:s3/cret@host/", "http://user:s3#cret@host/"] {
            assert!(!refused(unescaped).contains("s3"), "{unescaped}");
        }
    }

    #[test]
    fn references_resolve() {
        let base = Url::parse("http://example.com/a/b?c").unwrap();
        let join = |reference| base.join(reference).unwrap().to_string();
        assert_eq!(join("d"), "http://example.com/a/d");
        assert_eq!(join("/d"), "http://example.com/d");
        assert_eq!(join("//other/d"), "http://other/d");
        assert_eq!(join("?e"), "http://example.com/a/b?e");
        assert_eq!(join("https://x/../y"), "https://x/y");
        assert!(base.join("ftp://x/").is_err());
    }

    #[test]
    fn a_reference_keeps_the_credentials_of_its_origin() {
        let base = Url::parse("http://user:secret@example.com/a").unwrap();
        let auth = |reference| base.join(reference).unwrap().basic_auth().cloned();
        let own = base.basic_auth().cloned();
        assert!(own.is_some());
        assert_eq!((auth("/b"), auth("http://example.com:80/b")), (own.clone(), own.clone()));
        for elsewhere in ["//other/", "http://example.com:81/", "https://example.com/"] {
            assert_eq!(auth(elsewhere), None, "{elsewhere}");
        }
        let other = auth("http://other:name@example.com/");
        assert!(other.is_some() && other != own);
    }
}
