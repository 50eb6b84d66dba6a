//! `rejoin fetch`: many HTTP requests at once.

mod arrive;
mod asked;
mod follow;
mod input;
mod printer;
mod report;

use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures_util::StreamExt;
use rejoin::limit::RateLimit;
use rejoin_http::{Batch, Client, RequestSpec, StatusPolicy, parse_duration};

use self::asked::Asked;
use self::follow::{End, follow, written};
use self::input::{Input, Numbered};
use self::printer::Printer;
use self::report::Report;
use super::signals::Signals;
use crate::exit::{Failure, USAGE};
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
    /// Find out how much a host can take: up to N at once, beginning with --per-host
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = at_least_one)]
    adaptive: Option<NonZeroU32>,
    /// How many requests may start in a second, a minute, an hour: `10/s`, `100/m`, `1000/h`
    #[arg(long, value_name = "N/UNIT", value_parser = rate)]
    rate: Option<RateLimit>,
    /// How long one attempt may take
    #[arg(long, value_name = "D", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
    /// How long a server may take to begin its answer
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    first_byte: Option<Duration>,
    /// How long nothing may come in the middle of an answer
    #[arg(long, value_name = "D", default_value = "15s", value_parser = parse_duration)]
    idle: Duration,
    /// How long all of it may take
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    deadline: Option<Duration>,
    /// How often a request is tried again where that is safe
    #[arg(long, value_name = "N", default_value = "2", allow_negative_numbers = true, value_parser = from_zero)]
    retry: u32,
    /// How many bytes an answer may have [default: 8 MiB, or 16 GiB if it is written to a file]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = bytes)]
    max_bytes: Option<usize>,
    /// Which statuses are good: `2xx`, `any`, or a list such as `2xx,304,404`
    #[arg(long, value_name = "STATUSES", default_value = "2xx")]
    expect: StatusPolicy,
    /// Write each body to a file in this directory, named after the request's number
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Skip what this file, written with `--format jsonl`, says was good
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Show each outcome as soon as it is there, not in the order of the requests
    #[arg(long)]
    as_completed: bool,
    /// Show what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// How outcomes are shown
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

/// Exit codes beside those of all commands; `--help` lists them.
const NONE_GOOD: u8 = 4;
const DEADLINE: u8 = 28;

pub(crate) async fn fetch(args: Fetch) -> Result<(), Failure> {
    let wrong = |why| Failure::new(why).code(USAGE);
    let (mode, urls) = split(&args.words);
    let input = Input::read(urls, args.from.as_deref(), args.resume.as_deref()).map_err(wrong)?;
    let asked = input.asked();
    let nothing =
        || wrong("there is nothing to fetch: name a URL, or a file of them with --from".to_owned());
    // All of an empty list is nothing, and no mistake; there is no first of it.
    let may_be_empty = mode == Mode::All && args.from.is_some();
    if asked.is_of_nothing() && !may_be_empty {
        return Err(nothing());
    }
    if args.dry_run {
        return dry_run(input.all(&asked).map_err(wrong)?, args.format, &asked);
    }
    if let Some(directory) = &args.output {
        make(directory).map_err(wrong)?;
    }
    let (listed, arriving) = input.requests(&asked).map_err(wrong)?;
    let batch = batch(&args).requests(listed.map(saving(&args)));
    let arriving = arriving.map(saving(&args));
    let mut report = Report::new(mode, args.format, asked.clone());
    let printer = Printer::start().map_err(Failure::new)?;
    let mut signals = Signals::listen()
        .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
    // Who wants the first of them wants it at once.
    let in_order = mode == Mode::All && !args.as_completed;
    // In the scope of the batch, so that what is under way is stopped and awaited in any case.
    let following = batch.as_completed_with(arriving, async |outcomes| match in_order {
        true => follow(outcomes.in_order(), mode, &mut report, &printer, &mut signals).await,
        false => follow(outcomes, mode, &mut report, &printer, &mut signals).await,
    });
    let end = following.await.map_err(|error| Failure::new(error.to_string()))?;
    let end = written(end, printer, &mut signals).await;
    if matches!(end, End::Complete) && asked.is_of_nothing() && !may_be_empty {
        return Err(nothing());
    }
    report.summary();
    match end {
        End::Interrupted(signal, _) => Err(Failure::new(format!(
            "{signal}; what had not ended was stopped, and its server may have acted on it all the same"
        ))
        .code(signal.exit_code())),
        End::Unsaid(error) => {
            let why = match error.kind() {
                io::ErrorKind::BrokenPipe => "nobody reads the outcomes any longer".to_owned(),
                _ => format!("cannot write the outcomes: {error}"),
            };
            Err(Failure::new(format!("{why}; what had not ended was stopped")))
        }
        End::Complete => verdict(mode, &report, args.deadline),
    }
}

