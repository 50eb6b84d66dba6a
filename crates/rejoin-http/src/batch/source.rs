//! [`Requests`]: requests as a file, a pipe or a socket has them, one a line.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use http::Method;
use rejoin_value::{Object, Value};

use super::{RequestSpec, StatusPolicy};
use crate::duration::parse_duration;
use crate::error::{ErrorKind, Failure, Phase, Retry};
use crate::exchange::NOT_SENT;

/// The longest line that is read: bodies may stand in it.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Requests that are read from lines of text, when they are asked for.
///
/// A line is a URL, or a method and a URL, or a JSON object. Empty lines and those that begin with
/// `#` are left out. The fields of an object are `url` and, if wanted, `method`, `headers` (an object
/// of texts or of lists of texts, or a list of pairs such as `["accept", "text/plain"]`), `body` (a text, or any JSON, which is sent as such), `tag`, `timeout`, `first_byte`,
/// `idle` (lengths such as `250ms` or `2s`), `retry`, `redirects`, `max_bytes`, `expect` (as
/// [`StatusPolicy`] reads it), `save_to`, `sha256` and `mirrors` (a list of URLs).
///
/// ```
/// use rejoin_http::{Batch, Requests};
///
/// let list = r#"
/// ## stock and prices
/// http://depot.internal/stock/7
/// DELETE http://depot.internal/reserved/7
/// {"url": "http://shop.internal/price", "method": "POST", "body": {"item": 7}, "tag": "price"}
/// "#;
/// let specs: Result<Vec<_>, _> = Requests::new(list.as_bytes(), "the list").collect();
/// let batch: Batch = specs?.into_iter().collect();
/// assert_eq!(batch.count(), Some(3));
///
/// let wrong = Requests::new(&b"http://depot.internal/\n{\"url\": 7}\n"[..], "list.txt");
/// let error = wrong.last().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "list.txt:2: `url` must be a text");
/// # Ok::<(), rejoin_http::SourceError>(())
/// ```
///
/// In a batch, a line that cannot be read is an outcome of its own. Reading ends at the first error of
/// the file itself.
pub struct Requests<R> {
    reader: R,
    name: String,
    line: usize,
    broken: bool,
}

/// Why a line is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    name: String,
    line: Option<usize>,
    message: String,
}

impl SourceError {
    /// The number of the line, from 1; `None` if the file itself cannot be read.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.name, self.message),
            None => write!(f, "cannot read `{}`: {}", self.name, self.message),
        }
    }
}

impl std::error::Error for SourceError {}

impl Requests<BufReader<File>> {
    /// Those of the file `path`.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Ok(Requests::new(BufReader::new(file), &name)),
            Err(error) => Err(SourceError { name, line: None, message: error.to_string() }),
        }
    }
}

impl<R: BufRead> Requests<R> {
    /// Those that `reader` has; `name` is what errors call it.
    pub fn new(reader: R, name: &str) -> Self {
        Requests { reader, name: name.to_owned(), line: 0, broken: false }
    }

    fn read(&mut self) -> Option<Result<RequestSpec, SourceError>> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let read = self.reader.by_ref().take(LONGEST + 1).read_until(b'\n', &mut bytes);
            self.line += 1;
            let error = |line, message: String| {
                Some(Err(SourceError { name: self.name.clone(), line, message }))
            };
            match read {
                Ok(0) => return None,
                Ok(length) if length as u64 > LONGEST => {
                    self.broken = true;
                    return error(
                        Some(self.line),
                        format!("the line is longer than {LONGEST} bytes"),
                    );
                }
                Ok(_) => {}
                Err(failed) => {
                    self.broken = true;
                    return error(None, failed.to_string());
                }
            }
            let Ok(text) = std::str::from_utf8(&bytes) else {
                return error(Some(self.line), "the line is not UTF-8 text".to_owned());
            };
            // Some editors begin a file with a mark for the order of bytes.
            let text =
                if self.line == 1 { text.trim_start_matches('\u{feff}') } else { text }.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            return match parse(text) {
                Ok(spec) => Some(Ok(spec)),
                Err(why) => error(Some(self.line), why),
            };
        }
    }
}

impl<R: BufRead> Iterator for Requests<R> {
    type Item = Result<RequestSpec, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken { None } else { self.read() }
    }
}

impl<R> fmt::Debug for Requests<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests")
            .field("name", &self.name)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// A line that cannot be read is a request that cannot be sent.
impl From<Result<RequestSpec, SourceError>> for RequestSpec {
    fn from(line: Result<RequestSpec, SourceError>) -> RequestSpec {
        line.unwrap_or_else(|error| {
            let place = match error.line {
                Some(line) => format!("{}:{line}", error.name),
                None => error.name.clone(),
            };
            let (kind, phase) = (ErrorKind::InvalidRequest, Phase::Prepare);
            let failure = Failure::new(kind, phase, Retry::Never, error.message);
            RequestSpec::unsound(failure.without_request(), Method::GET, place)
        })
    }
}

/// A URL, a method and a URL, or a JSON object.
fn parse(line: &str) -> Result<RequestSpec, String> {
    if line.starts_with('[') {
        return Err("it must be one JSON object a line, not a list of them".to_owned());
    }
    let spec = if line.starts_with('{') {
        let value = Value::parse(line.as_bytes()).map_err(|error| format!("not JSON: {error}"))?;
        from_json(value.as_object().ok_or("it must be one JSON object")?)?
    } else {
        let (method, url) = line.split_once(char::is_whitespace).unwrap_or(("GET", line));
        let (method, url) = (self::method(method)?, url.trim());
        if url.contains(char::is_whitespace) {
            return Err(format!("`{url}` has blanks: write `%20` where one is meant"));
        }
        RequestSpec::new(method, url)
    };
    match spec.problem() {
        Some(problem) => Err(problem.to_string()),
        None => Ok(spec),
    }
}

