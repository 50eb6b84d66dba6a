//! A thousand requests over the loopback, by those whom people use for it.
//!
//! Each contestant is a process of its own, that of `curl` too, and what is measured is the time from
//! its start to its end, as whoever types the command sees it. They take turns; a ratio is computed
//! within each turn, to the first contestant. The back end is the program `upstream`.
//!
//! `join_all` starts all requests at once; the others have 50 under way at most.

use std::fs;
use std::io::{BufRead, BufReader};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use futures::StreamExt;
use futures::future::join_all;
use futures::stream;
use rejoin_http::{Batch, Client, RequestSpec};

const REQUESTS: usize = 1000;
const AT_ONCE: usize = 50;

/// What a contestant is called on the command line and in the table.
const OURS: [(&str, &str); 3] = [
    ("batch", "rejoin_http::Batch"),
    ("buffered", "reqwest, buffer_unordered"),
    ("join-all", "reqwest, join_all"),
];
const CURL: &str = "curl --parallel";

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    match words.as_slice() {
        ["--run", who, base] => run(who, base),
        [] => compare(31),
        ["--quick"] => compare(5),
        other => Err(format!("{other:?} is nothing that can be run").into()),
    }
}

/// One contestant, in a process of its own. Prints how much memory it took.
fn run(who: &str, base: &str) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let good = runtime.block_on(async {
        match who {
            "batch" => batch(base).await,
            "buffered" => buffered(base).await,
            "join-all" => everything(base).await,
            other => Err(format!("nobody is called {other}").into()),
        }
    })?;
    if good != REQUESTS {
        return Err(format!("{good} of {REQUESTS} were good").into());
    }
    let status = fs::read_to_string("/proc/self/status")?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("{}", most.unwrap_or("0 kB").trim().trim_end_matches(" kB"));
    Ok(())
}

fn urls(base: &str) -> impl Iterator<Item = String> {
    let base = base.to_owned();
    (0..REQUESTS).map(move |n| format!("{base}/item/{n}"))
}

async fn batch(base: &str) -> Result<usize, Failed> {
    let at_once = NonZeroU32::new(50).ok_or("it is not zero")?;
    let client = Client::builder().no_proxy().build();
    let batch = Batch::new().client(&client).limit(at_once).per_host(at_once);
    let specs: Vec<_> = urls(base).map(|url| RequestSpec::get(&url)).collect();
    let outcomes = batch.requests(specs).all().await;
    Ok(outcomes.iter().filter(|outcome| outcome.good).count())
}

fn reqwest() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().no_proxy().build()
}

async fn get(client: reqwest::Client, url: String) -> bool {
    let Ok(response) = client.get(url).send().await else { return false };
    response.status().is_success() && response.bytes().await.is_ok()
}

async fn buffered(base: &str) -> Result<usize, Failed> {
    let client = reqwest()?;
    let requests = urls(base).map(|url| get(client.clone(), url));
    let good = stream::iter(requests).buffer_unordered(AT_ONCE).filter(|good| std::future::ready(*good));
    Ok(good.count().await)
}

async fn everything(base: &str) -> Result<usize, Failed> {
    let client = reqwest()?;
    let all = join_all(urls(base).map(|url| get(client.clone(), url))).await;
    Ok(all.into_iter().filter(|good| *good).count())
}

fn compare(turns: usize) -> Result<(), Failed> {
    let me = std::env::current_exe()?;
    let upstream = Upstream::start(&me.with_file_name("upstream"))?;
    let list = me.with_file_name(format!("batch-{}.curl", std::process::id()));
    let lines: String = urls(&upstream.base)
        .map(|url| format!("url = \"{url}\"\noutput = \"/dev/null\"\n"))
        .collect();
    fs::write(&list, lines)?;
    let measured = measure(&me, &upstream.base, &list, turns);
    fs::remove_file(&list)?;
    print(&measured?, turns);
    Ok(())
}

/// What one contestant took in each turn.
struct Measured {
    name: &'static str,
    seconds: Vec<f64>,
    kilobytes: Vec<u64>,
}

fn measure(me: &Path, base: &str, list: &Path, turns: usize) -> Result<Vec<Measured>, Failed> {
    let mut all: Vec<Measured> = OURS
        .iter()
        .map(|(_, name)| *name)
        .chain([CURL])
        .map(|name| Measured { name, seconds: Vec::new(), kilobytes: Vec::new() })
        .collect();
    for turn in 0..=turns {
        // Everybody goes first in turn.
        for at in 0..all.len() {
            let who = (turn + at) % all.len();
            let mut command = match OURS.get(who) {
                Some((word, _)) => {
                    let mut command = Command::new(me);
                    command.args(["--run", word, base]);
                    command
                }
                None => curl(list),
            };
            let begin = Instant::now();
            let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
            let took = begin.elapsed().as_secs_f64();
            if !output.status.success() {
                return Err(format!("{}: {}", all[who].name, output.status).into());
            }
            // The first turn warms up.
            if turn > 0 {
                all[who].seconds.push(took);
                let printed = String::from_utf8_lossy(&output.stdout);
                all[who].kilobytes.extend(printed.trim().parse::<u64>().ok());
            }
        }
    }
    Ok(all)
}

fn curl(list: &Path) -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--parallel", "--parallel-max", "50"]);
    command.arg("--config").arg(list);
    command
}

fn print(all: &[Measured], turns: usize) {
    println!("{REQUESTS} requests, {AT_ONCE} at once");
    println!(
        "  contestant                   min  median    max   median ms   requests/s   peak MB"
    );
    for measured in all {
        let ratios = measured.seconds.iter().zip(&all[0].seconds).map(|(own, first)| own / first);
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_by(f64::total_cmp);
        let mut seconds = measured.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        let mut kilobytes = measured.kilobytes.clone();
        kilobytes.sort_unstable();
        let median = seconds[turns / 2];
        let memory = match kilobytes.get(kilobytes.len() / 2) {
            Some(kilobytes) => format!("{:.1}", *kilobytes as f64 / 1024.0),
            None => "-".to_owned(),
        };
        println!(
            "  {:26}  {:5.2}  {:6.2}  {:5.2}  {:10.1}  {:11.0}  {memory:>8}",
            measured.name,
            ratios[0],
            ratios[turns / 2],
            ratios[turns - 1],
            median * 1e3,
            REQUESTS as f64 / median,
        );
    }
}

/// The back end, for as long as it is needed.
struct Upstream {
    child: Child,
    base: String,
}

impl Upstream {
    fn start(program: &PathBuf) -> Result<Upstream, Failed> {
        let mut child = Command::new(program).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("its output was asked for")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let base = line.trim().strip_prefix("listening on ").ok_or("it says where it listens")?;
        Ok(Upstream { child, base: base.to_owned() })
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
