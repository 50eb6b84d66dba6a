//! What is said about outcomes: a line each, the progress of all, and one summary.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rejoin::Instant;
use rejoin_http::{Outcome, Response};
use rejoin_value::{Object, Value};

use super::{Format, Mode};
use crate::exit::Failure;
use crate::output;

#[derive(Debug)]
pub(super) struct Report {
    mode: Mode,
    format: Format,
    directory: Option<PathBuf>,
    /// The number of each request among all that were asked for.
    numbers: Vec<usize>,
    skipped: usize,
    pub(super) good: usize,
    pub(super) bad: usize,
    pub(super) deadline_passed: bool,
    began: Instant,
    /// Whether somebody watches.
    watched: bool,
}

impl Report {
    pub(super) fn new(
        mode: Mode,
        format: Format,
        directory: Option<PathBuf>,
        numbers: Vec<usize>,
        skipped: usize,
    ) -> Self {
        let (good, bad, deadline_passed) = (0, 0, false);
        let (began, watched) = (Instant::now(), output::is_watched());
        Self {
            mode,
            format,
            directory,
            numbers,
            skipped,
            good,
            bad,
            deadline_passed,
            began,
            watched,
        }
    }

    /// Writes the body, then says how it ended: a line is a promise that the body is there.
    pub(super) fn add(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        match outcome.good {
            true => self.good += 1,
            false => self.bad += 1,
        }
        let number = self.numbers[outcome.index];
        self.deadline_passed |= outcome.result.as_ref().is_err_and(|why| why.is_timeout());
        if let (Some(directory), Ok(response)) = (&self.directory, &outcome.result) {
            write_whole(&directory.join(format!("{number}.body")), &response.body)?;
        }
        self.wipe();
        output::result(&match self.format {
            Format::Text => text(outcome),
            Format::Jsonl => format!("{}\n", json(number, outcome).to_json()),
        });
        self.progress();
        Ok(())
    }

    fn wipe(&self) {
        if self.watched {
            output::error("\r\u{1b}[K");
        }
    }

    fn progress(&self) {
        if self.watched {
            let (done, of) = (self.good + self.bad, self.numbers.len());
            let filled = done * 20 / of.max(1);
            output::error(&format!(
                "[{}{}] {done} of {of}, {} not good, {}",
                "=".repeat(filled),
                " ".repeat(20 - filled),
                self.bad,
                seconds(self.began.elapsed())
            ));
        }
    }

    pub(super) fn summary(&self) {
        self.wipe();
        let ended = self.good + self.bad;
        let mut text = format!("{} good, {} not good", self.good, self.bad);
        match (self.numbers.len() - ended, self.mode) {
            (0, _) => {}
            (rest, Mode::All) => text += &format!(", {rest} not finished"),
            (rest, Mode::Race | Mode::Any) => text += &format!(", {rest} stopped"),
        }
        if self.skipped > 0 {
            text += &format!(", {} skipped as good before", self.skipped);
        }
        output::error(&format!("{text}; {}\n", seconds(self.began.elapsed())));
    }
}

fn seconds(length: Duration) -> String {
    format!("{:.2} s", length.as_secs_f64())
}

/// Under its final name a file is whole, or not there.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part = path.with_extension("part");
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&part);
        Failure::new(format!("cannot write `{}`: {error}", path.display()))
    })
}

fn text(outcome: &Outcome) -> String {
    let tries = match outcome.attempts {
        0 | 1 => String::new(),
        more => format!(" ({more} attempts)"),
    };
    let (method, url, ms) = (&outcome.method, &outcome.url, outcome.elapsed.as_millis());
    match &outcome.result {
        Ok(response) => {
            let (status, bytes) = (response.status.as_u16(), response.body.len());
            format!("{status} {method} {url} {bytes} bytes {ms} ms{tries}\n")
        }
        Err(why) => format!("--- {method} {url} {}: {why}{tries}\n", why.kind()),
    }
}

fn json(number: usize, outcome: &Outcome) -> Value {
    let mut line = rejoin_value::object! {
        "index": number,
        "method": outcome.method.as_str(),
        "url": outcome.url.as_str(),
        "good": outcome.good,
        "attempts": outcome.attempts,
        "ms": ms(outcome.elapsed),
    };
    if let Some(tag) = &outcome.tag {
        line.insert("tag", tag.as_str());
    }
    match &outcome.result {
        Ok(response) => answered(&mut line, response),
        Err(why) => {
            let error = rejoin_value::object! { "type": why.kind(), "message": why.message() };
            line.insert("error", error);
        }
    }
    line.into()
}

fn answered(line: &mut Object, response: &Response) {
    line.insert("status", response.status.as_u16());
    line.insert("bytes", response.body.len());
    line.insert("http", format!("{:?}", response.version));
    line.insert("redirects", response.redirects);
    line.insert("final_url", response.url.to_string());
    line.insert("remote", response.remote_addr.map(|address| address.to_string()));
    let timings = &response.timings;
    let connect = timings.connect.as_ref();
    line.insert(
        "timings",
        rejoin_value::object! {
            "resolve_ms": connect.map(|connect| ms(connect.resolve)),
            "connect_ms": connect.map(|connect| ms(connect.connect)),
            "tls_ms": connect.and_then(|connect| connect.tls).map(ms),
            "head_ms": ms(timings.head),
            "total_ms": ms(timings.total),
        },
    );
}

/// To the microsecond.
fn ms(length: Duration) -> f64 {
    (length.as_secs_f64() * 1e6).round() / 1e3
}