/// Makes the directory that bodies go to, unless it is there.
fn make(directory: &Path) -> Result<(), String> {
    let name = directory.display();
    if directory.exists() && !directory.is_dir() {
        return Err(format!(
            "`{name}` is not a directory: --output names the one that bodies go to"
        ));
    }
    std::fs::create_dir_all(directory).map_err(|error| format!("cannot make `{name}`: {error}"))
}

/// Bodies go where the options say, unless the request says something else.
fn saving(args: &Fetch) -> impl FnMut(Numbered) -> RequestSpec + Send + use<> {
    let directory = args.output.clone();
    move |(number, spec)| match &directory {
        Some(directory) if spec.save_path().is_none() => {
            spec.save_to(directory.join(format!("{number}.body")))
        }
        _ => spec,
    }
}

fn batch(args: &Fetch) -> Batch {
    let mut batch = Batch::new()
        .client(&Client::new())
        .limit(args.limit)
        .per_host(args.per_host)
        .attempt_timeout(args.timeout)
        .idle_timeout(args.idle)
        .retries(args.retry)
        .expect(args.expect.clone())
        .drop_bodies();
    if let Some(most) = args.adaptive {
        batch = batch.adaptive(most);
    }
    if let Some(rate) = &args.rate {
        batch = batch.rate(rate.clone());
    }
    if let Some(first_byte) = args.first_byte {
        batch = batch.first_byte_timeout(first_byte);
    }
    if let Some(most) = args.max_bytes {
        batch = batch.max_response_bytes(most);
    }
    if let Some(deadline) = args.deadline {
        batch = batch.timeout(deadline);
    }
    // A busy host may keep others from being asked only when very many requests wait for it.
    batch.look_ahead(NonZeroUsize::new(4096).expect("it is not zero"))
}

fn dry_run(
    requests: impl Iterator<Item = Numbered>,
    format: Format,
    asked: &Asked,
) -> Result<(), Failure> {
    let (mut count, mut unsound) = (0, 0);
    for (number, spec) in requests {
        match spec.problem() {
            None => count += 1,
            Some(_) => unsound += 1,
        }
        if output::try_result(&report::would_send(number, &spec, format)).is_err() {
            return Ok(());
        }
    }
    let skipped = report::skipped(asked.counts().skipped);
    let unsent = match unsound {
        0 => String::new(),
        unsound => format!(", {unsound} cannot be"),
    };
    output::error(&format!("{count} would be sent{unsent}{skipped}; nothing was\n"));
    if unsound == 0 { Ok(()) } else { Err(Failure::reported()) }
}

fn verdict(mode: Mode, report: &Report, deadline: Option<Duration>) -> Result<(), Failure> {
    let (good, bad) = (report.good, report.bad);
    let enough = match mode {
        Mode::All => bad == 0,
        Mode::Race | Mode::Any => good > 0 || bad == 0,
    };
    let late = deadline.is_some_and(|deadline| report.timed_out_after(deadline));
    let code = match () {
        // What had not come yet when the time was up was not asked for.
        () if enough && !(late && mode == Mode::All) => return Ok(()),
        () if late => DEADLINE,
        () if good == 0 && mode != Mode::Race => NONE_GOOD,
        () => 1,
    };
    let failure = match enough {
        true => Failure::new("--deadline passed before the list had ended"),
        false => Failure::reported(),
    };
    Err(failure.code(code))
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

fn from_zero(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "it must be a whole number from 0 up".to_owned())
}

fn bytes(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "it must be a whole number of bytes".to_owned())
}

/// So many in so much time: `10/s`.
fn rate(text: &str) -> Result<RateLimit, String> {
    let (count, unit) = text.split_once('/').unwrap_or((text, ""));
    let period = match unit {
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        _ => return Err("it must be a number and a unit: `10/s`, `100/m` or `1000/h`".to_owned()),
    };
    let count: NonZeroU32 = count
        .parse()
        .map_err(|_| format!("`{count}` must be a whole number from 1 up, as in `10/{unit}`"))?;
    if period / count.get() == Duration::ZERO {
        return Err(format!("`{text}` is no limit that a clock can tell"));
    }
    Ok(RateLimit::new(count, period))
}

/// Says something beside the results, on a line of its own.
fn note(text: &str) {
    output::error(&format!("note: {text}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_a_unit() {
        for good in ["10/s", "1/m", "1000/h", "1000000000/s"] {
            assert!(rate(good).is_ok(), "{good}");
        }
        for bad in ["", "10", "10/d", "0/s", "-1/s", "1.5/s", "/s", "4294967295/s"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