fn method(text: &str) -> Result<Method, String> {
    let known = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_uppercase()));
    known.ok_or_else(|| {
        format!(
            "`{text}` is no method: write `GET` and the like in capitals, and one request a line"
        )
    })
}

/// Names and values: of an object of texts or of lists of texts, of a list of pairs, or of one of objects with `name` and `value`.
fn headers(given: &Value) -> Result<Vec<(&str, &str)>, String> {
    let wrong =
        "`headers` must be an object of texts or of lists of texts, or a list of pairs of texts";
    let mut all = Vec::new();
    if let Some(object) = given.as_object() {
        for (name, value) in object.iter() {
            match value.as_array() {
                None => all.push((name.as_str(), value.as_str().ok_or(wrong)?)),
                Some(values) => {
                    for value in values.iter() {
                        all.push((name.as_str(), value.as_str().ok_or(wrong)?));
                    }
                }
            }
        }
        return Ok(all);
    }
    for pair in given.as_array().ok_or(wrong)?.iter() {
        let (name, value) = match pair.as_array() {
            Some(both) if both.len() == 2 => (pair.at(0), pair.at(1)),
            Some(_) => (None, None),
            None => (pair.get("name"), pair.get("value")),
        };
        let both = name.and_then(Value::as_str).zip(value.and_then(Value::as_str));
        all.push(both.ok_or(wrong)?);
    }
    Ok(all)
}

/// Refuses what the client would leave out: who writes it means something by it. What says nothing but what is so anyway may stand.
fn can_be_set(name: &str, value: &str, body: usize) -> Result<(), String> {
    let own = NOT_SENT.iter().any(|own| own.as_str().eq_ignore_ascii_case(name));
    let is_so = match &*name.to_ascii_lowercase() {
        "connection" => value.trim().eq_ignore_ascii_case("keep-alive"),
        "content-length" => value.trim().parse() == Ok(body),
        _ => false,
    };
    match own && !is_so {
        true => Err(format!(
            "the header `{name}` cannot be set, as the client itself sees to its connections: leave it out"
        )),
        false => Ok(()),
    }
}

fn from_json(object: &Object) -> Result<RequestSpec, String> {
    let text = |key: &str| match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| format!("`{key}` must be a text")),
    };
    let own_headers = || match object.get("headers") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(given) => headers(given),
    };
    let url = text("url")?.ok_or("`url` is missing")?;
    let mut spec = RequestSpec::new(method(text("method")?.unwrap_or("GET"))?, url);
    for (key, value) in object.iter() {
        let key = key.as_str();
        // Programs write it for what they leave out. A body may be `null`.
        if value.is_null() && key != "body" {
            continue;
        }
        let own = || text(key).map(Option::unwrap_or_default);
        let length = || -> Result<Duration, String> {
            parse_duration(own()?).map_err(|why| format!("`{key}`: {why}"))
        };
        let not_whole = || format!("`{key}` must be a whole number from 0 up");
        let count =
            || value.as_i64().and_then(|count| u32::try_from(count).ok()).ok_or_else(not_whole);
        spec = match key {
            "url" | "method" => spec,
            "tag" => spec.tag(own()?),
            "body" => match value.as_str() {
                Some(text) => spec.body(text.to_owned()),
                None => {
                    let typed = own_headers()?
                        .iter()
                        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
                    let spec = spec.body(value.to_json());
                    if typed { spec } else { spec.header("content-type", "application/json") }
                }
            },
            "headers" => headers(value)?
                .into_iter()
                .fold(spec, |spec, (name, value)| spec.also_header(name, value)),
            "timeout" => spec.timeout(length()?),
            "first_byte" => spec.first_byte_timeout(length()?),
            "idle" => spec.idle_timeout(length()?),
            "retry" => spec.retries(count()?),
            "redirects" => spec.max_redirects(count()?),
            "max_bytes" => {
                let bytes = value.as_i64().and_then(|bytes| usize::try_from(bytes).ok());
                spec.max_response_bytes(bytes.ok_or_else(not_whole)?)
            }
            "expect" => {
                let policy: Result<StatusPolicy, String> = match value.as_i64() {
                    Some(status) => status.to_string().parse(),
                    None => own()?.parse(),
                };
                spec.expect(policy.map_err(|why| format!("`expect`: {why}"))?)
            }
            "save_to" => spec.save_to(own()?),
            "sha256" => spec.sha256(own()?),
            "mirrors" => {
                let wrong = "`mirrors` must be a list of URLs";
                let mirrors = value.as_array().ok_or(wrong)?;
                mirrors.iter().try_fold(spec, |spec, mirror| {
                    Ok::<_, String>(spec.mirror(mirror.as_str().ok_or(wrong)?))
                })?
            }
            other => {
                return Err(format!(
                    "`{other}` is no setting of a request; there are url, method, headers, body, tag, \
                     timeout, first_byte, idle, retry, redirects, max_bytes, expect, save_to, sha256 and mirrors"
                ));
            }
        };
    }
    let body = spec.request.as_ref().map_or(0, |request| request.parts.body.len());
    for (name, value) in own_headers()? {
        can_be_set(name, value, body)?;
    }
    Ok(spec)
}
