//! What one GET costs through [`rejoin_http::Client`], against the bare pooled client of hyper-util
//! that stands under it: CPU time per request, the candidates taking turns, each ratio that of the
//! same round.
//!
//! The server runs in a process of its own, so that its work is not counted. Linux only, as the CPU
//! time is read from `/proc`. `cargo bench -p rejoin-http`; `--quick` measures a tenth.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client as BareClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rejoin_http::{Client, Request};

const ROUNDS: usize = 9;
/// How many requests are under way at once. A single one would mostly measure the system's way of
/// going to sleep and waking up.
const IN_FLIGHT: u32 = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--serve") {
        return serve();
    }
    // `cargo test --benches` runs this too, and wants no measurement.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let requests = if quick { 5_000 } else { 50_000 };

    let mut server = Command::new(&arguments[0])
        .arg("--serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    let stdout = server.stdout.take().expect("it was asked for");
    BufReader::new(stdout).read_line(&mut line).expect("the server says where it is");
    let addr: SocketAddr = line.trim().parse().expect("an address");

    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = format!("http://{addr}/item/7?x=1");
    let bare: BareClient<HttpConnector, Empty<Bytes>> =
        BareClient::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build_http();
    let ours = Client::builder().no_proxy().build();

    let bare_get = async || {
        let uri: http::Uri = url.parse().expect("a URL");
        let response = bare.get(uri).await.expect("a response");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(body.len(), 256);
    };
    // What a careful user of the bare client writes: the headers that servers want, and a time-out.
    let careful_get = async || {
        let request = http::Request::get(&url)
            .header("accept", "*/*")
            .header("accept-encoding", "gzip, deflate, br")
            .header("user-agent", "rejoin/0.1.0")
            .body(Empty::new())
            .expect("a request");
        let body = tokio::time::timeout(Duration::from_secs(30), async {
            let response = bare.request(request).await.expect("a response");
            response.into_body().collect().await.expect("a body").to_bytes()
        });
        assert_eq!(body.await.expect("in time").len(), 256);
    };
    let our_get = async || {
        let request = Request::get(&url).expect("a URL");
        assert_eq!(ours.send(request).await.expect("a response").body.len(), 256);
    };
    let budget_get = async || {
        let request = Request::get(&url).expect("a URL").budget_header(true);
        assert_eq!(ours.send(request).await.expect("a response").body.len(), 256);
    };

    let mut costs = [const { Vec::new() }; 4];
    for round in 0..=ROUNDS {
        let measured = [
            cpu(|| runtime.block_on(times(requests, &bare_get))),
            cpu(|| runtime.block_on(times(requests, &careful_get))),
            cpu(|| runtime.block_on(times(requests, &our_get))),
            cpu(|| runtime.block_on(times(requests, &budget_get))),
        ];
        // The first round warms everything up.
        if round > 0 {
            for (costs, measured) in costs.iter_mut().zip(measured) {
                costs.push(measured.as_secs_f64() * 1e6 / f64::from(requests));
            }
        }
    }
    let bare = costs[0].clone();
    let names = [
        "bare hyper-util",
        "with headers and time-out",
        "rejoin-http",
        "rejoin-http, budget header",
    ];
    for (name, costs) in names.into_iter().zip(costs.iter_mut()) {
        let mut ratios: Vec<f64> =
            costs.iter().zip(&bare).map(|(cost, bare)| cost / bare).collect();
        let (middle, ratio) = (median(costs), median(&mut ratios));
        let (least, most) = (costs[0], costs[costs.len() - 1]);
        println!("{name:<28} {middle:6.2} µs a GET ({least:.2} to {most:.2}), {ratio:.3}x");
    }
    let _ = server.kill();
    let _ = server.wait();
}

/// Runs `get` so often, [`IN_FLIGHT`] at a time.
async fn times(count: u32, get: &impl AsyncFn()) {
    let one_after_the_other = || async {
        for _ in 0..count / IN_FLIGHT {
            get().await;
        }
    };
    let all: FuturesUnordered<_> = (0..IN_FLIGHT).map(|_| one_after_the_other()).collect();
    all.collect::<()>().await;
}

fn median(costs: &mut [f64]) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}

/// The CPU time that this thread, which does all of it, spends on `work`, user and kernel.
fn cpu(work: impl FnOnce()) -> Duration {
    let before = on_cpu();
    work();
    on_cpu() - before
}

fn on_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = stat.split(' ').next().expect("a first field");
    Duration::from_nanos(nanoseconds.parse().expect("a number"))
}

/// Answers every request with the same 256 bytes, one thread a connection, until its parent is gone:
/// the standard input, to which nobody writes, then ends.
fn serve() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("an address"));
    let body = "x".repeat(256);
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 256\r\n\r\n{body}");
    for stream in listener.incoming() {
        let (mut stream, answer) = (stream.expect("a connection"), answer.clone());
        stream.set_nodelay(true).expect("a socket option");
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Each request comes in one piece here.
            while stream.read(&mut buffer).is_ok_and(|length| length > 0) {
                if stream.write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        });
    }
}
