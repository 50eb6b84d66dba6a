//! [`Asked`]: which requests were asked for, in which order, and which of them an earlier run has done.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rejoin_http::RequestSpec;
use rejoin_value::Value;

use super::note;

/// What a line of an earlier run begins with.
const BEGINNING: &str = "{\"index\":";

/// How often each request was good in an earlier run, by a hash of what its line tells of it: method, URL, tag, and
/// the checksum of its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Done(HashMap<u64, usize>);

/// Shared by those who make requests and those who report outcomes.
#[derive(Clone, Debug)]
pub(super) struct Asked(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    done: Done,
    /// The requests that are under way, by their index in the batch.
    under_way: HashMap<usize, Sent>,
    seen: usize,
    pulled: usize,
    counts: Counts,
}

/// What is known of a request that its outcome does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// Which one it is among all that were asked for.
    pub(super) number: usize,
    pub(super) body_sha256: Option<String>,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// To be sent; of those that arrive, so many as have arrived.
    pub(super) total: usize,
    /// Done by an earlier run.
    pub(super) skipped: usize,
    /// Whether there may be more.
    pub(super) arriving: bool,
}

impl Asked {
    /// Before any is made. `counts` has those that can be counted before.
    pub(super) fn new(done: Done, counts: Counts) -> Asked {
        let under_way = HashMap::new();
        Asked(Arc::new(Mutex::new(State { done, under_way, seen: 0, pulled: 0, counts })))
    }

    /// Numbers the next request, in the order of asking; `None` if it was done before.
    pub(super) fn number(&self, spec: &RequestSpec) -> Option<usize> {
        let mut state = self.lock();
        let number = state.seen;
        state.seen += 1;
        let body_sha256 = spec.body_sha256();
        let skipped = state.done.take(spec, body_sha256.as_deref());
        // Those that were counted before come first.
        if number >= state.counts.total + state.counts.skipped {
            match skipped {
                true => state.counts.skipped += 1,
                false => state.counts.total += 1,
            }
        }
        if skipped {
            return None;
        }
        let index = state.pulled;
        state.pulled += 1;
        state.under_way.insert(index, Sent { number, body_sha256 });
        Some(number)
    }

    /// The request at `index` in the batch, which is no longer under way.
    pub(super) fn take(&self, index: usize) -> Sent {
        self.lock().under_way.remove(&index).unwrap_or_default()
    }

    /// Nothing more arrives.
    pub(super) fn complete(&self) {
        self.lock().counts.arriving = false;
    }

    /// Whether there was nothing, and nothing comes.
    pub(super) fn is_of_nothing(&self) -> bool {
        self.counts() == Counts::default()
    }

    pub(super) fn counts(&self) -> Counts {
        self.lock().counts
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Done {
    /// What the lines of an earlier run say was good.
    pub(super) fn read(path: &Path) -> Result<Done, String> {
        let name = path.display();
        let cannot = |error| format!("cannot read `{name}`: {error}");
        let mut file = BufReader::new(File::open(path).map_err(cannot)?);
        let (mut done, mut line, mut at) = (HashMap::<u64, usize>::new(), String::new(), 0);
        loop {
            line.clear();
            at += 1;
            if file.read_line(&mut line).map_err(cannot)? == 0 {
                return Ok(Done(done));
            }
            let value = Value::parse(line.as_bytes()).ok();
            // Behind half a line the next run went on in the same one. In a text its quotes would be escaped.
            let value = value.or_else(|| {
                let whole = line.rfind(BEGINNING).filter(|at| *at > 0)?;
                Value::parse(&line.as_bytes()[whole..]).ok()
            });
            let fields = value.as_ref().and_then(|value| {
                let text = |key| value.get(key).and_then(Value::as_str);
                let key = key(text("method")?, text("url")?, text("tag"), text("body_sha256"));
                Some((key, value.get("good")?.as_bool()?))
            });
            match fields {
                Some((key, true)) => *done.entry(key).or_default() += 1,
                Some(_) => {}
                // A run that was killed may have left half a line, which the next may have gone on with.
                None if line.starts_with(BEGINNING) || !line.ends_with('\n') => {
                    note(&format!("{name}:{at}: the line is incomplete and was left out"));
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
    pub(super) fn take(&mut self, spec: &RequestSpec, body_sha256: Option<&str>) -> bool {
        if self.0.is_empty() {
            return false;
        }
        match self.0.get_mut(&key(spec.method().as_str(), spec.url(), spec.tag_text(), body_sha256))
        {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}

fn key(method: &str, url: &str, tag: Option<&str>, body_sha256: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (method, url, tag, body_sha256).hash(&mut hasher);
    hasher.finish()
}
