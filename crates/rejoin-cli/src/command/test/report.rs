//! What became of tests: for people, as JSON, as JUnit's XML.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rejoin_lang::source::{Sources, Span};
use rejoin_value::{Object, Value};

use super::run::Ran;

/// How one test ended.
pub(super) struct Outcome {
    pub(super) suite: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) location: String,
    /// In virtual time, if it was not outside.
    pub(super) took: Duration,
    /// Whether it reached a real service, so that its time was real.
    pub(super) outside: bool,
    /// In how many orders it ran, if orders were asked for.
    pub(super) orders: Option<usize>,
    pub(super) failures: Vec<Failed>,
}

/// Something that does not hold.
pub(super) struct Failed {
    pub(super) location: String,
    /// As it stands in the file.
    pub(super) written: String,
    pub(super) message: String,
}

impl Outcome {
    /// That of a test with these names of its suite and its own, which stands at `span`.
    pub(super) fn new(
        (suite, name): (Arc<str>, Arc<str>),
        span: Span,
        ran: Ran,
        orders: Option<usize>,
        sources: &Sources,
    ) -> Self {
        let failures = ran.failures.into_iter().map(|(span, message)| Failed {
            location: sources.location(span),
            written: unquoted(sources.text(span)).to_owned(),
            message,
        });
        let location = sources.location(span);
        let failures = failures.collect();
        Self { suite, name, location, took: ran.took, outside: ran.outside, orders, failures }
    }

    /// That of a file whose tests could not be run.
    pub(super) fn of_broken(file: &Path) -> Self {
        let location = file.display().to_string();
        let failed = Failed {
            location: location.clone(),
            written: "the file can be tested".to_owned(),
            message: "it has errors; they are on the standard error".to_owned(),
        };
        Self {
            suite: location.as_str().into(),
            name: "the file".into(),
            location,
            took: Duration::ZERO,
            outside: false,
            orders: None,
            failures: vec![failed],
        }
    }

    pub(super) fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    fn explained(&self) -> String {
        let mut out = String::new();
        for failed in &self.failures {
            let _ = writeln!(out, "{}: {}", failed.location, failed.written);
            for line in failed.message.lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
        out
    }
}

pub(super) fn text(outcomes: &[Outcome]) -> String {
    let mut out = String::new();
    for outcome in outcomes {
        let verdict = if outcome.passed() { "PASS" } else { "FAIL" };
        let outside = if outcome.outside { "  (reached a real service, in real time)" } else { "" };
        let orders = match outcome.orders {
            None => String::new(),
            Some(1) => "  (1 order)".to_owned(),
            Some(tried) => format!("  ({tried} orders)"),
        };
        let _ = writeln!(out, "{verdict}  {} > {}{orders}{outside}", outcome.suite, outcome.name);
        for line in outcome.explained().lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}

pub(super) fn json(outcomes: &[Outcome]) -> String {
    let mut out = String::new();
    for outcome in outcomes {
        let mut line = Object::new();
        line.insert("suite", &*outcome.suite);
        line.insert("name", &*outcome.name);
        line.insert("location", outcome.location.as_str());
        line.insert("passed", outcome.passed());
        line.insert("real_time", outcome.outside);
        if let Some(orders) = outcome.orders {
            line.insert("orders", orders as i64);
        }
        line.insert("took_ms", outcome.took.as_secs_f64() * 1000.0);
        let failures = outcome.failures.iter().map(|failed| {
            let mut object = Object::new();
            object.insert("location", failed.location.as_str());
            object.insert("check", failed.written.as_str());
            object.insert("message", failed.message.as_str());
            Value::from(object)
        });
        line.insert("failures", Value::from_iter(failures));
        out.push_str(&Value::from(line).to_json());
        out.push('\n');
    }
    out
}

pub(super) fn junit(outcomes: &[Outcome]) -> String {
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites>\n<testsuite name=\"rejoin\" tests=\"{}\" failures=\"{failed}\">",
        outcomes.len()
    );
    for outcome in outcomes {
        let _ = write!(
            out,
            "<testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escaped(&outcome.suite),
            escaped(&outcome.name),
            outcome.took.as_secs_f64()
        );
        if outcome.passed() {
            out.push_str("/>\n");
            continue;
        }
        let first = outcome.failures.first().map_or("", |failed| &*failed.written);
        let _ = writeln!(
            out,
            "><failure message=\"{}\">{}</failure></testcase>",
            escaped(first),
            escaped(&outcome.explained())
        );
    }
    out.push_str("</testsuite>\n</testsuites>\n");
    out
}

/// The name of a test without its quotes; a check keeps those of its value.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// Text that may stand in XML; characters that XML cannot have become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
