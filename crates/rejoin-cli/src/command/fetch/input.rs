//! What to fetch: from arguments, a file, stdin; and what an earlier run has done already.
//!
//! Everything is read twice. The first time through nothing is kept: it finds the mistakes before anything
//! is sent, and counts. The second time requests are made when there is room for them, so that a list may be
//! longer than memory. What cannot be read twice (stdin, a pipe) is kept as it came.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rejoin_http::{RequestSpec, Requests, SourceError};
use rejoin_value::Value;

use super::note;

/// The most that is kept of a list that cannot be read twice.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The requests that were asked for, before any is made.
#[derive(Debug)]
pub(super) struct Input {
    urls: Vec<String>,
    list: Option<List>,
    done: Done,
    /// How many requests there are, without those to be skipped.
    pub(super) total: usize,
    /// How many an earlier run has done.
    pub(super) skipped: usize,
}

#[derive(Clone, Debug)]
enum List {
    File(PathBuf),
    Kept { name: String, bytes: Bytes },
}

/// How often each request was good in an earlier run, by a hash of its method and URL.
type Done = HashMap<u64, usize>;

/// The number, among all that were asked for, of each request that is under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers(Arc<Mutex<HashMap<usize, usize>>>);

impl Numbers {
    fn add(&self, index: usize, number: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(index, number);
    }

    /// That of the request at `index` in the batch; it has no further use.
    pub(super) fn take(&self, index: usize) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&index).unwrap_or(index)
    }
}

impl Input {
    /// Looks through all of it; the first request that cannot be sent is an error.
    pub(super) fn read(
        urls: &[String],
        from: Option<&Path>,
        resume: Option<&Path>,
    ) -> Result<Input, String> {
        let list = from.map(list).transpose()?;
        let done = resume.map(done).transpose()?.unwrap_or_default();
        let mut input = Input { urls: urls.to_vec(), list, done, total: 0, skipped: 0 };
        let mut done = input.done.clone();
        for spec in input.specs()? {
            match skip(&mut done, &spec?) {
                true => input.skipped += 1,
                false => input.total += 1,
            }
        }
        Ok(input)
    }

    /// The requests that are left, made one by one, each with its number among all.
    pub(super) fn requests(
        self,
    ) -> Result<impl Iterator<Item = (usize, RequestSpec)> + Send + 'static, String> {
        let mut done = self.done.clone();
        let specs = self.specs()?.enumerate();
        // They were sound when they were counted. A file that was changed meanwhile may not be.
        let specs = specs.map(|(number, spec)| match spec {
            Ok(spec) => (number, spec),
            Err(mistake) => (number, RequestSpec::from(mistake)),
        });
        Ok(specs.filter(move |(_, spec)| !skip(&mut done, spec)))
    }

    fn specs(
        &self,
    ) -> Result<Box<dyn Iterator<Item = Result<RequestSpec, Mistake>> + Send>, String> {
        let urls = self.urls.clone().into_iter().map(|url| {
            let spec = RequestSpec::get(&url);
            match spec.problem().map(ToString::to_string) {
                Some(problem) => Err(Mistake::Argument(Box::new(spec), problem)),
                None => Ok(spec),
            }
        });
        Ok(match &self.list {
            None => Box::new(urls),
            Some(List::File(path)) => {
                let file = Requests::open(path).map_err(|error| error.to_string())?;
                Box::new(urls.chain(file.map(|line| line.map_err(Mistake::Line))))
            }
            Some(List::Kept { name, bytes }) => {
                let lines = Requests::new(Cursor::new(bytes.clone()), name);
                Box::new(urls.chain(lines.map(|line| line.map_err(Mistake::Line))))
            }
        })
    }
}

/// The numbers of `requests` go to `numbers` as they are pulled.
pub(super) fn numbered(
    requests: impl Iterator<Item = (usize, RequestSpec)> + Send + 'static,
    numbers: Numbers,
) -> impl Iterator<Item = RequestSpec> + Send + 'static {
    requests.enumerate().map(move |(index, (number, spec))| {
        numbers.add(index, number);
        spec
    })
}

/// A request that cannot be sent.
enum Mistake {
    Argument(Box<RequestSpec>, String),
    Line(SourceError),
}

impl From<Mistake> for RequestSpec {
    fn from(mistake: Mistake) -> RequestSpec {
        match mistake {
            Mistake::Argument(spec, _) => *spec,
            Mistake::Line(error) => Err(error).into(),
        }
    }
}

impl From<Mistake> for String {
    fn from(mistake: Mistake) -> String {
        match mistake {
            Mistake::Argument(_, text) => text,
            Mistake::Line(error) => error.to_string(),
        }
    }
}

fn list(path: &Path) -> Result<List, String> {
    let stdin = path == Path::new("-");
    let name = if stdin { "stdin".to_owned() } else { path.display().to_string() };
    let cannot = |error| format!("cannot read `{name}`: {error}");
    let mut bytes = Vec::new();
    let read = if stdin {
        std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        let file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_file() {
            return Ok(List::File(path.to_owned()));
        }
        file.take(LARGEST + 1).read_to_end(&mut bytes)
    };
    match read {
        Err(error) => Err(cannot(error)),
        Ok(length) if length as u64 > LARGEST => Err(format!(
            "`{name}` is longer than {LARGEST} bytes: write it to a file, which may be of any length"
        )),
        Ok(_) => Ok(List::Kept { name, bytes: bytes.into() }),
    }
}

/// What an earlier run says was good.
fn done(path: &Path) -> Result<Done, String> {
    let name = path.display();
    let cannot = |error| format!("cannot read `{name}`: {error}");
    let mut file = BufReader::new(File::open(path).map_err(cannot)?);
    let (mut done, mut line, mut at) = (Done::new(), String::new(), 0);
    loop {
        line.clear();
        at += 1;
        if file.read_line(&mut line).map_err(cannot)? == 0 {
            return Ok(done);
        }
        let value = Value::parse(line.as_bytes()).ok();
        let fields = value.as_ref().and_then(|value| {
            let text = |key| value.get(key).and_then(Value::as_str);
            Some((key(text("method")?, text("url")?), value.get("good")?.as_bool()?))
        });
        match fields {
            Some((key, true)) => *done.entry(key).or_default() += 1,
            Some(_) => {}
            // A run that was killed may have left half a line.
            None if !line.ends_with('\n') => {
                note(&format!("{name}:{at}: the last line is incomplete and was left out"));
            }
            None => {
                return Err(format!(
                    "{name}:{at}: not a line that `rejoin fetch --format jsonl` has written"
                ));
            }
        }
    }
}

/// Whether an earlier run has done it. Equal requests are told apart by how many there are.
fn skip(done: &mut Done, spec: &RequestSpec) -> bool {
    match done.get_mut(&key(spec.method().as_str(), spec.url())) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

fn key(method: &str, url: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (method, url).hash(&mut hasher);
    hasher.finish()
}
