//! What to fetch: from arguments, a file, a pipe.
//!
//! Arguments and files are read twice. The first time through nothing is kept: it finds the mistakes before anything
//! is sent, and counts. The second time requests are made when there is room for them, so that a list may be
//! longer than memory. What cannot be read twice, standard input or a pipe, arrives.

use std::path::{Path, PathBuf};

use futures_util::{Stream, StreamExt, stream};
use rejoin_http::{RequestSpec, Requests, SourceError};

use super::arrive::Arriving;
use super::asked::{Asked, Counts, Done};

/// The requests that were asked for, before any is made.
pub(super) struct Input {
    listed: Listed,
    arriving: Option<Arriving>,
    done: Done,
    counts: Counts,
}

/// Those that can be looked through before.
struct Listed {
    urls: Vec<String>,
    file: Option<PathBuf>,
}

type Specs = Box<dyn Iterator<Item = Result<RequestSpec, Mistake>> + Send>;

impl Input {
    /// Looks through what can be looked through; the first request that cannot be sent is an error.
    pub(super) fn read(
        urls: &[String],
        from: Option<&Path>,
        resume: Option<&Path>,
    ) -> Result<Input, String> {
        let arriving = from.map(Arriving::from).transpose()?.flatten();
        let file = from.filter(|_| arriving.is_none()).map(Path::to_owned);
        let listed = Listed { urls: urls.to_vec(), file };
        let done = resume.map(Done::read).transpose()?.unwrap_or_default();
        let mut counts = Counts { arriving: arriving.is_some(), ..Counts::default() };
        let mut left = done.clone();
        for spec in listed.specs()? {
            let spec = spec?;
            match left.take(&spec, spec.body_sha256().as_deref()) {
                true => counts.skipped += 1,
                false => counts.total += 1,
            }
        }
        Ok(Input { listed, arriving, done, counts })
    }

    pub(super) fn asked(&self) -> Asked {
        Asked::new(self.done.clone(), self.counts)
    }

    /// The requests that are left, made one by one, each with its number among all: those that are listed, and
    /// those that arrive.
    pub(super) fn requests(
        self,
        asked: &Asked,
    ) -> Result<
        (
            impl Iterator<Item = Numbered> + Send + use<>,
            impl Stream<Item = Numbered> + Send + use<>,
        ),
        String,
    > {
        // They were sound when they were counted. A file that was changed meanwhile may not be.
        let listed = self.listed.specs()?.map(|spec| spec.unwrap_or_else(RequestSpec::from));
        let listed = listed.filter_map(numbering(asked));
        let arriving = match self.arriving {
            Some(arriving) => arriving.stream()?.left_stream(),
            None => stream::empty().right_stream(),
        };
        let mut number = numbering(asked);
        let arriving = arriving.filter_map(move |spec| std::future::ready(number(spec)));
        let asked = asked.clone();
        let end = stream::once(async move { asked.complete() }).filter_map(async |()| None);
        Ok((listed, arriving.chain(end)))
    }

    /// The same, one after the other.
    pub(super) fn all(
        self,
        asked: &Asked,
    ) -> Result<impl Iterator<Item = Numbered> + use<>, String> {
        let listed = self.listed.specs()?.map(|spec| spec.unwrap_or_else(RequestSpec::from));
        let arriving = self.arriving.into_iter().flat_map(Arriving::requests);
        Ok(listed.chain(arriving).filter_map(numbering(asked)))
    }
}

/// A request with its number among all that were asked for.
pub(super) type Numbered = (usize, RequestSpec);

fn numbering(asked: &Asked) -> impl FnMut(RequestSpec) -> Option<Numbered> + Send + use<> {
    let asked = asked.clone();
    move |spec| Some((asked.number(&spec)?, spec))
}

impl Listed {
    fn specs(&self) -> Result<Specs, String> {
        let urls = self.urls.clone().into_iter().map(|url| {
            let spec = RequestSpec::get(&url);
            match spec.problem().map(ToString::to_string) {
                Some(problem) => Err(Mistake::Argument(Box::new(spec), problem)),
                None => Ok(spec),
            }
        });
        Ok(match &self.file {
            None => Box::new(urls),
            Some(path) => {
                let file = Requests::open(path).map_err(|error| error.to_string())?;
                Box::new(urls.chain(file.map(|line| line.map_err(Mistake::Line))))
            }
        })
    }
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
