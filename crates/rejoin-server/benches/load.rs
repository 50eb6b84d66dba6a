//! What it costs to load a program of 5,000 lines: parse, lower, check, and compile everything in it; and to reload it while
//! it is served, from the moment at which the file has been written to the first answer of the new program.
//!
//! `cargo bench -p rejoin-server --bench load`. Each figure is the median of eleven rounds, with the second and the tenth.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use rejoin::Scope;
use rejoin_engine::{App, Host, Program};
use rejoin_lang::diagnostic::has_errors;
use rejoin_lang::source::Source;
use rejoin_server::{Log, LogFormat, Reloader, Service};
use tower_service::Service as _;

const LINES: usize = 5_000;

/// Routes with tasks, pipelines, scripts and errors handled; no two of their programs are the same.
fn program() -> String {
    let mut text = String::new();
    for n in 0.. {
        if text.lines().count() >= LINES {
            break;
        }
        let _ = write!(
            text,
            r#"
pipeline load{n} =
  |> jq: `. + {{ wanted: (.params.id | tostring), page: (.query.page // {n}) }}`
  |> fetch("https://users.example/{n}/" + .wanted) @async(user{n}) @timeout(2s)
  |> fetch("https://orders.example/{n}?user=" + .wanted) @async(orders{n})
  |> join: `user{n}, orders{n}`

GET /users{n}/:id
  |> load{n}
  |> fetch: `https://audit.example/{n}` @result(audit)
  |> if
    |> jq: `.query.short == "yes" and (.async.user{n}.data.status == 200)`
    then:
      |> jq: `. + {{ list: [.async.orders{n}.data.response[]? | select(.total > {n}) | {{ id, total }}] }}`
    end
  |> lua: `
    local r = request
    r.n = {n}
    return r
  `
  |> result
    ok(200):
      |> jq: `{{ user: .async.user{n}.data.response, orders: (.async.orders{n}.data.response | length), n }}`
    networkError(502):
      |> jq: `{{ problem: .errors[0].message, at: {n} }}`
    default(500):
      |> jq: `{{ problem: .errors[0].type, at: {n} }}`
"#
        );
    }
    text
}

/// Milliseconds of one round.
fn measure(name: &str, mut work: impl FnMut()) {
    let once = |_| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64() * 1e3
    };
    report(name, (0..11).map(once).collect());
}

fn report(name: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    println!("{name:<44} {:>8.1} ms   ({:.1} – {:.1})", times[5], times[1], times[9]);
}

fn main() {
    let text = program();
    println!("{} lines, {} KB", text.lines().count(), text.len() / 1000);
    let registry = rejoin_steps::registry();
    let load = || rejoin_lang::load(Source::new("big.wp", text.as_str()), &registry);
    let loaded = load();
    assert!(!has_errors(&loaded.diagnostics), "{:?}", loaded.diagnostics.first());
    measure("parse, lower, check", || drop(std::hint::black_box(load())));
    measure("compile", || {
        let built = Program::build(&loaded.plan, &registry, &|_| None);
        assert!(built.is_ok());
    });
    measure("both", || {
        let loaded = load();
        let built = Program::build(&loaded.plan, &registry, &|_| None);
        assert!(built.is_ok());
    });
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(reloads(&text));
}

/// Serves the program and changes its file again and again.
async fn reloads(text: &str) {
    let folder = std::env::temp_dir().join(format!("rejoin-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the program");
    let file = folder.join("big.wp");
    let version = |n: usize| format!("{text}\nGET /version\n  |> jq: `{n}`\n");
    let read = {
        let file = file.clone();
        move || rejoin_server::load(&file, &rejoin_steps::registry(), &|_| None)
    };
    std::fs::write(&file, version(0)).expect("the program is written");
    let served = rejoin::scope(|scope: Scope| async move {
        let loaded = read().expect("the program is good");
        let app = App::new(Arc::new(loaded.program), Arc::new(Host::new(scope.clone())));
        let log = Log::to(std::io::sink(), LogFormat::Json).expect("a log");
        let service = rejoin_server::service(app, log).expect("a service");
        measure("read the file, load, put in place", || {
            let loaded = read().expect("the program is good");
            let host = Arc::new(Host::new(scope.clone()));
            service.replace(App::new(Arc::new(loaded.program), host)).expect("it is replaced");
        });
        let reloader = Reloader::new(file.clone(), &[], service.clone()).expect("it is watched");
        let watches = scope.spawn_value(reloader.run(read));
        let mut times = Vec::new();
        for n in 1..=11 {
            std::fs::write(&file, version(n)).expect("the program is written");
            let written = Instant::now();
            while answer(&service).await != n.to_string() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            times.push(written.elapsed().as_secs_f64() * 1e3);
        }
        watches.cancel("that was the last one");
        report("written to answered, 50 ms of them to settle", times);
        Ok(())
    });
    served.await.expect("nothing fails");
    let _ = std::fs::remove_dir_all(&folder);
}

async fn answer(service: &Service) -> String {
    let request = http::Request::get("/version").body(http_body_util::Empty::<bytes::Bytes>::new());
    let mut service = service.clone();
    let response = service.call(request.expect("a request")).await.expect("an answer");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8_lossy(&body).trim().to_owned()
}
