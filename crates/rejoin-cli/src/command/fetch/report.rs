//! What is said about outcomes: a line each, the progress of all, and one summary.

use std::time::Duration;

use rejoin::Instant;
use rejoin_http::{Failed, Hop, Outcome, RequestSpec, Response};
use rejoin_value::{Object, Value};

use super::asked::{Asked, Sent};
use super::printer::{Line, wipe};
use super::{Format, Mode};
use crate::output;

/// How often a person is shown how far it is.
const GLANCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Report {
    mode: Mode,
    format: Format,
    asked: Asked,
    pub(super) good: usize,
    pub(super) bad: usize,
    timed_out: bool,
    began: Instant,
    /// Whether somebody watches.
    watched: bool,
    /// When the progress was shown last.
    shown: Option<Instant>,
}

impl Report {
    pub(super) fn new(mode: Mode, format: Format, asked: Asked) -> Self {
        let (good, bad, timed_out) = (0, 0, false);
        let (began, watched, shown) = (Instant::now(), output::is_watched(), None);
        Self { mode, format, asked, good, bad, timed_out, began, watched, shown }
    }

    /// What is to be said about an outcome.
    pub(super) fn add(&mut self, outcome: &Outcome) -> Line {
        match outcome.good {
            true => self.good += 1,
            false => self.bad += 1,
        }
        let sent = self.asked.take(outcome.index);
        self.timed_out |= outcome.result.as_ref().is_err_and(Failed::is_timeout);
        let outcome = match self.format {
            Format::Text => text(outcome),
            Format::Jsonl => format!("{}\n", json(&sent, outcome).to_json()),
        };
        Line { outcome, progress: self.progress() }
    }

    /// Whether something ran out of time or had not come yet, and `deadline` has passed.
    pub(super) fn timed_out_after(&self, deadline: Duration) -> bool {
        (self.timed_out || self.asked.counts().arriving) && self.began.elapsed() >= deadline
    }

    fn progress(&mut self) -> Option<String> {
        if !self.watched || self.shown.is_some_and(|shown| shown.elapsed() < GLANCE) {
            return None;
        }
        self.shown = Some(Instant::now());
        let (done, counts) = (self.good + self.bad, self.asked.counts());
        let (bad, time) = (self.bad, seconds(self.began.elapsed()));
        Some(match counts.arriving {
            true => format!("{done} so far, {bad} not good, {time}"),
            false => {
                let filled = (done * 20 / counts.total.max(1)).min(20);
                let (bar, rest) = ("=".repeat(filled), " ".repeat(20 - filled));
                format!("[{bar}{rest}] {done} of {}, {bad} not good, {time}", counts.total)
            }
        })
    }

    pub(super) fn summary(&self) {
        wipe();
        let ended = self.good + self.bad;
        let mut text = format!("{} good, {} not good", self.good, self.bad);
        let counts = self.asked.counts();
        match (counts.total.saturating_sub(ended), self.mode) {
            (0, _) => {}
            (rest, Mode::All) => text += &format!(", {rest} not finished"),
            (rest, Mode::Race | Mode::Any) => text += &format!(", {rest} stopped"),
        }
        text += &skipped(counts.skipped);
        output::error(&format!("{text}; {}\n", seconds(self.began.elapsed())));
    }
}

fn seconds(length: Duration) -> String {
    format!("{:.2} s", length.as_secs_f64())
}

/// What is said about requests that an earlier run has done.
pub(super) fn skipped(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(", {count} skipped as good before"),
    }
}

/// A line about a request that is not sent.
pub(super) fn would_send(number: usize, spec: &RequestSpec, format: Format) -> String {
    let (method, url) = (spec.method().as_str(), spec.url());
    match (format, spec.problem()) {
        (Format::Text, None) => format!("{method} {url}\n"),
        (Format::Text, Some(why)) => {
            format!("--- {method} {url} {}: {why}\n", why.kind().as_str())
        }
        (Format::Jsonl, problem) => {
            let mut line = rejoin_value::object! { "index": number, "method": method, "url": url };
            if let Some(why) = problem {
                let (kind, message) = (why.kind().as_str(), why.to_string());
                line.insert("error", rejoin_value::object! { "type": kind, "message": message });
            }
            format!("{}\n", Value::from(line).to_json())
        }
    }
}

fn text(outcome: &Outcome) -> String {
    let tries = match outcome.attempts {
        0 | 1 => String::new(),
        more => format!(" ({more} attempts)"),
    };
    let (method, url) = (&outcome.method, &outcome.url);
    match &outcome.result {
        Ok(response) => {
            let (status, bytes) = (response.status.as_u16(), response.body_bytes);
            // Without the wait for a place, which says nothing about the server.
            let ms = response.timings.total.as_millis();
            format!("{status} {method} {url} {bytes} bytes {ms} ms{tries}\n")
        }
        Err(why) => format!("--- {method} {url} {}: {why}{tries}\n", why.kind()),
    }
}

fn json(sent: &Sent, outcome: &Outcome) -> Value {
    let mut line = rejoin_value::object! {
        "index": sent.number,
        "method": outcome.method.as_str(),
        "url": outcome.url.as_str(),
        "good": outcome.good,
        "attempts": outcome.attempts,
        "ms": ms(outcome.elapsed),
    };
    if let Some(tag) = &outcome.tag {
        line.insert("tag", tag.as_str());
    }
    if let Some(sum) = &sent.body_sha256 {
        line.insert("body_sha256", sum.as_str());
    }
    match &outcome.result {
        Ok(response) => answered(&mut line, response),
        Err(why) => {
            let mut error = rejoin_value::object! { "type": why.kind(), "message": why.message() };
            let doing = match why {
                Failed::Request(why) => Some(format!("{:?}", why.phase()).to_lowercase()),
                _ => None,
            };
            match (why.time_limit(), doing) {
                // The limit that passed, and what was going on.
                (Some(limit), doing) => {
                    error.insert("phase", limit.as_str());
                    error.insert("during", doing);
                }
                (None, Some(doing)) => _ = error.insert("phase", doing),
                (None, None) => {}
            }
            line.insert("error", error);
            line.insert("redirects", hops(outcome.hops()));
        }
    }
    line.into()
}

fn answered(line: &mut Object, response: &Response) {
    line.insert("status", response.status.as_u16());
    line.insert("bytes", response.body_bytes);
    line.insert("received_bytes", response.received_bytes);
    if let Some(saved) = &response.saved {
        line.insert("file", saved.display().to_string());
    }
    line.insert("http", format!("{:?}", response.version));
    line.insert("redirects", hops(&response.hops));
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

fn hops(hops: &[Hop]) -> Value {
    let hop = |hop: &Hop| -> Value {
        let (status, url) = (hop.status.as_u16(), hop.url.to_string());
        rejoin_value::object! { "status": status, "method": hop.method.as_str(), "url": url }.into()
    };
    hops.iter().map(hop).collect::<Vec<_>>().into()
}

/// To the microsecond.
fn ms(length: Duration) -> f64 {
    (length.as_secs_f64() * 1e6).round() / 1e3
}
