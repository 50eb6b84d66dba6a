//! `cargo xtask bench`: Rejoin against the peers in benches/, in one run, alternating.
//!
//! What is measured is CPU time per request of the server process alone; load generator and back end are
//! processes of their own. CPU time is steadier than requests per second where all of them share few cores.

mod batches;
mod library;
mod load;
mod machine;
mod memory;
mod page;
mod process;
mod servers;
mod spread;
mod steps;

use std::fs;
use std::time::Duration;

use load::Load;
use servers::{PEERS, Servers};
use spread::Spread;

use crate::tree;

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Enough for figures to publish.
    Full,
    /// Enough to see that it works and about where one stands.
    Quick,
}

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// Routes of a running server, against servers written by hand.
    Server,
    /// The crates by themselves, and the library against other crates.
    Library,
    /// Of these only the library against other crates.
    Peers,
    /// Batches of requests, against other clients.
    Batches,
    /// Single steps, against a route by hand or the same route without them.
    Steps,
}

impl Effort {
    fn rounds(self) -> usize {
        match self {
            Effort::Full => 7,
            Effort::Quick => 2,
        }
    }

    fn turn(self) -> Duration {
        match self {
            Effort::Full => Duration::from_secs(3),
            Effort::Quick => Duration::from_secs(1),
        }
    }
}

/// How many clients ask at once.
const CLIENTS: usize = 32;

/// One thing that is measured on every server.
#[derive(Debug)]
struct Route {
    title: &'static str,
    path: &'static str,
    /// A peer, and the most that Rejoin should cost per request as a multiple of it.
    aims: &'static [(&'static str, f64)],
}

const ROUTES: [Route; 4] = [
    Route {
        title: "One jq step",
        path: "/shape/7",
        aims: &[(servers::REQWEST, 1.6), (servers::NODE, 1.0)],
    },
    Route {
        title: "Three upstream calls at once, joined and shaped",
        path: "/three/1",
        aims: &[(servers::REQWEST, 1.0), (servers::HYPER_UTIL, 1.25), (servers::NODE, 1.0)],
    },
    Route { title: "Ten upstream calls at once, joined and shaped", path: "/ten", aims: &[] },
    Route {
        title: "100 KB of upstream JSON: filter, group, sum",
        path: "/report",
        aims: &[(servers::NODE, 1.0)],
    },
];

/// What one turn of one server on one route showed.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// Microseconds of CPU time per request.
    cpu: f64,
    per_second: f64,
    p50: f64,
    p99: f64,
}

/// All turns on one route: `turns[server][round]`.
#[derive(Debug)]
struct Measured {
    route: &'static Route,
    turns: Vec<Vec<Turn>>,
}

impl Measured {
    fn spread(&self, server: usize, of: impl Fn(&Turn) -> f64) -> Spread {
        Spread::of(self.turns[server].iter().map(of))
    }

    /// CPU per request of Rejoin as a multiple of that of a peer, round by round.
    fn ratio(&self, peer: usize) -> Spread {
        let rounds = self.turns[0].iter().zip(&self.turns[peer]);
        Spread::of(rounds.map(|(rejoin, peer)| rejoin.cpu / peer.cpu))
    }
}

/// Everything that one run showed.
#[derive(Debug)]
struct Report {
    machine: String,
    effort: Effort,
    /// Rejoin first.
    servers: Vec<&'static str>,
    routes: Vec<Measured>,
    memory: Vec<memory::Memory>,
}

/// All pages, or one of them.
pub(crate) fn run(part: Part, effort: Effort) -> Result<bool, String> {
    if matches!(part, Part::All | Part::Server) {
        server(effort)?;
    }
    if matches!(part, Part::All | Part::Steps) {
        println!("\n== steps");
        publish("docs/benchmarks-steps.md", &steps::page(&steps::run(effort)?), effort)?;
    }
    if matches!(part, Part::All | Part::Batches) {
        println!("\n== batches");
        let report = batches::run(effort)?;
        publish("docs/benchmarks-batches.md", &batches::page(&report), effort)?;
    }
    if matches!(part, Part::All | Part::Library | Part::Peers) {
        println!("\n== library");
        let (load, peers_only) = (machine::load(), part == Part::Peers);
        let outputs = library::run(effort, peers_only)?;
        let command = if peers_only { "peers" } else { "library" };
        let text = page::library(&machine::describe(), &load, command, &outputs);
        publish("docs/benchmarks-library.md", &text, effort)?;
    }
    Ok(true)
}

fn publish(page: &str, text: &str, effort: Effort) -> Result<(), String> {
    println!("\n{text}");
    if effort == Effort::Full {
        fs::write(tree::root().join(page), text).map_err(|e| format!("{page}: {e}"))?;
        println!("written to {page}");
    }
    Ok(())
}

fn server(effort: Effort) -> Result<(), String> {
    let mut servers = Servers::build_and_start()?;
    let load = Load::new(servers.load_program());
    for route in &ROUTES {
        agree(&servers, &load, route)?;
    }

    let mut routes = Vec::new();
    for route in &ROUTES {
        println!("\n== {} ({})", route.title, route.path);
        routes.push(measure(&servers, &load, route, effort)?);
    }
    println!("\n== memory");
    let memory = memory::measure(&mut servers, &load)?;
    let names = servers.names();
    drop(servers);

    let machine = machine::describe();
    let report = Report { machine, effort, servers: names, routes, memory };
    publish("docs/benchmarks.md", &page::server(&report), effort)?;
    if report.servers.len() <= PEERS {
        println!("NOT MEASURED: fastify + undici, because node or npm is missing");
    }
    Ok(())
}

/// All servers must answer the same bytes: else the comparison compares nothing.
fn agree(servers: &Servers, load: &Load, route: &Route) -> Result<(), String> {
    let mut first = None;
    for server in servers.all() {
        let body = load.body(server.address(), route.path)?;
        let (name, expected) = first.get_or_insert_with(|| (server.name, body.clone()));
        if body != *expected {
            return Err(format!(
                "{}: the answers differ\n{name}: {expected}\n{}: {body}",
                route.path, server.name
            ));
        }
    }
    Ok(())
}

fn measure(
    servers: &Servers,
    load: &Load,
    route: &'static Route,
    effort: Effort,
) -> Result<Measured, String> {
    let mut turns = vec![Vec::new(); servers.all().len()];
    for server in servers.all() {
        // Warm caches, pools and the compiler of JavaScript before anything counts.
        load.turn(server.address(), route.path, CLIENTS, effort.turn())?;
    }
    for round in 1..=effort.rounds() {
        for (server, turns) in servers.all().iter().zip(&mut turns) {
            let before = process::cpu(server.pid())?;
            let seen = load.turn(server.address(), route.path, CLIENTS, effort.turn())?;
            let used = process::cpu(server.pid())? - before;
            let turn = Turn {
                cpu: used.as_secs_f64() * 1e6 / seen.requests,
                per_second: seen.requests / seen.seconds,
                p50: seen.p50,
                p99: seen.p99,
            };
            println!(
                "round {round} {:<18} {:>8.1} us CPU/request {:>9.0} requests/s",
                server.name, turn.cpu, turn.per_second
            );
            turns.push(turn);
        }
    }
    Ok(Measured { route, turns })
}
