//! `load URL [--connections N] [--requests N] [--seconds S] [--body]`
//!
//! A closed loop: each of N kept-alive connections sends the next request when the last answer is
//! in. It ends after the given number of requests or seconds, whichever comes first. Prints one
//! line: `requests R errors E seconds S p50_us P p99_us P`. With `--body` it sends one request and
//! prints the body of the answer instead.

mod args;
mod connection;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use args::Args;
use connection::Connection;

/// What one connection saw.
#[derive(Default)]
struct Seen {
    /// Time of each good answer, in microseconds.
    times: Vec<u32>,
    errors: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => Arc::new(args),
        Err(problem) => {
            eprintln!("{problem}");
            std::process::exit(2);
        }
    };
    if args.body {
        match one_body(&args).await {
            Ok(body) => println!("{body}"),
            Err(problem) => {
                eprintln!("{}: {problem}", args.path);
                std::process::exit(1);
            }
        }
        return;
    }

    let tickets = Arc::new(AtomicU64::new(args.requests));
    let started = Instant::now();
    let ends = started + args.length;
    let mut connections = Vec::with_capacity(args.connections);
    for _ in 0..args.connections {
        connections.push(tokio::spawn(closed_loop(args.clone(), tickets.clone(), ends)));
    }
    let mut all = Seen::default();
    for connection in connections {
        let seen = connection.await.expect("a connection does not panic");
        all.times.extend(seen.times);
        all.errors += seen.errors;
    }
    let seconds = started.elapsed().as_secs_f64();

    all.times.sort_unstable();
    println!(
        "requests {} errors {} seconds {seconds:.6} p50_us {} p99_us {}",
        all.times.len(),
        all.errors,
        percentile(&all.times, 0.50),
        percentile(&all.times, 0.99),
    );
}

async fn one_body(args: &Args) -> Result<String, String> {
    let mut connection = Connection::open(&args.authority).await?;
    let body = connection.get(&args.path).await?;
    String::from_utf8(body.to_vec()).map_err(|_| "the answer is not UTF-8".to_owned())
}

async fn closed_loop(args: Arc<Args>, tickets: Arc<AtomicU64>, ends: Instant) -> Seen {
    let mut seen = Seen::default();
    let mut connection = None;
    while Instant::now() < ends && take(&tickets) {
        let mut open = match connection.take() {
            Some(open) => open,
            None => match Connection::open(&args.authority).await {
                Ok(open) => open,
                Err(_) => {
                    // A server that refuses must not turn the loop into a spin.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    seen.errors += 1;
                    continue;
                }
            },
        };
        let sent = Instant::now();
        match open.get(&args.path).await {
            Ok(_) => {
                seen.times.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                connection = Some(open);
            }
            Err(_) => seen.errors += 1,
        }
    }
    seen
}

fn take(tickets: &AtomicU64) -> bool {
    tickets.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

/// The smallest time that is at least as long as the share `share` of `sorted`.
fn percentile(sorted: &[u32], share: f64) -> u32 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}
