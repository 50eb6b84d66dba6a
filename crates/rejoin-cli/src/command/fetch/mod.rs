//! `rejoin fetch`: many HTTP requests at once.

mod input;
mod report;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use rejoin_http::{Batch, Client, Outcomes, StatusPolicy};

use self::input::Listed;
use self::report::Report;
use crate::exit::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// `all` (every outcome, the default), `race` (the first to end) or `any` (the first good one), then URLs
    #[arg(value_name = "all|race|any|URL")]
    words: Vec<String>,
    /// More requests, one a line: a URL, a method and a URL, or a JSON object; `-` reads stdin
    #[arg(long, value_name = "FILE|-")]
    from: Option<PathBuf>,
    /// How many requests at once
    #[arg(long, value_name = "N", default_value = "32", allow_negative_numbers = true, value_parser = at_least_one)]
    limit: NonZeroU32,
    /// How many requests to one host at once
    #[arg(long, value_name = "N", default_value = "6", allow_negative_numbers = true, value_parser = at_least_one)]
    per_host: NonZeroU32,
    /// How long one attempt may take
    #[arg(long, value_name = "D", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// How long all of it may take
    #[arg(long, value_name = "D", value_parser = duration)]
    deadline: Option<Duration>,
    /// How often a request is tried again where that is safe
    #[arg(long, value_name = "N", default_value_t = 2)]
    retry: u32,
    /// Which statuses are good: `2xx`, `any`, or a list such as `200,404`
    #[arg(long, value_name = "STATUSES", default_value = "2xx")]
    expect: StatusPolicy,
    /// Write each body to a file in this directory, named after the request's number
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Skip what this file, written with `--format jsonl`, says was good
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// How outcomes are shown, each as soon as it is there
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    #[default]
    Text,
    Jsonl,
}

/// How the requests are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    All,
    Race,
    Any,
}

/// Why the last outcome was the last.
enum End {
    Complete,
    Interrupted,
}

/// Exit codes beside 0 and 1; `--help` lists them.
const USAGE: u8 = 2;
const NONE_GOOD: u8 = 4;
const DEADLINE: u8 = 28;
const INTERRUPTED: u8 = 130;

pub(crate) async fn fetch(args: Fetch) -> Result<(), Failure> {
    let (mode, urls) = split(&args.words);
    let mut listed = input::requests(urls, args.from.as_deref(), args.timeout)
        .map_err(|why| Failure::new(why).code(USAGE))?;
    if listed.is_empty() {
        let why = "there is nothing to fetch: name a URL, or a file of them with --from";
        return Err(Failure::new(why).code(USAGE));
    }
    let asked = listed.len();
    if let Some(file) = &args.resume {
        input::skip_good(&mut listed, file).map_err(|why| Failure::new(why).code(USAGE))?;
    }
    if let Some(directory) = &args.output {
        std::fs::create_dir_all(directory).map_err(|error| {
            Failure::new(format!("cannot write to `{}`: {error}", directory.display()))
        })?;
    }
    let numbers: Vec<usize> = listed.iter().map(|listed| listed.number).collect();
    let mut report =
        Report::new(mode, args.format, args.output.clone(), numbers, asked - listed.len());
    // In the scope of the batch, so that what is under way is stopped and awaited in any case.
    let joined = batch(listed, &args).as_completed(|outcomes| follow(outcomes, mode, &mut report));
    let end = joined.await.map_err(|error| Failure::new(error.to_string()))?;
    report.summary();
    match end {
        Err(failure) => Err(failure),
        Ok(End::Interrupted) => Err(Failure::new(
            "interrupted; what had not ended was stopped, and may have been acted on by its server",
        )
        .code(INTERRUPTED)),
        Ok(End::Complete) => verdict(mode, &report, args.deadline.is_some()),
    }
}

fn batch(listed: Vec<Listed>, args: &Fetch) -> Batch {
    let batch = listed.into_iter().map(|listed| listed.spec).collect::<Batch>();
    let batch = batch.client(&Client::new()).limit(args.limit).per_host(args.per_host);
    let batch = batch.retries(args.retry).expect(args.expect.clone());
    match args.deadline {
        Some(deadline) => batch.timeout(deadline),
        None => batch,
    }
}

/// Reports outcomes until it is decided, or somebody presses Ctrl-C.
async fn follow(mut outcomes: Outcomes, mode: Mode, report: &mut Report) -> Result<End, Failure> {
    // One for the whole run: a signal between two outcomes is not lost.
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let outcome = tokio::select! {
            biased;
            _ = &mut interrupted => return Ok(End::Interrupted),
            outcome = outcomes.next() => outcome,
        };
        let Some(outcome) = outcome else { return Ok(End::Complete) };
        let decides = match mode {
            Mode::All => false,
            Mode::Race => true,
            Mode::Any => outcome.good,
        };
        report.add(&outcome)?;
        if decides {
            return Ok(End::Complete);
        }
    }
}

fn verdict(mode: Mode, report: &Report, has_deadline: bool) -> Result<(), Failure> {
    let (good, bad) = (report.good, report.bad);
    let enough = match mode {
        Mode::All => bad == 0,
        Mode::Race | Mode::Any => good > 0 || bad == 0,
    };
    let code = match () {
        () if enough => return Ok(()),
        () if has_deadline && report.deadline_passed => DEADLINE,
        () if good == 0 && mode != Mode::Race => NONE_GOOD,
        () => 1,
    };
    Err(Failure::reported().code(code))
}

/// The first word may say how to join; a URL never reads so.
fn split(words: &[String]) -> (Mode, &[String]) {
    match words.split_first() {
        Some((word, urls)) if word == "all" => (Mode::All, urls),
        Some((word, urls)) if word == "race" => (Mode::Race, urls),
        Some((word, urls)) if word == "any" => (Mode::Any, urls),
        _ => (Mode::All, words),
    }
}

fn at_least_one(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "it must be a whole number from 1 up".to_owned())
}

/// A length with its unit: `250ms`, `2s`, `1.5m`, `1h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("it must be a number with a unit: `250ms`, `2s`, `1m` or `1h`".to_owned()),
    };
    let length = number.parse::<f64>().ok().filter(|number| *number > 0.0);
    length
        .and_then(|length| Duration::try_from_secs_f64(length * seconds).ok())
        .filter(|length| !length.is_zero())
        .ok_or_else(|| "it must be longer than nothing, as in `250ms` or `2s`".to_owned())
}

/// Says something beside the results, on a line of its own.
fn note(text: &str) {
    output::error(&format!("note: {text}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        let ms = |text| duration(text).map(|length| length.as_millis());
        assert_eq!(ms("250ms"), Ok(250));
        assert_eq!((ms("2s"), ms("1.5m"), ms("1h")), (Ok(2000), Ok(90_000), Ok(3_600_000)));
        for bad in ["", "5", "s", "-1s", "0s", "1 s", "1d", "NaNs", "1e400s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
