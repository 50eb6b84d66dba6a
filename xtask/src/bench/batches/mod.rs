//! Batches of requests: Rejoin against clients written by hand and the tools that people use.
//!
//! Each turn is a process of its own that sends the whole batch, so that its memory can be told.

mod contestants;
mod page;

use std::process::Command;

use self::contestants::Contestant;
pub(super) use self::page::page;
use super::spread::Spread;
use super::{Effort, machine};
use crate::child::Server;
use crate::tree;

/// What is sent.
#[derive(Debug)]
struct Case {
    title: &'static str,
    /// As the programs in benches/ call it.
    kind: &'static str,
    count: usize,
    limit: usize,
}

const CASES: [Case; 4] = [
    Case { title: "10,000 small answers, 50 at once", kind: "small", count: 10_000, limit: 50 },
    Case { title: "10,000 small answers, 500 at once", kind: "small", count: 10_000, limit: 500 },
    Case { title: "200 answers of 1 MB, 16 at once", kind: "large", count: 200, limit: 16 },
    Case {
        title: "The first good answer of three, one of which takes four seconds, 300 times",
        kind: "any",
        count: 300,
        limit: 16,
    },
];

/// What one turn showed.
#[derive(Clone, Copy, Debug)]
struct Turn {
    per_second: f64,
    /// Milliseconds.
    p99: f64,
    /// Megabytes.
    peak: f64,
}

/// All turns of one contestant in one case.
#[derive(Debug)]
struct Row {
    name: &'static str,
    turns: Vec<Turn>,
}

impl Row {
    fn spread(&self, of: impl Fn(&Turn) -> f64) -> Spread {
        Spread::of(self.turns.iter().map(of))
    }

    /// Its requests per second as a multiple of those of another, round by round.
    fn ratio(&self, other: &Row) -> Spread {
        let rounds = self.turns.iter().zip(&other.turns);
        Spread::of(rounds.map(|(own, other)| own.per_second / other.per_second))
    }
}

/// Everything that one run showed.
#[derive(Debug)]
pub(super) struct Report {
    machine: String,
    load: String,
    rounds: usize,
    /// Of each case the contestants, Rejoin first.
    tables: Vec<(&'static Case, Vec<Row>)>,
    missing: Vec<String>,
}

pub(super) fn run(effort: Effort) -> Result<Report, String> {
    let (load, machine) = (machine::load(), machine::describe());
    let (contestants, missing) = contestants::build()?;
    let upstream =
        Server::start(&mut Command::new(tree::target().join("peers/release").join("upstream")))?;
    let rounds = match effort {
        Effort::Full => 5,
        Effort::Quick => 1,
    };
    let mut tables = Vec::new();
    for case in &CASES {
        println!("\n-- {}", case.title);
        let able = contestants.iter().filter(|contestant| contestant.can(case.kind));
        let mut rows: Vec<(&Contestant, Row)> = able
            .map(|contestant| (contestant, Row { name: contestant.name, turns: Vec::new() }))
            .collect();
        for round in 1..=rounds {
            for (contestant, row) in &mut rows {
                let turn = contestant.turn(case, upstream.address())?;
                println!(
                    "round {round} {:<28} {:>8.0} requests/s {:>8.1} ms p99 {:>6.1} MB",
                    row.name, turn.per_second, turn.p99, turn.peak
                );
                row.turns.push(turn);
            }
        }
        tables.push((case, rows.into_iter().map(|(_, row)| row).collect()));
    }
    Ok(Report { machine, load, rounds, tables, missing })
}
