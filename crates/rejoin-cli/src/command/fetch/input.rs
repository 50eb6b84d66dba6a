//! What to fetch: from arguments, a file, stdin; and what an earlier run has done already.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rejoin_http::RequestSpec;
use rejoin_value::{Object, Value};

use super::{duration, note};

/// The most that is read of a list.
const LARGEST: u64 = 256 * 1024 * 1024;

/// One request, and its number among all that were asked for, from 0.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) number: usize,
    pub(super) spec: RequestSpec,
}

/// Every request, or the first that cannot be sent: nothing is sent then.
pub(super) fn requests(
    urls: &[String],
    from: Option<&Path>,
    timeout: Duration,
) -> Result<Vec<Listed>, String> {
    let mut specs = Vec::new();
    for url in urls {
        specs.push(sound(RequestSpec::get(url).timeout(timeout))?);
    }
    if let Some(path) = from {
        let (name, text) = read(path)?;
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let spec = self::line(line, timeout).and_then(sound);
            specs.push(spec.map_err(|why| format!("{name}:{}: {why}", at + 1))?);
        }
    }
    Ok(specs.into_iter().enumerate().map(|(number, spec)| Listed { number, spec }).collect())
}

fn read(path: &Path) -> Result<(String, String), String> {
    let stdin = path == Path::new("-");
    let name = if stdin { "stdin".to_owned() } else { path.display().to_string() };
    let mut text = String::new();
    let read = if stdin {
        std::io::stdin().take(LARGEST + 1).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
    };
    match read {
        Err(error) => Err(format!("cannot read `{name}`: {error}")),
        Ok(length) if length as u64 > LARGEST => {
            Err(format!("`{name}` is longer than {LARGEST} bytes: fetch it in parts"))
        }
        Ok(_) => Ok((name, text)),
    }
}

fn sound(spec: RequestSpec) -> Result<RequestSpec, String> {
    match spec.problem() {
        Some(problem) => Err(problem.to_string()),
        None => Ok(spec),
    }
}

/// A URL, a method and a URL, or a JSON object.
fn line(line: &str, timeout: Duration) -> Result<RequestSpec, String> {
    if line.starts_with('{') {
        let value = Value::parse(line.as_bytes()).map_err(|error| format!("not JSON: {error}"))?;
        let object = value.as_object().ok_or("it must be one JSON object")?;
        return from_json(object, timeout);
    }
    let (method, url) = line.split_once(char::is_whitespace).unwrap_or(("GET", line));
    Ok(RequestSpec::new(self::method(method)?, url.trim()).timeout(timeout))
}

fn method(text: &str) -> Result<http::Method, String> {
    let known = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_uppercase()));
    known.ok_or_else(|| {
        format!(
            "`{text}` is no method: write `GET` and the like in capitals, and one request a line"
        )
    })
}

fn from_json(object: &Object, timeout: Duration) -> Result<RequestSpec, String> {
    let text = |key: &str| match object.get(key) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| format!("`{key}` must be a text")),
    };
    let url = text("url")?.ok_or("`url` is missing")?;
    let mut spec = RequestSpec::new(method(text("method")?.unwrap_or("GET"))?, url);
    for (key, value) in object.iter() {
        spec = match key.as_str() {
            "url" | "method" => spec,
            "tag" => spec.tag(text("tag")?.unwrap_or_default()),
            "body" => match value.as_str() {
                Some(text) => spec.body(text.to_owned()),
                None => spec.body(value.to_json()),
            },
            "headers" => {
                let headers = value.as_object().ok_or("`headers` must be an object of texts")?;
                headers.iter().try_fold(spec, |spec, (name, value)| {
                    let value = value.as_str().ok_or("`headers` must be an object of texts")?;
                    Ok::<_, String>(spec.header(name.as_str(), value))
                })?
            }
            "retry" => {
                let retries = value.as_i64().and_then(|n| u32::try_from(n).ok());
                spec.retries(retries.ok_or("`retry` must be a whole number from 0 up")?)
            }
            "expect" => spec.expect(text("expect")?.unwrap_or_default().parse()?),
            "timeout" => spec,
            other => {
                return Err(format!(
                    "`{other}` is no setting of a request; there are url, method, headers, body, tag, \
                     timeout, retry and expect"
                ));
            }
        };
    }
    let own =
        text("timeout")?.map(duration).transpose().map_err(|why| format!("`timeout`: {why}"))?;
    Ok(spec.timeout(own.unwrap_or(timeout)))
}

/// Takes out what an earlier run says was good. Equal requests are told apart by how many there are.
pub(super) fn skip_good(listed: &mut Vec<Listed>, file: &Path) -> Result<(), String> {
    let (name, text) = read(file)?;
    let mut done: HashMap<(String, String), usize> = HashMap::new();
    let whole = text.ends_with('\n');
    let mut lines = text.lines().enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        let value = Value::parse(line.as_bytes()).ok();
        let fields = value.as_ref().and_then(|value| {
            let text = |key| value.get(key).and_then(Value::as_str).map(str::to_owned);
            Some((text("method")?, text("url")?, value.get("good")?.as_bool()?))
        });
        match fields {
            Some((method, url, true)) => *done.entry((method, url)).or_default() += 1,
            Some(_) => {}
            // A run that was killed may have left half a line.
            None if !whole && lines.peek().is_none() => {
                note(&format!("{name}:{}: the last line is incomplete and was left out", at + 1));
            }
            None => {
                return Err(format!(
                    "{name}:{}: not a line that `rejoin fetch --format jsonl` has written",
                    at + 1
                ));
            }
        }
    }
    listed.retain(|listed| {
        let key = (listed.spec.method().to_string(), listed.spec.url().to_owned());
        match done.get_mut(&key) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        }
    });
    Ok(())
}
