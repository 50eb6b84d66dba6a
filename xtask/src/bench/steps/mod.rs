//! What single steps cost: a statement against the same route written by hand, scripts and the cache against the same
//! route without them.

mod page;

use std::path::PathBuf;
use std::process::Command;

pub(super) use self::page::page;
use super::load::Load;
use super::spread::Spread;
use super::{CLIENTS, Effort, machine, process};
use crate::child::{self, Server, cargo};
use crate::services::Postgres;
use crate::tree;

/// A route, and who is asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    name: &'static str,
    by_hand: bool,
    path: &'static str,
}

/// Two ways to the same answer, or nearly the same.
#[derive(Debug)]
struct Case {
    title: &'static str,
    own: Asked,
    other: Asked,
    aim: Aim,
}

#[derive(Clone, Copy, Debug)]
enum Aim {
    /// Requests per second, as a share of the other's.
    AtLeast(f64),
    /// CPU per request, as a multiple of the other's.
    AtMost(f64),
}

const fn rejoin(name: &'static str, path: &'static str) -> Asked {
    Asked { name, by_hand: false, path }
}

const PLAIN: Asked = rejoin("without it", "/plain/7");

const CASES: [Case; 4] = [
    Case {
        title: "One `pg` step: a row by its key",
        own: rejoin("rejoin", "/item/7"),
        other: Asked { name: "axum + tokio-postgres", by_hand: true, path: "/item/7" },
        aim: Aim::AtLeast(0.7),
    },
    Case {
        title: "A `lua` step more",
        own: rejoin("with `lua`", "/lua/7"),
        other: PLAIN,
        aim: Aim::AtMost(3.0),
    },
    Case {
        title: "A `js` step more",
        own: rejoin("with `js`", "/js/7"),
        other: PLAIN,
        aim: Aim::AtMost(3.0),
    },
    Case {
        title: "A hit in the `cache`",
        own: rejoin("with `cache`", "/cached/7"),
        other: PLAIN,
        aim: Aim::AtMost(1.2),
    },
];

#[derive(Clone, Copy, Debug)]
struct Turn {
    /// Microseconds of CPU time of the server per request.
    cpu: f64,
    per_second: f64,
    p99: f64,
}

/// The turns of both sides of a case.
#[derive(Debug)]
struct Measured {
    case: &'static Case,
    own: Vec<Turn>,
    other: Vec<Turn>,
}

impl Measured {
    fn ratio(&self, of: impl Fn(&Turn) -> f64) -> Spread {
        Spread::of(self.own.iter().zip(&self.other).map(|(own, other)| of(own) / of(other)))
    }
}

/// Everything that one run showed.
#[derive(Debug)]
pub(super) struct Report {
    machine: String,
    load: String,
    effort: Effort,
    cases: Vec<Measured>,
}

pub(super) fn run(effort: Effort) -> Result<Report, String> {
    let (load_before, machine) = (machine::load(), machine::describe());
    let built = build()?;
    let postgres = Postgres::start()?;
    let by_hand = Server::start(Command::new(built.join("postgres-peer")).arg(postgres.url()))?;
    let program = tree::root().join("benches/steps.wp");
    let mut serve = Command::new(tree::target().join("release/rejoin"));
    serve.arg("serve").arg(program).args(["--port", "0"]).env("DATABASE_URL", postgres.url());
    let rejoin = Server::start(&mut serve)?;
    let server = |asked: &Asked| if asked.by_hand { &by_hand } else { &rejoin };
    let load = Load::new(built.join("load"));

    let mut cases = Vec::new();
    for case in &CASES {
        println!("\n== {}", case.title);
        if case.other.by_hand {
            agree(&load, server(&case.own), server(&case.other), case)?;
        }
        let mut measured = Measured { case, own: Vec::new(), other: Vec::new() };
        for round in 0..=effort.rounds() {
            for asked in [&case.own, &case.other] {
                let turn = turn(&load, server(asked), asked, effort)?;
                println!(
                    "round {round} {:<24} {:>8.1} us CPU/request {:>9.0} requests/s",
                    asked.name, turn.cpu, turn.per_second
                );
                // The first one warms up pools and caches.
                if round > 0 {
                    let own = asked == &case.own;
                    if own { &mut measured.own } else { &mut measured.other }.push(turn);
                }
            }
        }
        cases.push(measured);
    }
    Ok(Report { machine, load: load_before, effort, cases })
}

/// Where the programs are.
fn build() -> Result<PathBuf, String> {
    let built = tree::target().join("peers");
    let mut rejoin = cargo(["build", "--release", "--package", "rejoin-cli"]);
    let mut peers =
        cargo(["build", "--release", "--package", "postgres-peer", "--package", "load"]);
    peers.current_dir(tree::root().join("benches/peers")).env("CARGO_TARGET_DIR", &built);
    for command in [&mut rejoin, &mut peers] {
        if !child::shown(command)? {
            return Err("does not build".to_owned());
        }
    }
    Ok(built.join("release"))
}

/// Both must answer the same bytes: else the comparison compares nothing.
fn agree(load: &Load, own: &Server, other: &Server, case: &Case) -> Result<(), String> {
    let own = load.body(own.address(), case.own.path)?;
    let other = load.body(other.address(), case.other.path)?;
    match own == other {
        true => Ok(()),
        false => Err(format!("{}: the answers differ\n{own}\n{other}", case.title)),
    }
}

fn turn(load: &Load, server: &Server, asked: &Asked, effort: Effort) -> Result<Turn, String> {
    let before = process::cpu(server.pid())?;
    let seen = load.turn(server.address(), asked.path, CLIENTS, effort.turn())?;
    let used = process::cpu(server.pid())? - before;
    Ok(Turn {
        cpu: used.as_secs_f64() * 1e6 / seen.requests,
        per_second: seen.requests / seen.seconds,
        p99: seen.p99,
    })
}
