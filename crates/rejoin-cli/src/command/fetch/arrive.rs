//! [`Arriving`]: requests that arrive by standard input or a pipe, and so cannot be looked through before.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::thread;

use futures_util::Stream;
use futures_util::stream::poll_fn;
use rejoin_http::{RequestSpec, Requests};
use tokio::sync::mpsc::channel;

/// How many are read ahead of those that there is room for.
const AHEAD: usize = 64;

type Reader = Box<dyn BufRead + Send>;

/// What comes from a pipe.
#[derive(Debug)]
pub(super) struct Arriving(Requests<Reader>);

impl Arriving {
    /// What `path` has, if that is standard input, for `-`, or anything else that is no file.
    pub(super) fn from(path: &Path) -> Result<Option<Arriving>, String> {
        if path == Path::new("-") {
            let stdin: Reader = Box::new(BufReader::new(std::io::stdin()));
            return Ok(Some(Arriving(Requests::new(stdin, "stdin"))));
        }
        let name = path.display().to_string();
        let cannot = |error| format!("cannot read `{name}`: {error}");
        let file = File::open(path).map_err(cannot)?;
        let kind = file.metadata().map_err(cannot)?.file_type();
        if kind.is_file() {
            return Ok(None);
        }
        if kind.is_dir() {
            return Err(format!("`{name}` is a directory: name a file in it"));
        }
        let pipe: Reader = Box::new(BufReader::new(file));
        Ok(Some(Arriving(Requests::new(pipe, &name))))
    }

    /// One by one, blocking.
    pub(super) fn requests(self) -> impl Iterator<Item = RequestSpec> + Send {
        self.0.map(RequestSpec::from)
    }

    /// As they come. A line that cannot be read is a request that cannot be sent.
    ///
    /// A thread of its own reads: nobody can interrupt that, so nobody must wait for it. When the stream is
    /// dropped it ends with the next line, or with the process.
    pub(super) fn stream(self) -> Result<impl Stream<Item = RequestSpec> + Send, String> {
        let (to, mut from) = channel(AHEAD);
        let read = move || {
            for spec in self.requests() {
                if to.blocking_send(spec).is_err() {
                    return;
                }
            }
        };
        let started = thread::Builder::new().name("fetch-input".to_owned()).spawn(read);
        started.map_err(|error| format!("cannot start a thread: {error}"))?;
        Ok(poll_fn(move |cx| from.poll_recv(cx)))
    }
}
