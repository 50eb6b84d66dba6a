//! One batch of the benchmark, by one of two clients in Rust.
//!
//! `batches rejoin|reqwest URL CASE COUNT LIMIT` sends it and prints `requests N errors E seconds S p50_us A p99_us B`.
//! The cases: `small` asks for `/item/N`, `large` for `/megabyte`, each COUNT times with LIMIT at once; `any` asks
//! COUNT times, one after the other, two quick paths and a slow one, and takes the first good answer.

mod by_hand;
mod by_rejoin;

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What to send.
struct Case {
    url: String,
    kind: Kind,
    count: usize,
    limit: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Small,
    Large,
    Any,
}

impl Case {
    fn path(&self, n: usize) -> String {
        match self.kind {
            Kind::Large => format!("{}/megabyte", self.url),
            Kind::Small | Kind::Any => format!("{}/item/{n}", self.url),
        }
    }

    /// Those of which one answers last, by far.
    fn rivals(&self, n: usize) -> [String; 3] {
        [self.path(n), format!("{}/hold", self.url), self.path(n + 1)]
    }
}

/// The time that each good answer took, to its last byte; `None` for a failure.
type Taken = Vec<Option<Duration>>;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((client, case)) = read(&words) else {
        eprintln!("usage: batches rejoin|reqwest URL small|large|any COUNT LIMIT");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let taken = match client {
        "rejoin" => by_rejoin::run(&case).await,
        _ => by_hand::run(&case).await,
    };
    report(&taken, began.elapsed());
    ExitCode::SUCCESS
}

fn read(words: &[String]) -> Option<(&str, Case)> {
    let [client, url, kind, count, limit] = words else { return None };
    let kind = match kind.as_str() {
        "small" => Kind::Small,
        "large" => Kind::Large,
        "any" => Kind::Any,
        _ => return None,
    };
    let (count, limit) = (count.parse().ok()?, limit.parse().ok()?);
    let known = ["rejoin", "reqwest"].contains(&client.as_str());
    known.then(|| (client.as_str(), Case { url: url.clone(), kind, count, limit }))
}

fn report(taken: &Taken, whole: Duration) {
    let mut good: Vec<Duration> = taken.iter().flatten().copied().collect();
    good.sort();
    let at = |share: f64| {
        let index = (good.len() as f64 * share) as usize;
        good.get(index.min(good.len().saturating_sub(1))).map_or(0, Duration::as_micros)
    };
    let (requests, errors) = (good.len(), taken.len() - good.len());
    let (seconds, p50, p99) = (whole.as_secs_f64(), at(0.5), at(0.99));
    println!("requests {requests} errors {errors} seconds {seconds:.6} p50_us {p50} p99_us {p99}");
}
