//! What it costs to load a program of 5,000 lines: parse, lower, check, and compile everything in it, as each reload does.
//!
//! `cargo bench -p rejoin-steps --bench load`. Each figure is the median of eleven rounds, with the second and the tenth.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fmt::Write;
use std::time::Instant;

use rejoin_engine::Program;
use rejoin_lang::diagnostic::has_errors;
use rejoin_lang::source::Source;

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
    let mut times: Vec<f64> = (0..11)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
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
    measure("both, as a reload does", || {
        let loaded = load();
        let built = Program::build(&loaded.plan, &registry, &|_| None);
        assert!(built.is_ok());
    });
}
